"""A small plant with one pump whose vibration climbs over its limit, and the alert it raised."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from callers import READER
from fastmcp import Client

from opsmith.access import Caller
from opsmith.domain.alerts import AlertChange, AlertLevel, Deviation
from opsmith.domain.devices import Device
from opsmith.domain.events import AlertEvent
from opsmith.domain.readings import FloatArray, Frame, ReadingBatch
from opsmith.domain.work_orders import Plan
from opsmith.storage.database import Database
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_kb.load import load_entries
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.stores import Stores

NOW = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=40)


@dataclass(frozen=True)
class PumpPlant:
    """The stores, the alert, and clients of the server over them."""

    stores: Stores
    event: AlertEvent

    @property
    def trace_id(self) -> str:
        return self.event.alert.trace_id

    def client(self, caller: Caller = READER) -> Client[Any]:
        return connect(plant_server(self.stores, caller=caller))

    def order(
        self, description: str, device_id: str = "PUMP_01", due_at: datetime | None = None
    ) -> str:
        plan = Plan(
            order_type="PLANNED", priority=AlertLevel.P2, description=description, due_at=due_at
        )
        placed, _ = self.stores.orders.create(device_id, plan, NOW)
        return placed.order_no


@contextmanager
def pump_plant(folder: Path) -> Generator[PumpPlant]:
    """Four hours of readings every 5 s; the vibration rises from 0.5 g to 1.1 g since `ONSET`."""
    database = Database(f"sqlite:///{folder / 'opsmith.db'}")
    series = EmbeddedSeriesStore(folder / "series.db")
    stores = Stores.of(database, series, lambda: NOW)
    try:
        stores.devices.add(
            [
                Device(
                    device_id="PUMP_01",
                    device_name="Feed pump",
                    device_type="pump",
                    line_id="L001",
                    rated_temp_max=80.0,
                    rated_vibration_max=1.0,
                ),
                Device(device_id="PUMP_02", device_type="pump", rated_temp_max=80.0),
                Device(device_id="MOTOR_01", device_name="Main motor", device_type="motor"),
            ],
            NOW,
        )
        stores.entries.add(load_entries(), NOW)
        rng = np.random.default_rng(7)
        n = 4 * 720
        minutes = np.arange(-n + 1, 1) / 12
        pump = {
            "current": 15 + rng.normal(0, 0.1, n),
            "pressure": 2.1 + rng.normal(0, 0.01, n),
            "temperature": 65 + 0.1 * np.clip(minutes + 40, 0, None) + rng.normal(0, 0.3, n),
            "vibration": 0.5 + 0.015 * np.clip(minutes + 40, 0, None) + rng.normal(0, 0.02, n),
        }
        series.append([Frame.of(_readings("PUMP_01", pump))], live=True)
        change = AlertChange(
            change="raised",
            alert_type="high_vibration",
            alert_level=AlertLevel.P1,
            first_seen=NOW - timedelta(minutes=5),
            last_seen=NOW,
            onset=ONSET,
            count=60,
            score=1.1,
            deviations=(
                Deviation(
                    channel="vibration", unit="[g]", value=1.05, limit=1.0, share=1.0,
                    direction="up", kind="ramp",
                ),
            ),
        )  # fmt: skip
        alert = stores.alerts.apply("PUMP_01", change, {"vibration": 1.05})
        assert alert is not None
        yield PumpPlant(stores, AlertEvent(change="raised", as_of=NOW, alert=alert))
    finally:
        series.close()
        database.close()


def _readings(device_id: str, channels: dict[str, FloatArray]) -> ReadingBatch:
    values = np.column_stack([channels[name] for name in sorted(channels)])
    back = np.arange(len(values) - 1, -1, -1) * 5_000_000
    return ReadingBatch(
        device_id,
        tuple(sorted(channels)),
        np.datetime64(NOW.replace(tzinfo=None), "us") - back.astype("timedelta64[us]"),
        values,
        np.zeros(values.shape, np.uint8),
        ("NORMAL",) * len(values),
    )
