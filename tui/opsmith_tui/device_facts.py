"""What the screen of one device knows: asked for at each look, forecasts seldom."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from opsmith.domain.base import State
from opsmith.errors import OpsmithError
from opsmith_mcp.alert_history import AlertHistory, AlertHistoryView, AlertLine
from opsmith_mcp.compare import Level, WindowComparison
from opsmith_mcp.device_registry import DeviceRegistry, DeviceView
from opsmith_mcp.forecasting import ChannelForecast, FailureForecast, Forecasting
from opsmith_mcp.telemetry import ChannelSeries, LatestValues, Telemetry
from opsmith_mcp.work_orders import WorkOrderList, WorkOrders
from opsmith_tui.figures import plain
from opsmith_tui.plant import Plant

P = ParamSpec("P")
T = TypeVar("T")

WINDOWS = (15, 60, 360, 1440, 10_080, 43_200)
"""Minutes that the trend can show."""
POINTS = 300
DAYS = 90
"""Of history."""
ORDERS = 20
USUAL = timedelta(hours=24)
"""How much of the time before tells what is usual."""
AHEAD = 8
"""Hours that a channel is carried on."""
SPREADS = 3.0
"""Robust standard deviations about the median that are usual."""
SELDOM = 60.0
"""Seconds between two forecasts, and between two looks at what is usual."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A question that had no answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """An answer, and until when it will do."""

    answer: T | Failed
    until: float


@dataclass(frozen=True, slots=True)
class Usual:
    """The band of what a channel usually reads, in its unit."""

    low: float
    high: float
    until: datetime
    """It is told from the 24 h before."""


@dataclass
class DeviceFacts:
    """One device, as the plant has told it so far."""

    plant: Plant
    device_id: str
    view: DeviceView | None = None
    latest: LatestValues | Failed | None = None
    history: AlertHistoryView | Failed | None = None
    orders: WorkOrderList | Failed | None = None
    series: ChannelSeries | Failed | None = None
    failure: FailureForecast | Failed | None = None
    channel: str | None = None
    """That is drawn; None: not chosen yet."""
    window: int = WINDOWS[1]
    """Minutes."""
    _usual: Kept[WindowComparison] | None = None
    _ahead: dict[str, Kept[ChannelForecast]] = field(
        default_factory=dict[str, "Kept[ChannelForecast]"]
    )
    _forecast_until: float = 0.0

    async def look(self) -> None:
        """Ask for all that changes from second to second. Raises `OpsmithError`."""
        view = await self.plant.ask(DeviceRegistry.query_device_status, self.device_id)
        # However it was written, from here on it is its own id.
        self.view, self.device_id = view, view.device.device_id
        self.latest = await self._asked(Telemetry.latest_values, self.device_id)
        self.history = await self._asked(AlertHistory.get_alert_history, self.device_id, days=DAYS)
        self.orders = await self._asked(
            WorkOrders.list_work_orders, self.device_id, days=DAYS, limit=ORDERS
        )
        await self.look_at_channel()

    async def look_at_channel(self) -> None:
        """Ask for the trend of the channel that is drawn, and for what is usual."""
        there = self.channels()
        if self.channel not in there:
            self.channel = self._first(there)
        if self.channel is None:
            self.series = None
            return
        self.series = await self._asked(
            Telemetry.read_series,
            self.device_id,
            self.channel,
            window_mins=self.window,
            points=POINTS,
        )
        if self._usual is None or time.monotonic() >= self._usual.until:
            await self._ask_usual()

    async def look_ahead(self) -> None:
        """Ask for the forecasts, where they are due; they may take seconds."""
        now = time.monotonic()
        if now >= self._forecast_until:
            self.failure = await self._asked(Forecasting.predict_failure, self.device_id)
            self._forecast_until = time.monotonic() + SELDOM
        channel = self.channel
        known = self._ahead.get(channel or "")
        if channel is not None and (known is None or now >= known.until):
            answer = await self._asked(
                Forecasting.forecast_channel, self.device_id, channel, hours=AHEAD
            )
            self._ahead[channel] = Kept(answer, time.monotonic() + SELDOM)

    def forget(self) -> None:
        """Ask for all of it at the next look."""
        self._usual, self._forecast_until = None, 0.0
        self._ahead.clear()

    @property
    def as_of(self) -> datetime | None:
        """Plant time of the last answer."""
        return None if self.view is None else self.view.as_of

    @property
    def ahead(self) -> ChannelForecast | Failed | None:
        """Of the channel that is drawn."""
        kept = self._ahead.get(self.channel or "")
        return None if kept is None else kept.answer

    @property
    def onset(self) -> datetime | None:
        """Of the oldest deviation that is still there."""
        return min((line.onset for line in self.standing()), default=None)

    def channels(self) -> Sequence[str]:
        """Those that can be drawn: rated ones first, then what else is measured or installed."""
        if self.view is None:
            return ()
        view = self.view
        every = dict.fromkeys((*view.rated, *view.measured, *view.device.channels))
        return [*sorted(every, key=lambda one: one not in view.measured)]

    def standing(self) -> Sequence[AlertLine]:
        """The device's alerts whose deviation is still there, the most urgent first."""
        if not isinstance(self.history, AlertHistoryView):
            return ()
        there = [line for line in self.history.alerts if line.cleared_at is None]
        return sorted(there, key=lambda line: line.alert_level)

    def usual(self) -> Usual | None:
        """What the channel that is drawn usually reads; None: not known."""
        kept = self._usual
        if kept is None or isinstance(kept.answer, Failed):
            return None
        answer = kept.answer
        for one in answer.channels:
            level: Level = one.against
            if one.channel == self.channel and level.level is not None:
                reach = SPREADS * (level.spread or 0.0)
                return Usual(level.level - reach, level.level + reach, answer.against.end)
        return None

    def _first(self, there: Sequence[str]) -> str | None:
        deviating = [channel for line in self.standing() for channel in line.channels]
        return next((one for one in (*deviating, *there) if one in there), None)

    async def _ask_usual(self) -> None:
        as_of = self.as_of
        if as_of is None:
            return
        # What stands now is not usual, nor is the last hour held against itself.
        until = min(as_of - timedelta(hours=1), self.onset or as_of)
        answer = await self._asked(
            Telemetry.compare_windows,
            self.device_id,
            window_mins=60,
            against_since=until - USUAL,
            against_until=until,
        )
        if not isinstance(answer, Failed) and answer.state is State.UNAVAILABLE:
            answer = Failed(answer.note or "")
        self._usual = Kept(answer, time.monotonic() + SELDOM)

    async def _asked(
        self, tool: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T | Failed:
        try:
            return await self.plant.ask(tool, *args, **kwargs)
        except OpsmithError as error:
            return Failed(plain(error))
