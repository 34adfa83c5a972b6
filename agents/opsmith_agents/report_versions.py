"""What a version of a report says otherwise than the one before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith_agents.reply_words import word
from opsmith_agents.report_times import localized, stamp
from opsmith_agents.report_words import author_of, head
from opsmith_agents.wording import share

_MOST = 6
"""Claims of a kind that are told; of more, how many there are."""
_STEP = 0.01
"""Change of a probability from which on it is told: what whole per cents can show."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was changed; an empty side: it was not there."""

    what: str
    """Empty: a sentence that came or went."""
    before: str
    after: str

    def told(self) -> str:
        """In one line.

        >>> Difference("Due", "", "12:00").told(), Difference("", "It leaks.", "").told()
        ('Due: – → 12:00', '− It leaks.')
        """
        if not self.what:
            return f"+ {self.after}" if self.after else f"− {self.before}"
        return f"{self.what}: {self.before or '–'} → {self.after or '–'}"


def differences(
    old: DiagnosisReport, new: DiagnosisReport, language: Language, zone: tzinfo
) -> tuple[Difference, ...]:
    """What `new` says otherwise than `old`; the texts are those of the reports.

    Args:
        old: A version.
        new: A later one, on the same alert.
        language: Of the words between.
        zone: Of the times.
    """
    return tuple(_differences(old, new, language, zone))


def _differences(
    old: DiagnosisReport, new: DiagnosisReport, language: Language, zone: tzinfo
) -> Iterator[Difference]:
    sides = [_facts(one, language, zone) for one in (old, new)]
    for key in sides[0]:
        before, after = (side[key] for side in sides)
        if before != after:
            yield Difference(head(key, language), before, after)
    yield from _likelier(old, new)
    # Texts of two languages differ all over; that tells nothing of what was found.
    if old.diagnosis.language == new.diagnosis.language:
        yield from _claims(old, new, language, zone)


def _facts(report: DiagnosisReport, language: Language, zone: tzinfo) -> dict[str, str]:
    """What is compared as a whole, by the key of its word."""
    diagnosis, plan = report.diagnosis, report.decision.plan
    at = report.as_of or report.created_at
    texts = {
        "now": diagnosis.immediate_action,
        "lasting": diagnosis.lasting_action,
        "confirm": diagnosis.confirm_by,
    }
    told = {key: localized(text, zone) for key, text in texts.items()}
    missing = [*diagnosis.coverage.unavailable, *diagnosis.coverage.stale]
    return {
        "by": author_of(report, language),
        "as_of": stamp(at, zone),
        "mode": report.failure_mode or "",
        "severity": word(language, report.severity),
        "confidence": share(diagnosis.confidence),
        "unavailable": ", ".join(missing),
        **told,
        "plan": "" if plan is None else f"{plan.priority} {word(language, plan.order_type)}",
        "due": "" if plan is None or plan.due_at is None else stamp(plan.due_at, zone),
    }


def _likelier(old: DiagnosisReport, new: DiagnosisReport) -> Iterator[Difference]:
    """Hypotheses that came, went, or are more or less probable."""
    before, after = (
        {one.failure_mode: one for one in report.diagnosis.hypotheses} for report in (old, new)
    )
    for mode in {**after, **before}:
        was, now = before.get(mode), after.get(mode)
        if was and now and abs(was.probability - now.probability) < _STEP:
            continue
        named = now or was
        assert named is not None, "it is of one of the two"
        yield Difference(
            named.name,
            share(was.probability) if was else "",
            share(now.probability) if now else "",
        )


def _claims(
    old: DiagnosisReport, new: DiagnosisReport, language: Language, zone: tzinfo
) -> Iterator[Difference]:
    """The sentences that came, then those that went."""
    before, after = ([c.text for c in report.diagnosis.claims] for report in (old, new))
    came = [localized(text, zone) for text in after if text not in before]
    gone = [localized(text, zone) for text in before if text not in after]
    for texts, is_new in ((came, True), (gone, False)):
        rest = len(texts) - _MOST
        more = head("more", language).format(count=rest)
        shown = [*texts[:_MOST], more] if rest > 1 else texts
        for text in shown:
            yield Difference("", *(("", text) if is_new else (text, "")))
