"""Questions about alerts, asked on the command line: why, and what if."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from opsmith.app.bootstrap import Plant
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.settings import Settings
from opsmith_agents.reply_words import word
from opsmith_ingest.trial import Trial, Tried, try_setting
from opsmith_mcp.why import in_words, why

SHOWN = 20
"""Alerts of a kind that a trial shows; all are counted, and in JSON all are there."""

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Alerts of {devices} devices from {start} to {end} ({readings} readings), with "
        "{now:g} and with {tried:g} false alerts accepted per device and week",
        "day": "day", "sum": "in all", "gone": "Would not come any more: {count}",
        "new": "Would come besides: {count}", "more": "and {count} more",
        "none": "There are no readings in that time; look further back with --days.",
    },
    "zh": {
        "title": "{devices} 台设备 {start} 至 {end}（{readings} 条读数）的报警："
        "每台每周允许误报 {now:g} 次与 {tried:g} 次的对比",
        "day": "日期", "sum": "合计", "gone": "将不再出现：{count}",
        "new": "将新增：{count}", "more": "另有 {count} 个",
        "none": "该时段没有读数；可用 --days 向前延长。",
    },
}  # fmt: skip


def why_json(plant: Plant, trace_id: str) -> dict[str, Any]:
    """Why an alert was told or held back, for machines. Raises `NotFound`."""
    alert = plant.stores.alerts.get(trace_id)
    return {
        "trace_id": alert.trace_id,
        "alert_level": alert.alert_level.value,
        "first_seen": alert.first_seen.isoformat(),
        "cleared_at": None if alert.cleared_at is None else alert.cleared_at.isoformat(),
        **why(alert).model_dump(mode="json"),
        "holds": [hold.model_dump(mode="json") for hold in alert.holds],
    }


def show_why(plant: Plant, trace_id: str) -> None:
    """Print why an alert was told or held back. Raises `NotFound`."""
    alert = plant.stores.alerts.get(trace_id)
    settings = plant.settings
    console = Console()
    head = f"{alert.trace_id} · {alert.device_id} · {alert.alert_level} · "
    state = word(settings.language, alert.state)
    console.print(head + f"{word(settings.language, alert.alert_type)} · {state}", style="bold")
    console.print(Text(in_words(alert, settings.language, settings.zone)))


def trial_of(
    plant: Plant, tried: float, device_id: str | None, days: float, *, quiet: bool
) -> Trial:
    """Replay the last days of one device or of the plant; unless `quiet`, with a progress bar.

    Raises:
        NotFound: No such device.
    """
    stores = plant.stores
    known = stores.devices.list() if device_id is None else [stores.devices.get(device_id)]
    end = stores.clock() + timedelta(microseconds=1)
    start, now = end - timedelta(days=days), plant.settings.false_alerts
    shown = track(known, "try", console=Console(stderr=True), disable=quiet)
    light = plant.settings.detection == "light"
    return try_setting(stores.series, shown, start, end, now, tried, light=light)


def trial_json(trial: Trial, settings: Settings) -> dict[str, Any]:
    """A trial for machines: counts of each day by level, and the alerts that differ."""
    return {
        "start": trial.start.isoformat(),
        "end": trial.end.isoformat(),
        "devices": trial.devices,
        "readings": trial.readings,
        "false_alerts": {"now": trial.now, "tried": trial.tried},
        "days": [
            {"day": day.isoformat(), "now": dict(now), "tried": dict(tried)}
            for day, (now, tried) in trial.days(settings.zone).items()
        ],
        "total": {"now": len(trial.before), "tried": len(trial.after)},
        "gone": [_alert(one) for one in trial.gone],
        "new": [_alert(one) for one in trial.new],
    }


def show_trial(trial: Trial, settings: Settings) -> None:
    """Print a trial as a table of days and levels, and the alerts that differ."""
    words = WORDS[settings.language]
    console = Console()
    if not trial.readings:
        console.print(words["none"])
        return
    title = words["title"].format(
        devices=trial.devices,
        start=f"{trial.start.astimezone(settings.zone):%Y-%m-%d %H:%M}",
        end=f"{trial.end.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}",
        readings=trial.readings,
        now=trial.now,
        tried=trial.tried,
    )
    console.print(title, highlight=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(words["day"])
    for level in AlertLevel:
        table.add_column(level.value, justify="right")
    table.add_column(words["sum"], justify="right")
    days = trial.days(settings.zone)
    for day, counts in days.items():
        table.add_row(day.isoformat(), *_cells(*counts))
    sums = (Counter[str](), Counter[str]())
    for now, tried in days.values():
        sums[0].update(now)
        sums[1].update(tried)
    table.add_section()
    table.add_row(words["sum"], *_cells(*sums))
    console.print(table)
    for key, alerts in (("gone", trial.gone), ("new", trial.new)):
        _list(console, words[key].format(count=len(alerts)), alerts, settings)


def _list(console: Console, title: str, alerts: Sequence[Tried], settings: Settings) -> None:
    console.print(title, style="bold")
    for one in alerts[:SHOWN]:
        at = f"{one.first_seen.astimezone(settings.zone):%m-%d %H:%M}"
        kind = word(settings.language, one.alert_type)
        console.print(Text(f"  {at}  {one.alert_level}  {one.device_id}  {kind}"))
    if len(alerts) > SHOWN:
        more = WORDS[settings.language]["more"].format(count=len(alerts) - SHOWN)
        console.print(f"  {more}")


def _cells(now: Counter[str], tried: Counter[str]) -> list[Text]:
    """`now → tried` for each level and their sum."""
    pairs = [(now[level.value], tried[level.value]) for level in AlertLevel]
    pairs.append((now.total(), tried.total()))
    return [
        Text(f"{before} → {after}", style="" if before == after else "bold")
        for before, after in pairs
    ]


def _alert(one: Tried) -> dict[str, Any]:
    return {
        "device_id": one.device_id,
        "alert_type": one.alert_type,
        "alert_level": one.alert_level.value,
        "first_seen": one.first_seen.isoformat(),
    }
