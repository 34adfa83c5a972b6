"""What a run came to, for people: progress, tables, reports."""

import contextlib
from collections.abc import Callable, Generator, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from opsmith.app.chain import Chain
from opsmith.app.doctor import Finding
from opsmith.app.outcome import Outcome
from opsmith.domain.alerts import Alert, Deviation
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.work_orders import WorkOrder
from opsmith.settings import Settings
from opsmith_agents.render import render_report
from opsmith_ingest.mapping import describe
from opsmith_ingest.replay import Recording

COLOURS = {"P0": "bold white on red", "P1": "bold red", "P2": "yellow", "P3": "cyan"}

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "alerts": "Alerts", "orders": "Work orders", "reports": "Diagnosis reports",
        "time": "raised", "level": "level", "device": "device", "type": "type", "what": "what",
        "count": "readings", "state": "state", "trace": "trace id", "no": "no", "due": "due",
        "work": "what to do", "none": "No alert: nothing deviated.",
        "mapping": "How the file is read", "progress": "readings",
        "totals": "{readings} readings stored, {repeated} repeated, {dead} dead letters, "
        "{alerts} alerts, {reports} reports, {orders} work orders in {seconds:.1f} s",
        "brief": "{trace} v{version} by {author}, confidence {confidence:.0%}",
        "next": "Look closer: opsmith report TRACE_ID, opsmith tui, opsmith chat",
    },
    "zh": {
        "alerts": "报警", "orders": "工单", "reports": "诊断报告",
        "time": "发生时间", "level": "级别", "device": "设备", "type": "类型", "what": "现象",
        "count": "读数", "state": "状态", "trace": "追踪号", "no": "编号", "due": "截止",
        "work": "工作内容", "none": "没有报警：未见偏离。",
        "mapping": "文件的读取方式", "progress": "条读数",
        "totals": "存入读数 {readings} 条，重复 {repeated} 条，死信 {dead} 条；"
        "报警 {alerts} 个，报告 {reports} 份，工单 {orders} 张；用时 {seconds:.1f} 秒",
        "brief": "{trace} 第 {version} 版，作者 {author}，置信度 {confidence:.0%}",
        "next": "查看详情：opsmith report 追踪号、opsmith tui、opsmith chat",
    },
}  # fmt: skip


@contextlib.contextmanager
def bar(title: str, *, quiet: bool) -> Generator[Callable[[float, Chain], None]]:
    """A progress bar on standard error; where `quiet`, none."""
    if quiet:
        yield lambda share, chain: None
        return
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[note]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with progress:
        task = progress.add_task(title, total=1.0, note="")

        def tell(share: float, chain: Chain) -> None:
            counts = chain.counts
            progress.update(task, completed=share, note=f"{counts.received} → {counts.changes} ⚑")

        yield tell


def show(outcome: Outcome, settings: Settings) -> None:
    """Print alerts, reports and work orders."""
    console = Console()
    words = WORDS[settings.language]
    if not outcome.alerts:
        console.print(words["none"])
    else:
        for report in outcome.reports:
            console.print(_brief(report, settings))
        console.print(_alerts(outcome.alerts, settings))
        if outcome.orders:
            console.print(_orders(outcome.orders, settings))
    counts = outcome.counts
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
    console.print(words["next"], style="dim")


def show_mapping(recording: Recording, settings: Settings) -> None:
    """Print which column of a file becomes what."""
    lines = "\n".join(describe(recording.mapping, settings.language))
    title = WORDS[settings.language]["mapping"]
    Console(stderr=True).print(Panel(lines, title=title, title_align="left"))


def show_report(report: DiagnosisReport, settings: Settings) -> None:
    """Print one report."""
    Console().print(render_report(report, settings.language))


def show_findings(findings: Sequence[Finding]) -> None:
    """Print what the doctor found."""
    marks = {"ok": "[green]✓ ok[/]", "off": "[dim]– off[/]", "fails": "[bold red]✗ fails[/]"}
    table = Table(box=None, pad_edge=False)
    for title in ("part", "state", "says", "advice"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        table.add_row(finding.part, marks[finding.state], finding.says, finding.advice)
    Console().print(table)


def _brief(report: DiagnosisReport, settings: Settings) -> Panel:
    """What a report says, without its evidence and hypotheses."""
    words = WORDS[settings.language]
    diagnosis = report.diagnosis
    text = Text(diagnosis.cause, style="bold")
    for claim in diagnosis.claims:
        cited = " ".join(claim.evidence)
        text.append(f"\n· {claim.text} ", style="")
        text.append(f"[{cited}]", style="cyan")
    if report.recommended_action:
        text.append(f"\n→ {report.recommended_action}", style="green")
    title = f"{report.device_id} · {report.failure_mode or '?'} · {report.severity}"
    foot = words["brief"].format(
        trace=report.trace_id,
        version=report.version,
        author=report.llm_model,
        confidence=diagnosis.confidence,
    )
    return Panel(
        text,
        title=Text(title),
        title_align="left",
        subtitle=Text(foot, style="dim"),
        subtitle_align="right",
    )


def _alerts(alerts: Sequence[Alert], settings: Settings) -> Table:
    words = WORDS[settings.language]
    table = Table(title=words["alerts"], title_justify="left", expand=False)
    for key in ("time", "level", "device", "type", "what", "count", "trace"):
        table.add_column(words[key], overflow="fold", no_wrap=key != "what")
    for alert in alerts:
        table.add_row(
            _time(alert.first_seen, settings),
            f"[{COLOURS[alert.alert_level]}]{alert.alert_level}[/]",
            alert.device_id,
            alert.alert_type,
            "\n".join(escape(_deviation(each)) for each in alert.deviations[:3]),
            str(alert.count),
            alert.trace_id,
        )
    return table


def _orders(orders: Sequence[WorkOrder], settings: Settings) -> Table:
    words = WORDS[settings.language]
    table = Table(title=words["orders"], title_justify="left", expand=False)
    for key in ("no", "level", "device", "due", "work"):
        table.add_column(words[key], overflow="fold", no_wrap=key != "work")
    for order in orders:
        table.add_row(
            order.order_no,
            f"[{COLOURS[order.priority]}]{order.priority}[/]",
            order.device_id,
            "" if order.due_at is None else _time(order.due_at, settings),
            escape(_first_sentence(order.description.removeprefix(f"{order.device_id}: "))),
        )
    return table


def _deviation(deviation: Deviation) -> str:
    unit = deviation.unit or ""
    against = deviation.limit if deviation.limit is not None else deviation.expected
    sign = ">" if deviation.direction == "up" else "<" if deviation.direction == "down" else "≠"
    value = "—" if deviation.value is None else f"{deviation.value:.4g}"
    beside = "" if against is None else f" {sign} {against:.4g}"
    return f"{deviation.channel} {value}{beside} {unit}".rstrip()


def _first_sentence(text: str) -> str:
    ends = [place for place in (text.find(". "), text.find("。")) if place >= 0]
    return text[: min(ends) + 1] if ends else text


def _time(moment: datetime, settings: Settings) -> str:
    return moment.astimezone(settings.zone).strftime("%m-%d %H:%M")
