"""A report for people: as Markdown, as plain text, and for a terminal."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Coverage, Decision, Diagnosis, DiagnosisReport
from opsmith.domain.work_orders import WorkOrder
from opsmith_agents.reply_notes import in_signs
from opsmith_agents.reply_words import plain, prose, word
from opsmith_agents.report_dossier import Dossier, up_to
from opsmith_agents.report_times import is_utc, localized, stamp, zone_name
from opsmith_agents.report_versions import differences
from opsmith_agents.report_words import also_of, author_of, head, pair, tokens_of, visible
from opsmith_agents.wording import listed, share

MARKS = {"supported": "✓", "refuted": "✗", "untested": "?"}
"""Of the standing of a hypothesis, beside its word."""
_BAR = 10
_COLUMNS = ("mode", "probability", "standing", "for", "against", "test")
_STEP = re.compile(r"\d+\. ")
"""How the steps of a plan begin, which are a list already."""


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """The diagnosis as plain text in its own language, for the report's column."""
    language = diagnosis.language
    lines = [diagnosis.cause]
    lines += [f"- {claim.text} {_ids(claim.evidence)}".rstrip() for claim in diagnosis.claims]
    blind = diagnosis.coverage.unavailable
    if blind:
        lines.append(pair("unavailable", listed(blind, language), language))
    return "\n".join(lines)


def decision_text(decision: Decision, language: Language) -> str:
    """The decision as plain text, for the report's column."""
    lines = [decision.reason]
    if decision.plan is None:
        lines.append(head("no_order", language))
    else:
        lines += [f"{place}. {step}" for place, step in enumerate(decision.plan.steps, 1)]
    lines += [f"- {claim.text} {_ids(claim.evidence)}".rstrip() for claim in decision.claims]
    if decision.waiting:
        lines.append(pair("waiting", decision.waiting, language))
    lines += [pair("proposals", one, language) for one in decision.proposals]
    return "\n".join(lines)


def report_markdown(
    report: DiagnosisReport, language: Language, dossier: Dossier | None = None
) -> str:
    """A report as Markdown, its headings in `language`, its texts in the report's own.

    No text of it is taken for markup or for HTML. With a dossier its times are in that zone, and
    its work orders and versions are there too.
    """
    known = dossier or Dossier(report, UTC)
    say = _Says(known.zone, marked_up=True)
    diagnosis = report.diagnosis
    title = " · ".join(filter(None, (report.device_id, known.device_name, report.trace_id)))
    blocks = [
        f"# {say(title)} · v{report.version}",
        f"**{head('cause', language)}**: {say(diagnosis.cause)}  \n"
        + "  \n".join(_summary(known, language, say)),
        _hypotheses_markdown(diagnosis, language, say),
    ]
    blocks[2:2] = [_section("claims", _claims(diagnosis, language, say), language)]
    for key, lines in _parts(known, language, say):
        items = [line if _STEP.match(line) else f"- {line}" for line in lines]
        blocks.append(_section(key, items, language))
    return "\n\n".join(block for block in blocks if block) + "\n"


def render_report(
    report: DiagnosisReport, language: Language, dossier: Dossier | None = None
) -> RenderableType:
    """A report for a terminal; no text of it is taken for markup or steers the terminal.

    With a dossier its times are in that zone, and its work orders and versions are there too.
    """
    known = dossier or Dossier(report, UTC)
    say = _Says(known.zone, marked_up=False)
    diagnosis = report.diagnosis
    parts: list[RenderableType] = [Text(say(diagnosis.cause), style="bold")]
    parts += [Text(line, style="dim") for line in _summary(known, language, say)]
    parts += _lines("claims", list(_claims(diagnosis, language, say)), language)
    parts += _lines("hypotheses", _hypotheses(diagnosis, language, say), language)
    for key, lines in _parts(known, language, say):
        parts += _lines(key, lines, language)
    title = " · ".join(filter(None, (report.device_id, known.device_name, report.trace_id)))
    shown = Text(f"{say(title)} · v{report.version}")
    return Panel(Group(*parts), title=shown, title_align="left")


class _Says:
    """How a text of the report is shown: its times in the zone, nothing in it acts."""

    def __init__(self, zone: tzinfo, *, marked_up: bool) -> None:
        self.zone = zone
        self._marked_up = marked_up

    def __call__(self, text: str) -> str:
        told = localized(text, self.zone)
        return prose(told) if self._marked_up else visible(in_signs(told))

    def as_it_is(self, text: str) -> str:
        """Times and units as they were stored, where a digest goes with them."""
        return plain(text) if self._marked_up else visible(text)


def _parts(known: Dossier, language: Language, say: _Says) -> Iterable[tuple[str, list[str]]]:
    """Everything that is lines under a heading, in the order of a reader's questions."""
    report, diagnosis = known.report, known.report.diagnosis
    zone = known.zone
    yield "also", [say(one) for one in also_of(diagnosis)]
    yield "action", _actions(diagnosis, language, say)
    text = decision_text(report.decision, language)
    rests_on = [f"{say(one.text)} {_ids(one.evidence)}".rstrip() for one in report.decision.claims]
    yield "decision", [*(say(line) for line in text.splitlines()), *rests_on]
    yield "orders", [line for one in known.orders for line in _order(one, language, say)]
    yield (
        "timeline",
        [f"{stamp(e.at, zone)}  {say(e.text)} {_ids(e.evidence)}" for e in diagnosis.timeline],
    )
    yield "coverage", _coverage(diagnosis.coverage, language, say)
    yield "versions", _versions(known, language, say)
    yield "evidence", _evidence(report, say)
    yield "removed", [say(one) for one in (*diagnosis.removed, *report.decision.removed)]


def _ids(evidence: Sequence[str]) -> str:
    return f"[{', '.join(evidence)}]" if evidence else ""


def _summary(known: Dossier, language: Language, say: _Says) -> list[str]:
    report = known.report
    as_of = up_to(report)
    pairs = [
        ("mode", report.failure_mode or "-"),
        ("severity", report.severity),
        ("confidence", share(report.diagnosis.confidence)),
        ("by", report.llm_model),
    ]
    lines = [" · ".join(pair(key, say(text), language) for key, text in pairs)]
    facts = [("as_of", stamp(as_of, known.zone)), ("times", zone_name(known.zone, as_of))]
    if known.alert is not None:
        facts.insert(0, ("raised", stamp(known.alert.first_seen, known.zone)))
        facts.insert(0, ("onset", stamp(known.alert.onset, known.zone)))
    lines.append(" · ".join(pair(key, text, language) for key, text in facts))
    if not is_utc(known.zone, as_of):
        lines.append(head("unmarked", language))
    spent = tokens_of(report, language)
    wrote = [report.diagnosis.path, spent and pair("tokens", spent, language)]
    if any(wrote):
        lines.append(" · ".join(say(one) for one in wrote if one))
    return lines


def _claims(diagnosis: Diagnosis, language: Language, say: _Says) -> Iterable[str]:
    for place, claim in enumerate(diagnosis.claims, 1):
        mark = f" ({head('hypothesis', language)})" if claim.kind == "hypothesis" else ""
        yield f"{place}. {say(claim.text)}{mark} {_ids(claim.evidence)}".rstrip()


def _actions(diagnosis: Diagnosis, language: Language, say: _Says) -> list[str]:
    pairs = (
        ("now", diagnosis.immediate_action),
        ("lasting", diagnosis.lasting_action),
        ("confirm", diagnosis.confirm_by),
    )
    return [pair(key, say(text), language) for key, text in pairs if text]


def _order(order: WorkOrder, language: Language, say: _Says) -> Iterable[str]:
    facts = [order.priority.value, word(language, order.order_type), word(language, order.status)]
    if order.estimated_hours is not None:
        facts.append(head("estimated", language).format(hours=order.estimated_hours))
    if order.due_at is not None:
        facts.append(pair("due", stamp(order.due_at, say.zone), language))
    facts.append(pair("reviewed", say(order.reviewed_by or head("unreviewed", language)), language))
    yield f"{say(order.order_no)}: " + " · ".join(facts)
    if order.materials:
        told = [f"{one.quantity:g} × {say(one.part)}" for one in order.materials]
        yield pair("parts", listed(told, language), language)


def _coverage(coverage: Coverage, language: Language, say: _Says) -> list[str]:
    lines = [
        pair(state, say(listed(tools, language)), language)
        for state, tools in states_of(coverage)
        if tools
    ]
    return lines + [pair("not_checked", say(one), language) for one in coverage.not_checked]


def states_of(coverage: Coverage) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The tools by how complete their answers were, best first."""
    return (
        ("checked", coverage.checked),
        ("empty", coverage.empty),
        ("stale", coverage.stale),
        ("unavailable", coverage.unavailable),
    )


def _versions(known: Dossier, language: Language, say: _Says) -> list[str]:
    if len(known.versions) < 2:
        return []
    lines: list[str] = []
    for old, new in zip((None, *known.versions), known.versions, strict=False):
        author, at = author_of(new, language), stamp(new.created_at, known.zone)
        lines.append(f"v{new.version} · {say(author)} · {at} · {say(new.diagnosis.cause)}")
        changed = differences(old, new, language, known.zone) if old else ()
        lines += [f"v{new.version} · {say(one.told())}" for one in changed]
    return lines


def _evidence(report: DiagnosisReport, say: _Says) -> list[str]:
    lines: list[str] = []
    for one in (*report.diagnosis.evidence, *report.decision.evidence):
        given = ", ".join(f"{name}={value}" for name, value in one.arguments.items())
        note = f" - {one.note}" if one.note else ""
        told = f"{one.tool}({given}) {one.state} {one.digest[:12]}{note}"
        lines.append(f"{one.evidence_id} {say.as_it_is(told)}")
    return lines


def _hypotheses(diagnosis: Diagnosis, language: Language, say: _Says) -> list[str]:
    """For a terminal: a bar each, so that it is read at 80 columns."""
    lines: list[str] = []
    for one in diagnosis.hypotheses:
        filled = round(_BAR * min(one.probability, 1.0))
        bar = "█" * filled + "░" * (_BAR - filled)
        standing = f"{MARKS[one.standing]} {head(one.standing, language)}"
        lines.append(
            f"{bar} {share(one.probability):>5}  {say(one.name)} · {standing} {_ids(one.evidence)}"
        )
        # Two signs that the same change bears out are one line to a reader.
        lines += [f"  + {say(text)}" for text in dict.fromkeys(one.speaks_for)]
        lines += [f"  − {say(text)}" for text in dict.fromkeys(one.speaks_against)]
        if one.separating_test:
            lines.append("  " + pair("test", say(one.separating_test), language))
    return lines


def _hypotheses_markdown(diagnosis: Diagnosis, language: Language, say: _Says) -> str:
    if not diagnosis.hypotheses:
        return ""
    rows = [[head(key, language) for key in _COLUMNS], ["---"] * len(_COLUMNS)]
    for one in diagnosis.hypotheses:
        both = (dict.fromkeys(one.speaks_for), dict.fromkeys(one.speaks_against))
        rows.append(
            [
                say(one.name),
                share(one.probability),
                f"{MARKS[one.standing]} {head(one.standing, language)}",
                *("<br>".join(say(text) for text in signs) for signs in both),
                say(one.separating_test or ""),
            ]
        )
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"## {head('hypotheses', language)}\n\n{table}"


def _section(key: str, lines: Iterable[str], language: Language) -> str:
    body = "\n".join(lines)
    return f"## {head(key, language)}\n\n{body}" if body else ""


def _lines(key: str, lines: Sequence[str], language: Language) -> list[RenderableType]:
    if not lines:
        return []
    return [Text(), Text(head(key, language), style="bold"), *(Text(line) for line in lines)]
