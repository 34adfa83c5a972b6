"""An alert and its report of record as text: what a person reads to understand and decide."""

from collections.abc import Iterable, Sequence
from datetime import UTC

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from opsmith.domain.alerts import Alert, AlertState
from opsmith.domain.diagnoses import Coverage, DiagnosisReport, Evidence, Hypothesis
from opsmith.domain.work_orders import WorkOrder
from opsmith_mcp.alert_history import AlertView, ReportView
from opsmith_mcp.why import in_words
from opsmith_tui.figures import channel_name, deviation_text, moment, number, plain, zoned
from opsmith_tui.wording import (
    ALERT,
    HANDLING,
    LEVELS,
    ORDER_STATES,
    ORDER_TYPES,
    RESULT_STATES,
    SEVERITIES,
    STATES,
    TYPES,
    Wording,
)

BAR = 10
"""Cells of the bar beside a confidence."""


LABEL = 20
"""Cells of the column of labels; a longer one goes on below."""


def whole(
    view: AlertView,
    report: ReportView | None,
    orders: Sequence[WorkOrder] | str,
    words: Wording,
    accent: Style,
) -> RenderableType:
    """Everything that is known of one alert; `orders` may say instead why there is none."""
    known = None if report is None else report.report
    parts: list[RenderableType] = [
        _section("facts", words, accent, _facts(view.alert, words), why_text(view, words)),
        _section("report", words, accent, *_findings(report, words)),
    ]
    if known is not None:
        parts += [
            _section("hypotheses", words, accent, *_hypotheses(known, words)),
            _section("claims", words, accent, _claims(known, words)),
            _section("decision", words, accent, _decision(known, words)),
        ]
    parts.append(_section("orders", words, accent, _orders(orders, words)))
    parts.append(_section("timeline", words, accent, _timeline(view, known, words)))
    if known is not None:
        coverage = _coverage(known.diagnosis.coverage, words)
        parts.append(_section("coverage", words, accent, coverage))
    return Group(*parts)


def summary(alert: Alert, report: ReportView | None, words: Wording) -> RenderableType:
    """The alert and what was found, in the few lines that a list has room for."""
    return Group(_facts(alert, words), Text(), *_findings(report, words))


def why_text(view: AlertView, words: Wording) -> Text:
    """Why an alert was held back; empty where it was told."""
    if view.alert.held is None:
        return Text()
    zone = view.as_of.tzinfo or UTC
    return Text(plain(in_words(view.alert, words.language, zone)), "italic")


def headline(view: ReportView | None, words: Wording) -> Text:
    """The cause in one line, with how sure and who says so; None while it is asked for."""
    if view is None:
        return Text(words(ALERT, "loading"), "italic")
    report = view.report
    if report is None:
        return Text(words(ALERT, "no_report"), "italic")
    diagnosis = report.diagnosis
    author = words(ALERT, "rules") if report.llm_model == "rules" else plain(report.llm_model)
    return Text.assemble(
        (f"{words(ALERT, 'cause')}: ", "bold"),
        plain(diagnosis.cause),
        (f"  {diagnosis.confidence:.0%}, {author}", "italic"),
    )


def evidence_text(evidence: Evidence, words: Wording) -> Text:
    """The head of one piece of evidence: which tool, asked what, how complete the answer was."""
    lines = [
        (words(ALERT, "tool"), evidence.tool),
        (words(ALERT, "arguments"), ", ".join(f"{k}={v}" for k, v in evidence.arguments.items())),
        (words(ALERT, "state"), words(RESULT_STATES, evidence.state)),
    ]
    if evidence.note:
        lines.append(("", evidence.note))
    if evidence.window is not None:
        window = f"{moment(evidence.window.start)} .. {zoned(evidence.window.end)}"
        lines.append((words(ALERT, "window"), window))
    lines.append((words(ALERT, "digest"), evidence.digest[:16]))
    text = Text()
    for label, value in lines:
        text.append(f"{label}  " if label else "  ", "bold").append(f"{plain(value)}\n")
    return text


def _section(key: str, words: Wording, accent: Style, *body: RenderableType) -> RenderableType:
    title = Text(f"▌{words(ALERT, key)}", accent + Style(bold=True))
    return Group(title, *body, Text())


def _grid(rows: Iterable[tuple[str | Text, str | Text]]) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=LABEL)
    grid.add_column(ratio=1, overflow="fold")
    for label, text in rows:
        grid.add_row(
            label if isinstance(label, Text) else Text(label, "bold"),
            text if isinstance(text, Text) else Text(plain(text)),
        )
    return grid


def _facts(alert: Alert, words: Wording) -> Table:
    level = alert.alert_level.value
    kind = words(TYPES, alert.alert_type)
    state = words(STATES, alert.state)
    if alert.acknowledged_by is not None:
        at = moment(alert.acknowledged_at)
        state = f"{state}, {words(ALERT, 'by', by=alert.acknowledged_by, at=at)}"
    rows: list[tuple[str | Text, str | Text]] = [
        (f"{level}", f"{alert.device_id}  {kind}  ({words(LEVELS, level)})"),
        (words(ALERT, "state"), state),
    ]
    if alert.state is AlertState.SHELVED:
        rows.append((words(ALERT, "shelved_until"), moment(alert.shelved_until)))
    for deviation in alert.deviations:
        text = deviation_text(deviation, words)
        rows.append(("", f"{text}  ({words(ALERT, 'share')} {deviation.share:.0%})"))
    score = f"{number(alert.score)} {words(ALERT, 'score_unit')}"
    seen = f"{moment(alert.first_seen)} .. {zoned(alert.last_seen)}"
    rows += [
        (words(ALERT, "onset"), zoned(alert.onset)),
        (words(ALERT, "first_seen"), seen),
        (words(ALERT, "count"), f"{alert.count}   {words(ALERT, 'score')} {score}"),
        (words(ALERT, "handling"), words(HANDLING, alert.status)),
    ]
    if alert.cleared_at is not None:
        rows.append((words(ALERT, "cleared"), zoned(alert.cleared_at)))
    return _grid(rows)


def _findings(view: ReportView | None, words: Wording) -> list[RenderableType]:
    if view is None:
        return [Text(words(ALERT, "loading"), "italic")]
    report = view.report
    if report is None:
        return [Text(words(ALERT, "no_report"), "italic")]
    diagnosis = report.diagnosis
    author = words(ALERT, "rules") if report.llm_model == "rules" else report.llm_model
    version = words(ALERT, "version", version=report.version, versions=len(view.versions))
    filled = round(diagnosis.confidence * BAR)
    bar = "█" * filled + "░" * (BAR - filled)
    mode = report.failure_mode or words(ALERT, "not_established")
    rows: list[tuple[str | Text, str | Text]] = [
        ("", f"{version}, {words(ALERT, 'written_by', by=author)}"),
        (words(ALERT, "cause"), Text(plain(diagnosis.cause), "bold")),
        (words(ALERT, "failure_mode"), f"{mode}  ({report.fault_category})"),
        (words(ALERT, "confidence"), f"{bar} {diagnosis.confidence:.0%}"),
        (words(ALERT, "severity"), words(SEVERITIES, report.severity)),
    ]
    if diagnosis.path:
        rows.insert(1, ("", diagnosis.path))
    for key, text in (
        ("now", diagnosis.immediate_action),
        ("lasting", diagnosis.lasting_action),
        ("confirm_by", diagnosis.confirm_by),
    ):
        if text:
            rows.append((words(ALERT, key), text))
    return [_grid(rows)]


def _hypotheses(report: DiagnosisReport, words: Wording) -> list[RenderableType]:
    return [_hypothesis(hypothesis, words) for hypothesis in report.diagnosis.hypotheses] or ["-"]


def _hypothesis(hypothesis: Hypothesis, words: Wording) -> RenderableType:
    cited = _cited(hypothesis.evidence)
    rows: list[tuple[str | Text, str | Text]] = [
        (
            Text(f"{hypothesis.probability:4.0%}", "bold"),
            Text.assemble(
                (plain(hypothesis.name), "bold"),
                f"  {words(ALERT, hypothesis.standing)} {cited}",
            ),
        )
    ]
    rows += [(f"  + {words(ALERT, 'for')}", text) for text in hypothesis.speaks_for]
    rows += [(f"  - {words(ALERT, 'against')}", text) for text in hypothesis.speaks_against]
    if hypothesis.separating_test:
        rows.append((f"  ? {words(ALERT, 'separates')}", hypothesis.separating_test))
    return _grid(rows)


def _claims(report: DiagnosisReport, words: Wording) -> RenderableType:
    rows: list[tuple[str | Text, str | Text]] = [
        (words(ALERT, claim.kind), f"{claim.text} {_cited(claim.evidence)}")
        for claim in report.diagnosis.claims
    ]
    rows += [(words(ALERT, "removed"), text) for text in report.diagnosis.removed]
    return _grid(rows or [("-", "")])


def _decision(report: DiagnosisReport, words: Wording) -> RenderableType:
    decision = report.decision
    what = words(ALERT, "order_wanted" if decision.create_order else "no_order")
    rows: list[tuple[str | Text, str | Text]] = [(what, decision.reason)]
    rows += [(words(ALERT, "proposals"), text) for text in decision.proposals]
    if decision.waiting:
        rows.append((words(ALERT, "waiting"), decision.waiting))
    return _grid(rows)


def _orders(orders: Sequence[WorkOrder] | str, words: Wording) -> RenderableType:
    if isinstance(orders, str):
        return Text(words(ALERT, "order_failed", reason=plain(orders)), "italic")
    if not orders:
        return Text(words(ALERT, "no_orders"))
    return Group(*(_order(order, words) for order in orders))


def _order(order: WorkOrder, words: Wording) -> RenderableType:
    head = [
        order.priority.value,
        words(ORDER_TYPES, order.order_type),
        words(ORDER_STATES, order.status),
    ]
    if order.due_at is not None:
        head.append(f"{words(ALERT, 'due')} {zoned(order.due_at)}")
    if order.estimated_hours is not None:
        head.append(f"{number(order.estimated_hours)} {words(ALERT, 'hours')}")
    reviewed = (
        words(ALERT, "unreviewed")
        if order.reviewed_by is None
        else words(ALERT, "reviewed", by=order.reviewed_by)
    )
    rows: list[tuple[str | Text, str | Text]] = [
        (order.order_no, "  ".join(head)),
        ("", reviewed),
        ("", order.description),
    ]
    rows += [
        (words(ALERT, "steps") if step == 1 else "", f"{step}. {text}")
        for step, text in enumerate(order.steps, 1)
    ]
    if order.materials:
        parts = ", ".join(f"{number(part.quantity)} x {part.part}" for part in order.materials)
        rows.append((words(ALERT, "materials"), parts))
    return _grid(rows)


def _timeline(view: AlertView, report: DiagnosisReport | None, words: Wording) -> RenderableType:
    entries = [(entry.at, entry.what) for entry in view.timeline]
    entries += [(one.at, f"{one.by}: {one.text}") for one in view.comments]
    if report is not None:
        entries += [
            (entry.at, f"{entry.text} {_cited(entry.evidence)}")
            for entry in report.diagnosis.timeline
        ]
    entries.sort(key=lambda entry: entry[0])
    return _grid([(moment(at), text) for at, text in entries] or [("-", "")])


def _coverage(coverage: Coverage, words: Wording) -> RenderableType:
    rows = (
        ("checked", coverage.checked),
        ("empty", coverage.empty),
        ("stale", coverage.stale),
        ("unavailable", coverage.unavailable),
    )
    return _grid(
        (words(ALERT, key), ", ".join(channel_name(name, words) for name in names) or "-")
        for key, names in rows
    )


def _cited(evidence: Sequence[str]) -> str:
    return f"[{' '.join(evidence)}]" if evidence else ""
