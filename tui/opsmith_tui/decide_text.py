"""What waits for a person, as text: a change exactly as shown, an entry with its evidence."""

import json
import re

from rich.text import Text

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.proposals import Proposal
from opsmith_kb.channels import channel_name
from opsmith_mcp.reasons import without_reason
from opsmith_mcp.reviews import Candidate
from opsmith_mcp.whole_entry import WholeEntry
from opsmith_tui.decide_words import DECIDE, ENTRY_STATES, WAYS
from opsmith_tui.figures import number, plain, zoned
from opsmith_tui.knowledge_words import CATEGORIES, CLASS_NAMES
from opsmith_tui.system_words import ROLES
from opsmith_tui.wording import SEVERITIES, Wording

PROSE = (
    "symptoms", "fault_pattern", "root_cause", "confirm_by", "immediate_action", "solution",
    "prevention",
)  # fmt: skip
"""Parts of an entry's text, as they are read."""


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


def what_of(proposal: Proposal) -> str:
    """On one line what a proposal does, without the device, which has its own place."""
    what = " ".join(plain(without_reason(proposal.shown)).split())
    if not proposal.device_id:
        return what
    device = rf"{re.escape(plain(proposal.device_id))}(?: \([^()]*\))?: "
    return re.sub(rf"(?:, )?(?:{device})+", " ", what).strip()


def beginning(candidate: Candidate, words: Wording) -> Text:
    """What the list tells of an entry, until the plant has told all."""
    text = Text(f"{plain(candidate.name)}\n\n", "")
    _line(text, words, "by", candidate.proposed_by)
    return text.append(words(DECIDE, "loading"), "italic")


def candidate_text(whole: WholeEntry, words: Wording) -> Text:
    """An entry whole: its text, the closed orders that speak for it, and its versions."""
    entry, language = whole.entry, words.language
    prose = entry.text.get(language) or entry.text["en"]
    text = Text(f"{plain(prose.name)}\n", "bold")
    category = words(CATEGORIES, entry.category)
    text.append(f"{words(SEVERITIES, entry.severity)} · {category}\n\n")
    _line(text, words, "classes", ", ".join(words(CLASS_NAMES, one) for one in entry.device_types))
    _line(text, words, "by", whole.proposed_by)
    _line(text, words, "since", zoned(whole.proposed_at))
    for name in PROSE:
        if told := getattr(prose, name):
            text.append("\n")
            _head(text, words, name).append(f"{plain(told)}\n")
    text.append("\n")
    _signs(text, entry, words)
    _line(text, words, "parts", ", ".join(entry.parts_in(language)) or "-")
    _line(text, words, "hours", number(entry.hours))
    _line(text, words, "lockout", words(DECIDE, "yes" if entry.lockout else "no"))
    _line(text, words, "reference", entry.reference or "-")
    text.append("\n")
    _evidence(text, whole, words)
    _versions(text, whole, words)
    return text


def _signs(text: Text, entry: KnowledgeEntry, words: Wording) -> None:
    _head(text, words, "signs")
    for sign in entry.signs:
        names = sign.channel.split("/")
        channel = " / ".join(plain(channel_name(one, words.language)) for one in names)
        text.append(f"  {channel} {words(WAYS, sign.direction)}  {sign.weight:+g}\n")
    if not entry.signs:
        text.append(f"  {words(DECIDE, 'no_evidence')}\n")


def _evidence(text: Text, whole: WholeEntry, words: Wording) -> None:
    _head(text, words, "evidence")
    if not whole.evidence:
        text.append(f"{words(DECIDE, 'no_evidence')}\n", "italic")
    for one in whole.evidence:
        about = f"{one.order_no} {one.device_id}  {one.by}  {zoned(one.at)}"
        text.append(f"{plain(about)}\n", "dim").append(f"  {plain(one.found)}\n")
        if one.done:
            text.append(f"  {plain(one.done)}\n")
    if (missing := whole.evidence_total - len(whole.evidence)) > 0:
        text.append(f"{words(DECIDE, 'more_evidence', count=missing)}\n", "italic")


def _versions(text: Text, whole: WholeEntry, words: Wording) -> None:
    text.append("\n")
    _head(text, words, "versions")
    for one in whole.versions:
        state = words(ENTRY_STATES, one.entry_state)
        by = one.reviewed_by or one.proposed_by
        told = f"{one.version}  {state}  {by}  {zoned(one.at)}  {one.reason}".rstrip()
        text.append(f"  {plain(told)}\n")


def _head(text: Text, words: Wording, name: str) -> Text:
    return text.append(f"{words(DECIDE, name)}\n", "bold")


def _line(text: Text, words: Wording, name: str, value: str) -> None:
    text.append(f"{words(DECIDE, name)}: ", "dim").append(f"{plain(value)}\n")
