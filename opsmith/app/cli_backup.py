"""`opsmith backup` and `opsmith restore`: the plant into a folder, and back into any database."""

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsmith.app.cli_common import Json, Lang, print_json, settings_of
from opsmith.domain.base import Language

if TYPE_CHECKING:
    from opsmith.app.backup import Manifest

# The parts behind a command are imported when it runs, as in `opsmith.app.cli`.

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "backed up": "Backed up to {folder}: {rows:,} rows of {tables} tables, {size:.1f} MB.",
        "restored": "Restored from {folder}, as of {taken}: {rows:,} rows of {tables} tables.",
        "elsewhere": "Not in it. {text}",
    },
    "zh": {
        "backed up": "已备份到 {folder}：{tables} 张表共 {rows:,} 行，{size:.1f} MB。",
        "restored": "已从 {folder} 恢复（备份时间 {taken}）：{tables} 张表共 {rows:,} 行。",
        "elsewhere": "不在备份之内。{text}",
    },
}  # fmt: skip


def backup(
    folder: Annotated[Path, typer.Argument(help="New or empty.")],
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Save tables, readings and the bus's journal into a folder while the plant runs."""
    from opsmith.app.backup import back_up

    settings = settings_of(lang)
    with _bar(folder.name, quiet=as_json) as share:
        manifest = back_up(settings, folder, share)
    _tell("backed up", folder, manifest, settings.language, as_json=as_json)


def restore(
    folder: Annotated[Path, typer.Argument(help="What `opsmith backup` made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Lose what is there now.")] = False,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Put a backup into the tables and the data folder that are set: SQLite or MySQL."""
    from opsmith.app.backup import restore as put_back

    settings = settings_of(lang)
    with _bar(folder.name, quiet=as_json) as share:
        manifest = put_back(settings, folder, replace=replace, share=share)
    _tell("restored", folder, manifest, settings.language, as_json=as_json)


@contextlib.contextmanager
def _bar(title: str, *, quiet: bool) -> Generator[Callable[[float], None]]:
    """A progress bar on standard error; none where `quiet`, or where nobody looks."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda share: None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(title.replace("[", "\\["), total=1.0)
        yield lambda share: progress.update(task, completed=share)


def _tell(
    what: str, folder: Path, manifest: "Manifest", language: Language, *, as_json: bool
) -> None:
    if as_json:
        print_json({"folder": str(folder), **manifest.model_dump(mode="json")})
        return
    words = _WORDS[language]
    typer.echo(
        words[what].format(
            folder=folder,
            taken=f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC",
            rows=sum(each.rows for each in manifest.tables.values()),
            tables=len(manifest.tables),
            size=sum(each.bytes for each in manifest.files.values()) / 1e6,
        )
    )
    for text in manifest.elsewhere:
        typer.echo(words["elsewhere"].format(text=text))
