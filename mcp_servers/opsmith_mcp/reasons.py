"""Why opsmith proposes a change by itself: the report that calls for it, as a person reads it."""

import re

from pydantic import Field

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language, Model
from opsmith.domain.proposals import Proposal

_LINE: dict[Language, str] = {
    "en": "\n\nBecause report {trace_id} v{version} ({level}) says: {says}",
    "zh": "\n\n因报告 {trace_id} v{version}（{level}）指出：{says}",
}
_SAID = re.compile(r"\n\n(?:Because report|因报告) (\S+) v(\d+) ?[(（](P\d)[)）]")
_LONGEST = 300


class Reason(Model):
    """The version of a report that calls for a change."""

    trace_id: str = Field(min_length=1, max_length=64, pattern=r"^\S+$")
    version: int = Field(ge=1)
    level: AlertLevel
    says: str = Field(description="Its cause, or why nothing is to be done.")
    language: Language = "en"


def with_reason(text: str, reason: Reason) -> str:
    """What would happen, and why it is proposed; what the report says stays in its line."""
    says = " ".join(reason.says.split())
    if len(says) > _LONGEST:
        says = says[: _LONGEST - 1] + "…"
    told = {"trace_id": reason.trace_id, "version": str(reason.version), "level": reason.level}
    return text + _LINE[reason.language].format(**told, says=says)


def without_reason(shown: str) -> str:
    """What would happen alone."""
    found = _SAID.search(shown)
    return shown if found is None else shown[: found.start()]


def reason_of(proposal: Proposal) -> tuple[str, int, AlertLevel] | None:
    """The alert, the version of its report and its level then; None: a person proposed it."""
    found = _SAID.search(proposal.shown)
    if found is None:
        return None
    return found[1], int(found[2]), AlertLevel(found[3])
