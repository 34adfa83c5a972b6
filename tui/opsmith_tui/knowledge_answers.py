"""What the plant answers to words of a fault, as rows, and each row whole."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from pydantic import AnyUrl

from opsmith.domain.base import Language
from opsmith.errors import Unavailable
from opsmith_mcp.knowledge import EntryView, Knowledge
from opsmith_mcp.manuals import PassageHit
from opsmith_tui.plant import Plant
from opsmith_tui.session import FAILURES

MOST = 20
"""Entries that one search tells; the tool's own bound."""


class Row(NamedTuple):
    """A failure mode or a passage, as a row."""

    key: str
    name: str
    severity: str
    """Empty: it is a passage."""
    category: str
    why: str
    """By which words it was found; empty: it was listed."""
    hours: float | None = None
    passage: PassageHit | None = None


class Question(NamedTuple):
    """What is asked of the knowledge."""

    text: str
    device_class: str
    """Empty: any."""
    language: Language


class Answer(NamedTuple):
    """Rows, how many there are in all, and where the next page begins."""

    rows: Sequence[Row] = ()
    total: int = 0
    """Failure modes."""
    cursor: str | None = None
    names: Mapping[str, str] = {}
    """Of failure modes, by id."""


async def answer(plant: Plant, question: Question, wanted: int = 1) -> Answer:
    """What the knowledge says to words; without words, the list of failure modes.

    Args:
        plant: Whom to ask.
        question: What to ask.
        wanted: Rows of the list at least, where it has as many.

    Raises:
        OpsmithError: No answer.
    """
    if question.text:
        return await _found(plant, question)
    so_far = await listed(plant, question, None)
    while so_far.cursor is not None and len(so_far.rows) < wanted:
        page = await listed(plant, question, so_far.cursor)
        names = {**so_far.names, **page.names}
        so_far = page._replace(rows=[*so_far.rows, *page.rows], names=names)
    return so_far


async def listed(plant: Plant, question: Question, cursor: str | None) -> Answer:
    """One page of the list of failure modes. Raises `OpsmithError`."""
    page = await plant.ask(
        Knowledge.list_failure_modes,
        device_type=question.device_class or "*",
        language=question.language,
        cursor=cursor,
    )
    rows = [
        Row(mode.entry_id, mode.name, mode.severity, mode.category, "", mode.hours)
        for mode in page.modes
    ]
    names = {mode.entry_id: mode.name for mode in page.modes}
    return Answer(rows, page.total, page.next_cursor, names)


async def whole(plant: Plant, row: Row, language: Language) -> EntryView | str:
    """An entry, or the Markdown of the page on which a passage stands. Raises `OpsmithError`."""
    if row.passage is None:
        return await plant.ask(Knowledge.get_kb_entry, entry_id=row.key, language=language)
    client = await plant.client()
    try:
        contents = await client.read_resource(AnyUrl(f"{row.passage.uri}?language={language}"))
    except FAILURES as error:
        raise Unavailable(f"{error}" or type(error).__name__) from error
    return "".join(cast("str", getattr(one, "text", "")) for one in contents)


async def _found(plant: Plant, question: Question) -> Answer:
    found = await plant.ask(
        Knowledge.search_maintenance_kb,
        device_type=question.device_class or "*",
        keyword=question.text,
        language=question.language,
        limit=MOST,
    )
    rows = [
        Row(hit.entry_id, hit.name, hit.severity, hit.category, ", ".join(hit.matched))
        for hit in found.hits
    ]
    rows += [
        Row(
            key=f"{hit.uri}#{place}",
            name=f"{hit.document} › {hit.heading}" if hit.heading else hit.document,
            severity="",
            category="",
            why=", ".join(hit.matched),
            passage=hit,
        )
        for place, hit in enumerate(found.passages)
    ]
    return Answer(rows, found.total, None, {hit.entry_id: hit.name for hit in found.hits})
