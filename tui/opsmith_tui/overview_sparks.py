"""Sparklines of the devices in view: one channel each, few points, a few at a time."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from opsmith.domain.alerts import AlertLevel
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.telemetry import Telemetry
from opsmith_tui.overview_plant import LONGEST, Cell
from opsmith_tui.plant import Plant

EVERY = 15.0
"""Seconds after which a sparkline is drawn anew at the earliest."""
FIRST, AGAIN = 12, 5
"""Sparklines asked for at one look: never seen ones, and in a second those to be renewed."""
WINDOW = 60
"""Minutes."""
POINTS = 40
WIDTH = 12
"""Steps of a sparkline."""
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Spark:
    """The last hour of one channel of a device."""

    channel: str
    unit: str | None
    steps: tuple[float | None, ...]
    """Shape (WIDTH,), means in `unit`, the oldest first; None: nothing was read."""
    last: float | None
    is_beyond: bool
    """The last value passes a rated limit."""


class Sparks:
    """The sparklines that are known, by device."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._channels: dict[str, tuple[AlertLevel | None, str | None]] = {}
        self._due: dict[str, float] = {}
        self._rested = 0.0
        self.known: dict[str, Spark] = {}

    def forget(self) -> None:
        """Ask for all of them again."""
        self._due.clear()
        self._channels.clear()

    def lacks(self, cells: Iterable[Cell]) -> bool:
        """Whether one of these was never asked for."""
        return any(cell.device_id not in self._due for cell in cells)

    async def look(self, cells: Iterable[Cell]) -> None:
        """Ask for those of the devices in view that are due. Raises `OpsmithError`."""
        now = time.monotonic()
        wanted = {cell.device_id: cell for cell in cells}
        first = [one for one in wanted if one not in self._due][:FIRST]
        due = sorted(
            (one for one in wanted if self._due.get(one, now + 1) <= now),
            key=lambda one: self._due[one],
        )
        if first or now < self._rested:
            due = []
        else:
            self._rested = now + 1.0
        for device_id in (*first, *due[:AGAIN]):
            try:
                await self._ask(wanted[device_id])
            finally:
                self._due[device_id] = time.monotonic() + EVERY

    async def _ask(self, cell: Cell) -> None:
        device_id = cell.device_id
        known = self._channels.get(device_id)
        if known is None or known[0] != cell.level or known[1] is None:
            known = self._channels[device_id] = (cell.level, await self._choose(cell))
        channel = known[1]
        if channel is None:
            self.known.pop(device_id, None)
            return
        found = await self._plant.ask(
            Telemetry.read_series, device_id, channel, window_mins=WINDOW, points=POINTS
        )
        last = found.values[-1] if found.values else None
        low, high = found.limit_low, found.limit_high
        beyond = last is not None and (
            (high is not None and last >= high) or (low is not None and last <= low)
        )
        steps = binned(found.times, found.values, found.window.start, found.window.end, WIDTH)
        self.known[device_id] = Spark(found.channel, found.unit, steps, last, beyond)

    async def _choose(self, cell: Cell) -> str | None:
        """The channel that is drawn: the one that deviates, else a rated one, else any."""
        device_id = cell.device_id
        view = await self._plant.ask(DeviceRegistry.query_device_status, device_id)
        deviating = tuple[str, ...]()
        if cell.level is not None:
            found = await self._plant.ask(
                AlertHistory.list_alerts,
                device_id=device_id,
                level=cell.level,
                days=LONGEST,
                limit=1,
            )
            deviating = found.alerts[0].channels if found.alerts else ()
        wanted = (*deviating, *view.rated, *view.measured)
        return next((one for one in wanted if one in view.measured), None)


def binned(
    times: Sequence[datetime],
    values: Sequence[float],
    start: datetime,
    end: datetime,
    width: int,
) -> tuple[float | None, ...]:
    """Means of equal steps of time.

    Returns:
        Shape (width,), in the unit of `values`; None where a step has none.
    """
    sums, counts = [0.0] * width, [0] * width
    span = (end - start).total_seconds() or 1.0
    for at, value in zip(times, values, strict=True):
        step = min(width - 1, max(0, int((at - start).total_seconds() / span * width)))
        sums[step] += value
        counts[step] += 1
    return tuple(
        total / count if count else None for total, count in zip(sums, counts, strict=True)
    )


def bars(steps: Sequence[float | None]) -> str:
    """A sparkline; what moves by less than a twentieth of its size lies flat in the middle.

    >>> bars([1.0, None, 4.0, 8.0]), bars([100.0, 100.1])
    ('▁ ▄█', '▄▅')
    """
    there = [step for step in steps if step is not None]
    if not there:
        return " " * len(steps)
    low, high = min(there), max(there)
    middle, span = (low + high) / 2, max(high - low, abs(high) / 20, 1e-12)
    signs = list[str]()
    for step in steps:
        if step is None:
            signs.append(" ")
        else:
            share = (step - middle) / span + 0.5
            signs.append(BARS[min(len(BARS) - 1, int(share * len(BARS)))])
    return "".join(signs)
