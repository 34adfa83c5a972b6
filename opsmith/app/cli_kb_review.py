"""`opsmith kb export|review|learning|documents|versions`: knowledge that grows, at the machine."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from opsmith.access import Role, acting_as
from opsmith.app.cli_common import (
    Json,
    Lang,
    at_the_machine,
    print_json,
    print_table,
    settings_of,
)
from opsmith.domain.base import Language
from opsmith.errors import BadInput

kb = typer.Typer(help="The maintenance knowledge: what it has, learned and waits for.")

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "exported": "{count} entries written to {file}",
        "words": "The plant's own words written to {file}",
        "no_words": "The plant has no own words; `opsmith import knowledge words.txt` brings them",
        "waits": "{count} candidate(s) wait; `opsmith kb review ID accept --reason ...`",
        "nothing": "Nothing waits for a review.",
        "none": "No order was closed with what was found.",
        "now": "{entry} version {version} is {state}",
        "documents": "No documents; `opsmith import knowledge FILE` brings them in.",
    },
    "zh": {
        "exported": "已将 {count} 条写入 {file}",
        "words": "已将本厂词表写入 {file}",
        "no_words": "本厂尚无词表；用 `opsmith import knowledge words.txt` 导入",
        "waits": "{count} 条候选待审核；用 `opsmith kb review ID accept --reason …` 采纳",
        "nothing": "没有待审核的条目。",
        "none": "尚无带结果关闭的工单。",
        "now": "{entry} 版本 {version} 现为 {state}",
        "documents": "没有文件；用 `opsmith import knowledge 文件` 导入。",
    },
}  # fmt: skip

EntryId = Annotated[str | None, typer.Argument(help="Of a candidate or an entry.")]


@kb.command()
def export(
    file: Annotated[
        Path, typer.Argument(help="Written anew: .yaml, or .txt for the plant's own words.")
    ],
    own: Annotated[
        bool, typer.Option("--own", help="Only what opsmith does not bring itself.")
    ] = False,
    lang: Lang = None,
) -> None:
    """Write all entries to FILE; `opsmith import knowledge FILE` brings the very same back."""
    from opsmith.app.bootstrap import open_plant
    from opsmith.app.kb_files import write_entries, write_words
    from opsmith_kb.load import load_entries

    settings = settings_of(lang)
    if file.suffix.lower() == ".txt":
        with open_plant(settings) as plant:
            own_words = plant.stores.manuals.documents.own_words()
        if not own_words:
            raise BadInput(WORDS[settings.language]["no_words"])
        write_words(file, own_words)
        typer.echo(WORDS[settings.language]["words"].format(file=file))
        return
    with open_plant(settings) as plant:
        entries = plant.stores.entries.all()
    if own:
        packaged = set(one.model_dump_json() for one in load_entries())
        entries = tuple(one for one in entries if one.model_dump_json() not in packaged)
    write_entries(file, entries)
    typer.echo(WORDS[settings.language]["exported"].format(count=len(entries), file=file))


@kb.command()
def review(
    entry_id: EntryId = None,
    decision: Annotated[
        str | None, typer.Argument(help="accept, reject, retire or restore.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")] = "",
    edit: Annotated[
        Path | None, typer.Option(help="YAML file with the fields that accept changes.")
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="To restore.")] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """List the entries that wait, show one with its evidence, or decide on it."""
    from opsmith.app.bootstrap import open_plant
    from opsmith.app.kb_reviewing import decide, waiting

    settings = settings_of(lang)
    words = WORDS[settings.language]
    changes = None if edit is None else _changes(edit)
    with open_plant(settings) as plant, acting_as(at_the_machine(Role.ADMIN)):
        if decision is None:
            found = waiting(plant.stores, entry_id)
        else:
            if entry_id is None:
                raise BadInput("Name the entry")
            made = decide(plant.stores, entry_id, decision, reason, changes, version)
            if as_json:
                print_json(made.model_dump(mode="json"))
            else:
                told = {"entry": made.entry_id, "version": made.version, "state": made.state}
                typer.echo(words["now"].format(**told))
            return
    if as_json:
        print_json({"candidates": [one.model_dump(mode="json") for one in found]})
        return
    if entry_id is not None:
        for one in found:
            _show(one.model_dump(mode="json"))
        return
    if not found:
        typer.echo(words["nothing"])
        return
    print_table(
        ["ID", "name", "class", "orders", "by", "at"],
        [
            [
                one.entry_id,
                one.entry.text[settings.language].name,
                ", ".join(one.entry.device_types),
                str(len(one.evidence)),
                one.proposed_by,
                f"{one.proposed_at:%Y-%m-%d %H:%M}",
            ]
            for one in found
        ],
    )
    typer.echo(words["waits"].format(count=len(found)))


@kb.command()
def learning(
    settle: Annotated[
        tuple[str, str] | None,
        typer.Option(help="ORDER ENTRY: what a closed order found, or `none`, or `other`."),
    ] = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Show how diagnoses of closed orders did, and what was learned from them, with reasons."""
    from opsmith.app.bootstrap import open_plant
    from opsmith.app.kb_reviewing import learned, scored

    settings = settings_of(lang)
    with open_plant(settings) as plant, acting_as(at_the_machine(Role.ADMIN)):
        if settle is not None:
            plant.stores.outcomes.settle(settle[0].strip().upper(), settle[1])
        scores, priors = scored(plant.stores), learned(plant.stores, settings.language)
    if as_json:
        print_json({"scores": scores, "learned": priors})
        return
    if not scores:
        typer.echo(WORDS[settings.language]["none"])
        return
    for rows in (scores, priors):
        if rows:
            print_table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])


@kb.command()
def documents(as_json: Json = False, lang: Lang = None) -> None:
    """List the plant's documents, every version that is kept."""
    from opsmith.app.bootstrap import open_plant

    settings = settings_of(lang)
    with open_plant(settings) as plant:
        found = plant.stores.manuals.documents.held(every=True)
    if as_json:
        print_json({"documents": [one.model_dump(mode="json") for one in found]})
        return
    if not found:
        typer.echo(WORDS[settings.language]["documents"])
        return
    print_table(
        ["ID", "v", "title", "file", "pages", "passages", "state", "by", "at"],
        [
            [
                one.document_id, str(one.version), one.title, one.file_name, str(one.pages or "–"),
                str(one.passages), one.state.lower(), one.imported_by,
                f"{one.imported_at:%Y-%m-%d}",
            ]
            for one in found
        ],
    )  # fmt: skip


@kb.command()
def versions(
    entry_id: Annotated[str, typer.Argument(help="Of an entry.")],
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """List the versions of an entry that are kept; `review ID restore` puts one back."""
    from opsmith.app.bootstrap import open_plant

    settings = settings_of(lang)
    with open_plant(settings) as plant:
        found = plant.stores.outcomes.versions.find(entry_id)
    if as_json:
        print_json({"versions": [one.model_dump(mode="json") for one in found]})
        return
    print_table(
        ["v", "state", "proposed by", "reviewed by", "at", "reason"],
        [
            [
                str(one.version), one.state.lower(), one.proposed_by, one.reviewed_by or "–",
                f"{one.reviewed_at or one.proposed_at:%Y-%m-%d %H:%M}", one.reason,
            ]
            for one in found
        ],
    )  # fmt: skip


def _show(value: object) -> None:
    import yaml

    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    typer.echo("".join(c if c.isprintable() or c == "\n" else "?" for c in text), nl=False)


def _changes(file: Path) -> dict[str, Any]:
    """The fields that a YAML file changes. Raises `BadInput`."""
    import yaml

    try:
        given: object = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file}: {' '.join(str(error).split())}") from error
    if not isinstance(given, dict):
        raise BadInput(f"{file}: give the fields to change, such as `severity: HIGH`")
    return cast("dict[str, Any]", given)
