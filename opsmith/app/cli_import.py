"""The commands `opsmith import ...`: what another system knows, into this plant."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsmith.app.cli_common import Json, Lang, print_json, settings_of
from opsmith.errors import BadInput

if TYPE_CHECKING:
    from opsmith.app.importing import What

# The parts behind a command are imported when it runs, as in `opsmith.app.cli`.

import_app = typer.Typer(
    name="import",
    help="Bring in what another system knows. A second run of the same file changes nothing.",
    no_args_is_help=True,
)

File = Annotated[
    Path, typer.Argument(help="CSV (any separator), JSON lines or array, .gz too; XLSX, XLS, ODS.")
]
Files = Annotated[
    list[Path], typer.Argument(help="PDF, DOCX, HTML, Markdown, text, XLSX; YAML, CSV, JSON.")
]
AsDocument = Annotated[
    bool, typer.Option("--document", help="A workbook is a document, whatever its columns say.")
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="YAML file: columns, words, dates, device ids.")
]
ShowMapping = Annotated[
    bool, typer.Option("--show-mapping", help="Print the mapping file that FILE suggests; no more.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")]
Adopt = Annotated[
    bool, typer.Option("--adopt", help="Enter devices that nobody registered; else refuse rows.")
]
Rejects = Annotated[
    Path | None, typer.Option("--rejects", help="CSV file for all refused rows with reasons.")
]
Source = Annotated[str | None, typer.Option("--source", help="The other system, such as 'SAP PM'.")]
Zone = Annotated[
    str | None, typer.Option("--zone", help="Of times that name none; default: the plant's.")
]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Of a text; default: found out.")]
SheetName = Annotated[
    str | None, typer.Option("--sheet", help="Of a workbook; default: the first with rows.")
]


Device = Annotated[
    str | None, typer.Option(help="Whose readings these are; else the file must say.")
]

KINDS: "dict[What, tuple[str, frozenset[str]]]" = {
    "devices": (
        "Nameplates: class, model, place, rated limits, install date, criticality.",
        frozenset({"adopt", "source", "device"}),
    ),
    "readings": (
        "History of readings, a column a channel or a row a value; stored, not judged.",
        frozenset({"source"}),
    ),
    "alerts": (
        "Alerts and events: when, on which device, code, level, message.",
        frozenset({"device"}),
    ),
    "work-orders": (
        "Work orders: class, status, dates, hours, costs, materials, failure codes.",
        frozenset({"device"}),
    ),
    "failure-codes": (
        "The catalogue of failure codes, with names in English and Chinese.",
        frozenset({"adopt", "zone", "device"}),
    ),
}
"""What can be brought in: what its command says of itself, and the options that it has not."""


def _run(
    what: "What",
    file: File,
    device: Device = None,
    mapping: MappingFile = None,
    show_mapping: ShowMapping = False,
    dry_run: DryRun = False,
    adopt: Adopt = False,
    rejects: Rejects = None,
    source: Source = None,
    zone: Zone = None,
    encoding: Encoding = None,
    sheet: SheetName = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    from opsmith.app import import_tables
    from opsmith.app.importing import Request, guessed_mapping, run_import

    settings = settings_of(lang)
    if rejects is not None and rejects.resolve() == file.resolve():
        raise BadInput(f"--rejects {rejects} is the file itself; name another")
    request = Request(
        what, file, mapping, source, zone, encoding, sheet, device, adopt, dry_run, rejects
    )
    if show_mapping:
        typer.echo(guessed_mapping(settings, request), nl=False)
        return
    with import_tables.bar(file.name, quiet=as_json) as progress:
        report = run_import(settings, request, progress)
    if as_json:
        print_json(report.as_json())
    else:
        import_tables.show(report, settings)


def _command(what: "What", says: str, lacks: frozenset[str]) -> None:
    """Add the command of one kind: `_run`, with the options that it has."""

    def command(**given: Any) -> None:
        _run(what, **given)

    has = [
        each
        for each in inspect.signature(_run).parameters.values()
        if each.name not in {"what", *lacks}
    ]
    setattr(command, "__signature__", inspect.Signature(has))  # noqa: B010  what typer reads
    command.__annotations__ = {each.name: each.annotation for each in has}
    import_app.command(what, help=says)(command)


for _what, (_says, _lacks) in KINDS.items():
    _command(_what, _says, _lacks)


@import_app.command()
def knowledge(
    files: Files,
    as_document: AsDocument = False,
    mapping: MappingFile = None,
    show_mapping: ShowMapping = False,
    dry_run: DryRun = False,
    rejects: Rejects = None,
    source: Source = None,
    encoding: Encoding = None,
    sheet: SheetName = None,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Manuals, procedures, sheets; or failure modes in YAML or a table with causes, remedies."""
    from opsmith.app import document_tables, import_tables
    from opsmith.app.document_import import import_documents, is_for_documents
    from opsmith_kb.documents import is_document

    settings = settings_of(lang)
    if as_document and (strange := [one for one in files if not is_document(one)]):
        raise BadInput(f"{strange[0]} cannot be read as a document")
    read_as_table = mapping is not None or show_mapping or sheet is not None
    books = [
        one
        for one in files
        if as_document or (not read_as_table and is_for_documents(one, settings.timezone))
    ]
    for file in (one for one in files if one not in books):
        _run(
            "knowledge", file, None, mapping, show_mapping, dry_run, False, rejects, source, None,
            encoding, sheet, as_json, lang,
        )  # fmt: skip
    if not books:
        return
    with import_tables.bar("documents", quiet=as_json) as progress:
        taken = import_documents(settings, books, progress, dry_run=dry_run)
    if as_json:
        print_json({"import": "knowledge", "documents": [one.as_json() for one in taken]})
    else:
        document_tables.show(taken, settings, dry_run=dry_run)
    if all(one.became == "refused" for one in taken):
        raise BadInput(f"nothing was taken: {taken[0].file}: {taken[0].why}")
