"""What a run came to, for people: progress, tables, reports."""

import contextlib
from collections.abc import Callable, Generator, Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from opsmith.app.chain import Chain
from opsmith.app.findings import Finding
from opsmith.app.outcome import Outcome
from opsmith.domain.alerts import Alert, Deviation
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.work_orders import WorkOrder
from opsmith.settings import Settings
from opsmith_agents.render import render_report
from opsmith_agents.reply_words import quantity, word
from opsmith_agents.report_times import localized
from opsmith_agents.report_words import visible
from opsmith_agents.wording import channel_name
from opsmith_ingest.mapping import describe
from opsmith_ingest.replay import Recording

SHOWN_DEAD = 5
"""Rows that could not be used, of which each is told with its reason."""

WIDE = 100
"""Columns of a terminal from which on a table has room for more than the needful."""

COLOURS = {"P0": "bold white on red", "P1": "bold red", "P2": "yellow", "P3": "cyan"}

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "alerts": "Alerts", "orders": "Work orders",
        "time": "raised, {zone}", "level": "level", "device": "device", "what": "what",
        "count": "readings", "trace": "trace id", "no": "no", "due": "due, {zone}",
        "work": "why", "none": "No alert: nothing deviated.",
        "nothing_new": "Every reading was there already; what follows is what came of them then.",
        "limit": "limit", "expected": "expected",
        "mapping": "How the file is read", "progress": "{readings} readings, {changes} events",
        "totals": "{readings} readings stored, {repeated} repeated, {dead} dead letters; alerts: "
        "{alerts}, reports: {reports}, work orders: {orders}; {seconds:.1f} s",
        "dead": "Rows that could not be used: {count}",
        "dead_row": "line {line}: {reason}", "more": "and {count} more",
        "brief": "{trace} v{version} by {author}, confidence {confidence:.0%}",
        "next": "Look closer: opsmith report TRACE_ID, opsmith tui, opsmith chat",
        "other_language": "This report is in English only.",
    },
    "zh": {
        "alerts": "报警", "orders": "工单",
        "time": "发生时间（{zone}）", "level": "级别", "device": "设备", "what": "现象",
        "count": "读数", "trace": "追踪号", "no": "编号", "due": "期限（{zone}）",
        "work": "原因", "none": "没有报警：未见偏离。",
        "nothing_new": "所有读数此前均已存入；以下为当时的结果。",
        "limit": "限值", "expected": "预期",
        "mapping": "文件的读取方式", "progress": "{readings} 条读数，{changes} 个事件",
        "totals": "存入读数 {readings} 条，重复 {repeated} 条，死信 {dead} 条；"
        "报警 {alerts} 个，报告 {reports} 份，工单 {orders} 张；用时 {seconds:.1f} 秒",
        "dead": "无法使用的行：{count}",
        "dead_row": "第 {line} 行：{reason}", "more": "另有 {count} 行",
        "brief": "{trace} 第 {version} 版，作者 {author}，置信度 {confidence:.0%}",
        "next": "查看详情：opsmith report 追踪号、opsmith tui、opsmith chat",
        "other_language": "该报告仅有中文版。",
    },
}  # fmt: skip


@contextlib.contextmanager
def bar(
    title: str, settings: Settings, *, quiet: bool
) -> Generator[Callable[[float, Chain], None]]:
    """A progress bar on standard error; where `quiet`, none."""
    if quiet:
        yield lambda share, chain: None
        return
    words = WORDS[settings.language]
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[note]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with progress:
        task = progress.add_task(title, total=1.0, note="")

        def tell(share: float, chain: Chain) -> None:
            counts = chain.counts
            note = words["progress"].format(readings=counts.received, changes=counts.changes)
            progress.update(task, completed=share, note=note)

        yield tell


def show(outcome: Outcome, settings: Settings, recording: Recording | None = None) -> None:
    """Print alerts, reports and work orders; of a recording also the rows that were no use."""
    console = Console()
    words = WORDS[settings.language]
    counts = outcome.counts
    if not outcome.alerts:
        console.print(words["none"])
    else:
        if counts.repeated and not counts.stored:
            console.print(words["nothing_new"])
        for report in outcome.reports:
            console.print(_brief(report, settings))
        wide = console.width >= WIDE
        console.print(_alerts(outcome.alerts, settings, wide=wide))
        if outcome.orders:
            console.print(_orders(outcome.orders, settings))
    if recording is not None and recording.dead_count:
        _show_dead(recording, console, words)
    console.print(
        words["totals"].format(
            readings=counts.stored,
            repeated=counts.repeated,
            dead=counts.dead,
            alerts=len(outcome.alerts),
            reports=len(outcome.reports),
            orders=len(outcome.orders),
            seconds=outcome.seconds,
        )
    )
    if outcome.alerts:
        console.print(words["next"], style="dim")


def show_mapping(recording: Recording, settings: Settings) -> None:
    """Print which column of a file becomes what."""
    # A unit stands in brackets, which would be markup if it were not a `Text`.
    lines = Text("\n".join(describe(recording.mapping, settings.language)))
    title = WORDS[settings.language]["mapping"]
    Console(stderr=True).print(Panel(lines, title=title, title_align="left"))


def show_report(report: DiagnosisReport, settings: Settings) -> None:
    """Print one report, in its own language where it is not the plant's."""
    spoken = report.diagnosis.language
    if spoken != settings.language:
        Console(stderr=True).print(WORDS[spoken]["other_language"], style="dim")
    Console().print(render_report(report, spoken))


def show_findings(findings: Sequence[Finding]) -> None:
    """Print what the doctor found."""
    marks = {"ok": "[green]✓ ok[/]", "off": "[dim]– off[/]", "fails": "[bold red]✗ fails[/]"}
    table = Table(box=None, pad_edge=False)
    for title in ("part", "state", "says", "advice"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        table.add_row(finding.part, marks[finding.state], Text(finding.says), Text(finding.advice))
    Console().print(table)


def _show_dead(recording: Recording, console: Console, words: dict[str, str]) -> None:
    count = recording.dead_count
    console.print(words["dead"].format(count=count), style="yellow")
    for row in recording.dead[:SHOWN_DEAD]:
        shown = words["dead_row"].format(line=row.line, reason=row.reason)
        console.print(f"  {shown}", markup=False)
    if count > SHOWN_DEAD:
        console.print(f"  {words['more'].format(count=count - SHOWN_DEAD)}")


def _brief(report: DiagnosisReport, settings: Settings) -> Panel:
    """What a report says, without its evidence and hypotheses."""
    words = WORDS[settings.language]
    diagnosis = report.diagnosis
    text = Text(visible(localized(diagnosis.cause, settings.zone)), style="bold")
    for claim in diagnosis.claims:
        cited = " ".join(claim.evidence)
        text.append(f"\n· {visible(localized(claim.text, settings.zone))} ", style="")
        text.append(f"[{cited}]", style="cyan")
    if report.recommended_action:
        text.append(f"\n→ {visible(report.recommended_action)}", style="green")
    severity = word(settings.language, report.severity)
    title = " · ".join(filter(None, (report.device_id, severity, report.failure_mode)))
    foot = words["brief"].format(
        trace=report.trace_id,
        version=report.version,
        author=word(settings.language, report.llm_model),
        confidence=diagnosis.confidence,
    )
    return Panel(
        text,
        title=Text(title),
        title_align="left",
        subtitle=Text(foot, style="dim"),
        subtitle_align="right",
    )


def _alerts(alerts: Sequence[Alert], settings: Settings, *, wide: bool) -> Table:
    table = _table("alerts", settings)
    columns = ["time", "level", "device", "what", "count", "trace"]
    if not wide:
        columns.remove("count")
    _add_columns(table, columns, alerts[0].first_seen, settings)
    for alert in alerts:
        what = [word(settings.language, alert.alert_type)]
        what += [_deviation(each, settings.language, wide) for each in alert.deviations[:3]]
        cells = [
            Text(_time(alert.first_seen, settings)),
            Text(alert.alert_level, style=COLOURS[alert.alert_level]),
            Text(alert.device_id),
            Text("\n".join(what)),
            Text(str(alert.count)),
            Text(alert.trace_id),
        ]
        if not wide:
            del cells[4]
        table.add_row(*cells)
    return table


def _orders(orders: Sequence[WorkOrder], settings: Settings) -> Table:
    table = _table("orders", settings)
    _add_columns(table, ["no", "level", "device", "due", "work"], orders[0].created_at, settings)
    for order in orders:
        why = order.description.removeprefix(order.device_id).lstrip(":： ")
        table.add_row(
            Text(order.order_no),
            Text(order.priority, style=COLOURS[order.priority]),
            Text(order.device_id),
            Text("" if order.due_at is None else _time(order.due_at, settings)),
            Text(_first_sentence(why)),
        )
    return table


def _table(title: str, settings: Settings) -> Table:
    heading = WORDS[settings.language][title]
    return Table(title=heading, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def _add_columns(table: Table, keys: Sequence[str], at: datetime, settings: Settings) -> None:
    """Columns of which the texts alone are folded: an id that is cut is of no use."""
    words, zone = WORDS[settings.language], f"{at.astimezone(settings.zone):%Z}"
    for key in keys:
        head = words[key].format(zone=zone)
        table.add_column(head, overflow="fold", no_wrap=key not in ("what", "work"))


def _deviation(deviation: Deviation, language: Language, wide: bool) -> str:
    """A channel's reading; where there is room, beside its limit or what was expected of it."""
    shown = f"{channel_name(deviation.channel, language)} " + quantity(
        deviation.value, deviation.unit
    )
    limit = deviation.limit
    against, key = (deviation.expected, "expected") if limit is None else (limit, "limit")
    if not wide or against is None:
        return shown
    comma = "，" if language == "zh" else ", "
    return f"{shown}{comma}{WORDS[language][key]} {quantity(against, deviation.unit)}"


def _first_sentence(text: str) -> str:
    ends = [place for place in (text.find(". "), text.find("。")) if place >= 0]
    return text[: min(ends) + 1] if ends else text


def _time(moment: datetime, settings: Settings) -> str:
    return moment.astimezone(settings.zone).strftime("%m-%d %H:%M")
