"""A plant with simulated machines, a real database and real tools, for the agents to look at."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, cast

import numpy as np
from callers import SYSTEM
from fastmcp import Client

from opsmith.domain.alerts import AlertChange, AlertLevel, AlertType, Deviation
from opsmith.domain.events import AlertEvent
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.errors import Unavailable
from opsmith.ports import SeriesStore
from opsmith_ingest.simulation import Fault, FaultKind, Growth, Machine, simulate
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.stores import Stores

START = datetime(2026, 2, 28, 6, tzinfo=UTC)
ONSET = START + timedelta(hours=3)
BEARING = Fault(FaultKind.BEARING_WEAR, ONSET, 0.8, Growth.RAMP, timedelta(hours=1))


class DeadSeries:
    """A series store whose server is down."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*args: object, **kwargs: object) -> NoReturn:
            raise Unavailable("The series store does not answer")

        return refuse


@dataclass
class SimulatedPlant:
    """The stores, and what is needed to make something happen in them."""

    stores: Stores
    machines: dict[str, Machine]
    now: list[datetime] = field(default_factory=lambda: [ONSET + timedelta(hours=1)])

    def client(self) -> Client[Any]:
        return connect(plant_server(self.stores, caller=SYSTEM))

    def without_series(self) -> "SimulatedPlant":
        dead = replace(self.stores, series=cast(SeriesStore, DeadSeries()))
        return replace(self, stores=dead)

    def run(self, device_id: str, *faults: Fault, hours: float = 4.0) -> None:
        """Let a machine run, from three hours before `ONSET` on."""
        end = START + timedelta(hours=hours)
        batch = simulate(
            self.machines[device_id], START, end, timedelta(seconds=10), faults, seed=5
        )
        self.stores.series.append([Frame.of(batch)], live=True)

    def steps(self, device_id: str, **channels: tuple[float, float]) -> None:
        """Noisy readings of channels that go from one level to another at `ONSET`."""
        rng = np.random.default_rng(3)
        n, split = 4 * 360, 3 * 360
        times = np.datetime64(START.replace(tzinfo=None), "us") + np.arange(n) * np.timedelta64(
            10, "s"
        )
        names = tuple(sorted(channels))
        levels = np.array([channels[name] for name in names])
        values = np.where(np.arange(n)[:, None] < split, levels[:, 0], levels[:, 1])
        values = values * rng.normal(1, 0.01, values.shape)
        quality = np.zeros(values.shape, np.uint8)
        batch = ReadingBatch(device_id, names, times, values, quality, ("NORMAL",) * n)
        self.stores.series.append([Frame.of(batch)], live=True)

    def event(
        self,
        device_id: str,
        alert_type: AlertType = "composite",
        level: AlertLevel = AlertLevel.P2,
        minutes: float = 30,
        deviations: tuple[Deviation, ...] = (),
    ) -> AlertEvent:
        """What the alert logic announces `minutes` after `ONSET`; raised first, then updated."""
        first, at = ONSET + timedelta(minutes=5), ONSET + timedelta(minutes=minutes)
        known = self.stores.alerts.find(device_id=device_id, alert_type=alert_type)
        change = AlertChange(
            change="updated" if known else "raised",
            alert_type=alert_type,
            alert_level=level,
            first_seen=known[0].first_seen if known else first,
            last_seen=at,
            onset=ONSET,
            count=1 + int(minutes),
            score=1.5,
            deviations=deviations,
        )
        alert = self.stores.alerts.apply(device_id, change, {})
        assert alert is not None
        return AlertEvent(change=change.change, as_of=at, alert=alert)
