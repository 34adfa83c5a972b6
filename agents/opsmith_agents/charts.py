"""Charts as data: what a screen draws, each number as a tool gave it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from opsmith.domain.base import Model, Moment, Window

GAP = 6
"""Mean spacings without a reading after which a line is broken: nothing is known there."""


class AlertMark(Model):
    """An alert on the channel, to be marked in its chart."""

    trace_id: str
    alert_level: str
    alert_type: str
    onset: Moment
    first_seen: Moment
    cleared_at: Moment | None = Field(description="None: it stands.")


class TrendChart(Model):
    """One channel over time."""

    kind: Literal["trend"] = "trend"
    device_id: str
    channel: str
    unit: str | None = Field(description="UCUM; None where the channel's is unknown.")
    times: tuple[Moment, ...]
    values: tuple[float, ...] = Field(description="In `unit`, one for each time.")
    limit_low: float | None = None
    limit_high: float | None = None
    normal_low: float | None = Field(default=None, description="Three spreads below its normal.")
    normal_high: float | None = None
    normal_of: Window | None = Field(default=None, description="The time that is its normal.")
    alerts: tuple[AlertMark, ...] = ()


class ForecastChart(Model):
    """Where one channel is heading."""

    kind: Literal["forecast"] = "forecast"
    device_id: str
    channel: str
    unit: str | None
    times: tuple[Moment, ...] = Field(default=(), description="Of the readings before.")
    values: tuple[float, ...] = ()
    ahead: tuple[Moment, ...]
    median: tuple[float, ...]
    low: tuple[float, ...] = Field(description="Of the 80 % interval.")
    high: tuple[float, ...]
    limits: tuple["LimitAhead", ...] = ()


class LimitAhead(Model):
    """A limit, and when it is passed."""

    limit: float
    hours: float | None = Field(description="Median, from the last reading; None: not in sight.")
    hours_low: float | None
    hours_high: float | None = Field(description="Of the 80 % interval; None: open.")


class RangeRow(Model):
    """What one device, or one window, read of a channel; all in its unit."""

    device_id: str = Field(description="Empty: the others of its class.")
    window: Window | None = Field(default=None, description="Where windows are compared.")
    level: float = Field(description="Mean or median, see the chart.")
    low: float | None
    high: float | None
    last: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None


class ComparisonChart(Model):
    """One channel of several devices, of a device and its peers, or in two windows."""

    kind: Literal["comparison"] = "comparison"
    of: Literal["devices", "peers", "windows"]
    channel: str
    unit: str | None
    level: Literal["mean", "median"]
    window: Window
    rows: tuple[RangeRow, ...]


class PairBar(Model):
    """How two channels go together."""

    channel: str
    other: str
    pearson: float
    low: float | None = Field(description="Of the 95 % interval.")
    high: float | None
    certain: bool = Field(description="The interval does not reach 0.")


class CorrelationChart(Model):
    """How the channels of a device go together, the strongest first."""

    kind: Literal["correlation"] = "correlation"
    device_id: str
    window: Window
    pairs: tuple[PairBar, ...]


class ParetoBar(Model):
    """Alerts that have one thing in common."""

    key: str
    count: int


class ParetoChart(Model):
    """What most alerts are of, the most frequent first."""

    kind: Literal["pareto"] = "pareto"
    by: str = Field(description="What they are counted by, as `count_alerts` calls it.")
    window: Window
    total: int = Field(description="All alerts, those of the bars and the rest.")
    bars: tuple[ParetoBar, ...]


Chart = Annotated[
    TrendChart | ForecastChart | ComparisonChart | CorrelationChart | ParetoChart,
    Field(discriminator="kind"),
]


def broken(
    times: Sequence[datetime], values: Sequence[float]
) -> Iterator[tuple[datetime, float | None]]:
    """The points, with an empty one in each gap."""
    spacing = (times[-1] - times[0]) / max(len(times) - 1, 1)
    yield times[0], values[0]
    for (before, now), value in zip(pairwise(times), values[1:], strict=True):
        if spacing > timedelta(0) and now - before > GAP * spacing:
            yield before + (now - before) / 2, None
        yield now, value
