"""A recorded file as text: packed or not, in whatever encoding, between whatever separators."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from opsmith.errors import BadInput

_SAMPLE_BYTES = 1 << 18
_SEPARATORS = "\t;|,"
_KNOWN = {
    b"PK\x03\x04": "an Excel workbook or a zip archive; save the table as CSV",
    b"PAR1": "a Parquet file; export it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the table as CSV",
    b"%PDF": "a PDF document; export the table as CSV",
    b"\x89HDF": "an HDF5 file; export it as CSV",
    b"SQLite": "a database; export the table as CSV",
}


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file whose encoding is known."""

    path: Path
    size: int
    """Bytes on the disk."""
    encoding: str
    sample: str
    """Its beginning, whole lines."""

    def open(self) -> tuple[io.TextIOWrapper, BinaryIO]:
        """Its text from the start, and the raw file, whose place tells how far one is."""
        raw = self.path.open("rb")
        unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if _is_packed(self.path) else raw
        return io.TextIOWrapper(unpacked, self.encoding, errors="replace", newline=""), raw


def open_text(path: Path, encoding: str | None = None) -> TextFile:
    """Find out how a file is written.

    Raises:
        BadInput: It is missing, a folder, empty, not text, or in no encoding that we know.
    """
    if path.is_dir():
        raise BadInput(f"{path} is a folder; name one file in it")
    if not path.is_file():
        raise BadInput(f"No file {str(path)!r}")
    try:
        size = path.stat().st_size
        with path.open("rb") as raw:
            opened = gzip.GzipFile(fileobj=raw) if _is_packed(path) else raw
            head = opened.read(_SAMPLE_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{path} is a damaged gzip file: {error}") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    if not head.strip():
        raise BadInput(f"{path} is empty")
    chosen = encoding or _encoding(path, head)
    try:
        text = io.IncrementalNewlineDecoder(None, translate=True).decode(_decode(head, chosen))
    except LookupError as error:
        raise BadInput(f"No encoding {chosen!r}; try utf-8 or gb18030") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not {chosen} text; name its --encoding") from error
    if len(head) == _SAMPLE_BYTES and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    return TextFile(path, size, chosen, text)


def _is_packed(path: Path) -> bool:
    with path.open("rb") as raw:
        return raw.read(2) == b"\x1f\x8b"


def _decode(head: bytes, encoding: str) -> str:
    """Decode a beginning, which may end within a sign."""
    return codecs.getincrementaldecoder(encoding)("strict").decode(head)


def _encoding(path: Path, head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    for magic, what in _KNOWN.items():
        if head.startswith(magic):
            raise BadInput(f"{path} is {what}")
    if b"\0" in head:
        raise BadInput(f"{path} is a binary file; opsmith reads CSV and JSON lines")
    # Lone high bytes, such as the ° in "°C", are Western text, even where GB 18030 could read it.
    runs = re.findall(rb"[\x80-\xff]+", head)
    western = sum(len(run) % 2 for run in runs) * 2 > len(runs)
    for encoding in ("utf-8-sig", "cp1252" if western else "gb18030", "gb18030"):
        try:
            text = _decode(head, encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            return encoding
    raise BadInput(f"{path} is not text in UTF-8, GB 18030 or Western; name its --encoding")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the table is in a text."""

    separator: str
    names: tuple[str, ...]
    """Of the columns, each once."""
    first_row: int
    """Rows before the first row of data."""


def find_layout(file: TextFile) -> Layout:
    """Find separator and header; a preamble above the header is passed over.

    Raises:
        BadInput: There is no table.
    """
    lines = [line for line in file.sample.splitlines() if line.strip()][:200]
    separator = max(_SEPARATORS, key=lambda sign: _regularity(lines, sign))
    reader = csv.reader(file.sample.splitlines(keepends=True), delimiter=separator)
    rows = list[list[str]]()
    with suppress(csv.Error):  # A cell without end: the rows before it show the layout.
        rows.extend(islice(reader, 200))
    if not any(rows):
        raise BadInput(f"{file.path} is no table: its first line has a quote that never closes")
    width = Counter(len(row) for row in rows if row).most_common(1)[0][0]
    place, header = next((at, row) for at, row in enumerate(rows) if len(row) == width)
    if all(re.fullmatch(r"[-+.,:/TZeE\d\s]*", cell) for cell in header) and any(header):
        return Layout(separator, tuple(f"column{at + 1}" for at in range(width)), place)
    return Layout(separator, each_once(header), place + 1)


def _regularity(lines: Sequence[str], sign: str) -> float:
    """How many lines have the same number of that separator as most have, 0 where most have none.

    A comma must beat the others clearly: it is a decimal sign, too.
    """
    counts = Counter(re.sub(r'"[^"]*"', "", line).count(sign) for line in lines)
    usual, lines_so = counts.most_common(1)[0]
    if usual == 0:
        return 0.0
    # Free text may have semicolons in every row; the header above it has them only as separators.
    heads = 0.3 if re.sub(r'"[^"]*"', "", lines[0]).count(sign) == usual else 0.0
    return lines_so / len(lines) + heads - (0.2 if sign == "," else 0.0)


def each_once(header: Sequence[str]) -> tuple[str, ...]:
    """The names of columns, a repeated one with its number."""
    seen = Counter[str]()
    names = list[str]()
    for name in (cell.strip() for cell in header):
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)
