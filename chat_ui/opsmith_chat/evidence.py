"""Evidence behind an answer: the ids that its text cites, each to be opened beside it."""

import re
from collections.abc import Sequence
from datetime import tzinfo

from pydantic import BaseModel

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Evidence
from opsmith_agents.reply_words import moment, plain, word
from opsmith_chat.answer_words import ANSWER_WORDS
from opsmith_chat.markdown import outside_code, without_directives
from opsmith_chat.steps import pretty

FOLDED = "application/vnd.opsmith.evidence+json"
"""Media type of `Folded`."""
MARK = "▸"
"""Before an id that can be opened: Chainlit links whatever reads like an element's name."""
_MOST = 16
"""Pieces of evidence of one answer that are sent."""
_CITED = re.compile(r"(?<![\w.\-/▸])E\d{1,3}(?![\w\-/])")


def cited(
    text: str, evidence: Sequence[Evidence], language: Language
) -> tuple[str, tuple[Evidence, ...]]:
    """Mark the ids that a text cites; where it cites none, name what it rests on.

    Args:
        text: Markdown.
        evidence: What its ids stand for.
        language: Of the text.

    Returns:
        The text, and the evidence to be sent with it.
    """
    known = {one.evidence_id: one for one in evidence}
    used: dict[str, Evidence] = {}

    def marked(found: re.Match[str]) -> str:
        name = found.group()
        if name not in known or (len(used) >= _MOST and name not in used):
            return name
        used[name] = known[name]
        return mark(name)

    text = outside_code(text, lambda part: _CITED.sub(marked, part))
    if not used and evidence:
        used = {one.evidence_id: one for one in evidence[:_MOST]}
        ids = " ".join(mark(name) for name in used)
        text += f"\n\n*{ANSWER_WORDS[language].evidence.format(ids=ids)}*"
    return text, tuple(used.values())


class Folded(BaseModel):
    """Evidence as it is kept; few pieces are ever opened, and a sheet takes time to write."""

    language: Language
    evidence: Evidence

    def sheet(self, zone: tzinfo) -> str:
        """See `sheet`, as Chainlit shows it."""
        return without_directives(sheet(self.evidence, self.language, zone))


def mark(evidence_id: str) -> str:
    """An id as it is written where it can be opened."""
    return MARK + evidence_id


def sheet(one: Evidence, language: Language, zone: tzinfo) -> str:
    """One piece of evidence whole, in Markdown: what was asked, and what was answered."""
    words = ANSWER_WORDS[language]
    state = word(language, one.state.value)
    parts = [
        f"**{plain(one.tool)}**",
        f"{words.state}: {state}" + (f". {plain(one.note)}" if one.note else ""),
    ]
    if one.window is not None:
        start, end = moment(one.window.start, zone), moment(one.window.end, zone)
        parts.append(f"{words.window}: {start} – {end}")
    # JSON has no line that could close the block.
    parts.append(f"{words.arguments}:\n\n```json\n{pretty(one.arguments)}\n```")
    if one.result:
        parts.append(f"{words.result}:\n\n```json\n{pretty(one.result)}\n```")
    else:
        parts.append(words.no_result)
    parts.append(f"{words.digest}: `{plain(one.digest)}`")
    return "\n\n".join(parts)
