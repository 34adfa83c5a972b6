"""What became of an import, for people: progress, counts, the first refusals."""

import contextlib
from collections.abc import Generator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from opsmith.app.importing import Report
from opsmith.domain.base import Language
from opsmith.settings import Settings
from opsmith_ingest.importing.run import Progress as Tell

_SHOWN = 10
"""Refusals that are told."""
_SHOWN_DEVICES = 8

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "mapping": "How the file is read", "unused": "not used: {columns}", "rows": "rows",
        "new": "new", "changed": "changed", "unchanged": "unchanged", "refused": "refused",
        "dry": "Dry run: nothing was written.", "row": "row {row}: {column}{reason}",
        "column": "column {column!r}: ", "more": "and {count} more",
        "all": "All of them, with their reasons: {path}",
        "how": "--rejects FILE writes all of them with their reasons.",
        "adopted": "Adopted, to be given a nameplate: {devices}",
        "covers": "{count} readings of {devices} devices, {first} to {last}",
        "values": "{bad} values are no number, {odd} are beyond what is plausible (kept, marked)",
        "took": "{seconds:.1f} s", "again": "Everything was there already.",
    },
    "zh": {
        "mapping": "文件的读取方式", "unused": "未使用的列：{columns}", "rows": "行",
        "new": "新增", "changed": "更新", "unchanged": "未变", "refused": "拒绝",
        "dry": "试运行：未写入任何内容。", "row": "第 {row} 行：{column}{reason}",
        "column": "列 {column!r}：", "more": "另有 {count} 行",
        "all": "全部拒绝的行及原因见：{path}",
        "how": "用 --rejects 文件名 可写出全部拒绝的行及原因。",
        "adopted": "新收录的设备（请补充铭牌）：{devices}",
        "covers": "{devices} 台设备的 {count} 条读数，{first} 至 {last}",
        "values": "{bad} 个值不是数，{odd} 个值超出合理范围（已保留并标记）",
        "took": "用时 {seconds:.1f} 秒", "again": "全部内容此前均已存在。",
    },
}  # fmt: skip


@contextlib.contextmanager
def bar(title: str, *, quiet: bool) -> Generator[Tell]:
    """A progress bar on standard error; where `quiet`, none."""
    if quiet:
        yield lambda share: None
        return
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with progress:
        task = progress.add_task(title, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def show(report: Report, settings: Settings) -> None:
    """Print how the file was read, and what became of its rows."""
    words, ledger = _WORDS[settings.language], report.ledger
    _show_reading(report, words)
    console = Console()
    table = Table(box=SIMPLE_HEAD)
    for name in ("rows", "new", "changed", "unchanged", "refused"):
        table.add_column(words[name], justify="right")
    counts = (ledger.rows, ledger.new, ledger.changed, ledger.unchanged, ledger.refused)
    table.add_row(*(f"{count:,}" for count in counts))
    console.print(table)
    span = report.span
    if span is not None and span.first is not None and span.last is not None:
        _line(
            console,
            words["covers"].format(
                count=f"{sum(span.devices.values()):,}",
                devices=len(span.devices),
                first=span.first.astimezone(settings.zone).isoformat(timespec="seconds"),
                last=span.last.astimezone(settings.zone).isoformat(timespec="seconds"),
            ),
        )
        if span.bad_values or span.implausible_values:
            odd = words["values"].format(bad=span.bad_values, odd=span.implausible_values)
            _line(console, odd)
    for refused in ledger.first[:_SHOWN]:
        column = words["column"].format(column=refused.column) if refused.column else ""
        told = words["row"].format(row=refused.row, column=column, reason=refused.reason)
        _line(console, told, "yellow")
    if ledger.refused > _SHOWN:
        _line(console, words["more"].format(count=ledger.refused - _SHOWN), "yellow")
    if ledger.refused:
        path = report.request.rejects
        _line(console, words["all"].format(path=path) if path else words["how"], "dim")
    if ledger.adopted:
        names = list(ledger.adopted)
        rest = len(names) - _SHOWN_DEVICES
        some = ", ".join(names[:_SHOWN_DEVICES])
        more = f", {words['more'].format(count=rest)}" if rest > 0 else ""
        _line(console, words["adopted"].format(devices=some + more))
    if report.request.dry_run:
        _line(console, words["dry"], "bold")
    elif ledger.unchanged and not (ledger.new or ledger.changed):
        _line(console, words["again"])
    _line(console, words["took"].format(seconds=report.seconds), "dim")


def _show_reading(report: Report, words: dict[str, str]) -> None:
    lines = [
        f"{column} -> {name}" + (f" ({note})" if note else "") if name else note
        for name, column, note in report.read_as
    ]
    if report.unused:
        lines.append(words["unused"].format(columns=", ".join(report.unused)))
    lines += [f"! {note}" for note in report.notes]
    if lines:
        panel = Panel(Text("\n".join(lines)), title=words["mapping"], title_align="left")
        Console(stderr=True).print(panel)


def _line(console: Console, text: str, style: str = "") -> None:
    # What a file says is no markup.
    console.print(Text(text, style=style))
