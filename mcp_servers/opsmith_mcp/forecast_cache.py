"""What the methods' competition found of a device, kept in memory until there is enough new data.

One for a process: what a person asked for, the rules have at once. A backtest is never used for a
moment before it was made, so that no answer rests on what came later.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith_detectors.forecast_compete import Backtest, Forecast, backtest, forecast
from opsmith_detectors.forecast_crossing import TimeToCrossing
from opsmith_mcp.forecast_history import Histories, History

KEPT = 2_000
"""Backtests that are kept; one of a day ahead takes some 25 kB a channel."""
_SHARE = 50
"""Made anew after a day, and a fiftieth of the history, and ten steps."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """A forecast of some channels, and the backtest that it rests on."""

    channels: tuple[str, ...]
    told: Forecast
    tested: Backtest
    end: datetime
    """Its first step begins here."""
    step: int
    tested_at: datetime
    crossings: dict[tuple[str, float, bool], TimeToCrossing] = field(default_factory=dict[Any, Any])
    """Those that were asked for, by channel, limit and whether above is beyond; from `end` on."""


@dataclass(slots=True)
class ForecastCache:
    """Histories; backtests by device, channels, step and horizon; and other slow answers."""

    histories: Histories = field(default_factory=Histories)
    _tested: "OrderedDict[tuple[Any, ...], tuple[datetime, Backtest]]" = field(
        default_factory=OrderedDict[Any, Any]
    )
    _other: "OrderedDict[tuple[Any, ...], tuple[datetime, Any]]" = field(
        default_factory=OrderedDict[Any, Any]
    )
    _lock: Any = field(default_factory=Lock)

    def outlook(
        self,
        device_id: str,
        history: History,
        channels: tuple[str, ...],
        horizon: int,
        *,
        values: FloatArray | None = None,
        kind: str = "",
        only_known: bool = False,
    ) -> Outlook | None:
        """Carry channels on.

        Args:
            device_id: Whose.
            history: Its past.
            channels: Which of them.
            horizon: Steps ahead.
            values: Shape (channels, n), instead of the history's own.
            kind: What they are, where they are others.
            only_known: Where no backtest is recent enough make none: None.
        """
        rows = np.stack([history.column(each) for each in channels]) if values is None else values
        season = history.season
        key = (device_id, history.step, horizon, channels, kind)
        with self._lock:
            kept = self._tested.get(key)
        length = timedelta(seconds=history.step)
        lasts = max(season, len(history.values) // _SHARE, 10) * length
        if kept is None or not kept[0] <= history.end <= kept[0] + lasts:
            if only_known:
                return None
            tested = backtest(rows, horizon, season)
            at = history.end
            with self._lock:
                # What was asked about the past does not take the place of what is newer.
                if kept is None or kept[0] <= at:
                    self._tested[key] = (at, tested)
                    self._tested.move_to_end(key)
                    while len(self._tested) > KEPT:
                        self._tested.popitem(last=False)
        else:
            at, tested = kept
        return Outlook(channels, forecast(rows, tested), tested, history.end, history.step, at)

    def forget(self, device_id: str) -> None:
        """Make the device's backtests anew when they are asked for."""
        with self._lock:
            for key in [key for key in self._tested if key[0] == device_id]:
                del self._tested[key]

    def recent(self, key: tuple[Any, ...], at: datetime, lasts: timedelta) -> Any | None:
        """Another answer that was kept, from that moment or shortly before; None: there is none."""
        with self._lock:
            kept = self._other.get(key)
        return kept[1] if kept is not None and kept[0] <= at <= kept[0] + lasts else None

    def keep(self, key: tuple[Any, ...], at: datetime, answer: Any) -> None:
        """Keep another answer."""
        with self._lock:
            self._other[key] = (at, answer)
            self._other.move_to_end(key)
            while len(self._other) > KEPT:
                self._other.popitem(last=False)
