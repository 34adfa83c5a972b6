"""What waits for a person, as text: a change exactly as shown, an entry with its evidence."""

import json

from rich.text import Text

from opsmith.domain.proposals import Proposal
from opsmith_mcp.reasons import without_reason
from opsmith_mcp.reviews import Candidate
from opsmith_tui.decide_words import DECIDE
from opsmith_tui.figures import plain, zoned
from opsmith_tui.system_words import ROLES
from opsmith_tui.wording import Wording


def proposal_text(proposal: Proposal, words: Wording) -> Text:
    """A change whole: what happens, why, who asks, and the call."""
    text = Text()
    what = without_reason(proposal.shown)
    _head(text, words, "exactly").append(f"{plain(what)}\n\n")
    if why := proposal.shown[len(what) :].strip():
        _head(text, words, "reason").append(f"{plain(why)}\n\n")
    _line(text, words, "by", proposal.proposed_by)
    _line(text, words, "needs", words(ROLES, proposal.needs.lower()))
    _line(text, words, "since", zoned(proposal.proposed_at))
    _line(text, words, "until", zoned(proposal.expires_at))
    _line(text, words, "tool", proposal.tool)
    _head(text, words, "arguments")
    for name, value in proposal.arguments.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text.append(f"  {plain(name)}: ", "dim").append(f"{plain(shown)}\n")
    return text


def entry_text(candidate: Candidate, words: Wording) -> Text:
    """An entry whole: its text, and the closed orders that speak for it."""
    text = Text(f"{plain(candidate.name)}\n\n", "")
    _line(text, words, "classes", ", ".join(candidate.device_types))
    _line(text, words, "by", candidate.proposed_by)
    _line(text, words, "since", zoned(candidate.proposed_at))
    for name, value in (("cause", candidate.root_cause), ("solution", candidate.solution)):
        if value:
            text.append("\n")
            _head(text, words, name).append(f"{plain(value)}\n")
    text.append("\n")
    _head(text, words, "evidence")
    if not candidate.evidence:
        text.append(words(DECIDE, "no_evidence"), "italic")
    for one in candidate.evidence:
        about = f"{one.order_no} {one.device_id}  {one.by}  {zoned(one.at)}"
        text.append(f"{plain(about)}\n", "dim").append(f"  {plain(one.found)}\n")
        if one.done:
            text.append(f"  {plain(one.done)}\n")
    return text


def _head(text: Text, words: Wording, name: str) -> Text:
    return text.append(f"{words(DECIDE, name)}\n", "bold")


def _line(text: Text, words: Wording, name: str, value: str) -> None:
    text.append(f"{words(DECIDE, name)}: ", "dim").append(f"{plain(value)}\n")
