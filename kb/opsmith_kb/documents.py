"""Read a document of the plant, of whatever kind, into passages that can be cited."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from opsmith.domain.documents import OWN_WORDS, ParsedDocument, Passage
from opsmith.errors import BadInput, OpsmithError
from opsmith_kb.documents_office import read_docx, read_xlsx
from opsmith_kb.documents_pdf import read_pdf
from opsmith_kb.documents_text import decoded, read_html, read_markdown, read_text
from opsmith_kb.search_own_words import groups_of, is_own_words
from opsmith_kb.split import Block, passages

BIGGEST = 200 * 2**20
"""Bytes of a file."""
SECONDS = 120.0
"""How long a file may take; a manual of 500 pages takes about five."""

_AT_ONCE = 100
"""Lines of own words in one passage."""

_Reader = Callable[[Path], tuple[str, int | None, Iterable[Block]]]
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

READERS: dict[str, tuple[str, _Reader]] = {
    ".pdf": ("application/pdf", read_pdf),
    ".docx": (_WORD, read_docx),
    ".xlsx": (_EXCEL, read_xlsx),
    ".html": ("text/html", read_html),
    ".htm": ("text/html", read_html),
    ".md": ("text/markdown", read_markdown),
    ".markdown": ("text/markdown", read_markdown),
    ".txt": ("text/plain", read_text),
}
"""By the end of the file's name: media type, reader."""


def is_document(path: Path) -> bool:
    """Whether a file of that name is read as a document."""
    return path.suffix.lower() in READERS


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size in bytes of a file. Raises `BadInput` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    except OSError as error:
        raise BadInput(f"No file {str(path)!r}: {error.strerror}") from error


def parse(path: Path) -> ParsedDocument:
    """Read a document in this process; see `parse_apart`.

    Raises:
        BadInput: Of no kind that is read, broken, locked, empty, or too big; one line, without
            the file's name.
    """
    known = READERS.get(path.suffix.lower())
    if known is None:
        raise BadInput(f"not read; give {', '.join(sorted(READERS))}")
    media_type, read = known
    if read is read_text and is_own_words(text := decoded(path.read_bytes())):
        return _own_words(text)
    title, pages, blocks = read(path)
    try:
        found = passages(blocks)
    except RecursionError as error:
        raise BadInput("nested too deep") from error
    if not found:
        raise BadInput("there is no text in it")
    first = found[0].heading.partition(" › ")[0]
    title = " ".join((title or (first if path.suffix.lower() != ".xlsx" else "")).split())
    return ParsedDocument(
        title=(title or path.stem)[:200], media_type=media_type, pages=pages, passages=found
    )


def _own_words(text: str) -> ParsedDocument:
    """The plant's own words, in pieces that are the text to the last sign. Raises `BadInput`."""
    groups_of(text)
    lines = text.splitlines(keepends=True)
    pieces = ["".join(lines[i : i + _AT_ONCE]) for i in range(0, len(lines), _AT_ONCE)]
    found = tuple(Passage(seq=seq, text=piece) for seq, piece in enumerate(pieces, 1))
    return ParsedDocument(title="Own words", media_type=OWN_WORDS, passages=found)


def parse_apart(path: Path, seconds: float = SECONDS) -> ParsedDocument:
    """Read a document in a process of its own, bounded in time and memory.

    Files of others are read by code that has had holes and may be made to go on for ever: what
    falls is that process alone.

    Raises:
        BadInput: As `parse`, or it took too long or too much memory.
    """
    size = digest_size(path)
    if not size:
        raise BadInput("the file is empty")
    if size > BIGGEST:
        raise BadInput(f"{size / 2**20:.0f} MB; at most {BIGGEST / 2**20:.0f}")
    if path.suffix.lower() not in READERS:
        raise BadInput(f"not read; give {', '.join(sorted(READERS))}")
    command = [sys.executable, "-P", "-m", "opsmith_kb.documents_child", os.path.abspath(path)]
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"not read within {seconds:.0f} s; split it") from error
    if done.returncode == 3:
        raise BadInput(done.stdout.decode("utf-8", "replace").strip())
    if done.returncode != 0:
        raise BadInput("broken: its reader fell over it, or it took too much memory")
    try:
        return ParsedDocument.model_validate_json(done.stdout)
    except ValidationError as error:
        raise BadInput("broken: its reader gave no passages") from error


def digest_size(path: Path) -> int:
    """Size in bytes. Raises `BadInput`."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise BadInput(f"No file: {error.strerror}") from error


def child(path: str, out: Any) -> int:
    """What the process of its own does; its exit code."""
    try:
        out.write(parse(Path(path)).model_dump_json().encode())
    except OpsmithError as error:
        out.write(str(error).encode())
        return 3
    return 0
