"""The command `opsmith report`: a report printed, or written to a file, in one of three forms."""

import asyncio
import contextlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic_core import to_jsonable_python
from rich.console import Console

from opsmith.app.bootstrap import open_plant
from opsmith.app.data import open_tables
from opsmith.app.outcome import report_json, report_of
from opsmith.app.report_page import page_of
from opsmith.app.tables import WORDS
from opsmith.domain.base import Language
from opsmith.errors import BadInput
from opsmith.ports import ChatFeedback
from opsmith.settings import Settings
from opsmith.storage.chat_history import ChatHistoryStore
from opsmith_agents.render import render_report, report_markdown
from opsmith_agents.report_dossier import Dossier, dossier_of
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER

Form = Literal["text", "markdown", "html"]
JUDGED: dict[Language, dict[str, str]] = {
    "en": {"good": "the chat's answer helped", "bad": "the chat's answer did not help"},
    "zh": {"good": "对话的回答有帮助", "bad": "对话的回答没有帮助"},
}
FORMS: tuple[Form, ...] = ("text", "markdown", "html")

_ENDINGS: dict[str, Form] = {
    ".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown", ".txt": "text",
}  # fmt: skip
_WIDTH = 100
"""Columns of a text in a file."""


def form_of(said: str | None, out: Path | None) -> Form:
    """The form that is asked for, else that which the file's ending says. Raises `BadInput`."""
    if said is None:
        return _ENDINGS.get(out.suffix.lower(), "text") if out else "text"
    if said not in FORMS:
        raise BadInput(f"No format {said!r}; use {', '.join(FORMS)}")
    return said


async def dossier_in(
    settings: Settings, trace_id: str, version: int | None, *, curves: bool
) -> Dossier:
    """A report, of record where no version is named, with what belongs to it.

    Raises:
        NotFound: No such alert, or no such report of it.
    """
    with open_plant(settings) as plant:
        report = report_of(plant, trace_id, version)
        versions = plant.stores.reports.versions(report.trace_id)
        server = plant_server(plant.stores, caller=READER, zone=settings.zone)
        async with connect(server) as client:
            return await dossier_of(client, report, versions, settings.zone, curves=curves)


def run_report(
    settings: Settings, trace_id: str, version: int | None, form: Form, out: Path | None
) -> None:
    """Print a report, or write it to a file; a page goes to a file named after the alert.

    Args:
        settings: The plant.
        trace_id: Of the alert.
        version: None: the newest in the plant's language, else the newest of all.
        form: How.
        out: Where to; `-`: to standard output.

    Raises:
        NotFound: No such alert, or no such report of it.
        BadInput: The file cannot be written.
    """
    if out is not None and out != Path("-") and not out.parent.is_dir():
        raise BadInput(f"There is no folder {out.parent}; make it, or name another with --out")
    dossier = asyncio.run(dossier_in(settings, trace_id, version, curves=form == "html"))
    report = dossier.report
    language = report.diagnosis.language
    if language != settings.language:
        Console(stderr=True).print(WORDS[language]["other_language"], style="dim")
    if out is None and form == "html":
        out = Path(f"{report.trace_id}.html")
    if out is None and form == "text":
        Console().print(render_report(report, language, dossier))
        for one in feedback_on(settings, report.trace_id):
            told = JUDGED[settings.language]["good" if one.good else "bad"]
            at = f"{one.at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
            said = " ".join(f"{at} {one.owner}: {told} (v{one.version}). {one.comment}".split())
            # What a person wrote is no markup, and moves no cursor.
            shown = "".join(c if c.isprintable() else "?" for c in said)
            Console().print(shown, style="dim", markup=False, highlight=False)
        return
    text = _written(dossier, language, form)
    if out is None or out == Path("-"):
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"Cannot write {out}: {error.strerror}; name another with --out") from error
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{out}\n")


def _written(dossier: Dossier, language: Language, form: Form) -> str:
    match form:
        case "html":
            return page_of(dossier)
        case "markdown":
            return report_markdown(dossier.report, language, dossier)
        case "text":
            file = io.StringIO()
            console = Console(file=file, width=_WIDTH, color_system=None)
            console.print(render_report(dossier.report, language, dossier))
            return file.getvalue()


def json_of(settings: Settings, trace_id: str, version: int | None) -> dict[str, object]:
    """A report for machines. Raises `NotFound`."""
    with open_plant(settings) as plant:
        made = report_json(report_of(plant, trace_id, version))
        found = ChatHistoryStore(plant.stores.database).feedback_about(trace_id)
    told = ("at", "owner", "good", "comment", "question", "answer", "version")
    feedback = [{name: getattr(one, name) for name in told} for one in found]
    return {**made, "feedback": to_jsonable_python(feedback)}


def feedback_on(settings: Settings, trace_id: str) -> Sequence[ChatFeedback]:
    """What people thought of the chat's answers about an alert, the oldest first."""
    with open_tables(settings) as tables:
        return ChatHistoryStore(tables).feedback_about(trace_id)
