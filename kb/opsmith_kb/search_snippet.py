"""The sentence of an entry that answers a question best."""

import re

from opsmith.domain.base import Language
from opsmith.domain.knowledge import Prose
from opsmith_kb.search import Hit
from opsmith_kb.search_postings import tokens_and_pairs

_FIELDS = (
    "symptoms", "fault_pattern", "root_cause", "solution", "confirm_by", "immediate_action",
    "prevention", "name",
)  # fmt: skip
"""Where two sentences answer alike the field that is named first is shown."""
_END = re.compile(r"(?<=[.;!?])\s+|(?<=[。；！？])")
_LONGEST = 240


def snippet(hit: Hit, language: Language) -> str:
    """The sentence, in one language; the first of the symptoms where no words were asked.

    A word of the other language is looked for by what it means.
    """
    prose = hit.entry.text[language]
    sentences = [one for field in _FIELDS for one in _sentences(prose, field)]
    best = max(sentences, key=lambda sentence: _answers(hit, sentence), default="")
    return best if len(best) <= _LONGEST else best[: _LONGEST - 1] + "…"


def _sentences(prose: Prose, field: str) -> list[str]:
    return [one.strip() for one in _END.split(str(getattr(prose, field))) if one.strip()]


def _answers(hit: Hit, sentence: str) -> float:
    phrases = hit.words_of.pairs
    held = set(tokens_and_pairs(sentence, phrases))
    return sum(
        max((one.sure for one in match.term.meanings if held.issuperset(one.tokens)), default=0.0)
        for match in hit.why
        if match.term.class_ is None
    )
