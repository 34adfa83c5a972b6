"""A watched run as an SVG picture: a panel a channel, the score, and the alerts that stood."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from html import escape
from itertools import pairwise

import numpy as np

from opsmith.app.axes import time_ticks
from opsmith.app.panels import alert_lanes, channel_panel, lanes_of, score_panel
from opsmith.app.sheet import (
    COLOURS,
    EXPECTED,
    FAINT,
    FONTS,
    GAP,
    GRID,
    INK,
    LANE,
    LEFT,
    LIMIT,
    PANEL,
    RIGHT,
    SCORE,
    VALUE,
    WIDTH,
    Sheet,
    stroked,
    width_of,
    written,
)
from opsmith.app.watched_run import WatchedRun
from opsmith.domain.base import Language
from opsmith.domain.moments import to_moment
from opsmith_agents.reply_words import word


def draw(
    run: WatchedRun,
    language: Language,
    zone: tzinfo,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> str:
    """Draw a run.

    Args:
        run: Of one reading at least.
        language: Of the words.
        zone: Of the times.
        title: Heading; default: the device's id.
        notes: Sentences that stand below.

    Returns:
        A whole SVG document, which fetches nothing.
    """
    times = run.batch.times
    start, end = to_moment(times[0]), to_moment(times[-1] + _usual_interval(run))
    sheet = Sheet(run, start, end, language, zone)
    title = title or run.batch.device_id
    top = 58
    y = top + 38
    panels: list[str] = []
    for j in range(len(run.batch.channels)):
        panels += channel_panel(sheet, j, y)
        y += PANEL + GAP
    panels += score_panel(sheet, y)
    y += SCORE + GAP
    lanes = lanes_of(run.stands)
    panels += alert_lanes(sheet, lanes, y)
    y += max(len(lanes), 1) * LANE
    bands = _bands(sheet, top + 38, y)
    axis = _time_axis(sheet, top + 38, y)
    y += 52
    below = [written(LEFT, y + 16 * i, note, size=11, fill=FAINT) for i, note in enumerate(notes)]
    height = y + 16 * len(notes) + (4 if notes else -4)
    span = sheet.say(
        "span",
        start=f"{start.astimezone(zone):%Y-%m-%d %H:%M}",
        end=f"{end.astimezone(zone):%Y-%m-%d %H:%M}",
        zone=start.astimezone(zone).tzname() or zone,
        count=len(times),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" font-family="{FONTS}" font-size="12" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_described(sheet, span))}</desc>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        written(LEFT, 28, title, size=17, weight=600),
        written(LEFT, 47, span, fill=FAINT),
        *_legend(sheet, top + 10),
        *axis,
        *bands,
        *panels,
        *below,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _usual_interval(run: WatchedRun) -> np.timedelta64:
    times = run.batch.times
    least = np.timedelta64(1, "s")
    return max(np.median(np.diff(times)), np.timedelta64(1, "us")) if len(times) > 1 else least


def _described(sheet: Sheet, span: str) -> str:
    told = [
        f"{stand.level} {word(sheet.language, stand.alert_type)} "
        f"{stand.start.astimezone(sheet.zone):%Y-%m-%d %H:%M:%S}"
        for stand in sheet.run.stands
    ]
    return f"{sheet.run.batch.device_id}: {span}. " + ("; ".join(told) or sheet.say("none"))


def _bands(sheet: Sheet, top: float, bottom: float) -> list[str]:
    """Behind all panels: where alerts stood, by the highest level, and where each began."""
    parts: list[str] = []
    spans = [(sheet.x(s.start), sheet.x(s.end or sheet.end), s.level) for s in sheet.run.stands]
    edges = sorted({edge for left, right, _ in spans for edge in (left, right)})
    for left, right in pairwise(edges):
        levels = [level for start, end, level in spans if start <= left and right <= end]
        if levels:
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{max(right - left, 1):.1f}" '
                f'height="{bottom - top}" fill="{COLOURS[min(levels)]}" fill-opacity="0.13"/>'
            )
    for stand in sheet.run.stands:
        if stand.is_new and stand.onset >= sheet.start:
            x = sheet.x(stand.onset)
            parts.append(stroked(f"M{x:.1f},{top}V{bottom}", INK, 1, dashes="2 3"))
            parts.append(f'<path d="M{x - 4.5:.1f},{top - 7}h9l-4.5,7z" fill="{INK}"/>')
    return parts


def _time_axis(sheet: Sheet, top: float, bottom: float) -> list[str]:
    parts: list[str] = []
    for tick in time_ticks(sheet.start, sheet.end, sheet.zone):
        x = sheet.x(tick.time)
        parts.append(f'<path d="M{x:.1f},{top}V{bottom + 5}" stroke="{GRID}"/>')
        parts.append(written(x, bottom + 19, tick.label, size=11, fill=FAINT, anchor="middle"))
        if tick.date:
            date = written(x, bottom + 33, tick.date, size=11, fill=FAINT, anchor="middle")
            parts.append(date)
    parts.append(f'<path d="M{LEFT},{bottom}H{WIDTH - RIGHT}" stroke="#b6c0c8"/>')
    name = sheet.start.astimezone(sheet.zone).tzname() or str(sheet.zone)
    said = sheet.say("time", zone=name)
    parts.append(written(WIDTH - RIGHT, bottom + 33, said, size=11, fill=FAINT, anchor="end"))
    return parts


def _legend(sheet: Sheet, y: float) -> Iterator[str]:
    x = float(LEFT)
    keys = [("value", VALUE, "")]
    if np.isfinite(sheet.run.expected).any():
        keys.append(("expected", EXPECTED, ""))
    if set(sheet.run.rated) & set(sheet.run.batch.channels):
        keys.append(("limit", LIMIT, "7 4"))
    for key, colour, dashes in keys:
        yield stroked(f"M{x:.1f},{y - 4}h22", colour, 2, dashes=dashes)
        said = sheet.say(key)
        yield written(x + 28, y, said, size=11, fill=FAINT)
        x += 28 + width_of(said) + 18
    if sheet.run.stands:
        yield f'<path d="M{x:.1f},{y - 8}h9l-4.5,7z" fill="{INK}"/>'
        yield written(x + 14, y, sheet.say("onset"), size=11, fill=FAINT)
        x += 14 + width_of(sheet.say("onset")) + 18
    levels = {level for stand in sheet.run.stands for _, level in stand.levels}
    for level in sorted(levels):
        said = sheet.say(level)
        yield f'<rect x="{x:.1f}" y="{y - 10}" width="12" height="12" fill="{COLOURS[level]}"/>'
        yield written(x + 18, y, said, size=11, fill=FAINT)
        x += 18 + width_of(said) + 18
