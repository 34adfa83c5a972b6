"""Read a PDF: the text of each page, under the heading that its bookmarks or numbers give."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from opsmith.errors import BadInput
from opsmith_kb.documents_libraries import library
from opsmith_kb.split import Block, Heading, Page, Text, clean

MOST = 10_000
"""Pages."""

_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+([^\W\d_].{2,80})$")
_CONTENTS = re.compile(r"(\.\s*){4,}|\s\d{1,4}$")
_DIGITS = re.compile(r"\d+")
_EDGE = 2
"""Lines at the top and the bottom of a page that may be a running head."""
_RUNNING = 0.5
"""Share of the pages from which on a line is one."""


def read_pdf(path: Path) -> tuple[str, int, Iterator[Block]]:
    """Title, pages and blocks of a PDF.

    Raises:
        BadInput: It is no PDF, needs a password, or has no text.
    """
    pypdfium2 = library("pypdfium2")
    try:
        pdf: Any = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise BadInput("it needs a password; save it without one") from error
        raise BadInput("not a PDF, or broken") from error
    count = len(pdf)
    if count > MOST:
        raise BadInput(f"{count} pages; split it into files of at most {MOST}")
    texts = [_text(pdf, number) for number in range(count)]
    if not any(text.strip() for text in texts):
        raise BadInput("no text in its pages, only pictures; run it through OCR first")
    title = str(pdf.get_metadata_dict().get("Title") or "").strip()
    return title, count, _blocks(_without_running(texts), _bookmarks(pdf))


def _text(pdf: Any, number: int) -> str:
    pypdfium2 = library("pypdfium2")
    try:
        page = pdf[number]
        words = page.get_textpage()
        text: str = words.get_text_range()
        words.close()
        page.close()
    except pypdfium2.PdfiumError:
        return ""
    # Where a line ends in a hyphen pdfium puts U+FFFE.
    return clean(text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", ""))


def _bookmarks(pdf: Any) -> dict[int, list[Heading]]:
    """Headings by the page, from 0, that they are on."""
    found = dict[int, list[Heading]]()
    for mark in pdf.get_toc(max_depth=6):
        dest = mark.get_dest()
        index = dest.get_index() if dest else None
        if index is not None:
            found.setdefault(index, []).append(Heading(mark.level + 1, mark.get_title()))
    return found


def _blocks(texts: Sequence[str], bookmarks: dict[int, list[Heading]]) -> Iterator[Block]:
    for number, text in enumerate(texts):
        yield Page(number + 1)
        marks = list(bookmarks.get(number, ()))
        for line in text.split("\n"):
            there = next((one for one in marks if _same(one.text, line)), None)
            if there is not None:
                # Those before it were not found as lines: they begin here at the latest.
                yield from marks[: marks.index(there) + 1]
                del marks[: marks.index(there) + 1]
                continue
            numbered = None if bookmarks else _NUMBERED.match(line)
            if numbered and not _CONTENTS.search(line):
                yield Heading(numbered[1].count(".") + 1, line)
                continue
            yield Text(line)
        yield from marks


def _same(title: str, line: str) -> bool:
    """Whether a line is the heading of that bookmark."""
    wanted, seen = (re.sub(r"\W+", "", one).casefold() for one in (title, line))
    return bool(wanted) and (wanted == seen or (seen.endswith(wanted) and len(seen) < 120))


def _without_running(texts: Sequence[str]) -> list[str]:
    """The pages without the lines that stand at the edge of most of them."""
    pages = [text.split("\n") for text in texts]
    if len(pages) < 6:
        return list(texts)
    often = Counter(form for lines in pages for form in {_form(one) for one in _edges(lines)})
    running = {form for form, count in often.items() if count > _RUNNING * len(pages)}
    kept = list[str]()
    for lines in pages:
        last = len(lines) - _EDGE
        kept.append(
            "\n".join(
                line
                for i, line in enumerate(lines)
                if not ((i < _EDGE or i >= last) and _form(line) in running)
            )
        )
    return kept


def _edges(lines: Sequence[str]) -> Sequence[str]:
    return [*lines[:_EDGE], *lines[-_EDGE:]]


def _form(line: str) -> str:
    return _DIGITS.sub("0", line)
