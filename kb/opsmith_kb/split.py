"""Cut a document into passages: under one heading, on one page, short enough to be quoted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from opsmith.domain.documents import Passage
from opsmith.errors import BadInput

LONGEST = 1200
"""Signs of a passage: what fits on a third of a page, and into an answer."""
MOST = 60_000
"""Passages of a document: some ten thousand pages."""

_SPACE = re.compile(r"[^\S\n]+")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n+")
_PATH = " › "


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, from level 1, the widest, on."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What follows is on this page, counted from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, a list item or a row of a table."""

    text: str


Block = Heading | Page | Text


def clean(text: str) -> str:
    r"""A text without control signs, runs of blanks or empty lines.

    >>> clean("Torque\x00  to\t 25 N·m\n\n\n")
    'Torque to 25 N·m'
    """
    kept = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    lines = (_SPACE.sub(" ", line).strip() for line in kept.split("\n"))
    return "\n".join(line for line in lines if line)


def passages(blocks: Iterable[Block]) -> tuple[Passage, ...]:
    """Cut blocks, in their order, where the heading or the page changes or it gets too long.

    Raises:
        BadInput: There are more than `MOST`.

    >>> [(p.heading, p.page, p.text) for p in passages(
    ...     [Page(1), Heading(1, "Seal"), Heading(2, "Fitting"), Text("Grease it."), Page(2),
    ...      Text("Turn it by hand.")])]
    [('Seal › Fitting', 1, 'Grease it.'), ('Seal › Fitting', 2, 'Turn it by hand.')]
    """
    cutter = _Cutter()
    for block in blocks:
        cutter.take(block)
    cutter.let_go()
    return tuple(cutter.found)


class _Cutter:
    """Holds what belongs to one passage until the heading, the page or the length ends it."""

    def __init__(self) -> None:
        self.found = list[Passage]()
        self._path = list[Heading]()
        self._page: int | None = None
        self._held = list[str]()

    def take(self, block: Block) -> None:
        """Take the next block."""
        match block:
            case Heading():
                self.let_go()
                while self._path and self._path[-1].level >= block.level:
                    self._path.pop()
                text = clean(block.text).replace("\n", " ")[:200]
                if text:
                    self._path.append(Heading(block.level, text))
            case Page():
                self.let_go()
                self._page = block.number
            case Text():
                for piece in _pieces(clean(block.text)):
                    if self._held and sum(map(len, self._held)) + len(piece) > LONGEST:
                        self.let_go()
                    self._held.append(piece)

    def let_go(self) -> None:
        """End the passage, where there is one."""
        text = "\n".join(self._held)
        self._held.clear()
        if not text:
            return
        if len(self.found) >= MOST:
            raise BadInput(f"more than {MOST} passages; split the file")
        heading = _PATH.join(one.text for one in self._path)[:500]
        self.found.append(
            Passage(seq=len(self.found) + 1, heading=heading, page=self._page, text=text)
        )


def _pieces(text: str) -> Iterable[str]:
    """A text in pieces that are short enough, cut between sentences where it can be."""
    if len(text) <= LONGEST:
        return [text] if text else []
    pieces, held = list[str](), ""
    for sentence in _SENTENCE.split(text):
        for begin in range(0, len(sentence), LONGEST):
            part = sentence[begin : begin + LONGEST]
            if held and len(held) + len(part) + 1 > LONGEST:
                pieces.append(held)
                held = part
            else:
                held = f"{held} {part}" if held else part
    return [*pieces, held] if held else pieces
