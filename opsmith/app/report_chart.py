"""A channel around the onset as an inline SVG: curve, usual range, limits, onset and alert."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np

from opsmith.app.axes import Scale, labels, path_of, places, ticks, time_ticks
from opsmith.app.markup import Html, tag
from opsmith.domain.base import Language, Window
from opsmith.domain.moments import to_time
from opsmith.domain.readings import FloatArray, TimeArray
from opsmith_agents.report_dossier import Curve

WIDTH, HEIGHT = 440, 208
"""Units of the picture: about the pixels of a phone, where its texts are to be read too."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 36, 34
_COLUMNS = 130
_FURTHEST = 2.0
"""Times the readings' own range by which a limit may widen the picture; further, it is named."""

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "onset": "began to differ", "began": "deviation began",
        "alert": "alert raised", "limit": "rated limit {value}",
        "aria": "{name} from {start} to {end}: {low} to {high} {unit}",
    },
    "zh": {
        "onset": "开始偏离", "began": "偏离起点",
        "alert": "触发报警", "limit": "额定限值 {value}",
        "aria": "{name}，{start} 至 {end}：{low} 至 {high} {unit}",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """What all pictures of a report share."""

    window: Window
    onset: datetime
    alert: datetime | None
    language: Language
    zone: tzinfo

    def x(self, at: datetime) -> float:
        """Where a moment of the window is."""
        share = (at - self.window.start) / (self.window.end - self.window.start)
        return _LEFT + min(max(share, 0.0), 1.0) * (WIDTH - _RIGHT - _LEFT)

    def say(self, key: str, **values: object) -> str:
        """A phrase of the pictures."""
        return WORDS[self.language][key].format(**values)


def chart(curve: Curve, frame: Frame, name: str, unit: str) -> Html:
    """Draw a channel.

    Args:
        curve: Of two values at least.
        frame: Where it stands in time.
        name: Of the channel.
        unit: As people write it.
    """
    series = curve.series
    values = np.array(series.values)
    limits = _limits(curve)
    low, high = _range(values, curve.usual, limits)
    scale = Scale(low, high, HEIGHT - _BOTTOM, _TOP)
    times: TimeArray = np.array([to_time(at) for at in series.times], "datetime64[us]")
    at = places(times, frame.window.start, frame.window.end)
    known = values[np.isfinite(values)]
    said = frame.say(
        "aria",
        name=name,
        start=f"{series.times[0].astimezone(frame.zone):%Y-%m-%d %H:%M}",
        end=f"{series.times[-1].astimezone(frame.zone):%Y-%m-%d %H:%M}",
        low=f"{known.min():.4g}",
        high=f"{known.max():.4g}",
        unit=unit,
    )
    return tag(
        "svg",
        tag("title", said),
        *_value_axis(scale, ticks(low, high)),
        *_time_axis(frame),
        *_usual(curve, scale),
        *_limit_lines(frame, [limit for limit in limits if low <= limit <= high], scale, unit),
        tag("path", d=_path(at, values, scale), class_="curve"),
        *_marks(curve, frame),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=said,
    )


def beyond(curve: Curve) -> tuple[float, ...]:
    """Limits that are too far from the readings to be in the picture."""
    low, high = _range(np.array(curve.series.values), curve.usual, _limits(curve))
    return tuple(limit for limit in _limits(curve) if not low <= limit <= high)


def _limits(curve: Curve) -> list[float]:
    both = (curve.series.limit_low, curve.series.limit_high)
    return [limit for limit in both if limit is not None]


def _range(
    values: FloatArray, usual: tuple[float, float] | None, limits: Sequence[float]
) -> tuple[float, float]:
    known = [*values[np.isfinite(values)].tolist(), *(usual or ())]
    low, high = min(known), max(known)
    least = max(1e-3 * max(abs(low), abs(high)), 1e-9)
    if high - low < least:
        low, high = low - least, high + least
    room = _FURTHEST * (high - low)
    near = [limit for limit in limits if low - room <= limit <= high + room]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.08 * (high - low)
    return low - margin, high + margin


def _path(at: FloatArray, values: FloatArray, scale: Scale) -> str:
    return path_of(at, values, Scale(0.0, 1.0, _LEFT, WIDTH - _RIGHT), scale, _COLUMNS)


def _value_axis(scale: Scale, marks: list[float]) -> Iterator[Html]:
    for mark, label in zip(marks, labels(marks), strict=True):
        y = scale.at(mark)
        yield tag("path", d=f"M{_LEFT},{y:.1f}H{WIDTH - _RIGHT}", class_="grid")
        yield _text(_LEFT - 7, y + 4, label, "tick end")


def _time_axis(frame: Frame) -> Iterator[Html]:
    bottom = HEIGHT - _BOTTOM
    yield tag("path", d=f"M{_LEFT},{bottom}H{WIDTH - _RIGHT}", class_="axis")
    for tick in time_ticks(frame.window.start, frame.window.end, frame.zone, most=6):
        x = frame.x(tick.time)
        yield tag("path", d=f"M{x:.1f},{bottom}v4", class_="axis")
        end = " end" if x > WIDTH - _RIGHT - 16 else " mid"
        yield _text(x, bottom + 16, tick.label, f"tick{end}")
        if tick.date:
            yield _text(x, bottom + 29, tick.date, f"tick{end}")


def _usual(curve: Curve, scale: Scale) -> Iterator[Html]:
    if curve.usual is None:
        return
    top, bottom = scale.at(curve.usual[1]), scale.at(curve.usual[0])
    yield tag(
        "rect", x=_LEFT, y=f"{top:.1f}", width=WIDTH - _RIGHT - _LEFT,
        height=f"{max(bottom - top, 1):.1f}", class_="usual",
    )  # fmt: skip


def _limit_lines(frame: Frame, limits: Sequence[float], scale: Scale, unit: str) -> Iterator[Html]:
    for limit in limits:
        y = scale.at(limit)
        said = frame.say("limit", value=f"{limit:g} {unit}".strip())
        yield tag("path", d=f"M{_LEFT},{y:.1f}H{WIDTH - _RIGHT}", class_="limit")
        yield _text(_LEFT + 5, y - 4, said, "note limit-note")


def _marks(curve: Curve, frame: Frame) -> Iterator[Html]:
    """The channel's own onset, else the alert's, and the alert; each said in a row of its own."""
    own = curve.change.onset if curve.change and curve.change.significant else None
    marks = [("onset", "onset" if own else "began", own or frame.onset)]
    if frame.alert is not None:
        marks.append(("alert", "alert", frame.alert))
    for row, (key, phrase, at) in enumerate(marks):
        if not frame.window.start <= at <= frame.window.end:
            continue
        x, y = frame.x(at), 11 + 14 * row
        said = f"{frame.say(phrase)} {at.astimezone(frame.zone):%H:%M:%S}"
        right = x > (_LEFT + WIDTH - _RIGHT) / 2
        yield tag("path", d=f"M{x:.1f},{y - 4}V{HEIGHT - _BOTTOM}", class_=f"mark {key}")
        yield tag("circle", cx=f"{x:.1f}", cy=y - 4, r=3.2, class_=f"dot {key}")
        yield _text(x - 8 if right else x + 8, y, said, "note end" if right else "note")


def _text(x: float, y: float, said: str, classes: str) -> Html:
    return tag("text", said, x=f"{x:.1f}", y=f"{y:.1f}", class_=classes)
