"""The health index: from deviation, trend, alerts and forecast, each part by itself.

100 times the product of what the parts leave. A part is the share that it takes off; how much the
first three can take at most says how sure a sign of failure they are.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from opsmith.domain.alerts import AlertLevel
from opsmith_mcp.forecast_history import History
from opsmith_mcp.forecast_limits import LimitOutlook

OF_LEVEL = {AlertLevel.P0: 0.6, AlertLevel.P1: 0.4, AlertLevel.P2: 0.2, AlertLevel.P3: 0.1}
"""What a standing alert takes off; the highest one counts."""
OF_DEVIATION = 0.3
OF_TREND = 0.3
LATELY = 30
"""Minutes at the end that are held against the rest of the day."""
_FROM, _TO = 5.0, 20.0
"""Robust spreads of the day between which a deviation grows from nothing to all."""


def deviation(minutes: History) -> float:
    """How far the last half-hour is from the rest of the day, of the channel that is furthest.

    Returns:
        0 to 1.
    """
    if len(minutes.values) <= 4 * LATELY or not minutes.channels:
        return 0.0
    now, before = minutes.values[-LATELY:], minutes.values[: -2 * LATELY]
    worst = 0.0
    for c in range(len(minutes.channels)):
        old = before[:, c][np.isfinite(before[:, c])]
        new = now[:, c][np.isfinite(now[:, c])]
        if len(old) < 2 * LATELY or len(new) < LATELY // 3:
            continue
        places = (len(old) // 10, len(old) // 2, 9 * len(old) // 10)
        low, middle, high = np.partition(old, places)[list(places)].tolist()
        # An eightieth of the level is no change that a machine shows.
        spread = max((high - low) / 2.56, abs(middle) / 80, 1e-12)
        worst = max(worst, abs(float(np.median(new)) - middle) / spread)
    return float(np.clip((worst - _FROM) / (_TO - _FROM), 0.0, 1.0))


def health_of(
    minutes: History,
    told: Sequence[LimitOutlook],
    alerts: Mapping[AlertLevel, int],
    failure_7d: float | None,
) -> tuple[float, dict[str, float]]:
    """The index, and the share that each part takes off.

    Args:
        minutes: The last day, without stops.
        told: Of the rated channels.
        alerts: Standing, by level.
        failure_7d: Probability of failing within a week; None: not known.
    """
    parts = {
        "deviation": OF_DEVIATION * deviation(minutes),
        "trend": OF_TREND * max((one.trend for one in told), default=0.0),
        "alerts": of_alerts(alerts),
        "forecast": failure_7d or 0.0,
    }
    left = float(np.prod([1 - part for part in parts.values()]))
    return round(100 * left, 1), {name: round(part, 4) for name, part in parts.items()}


def of_alerts(alerts: Mapping[AlertLevel, int]) -> float:
    """What standing alerts take off."""
    return max((OF_LEVEL[level] for level, count in alerts.items() if count), default=0.0)
