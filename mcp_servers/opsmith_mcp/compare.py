"""Two windows of one device, channel by channel: what differs, and how much."""

from math import hypot, sqrt
from typing import Literal

import numpy as np
from pydantic import Field

from opsmith.domain.base import Model, Window
from opsmith.domain.readings import FloatArray
from opsmith.domain.units import unit_of
from opsmith.ports import SeriesStore
from opsmith_mcp.figures import figure
from opsmith_mcp.sampling import effective, spread
from opsmith_mcp.series_view import Source, View, load
from opsmith_mcp.telemetry_results import OfWindow
from opsmith_mcp.windows import Span

CHANNELS = 30

Notable = Literal["level", "spread", "peak", "appeared", "gone"]

_EFFECT = 0.8
"""Spreads of a shift that is large. Source: Cohen (1988), Statistical Power Analysis, 2.2.3."""
_ERRORS = 3.0
"""Standard errors of one that is no chance."""
_RATIO = 2.0
"""Of two spreads that differ."""
_BEYOND = 3.0
"""Spreads beyond all that was seen: a peak."""
_FEW = 8
"""Independent values without which nothing but coming and going is notable."""
_MEDIAN_ERROR = sqrt(np.pi / 2)
"""The standard error of a median over that of a mean, of normal values."""


class Level(Model):
    """One channel in one window; all in its unit."""

    count: int = Field(description="Values that are numbers.")
    independent: float = Field(
        description="Independent values that would tell as much: `count` less autocorrelation."
    )
    level: float | None = Field(description="Median.")
    spread: float | None = Field(description="Robust standard deviation.")
    low: float | None
    high: float | None


class ChannelComparison(Model):
    """One channel in the window and in the one that it is held against."""

    channel: str
    unit: str | None = Field(description="UCUM; None: unknown.")
    now: Level
    against: Level
    shift: float | None = Field(description="Level less the level against, in `unit`.")
    effect: float | None = Field(description="`shift` in pooled spreads; 0.8 is large.")
    errors: float | None = Field(description="`shift` in standard errors; under 3 may be chance.")
    spread_ratio: float | None
    notable: tuple[Notable, ...] = Field(description="What differs; empty: nothing that matters.")


class WindowComparison(OfWindow):
    """A window held against another of the same device."""

    against: Window
    source: Source = Field(
        default="raw", description="1m: of minutes; spreads are those of their means."
    )
    channels: tuple[ChannelComparison, ...] = Field(
        default=(), description="The most notable first."
    )
    channel_count: int = 0


def compare(series: SeriesStore, device_id: str, span: Span, against: Span) -> WindowComparison:
    """Compare two windows. Raises `Unavailable`."""
    now, then = load(series, device_id, span), load(series, device_id, against)
    if now.source != then.source:
        # The spread of minutes' means is less than that of readings: both by the minute.
        now, then = (load(series, device_id, one, "1m") for one in (span, against))
    names = sorted({*now.channels, *then.channels})
    found = [_compared(name, now, then) for name in names]
    found.sort(key=lambda one: (not one.notable, -abs(one.effect or 0.0), one.channel))
    return WindowComparison(
        device_id=device_id,
        as_of=span.window.end,
        window=span.window,
        against=against.window,
        source=now.source,
        channels=tuple(found[:CHANNELS]),
        channel_count=len(found),
    )


def _compared(channel: str, now: View, then: View) -> ChannelComparison:
    x, y = now.values(channel), then.values(channel)
    here, there = _level(now, channel, x), _level(then, channel, y)
    shift = effect = errors = ratio = None
    notable = list[Notable]()
    if len(x) and len(y):
        a, b = spread(x), spread(y)
        shift = float(np.median(x) - np.median(y))
        pooled = sqrt((a * a + b * b) / 2)
        error = _MEDIAN_ERROR * hypot(a / sqrt(here.independent), b / sqrt(there.independent))
        effect = shift / pooled if pooled > 0 else None
        errors = shift / error if error > 0 else None
        ratio = a / b if b > 0 else None
        if min(here.independent, there.independent) >= _FEW or (pooled == 0 and shift):
            notable = _notable(shift, effect, errors, ratio)
        if _is_peak(here, there, b):
            notable.append("peak")
    elif len(x) or len(y):
        notable.append("appeared" if len(x) else "gone")
    return ChannelComparison(
        channel=channel,
        unit=unit_of(channel),
        now=here,
        against=there,
        shift=_figure(shift),
        effect=_figure(effect),
        errors=_figure(errors),
        spread_ratio=_figure(ratio),
        notable=tuple(notable),
    )


def _notable(
    shift: float, effect: float | None, errors: float | None, ratio: float | None
) -> list[Notable]:
    found = list[Notable]()
    if effect is None or errors is None:
        if shift:
            found.append("level")
    elif abs(effect) >= _EFFECT and abs(errors) >= _ERRORS:
        found.append("level")
    if ratio is not None and (ratio >= _RATIO or ratio <= 1 / _RATIO):
        found.append("spread")
    return found


def _is_peak(here: Level, there: Level, usual: float) -> bool:
    if here.high is None or here.low is None or there.high is None or there.low is None:
        return False
    room = _BEYOND * max(usual, 1e-9 * (1 + abs(there.high)))
    return here.high > there.high + room or here.low < there.low - room


def _level(view: View, channel: str, values: FloatArray) -> Level:
    c = view.column(channel)
    if c is None or not len(values):
        return Level(count=0, independent=0.0, level=None, spread=None, low=None, high=None)
    there = view.count[:, c] > 0
    return Level(
        count=int(view.count[:, c].sum()),
        independent=round(effective(values), 1),
        level=figure(float(np.median(values))),
        spread=figure(spread(values)),
        low=figure(float(view.low[there, c].min())),
        high=figure(float(view.high[there, c].max())),
    )


def _figure(value: float | None) -> float | None:
    return None if value is None else figure(value)
