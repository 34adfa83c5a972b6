"""Pages of long lists: a cursor says where the next one begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from opsmith.domain.base import State
from opsmith.errors import BadInput

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

MOST = 1000
"""Rows that a list looks at."""

ROOM = 18_000
"""Characters of JSON for the rows of one answer: about 4,500 tokens, of 6,000 for the whole."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of the rows, and where the rest is."""

    rows: Sequence[T]
    next_cursor: str | None
    state: State
    note: str | None


def begin_of(cursor: str | None) -> int:
    """The row at which the page of a cursor begins. Raises `BadInput`."""
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal()):
        raise BadInput(f"No cursor {cursor!r}; use the next_cursor of the page before")
    return int(cursor or 0)


def fitting(rows: Sequence[M], room: int = ROOM) -> Sequence[M]:
    """As many of the rows as fit into one answer; at least one."""
    for at, row in enumerate(rows):
        room -= len(row.model_dump_json())
        if room < 0 and at:
            return rows[:at]
    return rows


def page_at(rows: Sequence[T], begin: int, total: int, narrow_by: str) -> Page[T]:
    """The page of rows that were fetched already.

    Args:
        rows: Those of the page alone.
        begin: Where it begins.
        total: How many rows there are in all, exactly.
        narrow_by: Arguments that make the list shorter.
    """
    end = begin + len(rows)
    if rows and end < total:
        note = f"{begin + 1} to {end} of {total}; go on with next_cursor, or narrow by {narrow_by}."
        return Page(rows, str(end), State.TRUNCATED, note)
    return Page(rows, None, State.OK if rows else State.EMPTY, None)


def page_of(rows: Sequence[T], limit: int, cursor: str | None, narrow_by: str) -> Page[T]:
    """The page that begins at `cursor`, the first where it is None.

    Args:
        rows: Everything that was found, at most `MOST`.
        limit: Rows of a page.
        cursor: As the page before gave it.
        narrow_by: Arguments that make the list shorter.

    Raises:
        BadInput: No cursor of ours.
    """
    begin = begin_of(cursor)
    end = begin + limit
    if end < len(rows):
        note = f"{begin + 1} to {end} of {_count(rows)}; go on with next_cursor, or narrow by "
        return Page(rows[begin:end], str(end), State.TRUNCATED, f"{note}{narrow_by}.")
    if len(rows) >= MOST:
        note = f"Only the newest {MOST} were looked at; narrow by {narrow_by}."
        return Page(rows[begin:end], None, State.TRUNCATED, note)
    return Page(rows[begin:end], None, State.OK if rows else State.EMPTY, None)


def _count(rows: Sequence[object]) -> str:
    return f"{len(rows)} or more" if len(rows) >= MOST else str(len(rows))
