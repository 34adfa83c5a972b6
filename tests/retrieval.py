"""The retrieval test set: what maintenance engineers type, and the entries that answer it.

`kb/retrieval.jsonl` has a question a line: id, lang, kind (term, symptom, typo, two_char, mixed,
abbreviation; none: the base holds no answer), text, the device_type where one was given, and the
accepted entry ids, any of which answers. Each was written before the search was asked it, without
the entries' phrases; a third, taken by chance, is held out, and so is q202 on, asked once all was
set: nothing is set by looking at them. `kb/retrieval_fresh.jsonl` has three further parts, each
asked for the first time where the search stood: `fresh` and `second`, which it was bettered by
since, and `last`, which is held out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from opsmith.domain.base import Language

Kind = Literal["term", "symptom", "typo", "two_char", "mixed", "abbreviation", "none"]

_FOLDER = Path(__file__).parent / "kb"
_FILES = ("retrieval.jsonl", "retrieval_fresh.jsonl")


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the set."""

    id: str
    lang: Language
    kind: Kind
    text: str
    accepted: tuple[str, ...]
    device_type: str | None = None
    held: bool = False
    part: Literal["first", "fresh", "second", "last"] = "first"


_QUESTION = TypeAdapter(Question)


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a search answers questions; each a share, 0 to 1."""

    asked: int
    recall_at_3: float
    """Of those with an answer: an accepted entry is among the first three."""
    mrr: float
    """Of those with an answer: mean of 1 / rank of the first accepted entry; 0 where not found."""
    abstention: float
    """Of those without: nothing was found."""


def questions() -> tuple[Question, ...]:
    """The whole set, in order."""
    lines = (line for name in _FILES for line in (_FOLDER / name).read_text("utf-8").splitlines())
    return tuple(_QUESTION.validate_json(line) for line in lines)


def quality(asked: Sequence[Question], search: Callable[[Question], Sequence[str]]) -> Quality:
    """Ask a search, which gives entry ids, the best first."""
    found = {question: search(question) for question in asked}
    reciprocal = [
        _reciprocal(ids, question) for question, ids in found.items() if question.accepted
    ]
    empty = [not ids for question, ids in found.items() if not question.accepted]
    return Quality(
        asked=len(asked),
        recall_at_3=sum(one >= 1 / 3 for one in reciprocal) / max(1, len(reciprocal)),
        mrr=sum(reciprocal) / max(1, len(reciprocal)),
        abstention=sum(empty) / max(1, len(empty)),
    )


def _reciprocal(ids: Sequence[str], question: Question) -> float:
    ranks = (rank for rank, one in enumerate(ids, 1) if one in question.accepted)
    return 1 / next(ranks, float("inf"))
