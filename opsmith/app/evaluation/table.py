"""The figures of an evaluation as tables, in either language."""

from collections.abc import Callable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from opsmith.domain.base import Language

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "head": "{devices} made devices, {readings} readings, {alerts} alerts, {seconds:.0f} s",
        "figure": "figure", "rules": "rules", "empty": "empty plant", "goal": "goal",
        "scripted": "{name} (scripted: no model's figure)", "kinds": "By made fault ({name})",
        "kind": "made fault", "told": "told",
        "category": "category right", "mode": "mode right", "group": "mode or its group",
        "said": "said first",
        "found": "faults of which an alert told",
        "category_accuracy": "fault category right",
        "category_accuracy_untold_wrong": "the same, faults never told counted as wrong",
        "every_report_category_accuracy": "the same, every report and not the first alone",
        "mode_accuracy": "failure mode right",
        "mode_or_group_accuracy": "failure mode or its told group right",
        "not_established": "cause not established",
        "cause_named": "a cause named where there is nothing",
        "no_source": "a cause named where no source answers",
        "machine_called_sensor": "machine fault called sensor",
        "sensor_called_machine": "sensor fault called machine",
        "healthy": "healthy devices falsely blamed",
        "recall": "two faults at once: faults named",
        "precision": "particulars that stand on the evidence cited",
        "would_cut": "sentences that the check would still cut",
        "onset": "says when it began", "moved": "names the channel that moved most",
        "missing": "says that a channel is missing",
        "forbidden": "forbidden statements",
        "orders": "work orders right", "wrong_device": "work orders on a wrong device",
        "time": "alert to report, ms: half, 99 of 100", "tokens": "tokens", "cost": "cost",
        "ece": "expected calibration error", "by_model": "reports written by a model",
    },
    "zh": {
        "head": "设备 {devices} 台（模拟），读数 {readings}，报警 {alerts}，{seconds:.0f} 秒",
        "figure": "指标", "rules": "规则", "empty": "空工厂对照", "goal": "目标",
        "scripted": "{name}（脚本，不是模型的成绩）", "kinds": "按模拟故障分列（{name}）",
        "kind": "模拟故障", "told": "已报",
        "category": "类别正确", "mode": "模式正确", "group": "模式或其组正确",
        "said": "首次结论",
        "found": "有报警的故障",
        "category_accuracy": "故障类别正确",
        "category_accuracy_untold_wrong": "同上，未报警的故障计为错误",
        "every_report_category_accuracy": "同上，按全部报告而非仅首份",
        "mode_accuracy": "故障模式正确",
        "mode_or_group_accuracy": "故障模式或所列组正确",
        "not_established": "原因未确定",
        "cause_named": "无任何数据却给出原因",
        "no_source": "数据源均不可用却给出原因",
        "machine_called_sensor": "设备故障误判为传感器",
        "sensor_called_machine": "传感器故障误判为设备",
        "healthy": "健康设备被误判",
        "recall": "双故障：指出的故障",
        "precision": "有所引证据支持的细节",
        "would_cut": "复核仍会删除的句子",
        "onset": "说明起始时间", "moved": "指出变化最大的通道",
        "missing": "说明缺失的通道",
        "forbidden": "禁止的说法",
        "orders": "工单正确", "wrong_device": "设备错误的工单",
        "time": "报警到报告，毫秒：中位数、99%", "tokens": "令牌数", "cost": "费用",
        "ece": "期望校准误差", "by_model": "由模型撰写的报告",
    },
}  # fmt: skip
_PERCENT_ROWS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("found", ("found",), ""),
    ("category_accuracy", ("category_accuracy",), "≥ 85 %"),
    ("category_accuracy_untold_wrong", ("category_accuracy_untold_wrong",), ""),
    ("every_report_category_accuracy", ("every_report_category_accuracy",), ""),
    ("mode_accuracy", ("mode_accuracy",), ""),
    ("mode_or_group_accuracy", ("mode_or_group_accuracy",), ""),
    ("not_established", ("not_established",), ""),
    ("cause_named", ("cause_named",), "0 %"),
    ("machine_called_sensor", ("machine_called_sensor",), "≤ 1 %"),
    ("sensor_called_machine", ("sensor_called_machine",), "≤ 5 %"),
    ("healthy", ("healthy", "blamed"), "≤ 5 %"),
    ("recall", ("two_faults", "recall"), ""),
    ("precision", ("evidence", "precision"), "100 %"),
    ("onset", ("required", "onset", "share"), ""),
    ("moved", ("required", "moved", "share"), ""),
    ("missing", ("required", "missing", "share"), ""),
    ("orders", ("orders", "correct"), ""),
)
"""Name of the row, where its share stands, its goal."""
_COUNT_ROWS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("would_cut", ("evidence", "would_cut"), "0"),
    ("wrong_device", ("orders", "wrong_device"), "0"),
    ("tokens", ("tokens",), ""),
    ("cost", ("cost",), ""),
)


def show(result: dict[str, Any], language: Language, console: Console | None = None) -> None:
    """Print the figures, rules beside the model and each beside the control, then the kinds."""
    words, out = _WORDS[language], console or Console()
    out.print(words["head"].format(**{k: result[k] for k in ("devices", "readings", "alerts")},
                                   seconds=result["seconds"]))  # fmt: skip
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(words["figure"], overflow="fold")
    for author in result["authors"]:
        table.add_column(Text(_name(author, words)), justify="right", overflow="fold")
        table.add_column(words["empty"], justify="right", overflow="fold")
    table.add_column(words["goal"], justify="right")
    for row, path, goal in _PERCENT_ROWS:
        _add(table, words[row], result, path, goal, _percent)
    for row, path, goal in _COUNT_ROWS:
        _add(table, words[row], result, path, goal, _count)
    _add_no_source(table, words, result)
    _add(table, words["forbidden"], result, ("forbidden",), "0", _total)
    _add(table, words["time"], result, ("time_ms",), "", _two)
    _add(table, words["ece"], result, ("calibration", "ece"), "≤ 0.1", _decimal)
    _add(table, words["by_model"], result, ("written_by",), "", _by_model)
    out.print(table)
    for author in result["authors"]:
        out.print(_kinds(author, words))


def _name(author: dict[str, Any], words: dict[str, str]) -> str:
    if author["author"] == "rules":
        return words["rules"]
    name = author["name"]
    return words["scripted"].format(name=name) if author["scripted"] else name


def _add(
    table: Table,
    title: str,
    result: dict[str, Any],
    path: tuple[str, ...],
    goal: str,
    shown: Callable[[Any], str],
) -> None:
    cells: list[str] = []
    for author in result["authors"]:
        cells += [shown(_at(author["scores"], path)), shown(_at(author["empty_plant"], path))]
    if any(cells):
        table.add_row(title, *cells, goal)


def _add_no_source(table: Table, words: dict[str, str], result: dict[str, Any]) -> None:
    cells: list[str] = []
    for author in result["authors"]:
        cells += [_percent(author["no_source"]["cause_named"]), ""]
    table.add_row(words["no_source"], *cells, "0 %")


def _at(figures: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(figures, dict) or name not in figures:
            return None
        figures = figures[name]  # pyright: ignore[reportUnknownVariableType]
    return figures  # pyright: ignore[reportUnknownVariableType]


def _percent(value: Any) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _count(value: Any) -> str:
    return "" if value is None else f"{value:g}"


def _decimal(value: Any) -> str:
    return "" if value is None else f"{value:.3f}"


def _total(value: Any) -> str:
    return "" if value is None else str(sum(value.values()))


def _two(value: Any) -> str:
    return "" if value is None or value["p50"] is None else f"{value['p50']:g}, {value['p99']:g}"


def _by_model(value: Any) -> str:
    if value is None:
        return ""
    every = sum(value.values())
    return f"{every - value.get('rules', 0)} / {every}"


def _both(row: dict[str, Any]) -> str:
    return f"{row['scenario']}: {row['kind']}"


def _kinds(author: dict[str, Any], words: dict[str, str]) -> Table:
    table = Table(
        title=Text(words["kinds"].format(name=_name(author, words))),
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column(words["kind"], overflow="fold", min_width=18)
    for name in ("told", "category", "mode", "group"):
        table.add_column(words[name], justify="right", max_width=9)
    table.add_column(words["said"], overflow="fold")
    for row in author["scores"]["kinds"]:
        said = ", ".join(f"{name} {count}" for name, count in row["said"].items())
        table.add_row(
            row["kind"] if row["scenario"] in ("single", row["kind"]) else _both(row),
            f"{row['told']}/{row['devices']}",
            _percent(row["category"]),
            _percent(row["mode"]),
            _percent(row["mode_or_group"]),
            Text(said),
        )
    return table
