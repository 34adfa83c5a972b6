"""Which chart the evidence of an answer makes: of what was looked at last, by code alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from opsmith.domain.base import Window
from opsmith.domain.diagnoses import Evidence
from opsmith_agents.charts import (
    AlertMark,
    Chart,
    ComparisonChart,
    CorrelationChart,
    ForecastChart,
    LimitAhead,
    PairBar,
    ParetoBar,
    ParetoChart,
    RangeRow,
    TrendChart,
)
from opsmith_mcp.alert_analytics import AlertAnalytics
from opsmith_mcp.alert_counts import AlertCounts
from opsmith_mcp.alert_history import AlertHistory, AlertHistoryView
from opsmith_mcp.compare import Level, WindowComparison
from opsmith_mcp.correlate import Correlations
from opsmith_mcp.forecasting import ChannelForecast, Forecasting
from opsmith_mcp.peers import PeerComparison
from opsmith_mcp.telemetry import ChannelSeries, Telemetry, TelemetryWindow

SPREADS = 3.0
"""Robust spreads around its level that are a channel's normal. Source: Shewhart (1931)."""
_MARKS = 5
_PAIRS = 12
_BARS = 12
_CALENDAR = frozenset({"year", "month", "day", "hour"})


def chart_of(evidence: Sequence[Evidence], wanted: str | None = None) -> Chart | None:
    """The chart of what was looked at last, if that can be drawn.

    Args:
        evidence: In the order of the calls.
        wanted: How the name of the channel begins that was asked for.
    """
    answered = [one for one in evidence if one.result]
    for one in reversed(answered):
        draw = _DRAWN.get(one.tool)
        chart = draw(one.result, answered, wanted) if draw is not None else None
        if chart is not None:
            return chart
    return None


def _trend(result: Mapping[str, Any], seen: Sequence[Evidence], _: str | None) -> Chart | None:
    series = ChannelSeries.model_validate(result)
    if len(series.times) < 2:
        return None
    chart = TrendChart(
        device_id=series.device_id,
        channel=series.channel,
        unit=series.unit,
        times=series.times,
        values=series.values,
        limit_low=series.limit_low,
        limit_high=series.limit_high,
        alerts=tuple(_marks(series, seen)),
    )
    for found in _results(seen, Telemetry.compare_windows.__name__):
        compared = WindowComparison.model_validate(found)
        before = next((c.against for c in compared.channels if c.channel == series.channel), None)
        if compared.device_id != series.device_id or before is None:
            continue
        if before.level is not None and before.spread:
            band = {
                "normal_low": before.level - SPREADS * before.spread,
                "normal_high": before.level + SPREADS * before.spread,
                "normal_of": compared.against,
            }
            return chart.model_copy(update=band)
    return chart


def _marks(series: ChannelSeries, seen: Sequence[Evidence]) -> Iterator[AlertMark]:
    """The newest alerts on the channel that fall into its window."""
    left = _MARKS
    for found in _results(seen, AlertHistory.get_alert_history.__name__):
        history = AlertHistoryView.model_validate(found)
        if history.device_id != series.device_id:
            continue
        for line in history.alerts:
            over = line.cleared_at is not None and line.cleared_at < series.window.start
            if left and series.channel in line.channels and not over:
                left -= 1
                yield AlertMark(
                    trace_id=line.trace_id,
                    alert_level=line.alert_level.value,
                    alert_type=line.alert_type,
                    onset=line.onset,
                    first_seen=line.first_seen,
                    cleared_at=line.cleared_at,
                )
        return


def _forecast(result: Mapping[str, Any], seen: Sequence[Evidence], _: str | None) -> Chart | None:
    told = ChannelForecast.model_validate(result)
    if not told.times:
        return None
    before = next(
        (
            series
            for found in _results(seen, Telemetry.read_series.__name__)
            if (series := ChannelSeries.model_validate(found)).channel == told.channel
            and series.device_id == told.device_id
        ),
        None,
    )
    return ForecastChart(
        device_id=told.device_id,
        channel=told.channel,
        unit=told.unit,
        times=before.times if before else (),
        values=before.values if before else (),
        ahead=told.times,
        median=told.median,
        low=told.low,
        high=told.high,
        limits=tuple(
            LimitAhead(
                limit=one.limit,
                hours=one.hours,
                hours_low=one.hours_low,
                hours_high=one.hours_high,
            )
            for one in told.limits
        ),
    )


def _devices(
    result: Mapping[str, Any], seen: Sequence[Evidence], wanted: str | None
) -> Chart | None:
    """The devices whose same window was looked at, side by side."""
    last = TelemetryWindow.model_validate(result)
    windows = [
        window
        for found in reversed(list(_results(seen, Telemetry.fetch_telemetry_data.__name__)))
        if (window := TelemetryWindow.model_validate(found)).window == last.window
    ]
    if len({one.device_id for one in windows}) < 2:
        return None
    names = [one.channel for window in windows for one in window.channels if _is(one, wanted)]
    if not names:
        return None
    # The one that most of them have; of several such, the one that comes first.
    channel = max(dict.fromkeys(names), key=names.count)
    rows = [
        (window.device_id, one)
        for window in windows
        for one in window.channels
        if one.channel == channel and one.mean is not None
    ]
    if not rows:
        return None
    return ComparisonChart(
        of="devices",
        channel=channel,
        unit=rows[0][1].unit,
        level="mean",
        window=last.window,
        rows=tuple(
            RangeRow(
                device_id=device,
                level=one.mean or 0.0,
                low=one.low,
                high=one.high,
                last=one.last,
                limit_low=one.limit_low,
                limit_high=one.limit_high,
            )
            for device, one in rows
        ),
    )


def _peers(result: Mapping[str, Any], _: Sequence[Evidence], wanted: str | None) -> Chart | None:
    seen = PeerComparison.model_validate(result)
    for one in seen.channels:
        if _is(one, wanted) and one.level is not None and one.peer_median is not None:
            own = RangeRow(device_id=seen.device_id, level=one.level, low=None, high=None)
            others = RangeRow(
                device_id="", level=one.peer_median, low=one.peer_low, high=one.peer_high
            )
            return ComparisonChart(
                of="peers",
                channel=one.channel,
                unit=one.unit,
                level="median",
                window=seen.window,
                rows=(own, others),
            )
    return None


def _windows(result: Mapping[str, Any], _: Sequence[Evidence], wanted: str | None) -> Chart | None:
    seen = WindowComparison.model_validate(result)
    for one in seen.channels:
        both = ((one.now, seen.window), (one.against, seen.against))
        rows = [row for level, window in both if (row := _row(seen.device_id, level, window))]
        if _is(one, wanted) and len(rows) == len(both):
            return ComparisonChart(
                of="windows",
                channel=one.channel,
                unit=one.unit,
                level="median",
                window=seen.window,
                rows=tuple(rows),
            )
    return None


def _row(device_id: str, seen: Level, window: Window) -> RangeRow | None:
    if seen.level is None:
        return None
    return RangeRow(
        device_id=device_id, window=window, level=seen.level, low=seen.low, high=seen.high
    )


def _correlation(result: Mapping[str, Any], *_: Any) -> Chart | None:
    seen = Correlations.model_validate(result)
    pairs = [
        PairBar(
            channel=one.channel,
            other=one.other,
            pearson=one.pearson,
            low=one.pearson_low,
            high=one.pearson_high,
            certain=one.certain,
        )
        for one in seen.pairs
        if one.pearson is not None
    ]
    if not pairs:
        return None
    return CorrelationChart(
        device_id=seen.device_id, window=seen.window, pairs=tuple(pairs[:_PAIRS])
    )


def _pareto(result: Mapping[str, Any], *_: Any) -> Chart | None:
    seen = AlertCounts.model_validate(result)
    if not seen.groups or seen.group_by[0] in _CALENDAR:
        return None
    return ParetoChart(
        by=seen.group_by[0],
        window=seen.window,
        total=seen.total,
        bars=tuple(ParetoBar(key=one.key, count=one.count) for one in seen.groups[:_BARS]),
    )


def _is(one: Any, wanted: str | None) -> bool:
    return wanted is None or one.channel.startswith(wanted)


def _results(seen: Sequence[Evidence], tool: str) -> Iterator[dict[str, Any]]:
    """What a tool answered, the newest first."""
    return (one.result for one in reversed(seen) if one.tool == tool)


_DRAWN: Mapping[
    str, Callable[[Mapping[str, Any], Sequence[Evidence], str | None], Chart | None]
] = {
    Telemetry.read_series.__name__: _trend,
    Forecasting.forecast_channel.__name__: _forecast,
    Telemetry.fetch_telemetry_data.__name__: _devices,
    Telemetry.compare_with_peers.__name__: _peers,
    Telemetry.compare_windows.__name__: _windows,
    Telemetry.correlate_channels.__name__: _correlation,
    AlertAnalytics.count_alerts.__name__: _pareto,
}
