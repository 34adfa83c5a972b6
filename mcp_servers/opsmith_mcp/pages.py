"""Pages of long lists: a cursor says where the next one begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from opsmith.domain.base import State
from opsmith.errors import BadInput

T = TypeVar("T")

MOST = 1000
"""Rows that a list looks at."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of the rows, and where the rest is."""

    rows: Sequence[T]
    next_cursor: str | None
    state: State
    note: str | None


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
    if cursor is not None and not cursor.isdecimal():
        raise BadInput(f"No cursor {cursor!r}; use the next_cursor of the page before")
    begin = int(cursor or 0)
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
