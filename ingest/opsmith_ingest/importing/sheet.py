"""A foreign table, whatever it is written in: its columns, a sample, and its rows with numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from opsmith.errors import BadInput
from opsmith_ingest.importing.workbook import WorkbookRows, is_workbook
from opsmith_ingest.recorded_rows import Block, Bury, CsvRows, JsonRows, Rows, sample_of
from opsmith_ingest.recorded_text import find_layout, open_text

BLOCK = 2000
"""Rows that are looked at, and written, at a time."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    number: int
    """Where it stands in the file: the line of a text, the row of a sheet, from 1."""
    cells: dict[str, object]
    """By column: text, a number, or what JSON has; the empty text where there is none."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that can be read again and again."""

    path: Path
    size: int
    """Bytes of the file."""
    rows: Rows
    sample: Block
    """The first 2,000 rows."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns; of JSON those in the sample."""
        return tuple(self.sample.cells)

    @property
    def progress(self) -> float:
        """How much of the file is read, 0 to 1."""
        return min(1.0, self.rows.position / max(1, self.size))

    def blocks(self, bury: Bury) -> Iterator[list[Row]]:
        """All rows, some at a time; `bury` is told of torn ones."""
        for block in self.rows.blocks(BLOCK, bury):
            names = list(block.cells)
            cells = zip(*block.cells.values(), strict=True)
            yield [
                Row(number, dict(zip(names, row, strict=True)))
                for number, row in zip(block.lines, cells, strict=True)
            ]


def open_sheet(path: Path, encoding: str | None = None, sheet: str | None = None) -> Sheet:
    """Open a CSV (any separator), JSON lines or JSON array (packed or not), or a workbook.

    Args:
        path: The file.
        encoding: Of a text; None: found out.
        sheet: Of a workbook; None: the first that has rows.

    Raises:
        BadInput: It cannot be read so; the message names the way out.
    """
    if is_workbook(path):
        rows: Rows = WorkbookRows(path, sheet)
        size = path.stat().st_size
    else:
        file = open_text(path, encoding)
        is_json = file.sample.lstrip()[:1] in {"{", "["}
        rows = JsonRows(file) if is_json else CsvRows(file, find_layout(file))
        size = file.size
    sample = sample_of(rows)
    if not sample.lines:
        raise BadInput(f"{path} has no rows of data")
    return Sheet(path, size, rows, sample)


def sheet_of(path: Path, records: Sequence[object]) -> Sheet:
    """A table of objects that were read already; a row's number is its place, from 1.

    Raises:
        BadInput: There is none.
    """
    rows = _Records(records)
    sample = sample_of(rows)
    if not sample.lines:
        raise BadInput(f"{path} has no entries")
    return Sheet(path, len(records), rows, sample)


class _Records:
    def __init__(self, records: Sequence[object]) -> None:
        self._records = records
        self.position = 0

    def blocks(self, rows: int, bury: Bury) -> Iterator[Block]:
        """See `Rows.blocks`."""
        kept = list[tuple[int, dict[str, object]]]()
        for place, record in enumerate(self._records, start=1):
            if isinstance(record, dict):
                kept.append((place, cast(dict[str, object], record)))
            else:
                bury(place, "it is no object", str(record))
        self.position = len(self._records)
        for at in range(0, len(kept), rows):
            some = kept[at : at + rows]
            names = dict.fromkeys(name for _, record in some for name in record)
            yield Block(
                [place for place, _ in some],
                {name: [record.get(name, "") for _, record in some] for name in names},
            )
