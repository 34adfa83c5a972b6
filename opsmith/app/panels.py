"""The panels of a picture: one a channel, the score, and the alerts that stood."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from opsmith.app.axes import Scale, labels, places, ticks
from opsmith.app.sheet import (
    COLOURS,
    EXPECTED,
    FAINT,
    GRID,
    LANE,
    LEFT,
    LIMIT,
    PANEL,
    RIGHT,
    SCORE,
    VALUE,
    WIDTH,
    Sheet,
    headed,
    stroked,
    written,
)
from opsmith.app.watched_run import Stand
from opsmith.domain.devices import Limits
from opsmith.domain.readings import FloatArray
from opsmith.domain.units import unit_of
from opsmith_agents.reply_words import unit_sign, word
from opsmith_agents.wording import channel_name

_FURTHEST = 2.0
"""Times the readings' own range by which a limit may widen a panel; further, it is only named."""


def channel_panel(sheet: Sheet, j: int, y: float) -> list[str]:
    """The panel of channel `j`: readings, what was expected, rated limits; its top is at `y`."""
    run, batch = sheet.run, sheet.run.batch
    name = batch.channels[j]
    values = batch.values[:, j]
    limits = run.rated.get(name, Limits())
    edges = [limit for limit in (limits.low, limits.high) if limit is not None]
    low, high = _range(values, run.expected[:, j], edges)
    scale = Scale(low, high, y + PANEL, y)
    unit = unit_sign(unit_of(name))
    heading = channel_name(name, sheet.language) + (f", {unit}" if unit else "")
    parts = [headed(heading, y), *_value_axis(scale, ticks(low, high))]
    off = [limit for limit in edges if not low <= limit <= high]
    if off:
        named = " / ".join(f"{limit:g} {unit}".strip() for limit in off)
        said = sheet.say("beyond", limit=named)
        parts.append(written(WIDTH - RIGHT, y - 8, said, size=11, fill=LIMIT, anchor="end"))
    at = places(batch.times, sheet.start, sheet.end)
    parts.append(stroked(sheet.lines(at, values, scale), VALUE, 1.1))
    at = places(run.sampled, sheet.start, sheet.end)
    parts.append(stroked(sheet.lines(at, run.expected[:, j], scale), EXPECTED, 1.8))
    for limit in edges:
        if low <= limit <= high:
            path = f"M{LEFT},{scale.at(limit):.1f}H{WIDTH - RIGHT}"
            parts.append(stroked(path, LIMIT, 1.4, dashes="7 4"))
    return [part for part in parts if part]


def _range(values: FloatArray, expected: FloatArray, edges: Sequence[float]) -> tuple[float, float]:
    """What a panel spans: the readings, what was expected, and limits that are near enough."""
    known = np.concatenate([values[np.isfinite(values)], expected[np.isfinite(expected)]])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    least = max(1e-3 * max(abs(low), abs(high)), 1e-9)
    if high - low < least:
        low, high = low - least, high + least
    room = _FURTHEST * (high - low)
    near = [edge for edge in edges if low - room <= edge <= high + room]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.07 * (high - low)
    return low - margin, high + margin


def score_panel(sheet: Sheet, y: float) -> list[str]:
    """The panel of the score, with its limit; its top is at `y`."""
    run = sheet.run
    known = run.scores[np.isfinite(run.scores)]
    highest = max(2.2, 1.15 * float(known.max())) if len(known) else 2.2
    scale = Scale(0.0, highest, y + SCORE, y, logarithmic=True)
    marks = [0.0, 1.0]
    for mark in (2.0, 5.0, 20.0, 100.0, 1000.0, 1e4):
        if mark <= highest and scale.at(marks[-1]) - scale.at(mark) >= 13:
            marks.append(mark)
    heading = f"{sheet.say('score')} ({sheet.say('score_note')})"
    if sheet.language == "zh":
        heading = f"{sheet.say('score')}（{sheet.say('score_note')}）"
    at = places(run.batch.times, sheet.start, sheet.end)
    limit = scale.at(1.0)
    return [
        headed(heading, y),
        *_value_axis(scale, marks, [f"{mark:,g}" for mark in marks]),
        stroked(f"M{LEFT},{limit:.1f}H{WIDTH - RIGHT}", LIMIT, 1.4, dashes="7 4"),
        stroked(sheet.lines(at, np.maximum(run.scores, 0.0), scale), VALUE, 1.1),
    ]


def _value_axis(
    scale: Scale, marks: Sequence[float], said: Sequence[str] | None = None
) -> Iterator[str]:
    top, bottom = scale.end, scale.start
    for mark, label in zip(marks, said or labels(list(marks)), strict=True):
        y = scale.at(mark)
        yield f'<path d="M{LEFT},{y:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
        yield written(LEFT - 8, y + 4, label, size=11, fill=FAINT, anchor="end")
    yield f'<path d="M{LEFT},{top}V{bottom}" stroke="#b6c0c8"/>'


def lanes_of(stands: Sequence[Stand]) -> list[str]:
    """The types of alert, each once, in the order in which they came."""
    return list(dict.fromkeys(stand.alert_type for stand in stands))


def alert_lanes(sheet: Sheet, lanes: Sequence[str], y: float) -> list[str]:
    """A lane of bars a type of alert, the first at `y`."""
    parts = [headed(sheet.say("alerts"), y)]
    if not lanes:
        return [*parts, written(LEFT + 8, y + 15, sheet.say("none"), fill=FAINT)]
    for lane, kind in enumerate(lanes):
        top = y + lane * LANE
        stands = [stand for stand in sheet.run.stands if stand.alert_type == kind]
        for stand in stands:
            parts += _bar(sheet, stand, top)
        parts.append(_label(sheet, stands, top))
    return parts


def _bar(sheet: Sheet, stand: Stand, top: float) -> Iterator[str]:
    """From raise to clear, in the colour of the level that it had then."""
    moments = [*(time for time, _ in stand.levels), stand.end or sheet.end]
    for (time, level), after in zip(stand.levels, moments[1:], strict=True):
        left, right = sheet.x(time), sheet.x(after)
        said = f"{level} {word(sheet.language, stand.alert_type)} " + " - ".join(
            f"{each.astimezone(sheet.zone):%Y-%m-%d %H:%M:%S}" for each in (time, after)
        )
        yield (
            f'<rect x="{left:.1f}" y="{top + 3}" width="{max(right - left, 2):.1f}" '
            f'height="{LANE - 8}" fill="{COLOURS[level]}"><title>{escape(said)}</title></rect>'
        )


def _label(sheet: Sheet, stands: Sequence[Stand], top: float) -> str:
    """Which level and type, once a lane, where there is room beside its bars."""
    levels = list(dict.fromkeys(level for stand in stands for _, level in stand.levels))
    said = f"{' → '.join(levels)} {word(sheet.language, stands[0].alert_type)}"
    if any(stand.flapping for stand in stands):
        comma = "，" if sheet.language == "zh" else ", "
        said += comma + sheet.say("flapping")
    width = 7 * sum(2 if ord(sign) > 0x2E80 else 1 for sign in said) + 12
    edges = [sheet.x(stand.start) for stand in stands] + [WIDTH - RIGHT + 6.0]
    ends = [sheet.x(stand.end or sheet.end) for stand in stands]
    # Behind the last bar, before the first, else in a gap; over the bars where there is none.
    for end, after in zip(reversed(ends), reversed(edges[1:]), strict=True):
        if end == ends[-1] and edges[0] - LEFT >= width > after - end:
            return written(edges[0] - 8, top + 14, said, weight=600, anchor="end")
        if after - end >= width:
            return written(end + 8, top + 14, said, weight=600)
    return written(edges[0] + 8, top + 14, said, weight=600, halo=True)
