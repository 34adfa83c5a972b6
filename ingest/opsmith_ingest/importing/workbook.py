"""The rows of a workbook's sheet: XLSX, XLS or ODS."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from opsmith.errors import BadInput
from opsmith_ingest.recorded_rows import Block, Bury
from opsmith_ingest.recorded_text import each_once

_MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_LOOKED_AT = 30
"""Rows among which the header is looked for."""


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook, or at least packed as one."""
    if not path.is_file():
        return False
    with path.open("rb") as raw:
        return raw.read(4) in _MAGIC


class WorkbookRows:
    """Of one sheet; dates become ISO 8601, whole numbers lose their point.

    Args:
        path: The file.
        sheet: Name of the sheet; None: the first that has rows.

    Raises:
        BadInput: It is no workbook, has no such sheet, or no rows.
    """

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        self.position = 0
        self._size = path.stat().st_size
        try:
            with path.open("rb") as raw:
                book = CalamineWorkbook.from_filelike(raw)
            names = book.sheet_names
            if sheet is not None and sheet not in names:
                raise BadInput(f"{path} has no sheet {sheet!r}; it has {', '.join(names)}")
            rows = list[list[object]]()
            for name in [sheet] if sheet is not None else names:
                rows = [
                    [_cell(cell) for cell in row]
                    for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                ]
                if any(map(_filled, rows)):
                    break
        except (CalamineError, OSError) as error:
            raise BadInput(f"{path} is no workbook that can be read: {error}") from error
        width = max((_filled(row) for row in rows[:_LOOKED_AT]), default=0)
        if width == 0:
            raise BadInput(f"{path} has no rows")
        # A title above the table fills a cell or two; the header fills about as many as its rows.
        header = next(at for at, row in enumerate(rows) if _filled(row) * 2 > width)
        titles = [str(cell).strip() for cell in rows[header]]
        self._names = each_once(titles)
        self._kept = [name for name, title in zip(self._names, titles, strict=True) if title]
        self._first, self._rows = header + 1, rows

    def blocks(self, rows: int, bury: Bury) -> Iterator[Block]:
        """See `Rows.blocks`."""
        del bury
        numbered = (
            (number, row)
            for number, row in enumerate(self._rows[self._first :], start=self._first + 1)
            if _filled(row)
        )
        while some := list(islice(numbered, rows)):
            self.position = self._size * some[-1][0] // len(self._rows)
            columns = zip(*(row for _, row in some), strict=True)
            named = dict(zip(self._names, columns, strict=True))
            yield Block([number for number, _ in some], {name: named[name] for name in self._kept})


def _filled(row: list[object]) -> int:
    return sum(cell != "" for cell in row)


def _cell(cell: object) -> object:
    match cell:
        case bool():
            return str(cell).upper()
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return int(cell)
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return cell.total_seconds() / 3600
        case _:
            return cell
