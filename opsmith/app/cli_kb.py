"""`opsmith kb lint|stats|matrix`: is the knowledge sound, how much is there, what shows how."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from opsmith.app.cli_common import Json, Lang, print_json, print_table, settings_of
from opsmith.app.cli_kb_review import kb
from opsmith.domain.base import Language
from opsmith.errors import BadInput

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "sound": "{count} entries, nothing to find fault with.",
        "unsound": "{findings} finding(s) in {count} entries.",
        "class": "class", "own": "its own", "all": "all that hold", "en": "en", "zh": "zh",
        "signs": "signs", "alike": "with a test from look-alikes",
        "total": "{entries} entries, {signs} signs, {channels} channels;"
        " {alike} entries have look-alikes and a test from each.",
        "behind": "Changed here, though opsmith has a newer text: {entries}."
        " `opsmith kb export FILE` shows yours; `opsmith import knowledge` brings one in.",
    },
    "zh": {
        "sound": "{count} 条，未发现问题。",
        "unsound": "{count} 条中发现 {findings} 个问题。",
        "class": "类别", "own": "专属", "all": "适用合计", "en": "英文", "zh": "中文",
        "signs": "征兆", "alike": "有鉴别方法",
        "total": "共 {entries} 条、{signs} 个征兆、{channels} 个通道；"
        "{alike} 条给出了与相似故障的鉴别方法。",
        "behind": "本厂已修改、而 opsmith 有更新文本的条目：{entries}。"
        "`opsmith kb export 文件` 可查看现有文本，`opsmith import knowledge` 可导入。",
    },
}  # fmt: skip


@kb.command()
def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="YAML files or folders of entries; default: what opsmith brings."),
    ] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Check entries alone, against each other and against the matrix; 2 where one is not sound."""
    from opsmith_kb.lint import lint_files
    from opsmith_kb.load import load_entries

    settings = settings_of(lang)
    texts = _texts(paths)
    found = lint_files(texts, load_entries() if paths else ())
    if as_json:
        rows = [{"file": one.file, "field": one.field, "why": one.why} for one in found]
        print_json({"entries": len(texts), "findings": rows})
    else:
        for one in found:
            typer.echo(str(one))
        told = WORDS[settings.language]["unsound" if found else "sound"]
        typer.echo(told.format(findings=len(found), count=len(texts)))
    if found:
        raise typer.Exit(2)


def _texts(paths: list[Path] | None) -> list[tuple[str, str]]:
    """Name and text of each file. Raises `BadInput`."""
    if not paths:
        folder = files("opsmith_kb") / "entries"
        there = sorted(folder.iterdir(), key=lambda file: file.name)
        return [(f.name, f.read_text("utf-8")) for f in there if f.name.endswith(".yaml")]
    named = [
        file
        for path in paths
        for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])
    ]
    if not named:
        raise BadInput(f"No *.yaml in {', '.join(str(path) for path in paths)}")
    try:
        return [(file.name, file.read_text("utf-8")) for file in named]
    except FileNotFoundError as error:
        raise BadInput(f"No file {error.filename}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Cannot read the entries as UTF-8 text: {error}") from error


@kb.command()
def stats(as_json: Json = False, lang: Lang = None) -> None:
    """Count entries by class, languages, signs, and how many are told from their look-alikes.

    Names those that the plant changed and of which opsmith has a newer text.
    """
    from opsmith.app.bootstrap import open_plant
    from opsmith_kb.counts import statistics
    from opsmith_kb.load import load_entries

    settings = settings_of(lang)
    words = WORDS[settings.language]
    with open_plant(settings) as plant:
        counted = statistics(plant.stores.entries.all())
        behind = plant.stores.outcomes.versions.behind(load_entries())
    if as_json:
        print_json({**counted.as_json(), "behind": behind})
        return
    print_table(
        [words[name] for name in ("class", "own", "all", "en", "zh", "signs", "alike")],
        [
            [row.class_, *(str(n) for n in (row.own, row.all, row.en, row.zh, row.signs, row.told))]
            for row in counted.classes
        ],
    )
    typer.echo(
        words["total"].format(
            entries=counted.entries,
            signs=counted.signs,
            channels=counted.channels,
            alike=counted.told,
        )
    )
    if behind:
        typer.echo(words["behind"].format(entries=", ".join(behind)))


@kb.command()
def matrix(
    device_type: Annotated[
        str | None, typer.Option("--device-type", help="Such as pump; default: every class.")
    ] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Print the fault x symptom matrix in Markdown: what shows in which channel, and how."""
    from opsmith_kb.classes import CLASSES, applies_to, device_class
    from opsmith_kb.load import load_entries
    from opsmith_kb.table import matrix_markdown

    settings = settings_of(lang)
    class_ = None if device_type is None else device_class(device_type)
    if class_ is not None and class_ not in CLASSES:
        raise BadInput(f"No class {device_type!r}; there are {', '.join(sorted(CLASSES))}")
    entries = load_entries()
    if as_json:
        held = [one for one in entries if class_ is None or applies_to(one, class_)]
        rows = [
            {
                "entry_id": one.entry_id,
                "device_types": one.device_types,
                "signs": [sign.model_dump(mode="json") for sign in one.signs],
            }
            for one in held
        ]
        print_json({"device_type": class_ or "*", "modes": rows})
        return
    typer.echo(matrix_markdown(entries, class_, settings.language), nl=False)
