"""A small plant: a pump that gets worse, one gone silent, a motor never heard of, two alike."""

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, cast

import numpy as np
import pytest
from callers import ENGINEER, READER, SYSTEM
from databases import MariadbTables
from fastmcp import Client

from opsmith.access import Caller
from opsmith.domain.alerts import Alert, AlertChange, AlertLevel, Deviation
from opsmith.domain.devices import Device, Limits
from opsmith.domain.readings import FloatArray, Frame, ReadingBatch
from opsmith.errors import Unavailable
from opsmith.ports import SeriesStore
from opsmith.storage.database import Database
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_kb.load import load_entries
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.stores import Stores

NOW = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=40)
STEP = 5.0
"""Seconds between two readings."""


def readings(device_id: str, end: datetime, **channels: FloatArray) -> ReadingBatch:
    """Readings every `STEP` seconds, the last at `end`."""
    names = tuple(sorted(channels))
    values = np.column_stack([channels[name] for name in names])
    last = np.datetime64(end.replace(tzinfo=None), "us")
    back = np.arange(len(values) - 1, -1, -1) * int(STEP * 1e6)
    return ReadingBatch(
        device_id,
        names,
        last - back.astype("timedelta64[us]"),
        values,
        np.where(np.isnan(values), 2, 0).astype(np.uint8),
        ("NORMAL",) * len(values),
    )


class DeadSeries:
    """A series store whose server is down."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*args: object, **kwargs: object) -> NoReturn:
            raise Unavailable("InfluxDB at http://influx:8086 does not answer")

        return refuse


@dataclass
class Plant:
    """The stores, and clients of the servers over them."""

    stores: Stores

    def client(self, caller: Caller = READER) -> Client[Any]:
        return connect(plant_server(self.stores, caller=caller))

    def without_series(self) -> "Plant":
        return Plant(replace(self.stores, series=cast(SeriesStore, DeadSeries())))

    def raise_alert(self, minutes_ago: float, level: AlertLevel = AlertLevel.P1) -> Alert:
        at = NOW - timedelta(minutes=minutes_ago)
        change = AlertChange(
            change="raised",
            alert_type="high_vibration",
            alert_level=level,
            first_seen=at,
            last_seen=at,
            onset=at - timedelta(minutes=5),
            count=1,
            score=1.25,
            deviations=(
                Deviation(channel="temperature", share=0.2, direction="up"),
                Deviation(channel="vibration", value=1.1, limit=1.0, share=0.8, direction="up"),
            ),
        )
        alert = self.stores.alerts.apply("PUMP_01", change, {"vibration": 1.1})
        assert alert is not None
        return alert

    def clearing(self, alert: Alert) -> AlertChange:
        """What clears that alert a minute after it was raised."""
        return AlertChange(
            change="cleared",
            alert_type=alert.alert_type,
            alert_level=alert.alert_level,
            first_seen=alert.first_seen,
            last_seen=alert.first_seen + timedelta(minutes=1),
            onset=alert.onset,
            count=2,
            score=alert.score,
        )


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plant's files, made once; each test has its copy."""
    folder = tmp_path_factory.mktemp("seeded")
    database, series, stores = _open(folder)
    _seed(stores)
    series.close()
    database.close()
    return folder


ON_MARIADB = frozenset(
    {
        "test_alert_history", "test_device_registry", "test_knowledge",
        "test_knowledge_learning",
        "test_work_order_figures", "test_work_order_life", "test_work_orders",
    }
)  # fmt: skip
"""Whose tests are made on either kind of database: what they see is made of queries."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.definition.path.stem
    if "plant" in metafunc.fixturenames and module in ON_MARIADB:
        metafunc.parametrize("plant", ["sqlite", "mariadb"], indirect=True)


@pytest.fixture
def plant(request: pytest.FixtureRequest, seeded: Path, tmp_path: Path) -> Iterator[Plant]:
    folder = shutil.copytree(seeded, tmp_path / "plant")
    url: str | None = None
    if getattr(request, "param", "sqlite") == "mariadb":
        tables: MariadbTables = request.getfixturevalue("mariadb_tables")
        url = tables.filled(seeded / "opsmith.db")
    database, series, stores = _open(folder, url)
    yield Plant(stores)
    series.close()
    database.close()


def _open(folder: Path, url: str | None = None) -> tuple[Database, EmbeddedSeriesStore, Stores]:
    database = Database(url or f"sqlite:///{folder / 'opsmith.db'}")
    series = EmbeddedSeriesStore(folder / "series.db")
    return database, series, Stores.of(database, series, lambda: NOW)


def _seed(stores: Stores) -> None:
    stores.devices.add(
        [
            Device(
                device_id="PUMP_01",
                device_name="Feed pump",
                device_type="pump",
                line_id="L001",
                rated_temp_max=80.0,
                rated_vibration_max=1.0,
                limits={"pressure": Limits(low=1.0, high=3.0)},
                channels=("current", "flow", "pressure", "temperature", "vibration"),
            ),
            Device(device_id="PUMP_02", device_type="pump", rated_temp_max=80.0),
            Device(device_id="MOTOR_01", device_name="Main motor", device_type="motor"),
            Device(device_id="COMP-01", device_type="compressor"),
            Device(device_id="COMP_01", device_type="compressor"),
        ],
        NOW,
    )
    stores.entries.add(load_entries(), NOW)
    rng = np.random.default_rng(7)
    n = int(4 * 3600 / STEP)
    hours = np.arange(-n + 1, 1) * STEP / 3600
    worse = np.clip(hours * 60 + 40, 0, None)
    pump = readings(
        "PUMP_01",
        NOW,
        # 2 K an hour, 70 now: 80 is reached in 5 h.
        temperature=70 + 2 * hours + rng.normal(0, 0.3, n),
        vibration=0.5 + 0.015 * worse + rng.normal(0, 0.02, n),
        pressure=2.1 + rng.normal(0, 0.01, n),
        current=15.0 + rng.normal(0, 0.1, n),
    )
    silent = readings(
        "PUMP_02", NOW - timedelta(minutes=40), temperature=45 + rng.normal(0, 0.2, n)
    )
    stores.series.append([Frame.of(pump), Frame.of(silent)], live=True)


@pytest.fixture
async def reader(plant: Plant) -> AsyncIterator[Client[Any]]:
    async with plant.client() as client:
        yield client


@pytest.fixture
async def writer(plant: Plant) -> AsyncIterator[Client[Any]]:
    async with plant.client(ENGINEER) as client:
        yield client


@pytest.fixture
async def system(plant: Plant) -> AsyncIterator[Client[Any]]:
    async with plant.client(SYSTEM) as client:
        yield client
