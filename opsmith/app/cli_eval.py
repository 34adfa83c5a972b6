"""The command `opsmith eval`: made plants with known truth, through the chain, scored by code."""

import json
from pathlib import Path
from typing import Annotated

import typer

from opsmith.app.cli_common import Lang, settings_of, tell_first_use
from opsmith.errors import BadInput


def eval_(
    set_name: Annotated[
        str, typer.Option("--set", help="small or full.", metavar="small|full")
    ] = "small",
    seeds: Annotated[int, typer.Option(min=1, max=50, help="Times, each with new chance.")] = 1,
    only: Annotated[
        list[str] | None, typer.Option(help="A made fault or a scenario; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--json", help="Write figures and every report's mark there.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Of the reports.", metavar="en|zh")
    ] = None,
    lang: Lang = None,
) -> None:
    """Score diagnosis and orders on made plants, rules beside the model, beside an empty plant."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from opsmith.app.evaluation.evaluate import evaluate
    from opsmith.app.evaluation.sets import Wanted
    from opsmith.app.evaluation.table import show

    if set_name not in ("small", "full"):
        raise typer.BadParameter(f"{set_name!r}; use small or full", param_hint="--set")
    if out is not None and not out.parent.is_dir():
        raise BadInput(f"{out.parent} is no folder; name a file in one that exists")
    settings = settings_of(language or lang)
    tell_first_use(settings)
    columns = (TextColumn("eval"), BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("eval", total=1.0)
        result = evaluate(
            settings,
            Wanted(set_name, seeds, tuple(only or ())),
            lambda share: progress.update(task, completed=share),
        )
    if out is not None:
        text = json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False)
        out.write_text(text + "\n", encoding="utf-8")
    show(result, settings.language)
