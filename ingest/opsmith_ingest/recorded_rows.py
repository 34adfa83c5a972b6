"""The rows of a recorded file, a block of columns at a time, whether CSV or JSON."""

import csv
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Protocol, cast

import msgspec

from opsmith.errors import BadInput
from opsmith_ingest.recorded_text import Layout, TextFile

_SAMPLE_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, as columns."""

    lines: Sequence[int]
    """Shape (n,), where each row ends in the file, from 1."""
    cells: dict[str, Sequence[object]]
    """Shape (n,) each: text, or what JSON has; the empty text where a row has none."""


Bury = Callable[[int, str, str], None]
"""Called with line, reason and text of a row that cannot be used."""


class Rows(Protocol):
    """The rows of one file."""

    position: int
    """Bytes of the file read so far."""

    def blocks(self, rows: int, bury: Bury) -> Iterator[Block]:
        """All rows from the start, `rows` at a time."""
        ...


class CsvRows:
    """Of a table with separators."""

    def __init__(self, file: TextFile, layout: Layout) -> None:
        self._file = file
        self._layout = layout
        self.position = 0

    def blocks(self, rows: int, bury: Bury) -> Iterator[Block]:
        """See `Rows.blocks`."""
        text, raw = self._file.open()
        width = len(self._layout.names)
        with text, raw:
            reader = csv.reader(text, delimiter=self._layout.separator)
            _skip(reader, self._layout.first_row)
            lines, kept = list[int](), list[list[str]]()
            for line, row in _checked(self._file, _rows(reader)):
                if len(row) != width:
                    row = self._mended(row, width, line, bury)
                    if row is None:
                        continue
                lines.append(line)
                kept.append(row)
                if len(kept) == rows:
                    yield self._block(lines, kept, raw)
                    lines, kept = [], []
            if kept:
                yield self._block(lines, kept, raw)

    def _block(self, lines: list[int], kept: list[list[str]], raw: BinaryIO) -> Block:
        self.position = raw.tell()
        columns = zip(*kept, strict=True)
        return Block(lines, dict(zip(self._layout.names, columns, strict=True)))

    def _mended(self, row: list[str], width: int, line: int, bury: Bury) -> list[str] | None:
        """The row without empty cells too many; None where it is torn."""
        if not row:
            bury(line, "a cell without end", "")
        elif len(row) > width and not any(row[width:]):
            return row[:width]
        elif any(row):
            reason = f"{len(row)} cells, the header has {width}"
            bury(line, reason, self._layout.separator.join(row))
        return None


class JsonRows:
    """Of JSON lines, or of one JSON array of objects."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        self.position = 0

    def blocks(self, rows: int, bury: Bury) -> Iterator[Block]:
        """See `Rows.blocks`."""
        text, raw = self._file.open()
        with text, raw:
            if self._file.sample.lstrip().startswith("["):
                records = _array(self._file, text.read())
            else:
                records = self._lines(_checked(self._file, enumerate(text, start=1)), bury)
            while some := list(islice(records, rows)):
                self.position = raw.tell()
                names = dict.fromkeys(name for _, record in some for name in record)
                yield Block(
                    [line for line, _ in some],
                    {name: [record.get(name, "") for _, record in some] for name in names},
                )

    def _lines(
        self, lines: Iterator[tuple[int, str]], bury: Bury
    ) -> Iterator[tuple[int, dict[str, object]]]:
        for line, text in lines:
            if not text.strip():
                continue
            try:
                record = _decoded(text)
            except ValueError as error:
                bury(line, f"no JSON: {error}", text.strip())
                continue
            if isinstance(record, dict):
                yield line, cast(dict[str, object], record)
            else:
                bury(line, "no JSON object", text.strip())


def sample_of(rows: Rows) -> Block:
    """The first rows, at most 2,000; without any, a block without cells."""
    return next(rows.blocks(_SAMPLE_ROWS, lambda line, reason, text: None), Block((), {}))


def _skip(reader: Iterator[list[str]], rows: int) -> None:
    for _ in islice(reader, rows):
        pass


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Line and cells; none where csv could not take the row."""
    while True:
        try:
            yield from ((reader.line_num, row) for row in reader if row)
        except csv.Error:
            yield reader.line_num, []
            continue
        return


def _checked(file: TextFile, rows: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """The same, with our own error where a packed file ends too early."""
    try:
        yield from rows
    except (EOFError, zlib.error, OSError) as error:
        raise BadInput(f"{file.path} is damaged and was read in part: {error}") from error


def _decoded(text: str) -> object:
    """JSON as the standard has it, or with the NaN and Infinity that many write."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)


def _array(file: TextFile, text: str) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        records = _decoded(text)
    except ValueError as error:
        raise BadInput(f"{file.path} is no JSON: {error}") from error
    assert isinstance(records, list), "it begins with ["
    for place, record in enumerate(cast(list[object], records), start=1):
        if isinstance(record, dict):
            yield place, cast(dict[str, object], record)
