"""One device, and the heading of a line, as the board draws them."""

from datetime import timedelta

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

from opsmith.domain.alerts import AlertLevel
from opsmith_tui.figures import age, channel_name, moment, plain, quantity
from opsmith_tui.overview_plant import Cell, Line
from opsmith_tui.overview_sparks import Spark, bars
from opsmith_tui.overview_words import OVERVIEW, SHORT_STATUSES, SIGNS, STATUSES
from opsmith_tui.room import level_text, style_of
from opsmith_tui.wording import Wording

INDENT = 3
LEAST = 4
"""Signs of a sparkline; a shorter one says nothing."""

STYLES = {"STOPPED": "text-warning", "MAINTENANCE": "text-accent", "SILENT": "text-warning"}
"""Colours of what is not simply running."""


def cell_lines(
    cell: Cell, spark: Spark | None, width: int, words: Wording, widget: Widget
) -> tuple[Text, Text]:
    """A device in two lines of `width` terminal cells."""
    return _first(cell, width, words, widget), _second(cell, spark, width, words, widget)


def heading(line: Line, width: int, words: Wording, widget: Widget, *, folded: bool) -> Text:
    """A line in one line: its devices by status, silent ones, alerts by level."""
    factory, name = line.where
    text = Text("▸ " if folded else "▾ ", no_wrap=True, overflow="ellipsis")
    text.append(plain(name) if name else words(OVERVIEW, "no_line"), "bold")
    if factory:
        text.append(f" {plain(factory)}", "dim")
    text.append("  ").append_text(alert_counts(line.alerts, widget))
    text.append(words(OVERVIEW, "devices", count=line.devices))
    for status, count in line.by_status:
        text.append(f"  {SIGNS[status.value]} {words(STATUSES, status.value)} {count}")
    if line.silent:
        silent = f"  {SIGNS['SILENT']} {words(OVERVIEW, 'silent', count=line.silent)}"
        text.append(silent, style_of(STYLES["SILENT"], widget, bold=True))
    return _filled(text, width)


def alert_counts(alerts: tuple[tuple[AlertLevel, int], ...], widget: Widget) -> Text:
    """How many there are of each level that there is."""
    text = Text()
    for level, count in alerts:
        text.append_text(level_text(level, widget)).append(f" {count}  ")
    return text


def age_text(cell: Cell, words: Wording) -> str:
    """How long ago its last reading was; a dash where there never was one."""
    seconds = cell.device.age_seconds
    return "-" if seconds is None else age(timedelta(seconds=seconds), words.language)


def value_text(spark: Spark) -> str:
    """The last value with its unit; one beyond its limit is marked."""
    return f"{'▲' if spark.is_beyond else ''}{quantity(spark.last, spark.unit)}"


def described(cell: Cell, spark: Spark | None, words: Wording, widget: Widget) -> tuple[Text, Text]:
    """More of a device, in two lines: what it is, and how it does."""
    first, second, device = Text(), Text(), cell.device
    first.append(plain(device.device_id), "bold")
    for part in (device.device_name, device.device_type):
        if part:
            first.append(f"  {plain(part)}")
    first.append(f"  {SIGNS[cell.status.value]} {words(STATUSES, cell.status.value)}")
    if device.maintenance_until is not None:
        at = moment(device.maintenance_until)
        first.append(f" {words(OVERVIEW, 'maintenance_until', at=at)}")
    first.append(f"  {words(OVERVIEW, 'criticality', number=device.criticality)}")
    if not device.adopted:
        first.append(f"  {words(OVERVIEW, 'not_registered')}", "italic")
    second.append_text(alert_counts(cell.alerts, widget))
    if spark is not None and spark.last is not None:
        second.append(f"{channel_name(spark.channel, words)} {value_text(spark)}  ")
    if device.age_seconds is None:
        second.append(words(OVERVIEW, "never"))
    else:
        second.append(words(OVERVIEW, "last_reading", age=age_text(cell, words)))
    if cell.silent:
        said = f"  {SIGNS['SILENT']} {words(STATUSES, 'SILENT')}"
        second.append(said, style_of(STYLES["SILENT"], widget, bold=True))
    return first, second


def _first(cell: Cell, width: int, words: Wording, widget: Widget) -> Text:
    old = age_text(cell, words)
    name = Text(plain(cell.device_id), "bold" if cell.level is not None else "", no_wrap=True)
    room = max(1, width - INDENT - cell_len(old) - 1)
    name.truncate(room, overflow="ellipsis", pad=True)
    text = Text(no_wrap=True)
    text.append_text(level_text(cell.level, widget) if cell.level else Text("· ", "dim"))
    text.append(" ").append_text(name).append(" ")
    late = style_of(STYLES["SILENT"], widget, bold=True) if cell.silent else "dim"
    return _filled(text.append(old, late), width)


def _second(cell: Cell, spark: Spark | None, width: int, words: Wording, widget: Widget) -> Text:
    text = Text(" " * INDENT, no_wrap=True)
    if cell.state != "RUNNING":
        tag = f"{SIGNS[cell.state]} {words(SHORT_STATUSES, cell.state)} "
        colour = STYLES.get(cell.state, "foreground")
        text.append(tag, style_of(colour, widget, bold=True))
    if spark is not None and spark.last is not None:
        value = value_text(spark)
        room = min(len(spark.steps), width - text.cell_len - cell_len(value) - 1)
        if room >= LEAST:
            text.append(bars(spark.steps[-room:]), style_of("text-primary", widget)).append(" ")
        beyond = style_of("text-error", widget, bold=True) if spark.is_beyond else ""
        text.append(value, beyond)
    return _filled(text, width)


def _filled(text: Text, width: int) -> Text:
    text.truncate(max(1, width), overflow="ellipsis", pad=True)
    return text
