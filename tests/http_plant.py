"""A plant of two factories, its servers on a free port, and arguments for any tool of it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from fastmcp import Client

from opsmith.access import Caller, Role
from opsmith.app.web import address_of, listening, serving
from opsmith.domain.alerts import AlertChange, AlertLevel, Deviation
from opsmith.domain.devices import Device
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.domain.work_orders import Plan
from opsmith.storage.database import Database
from opsmith.storage.keys import KeyStore
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_kb.load import load_entries
from opsmith_mcp.bearer import calling
from opsmith_mcp.client import connect
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_mcp.http import HttpServers
from opsmith_mcp.limits import Limits
from opsmith_mcp.origins import Names
from opsmith_mcp.stores import Stores

NOW = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
BY = Caller("Wang Fang", Role.ADMIN, via="command", is_person=True)
WIDE = Limits(per_second=100_000, burst=100_000)
"""For tests of anything but how much is taken on."""


@dataclass(frozen=True)
class Device1:
    """One device and what was made of it."""

    factory_id: str
    device_id: str
    device_name: str
    trace_id: str
    order_no: str
    work: str
    person: str

    @property
    def marks(self) -> tuple[str, ...]:
        """Signs by which an answer gives it away."""
        return (
            self.factory_id, self.device_id, self.device_name, self.trace_id, self.order_no,
            self.work, self.person,
        )  # fmt: skip


@contextlib.contextmanager
def stores_in(folder: Path) -> Generator[Stores]:
    """Stores that go by `NOW`."""
    database = Database(f"sqlite:///{folder / 'opsmith.db'}")
    series = EmbeddedSeriesStore(folder / "series.db")
    try:
        stores = Stores.of(database, series, lambda: NOW)
        stores.entries.add(load_entries(), NOW)
        yield stores
    finally:
        series.close()
        database.close()


def add_factory(stores: Stores, factory_id: str, device_id: str, name: str, work: str) -> Device1:
    """A device with readings, an alert that stands and an open order."""
    line = f"LINE-{factory_id}"
    stores.devices.add(
        [
            Device(
                device_id=device_id, device_name=name, device_type="pump", factory_id=factory_id,
                line_id=line, rated_temp_max=80.0, rated_vibration_max=1.0,
                channels=("temperature", "vibration"),
            )
        ],
        NOW,
    )  # fmt: skip
    n = 720
    values = np.column_stack([np.linspace(60, 75, n), np.linspace(0.5, 1.1, n)])
    back = np.arange(n - 1, -1, -1) * 20_000_000
    times = np.datetime64(NOW.replace(tzinfo=None), "us") - back.astype("timedelta64[us]")
    batch = ReadingBatch(
        device_id, ("temperature", "vibration"), times, values,
        np.zeros(values.shape, np.uint8), ("NORMAL",) * n,
    )  # fmt: skip
    stores.series.append([Frame.of(batch)], live=True)
    change = AlertChange(
        change="raised", alert_type="high_vibration", alert_level=AlertLevel.P1,
        first_seen=NOW - timedelta(minutes=5), last_seen=NOW, onset=NOW - timedelta(minutes=40),
        count=60, score=1.1,
        deviations=(
            Deviation(channel="vibration", value=1.05, limit=1.0, share=1.0, direction="up"),
        ),
    )  # fmt: skip
    alert = stores.alerts.apply(device_id, change, {"vibration": 1.05})
    assert alert is not None
    plan = Plan(order_type="PLANNED", priority=AlertLevel.P2, description=work)
    order, _ = stores.orders.create(device_id, plan, NOW - timedelta(hours=2))
    person = f"Fitter of {name}"
    return Device1(factory_id, device_id, name, alert.trace_id, order.order_no, work, person)


@dataclass(frozen=True)
class Served:
    """Servers that run in a thread of their own."""

    url: str
    stores: Stores
    keys: KeyStore
    servers: HttpServers
    here: Device1
    there: Device1
    """Of the other factory."""
    loop: asyncio.AbstractEventLoop
    """Of the servers' thread."""

    def key(self, name: str, role: Role, *factories: str, days: float | None = None) -> str:
        """A new key."""
        ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
        return self.keys.add(name, role, factories or None, ends, by=BY)[1]

    def tasks(self) -> int:
        """How many tasks there are in the servers' thread."""
        return len(asyncio.all_tasks(self.loop))

    def client(self, key: str = "", path: str = "/mcp") -> Client[Any]:
        return connect(self.url + path, key)


@contextlib.contextmanager
def served_plant(
    folder: Path,
    *,
    paths: Sequence[str] = ("/mcp",),
    limits: Limits = WIDE,
    names: Names | None = None,
    is_local: bool = True,
    also: Callable[[Stores], None] = lambda stores: None,
) -> Generator[Served]:
    """Serve a plant of two factories on a free port of this machine."""
    with stores_in(folder) as stores, listening("127.0.0.1", 0) as listener:
        here = add_factory(stores, "F001", "PUMP_01", "Feed pump", "Grease the coupling")
        there = add_factory(stores, "F002", "ZULU_77", "Quarry blower", "Swap the zebra gasket")
        also(stores)
        keys = KeyStore(stores.database)
        groups = {path: EVERY if path == "/mcp" else (path[5:],) for path in paths}
        servers = HttpServers(
            {path: plant_server(stores, groups[path], calling) for path in paths},
            keys, names or Names(), is_local=is_local, limits=limits,
        )  # fmt: skip
        ready, ended = threading.Event(), list[BaseException]()
        stop = asyncio.Event()
        loops = list[asyncio.AbstractEventLoop]()

        async def run() -> None:
            loops.append(asyncio.get_running_loop())
            async with serving(servers, listener), servers.running():
                ready.set()
                await stop.wait()

        def work() -> None:
            try:
                asyncio.run(run())
            except BaseException as error:
                ended.append(error)
            finally:
                ready.set()

        thread = threading.Thread(target=work)
        thread.start()
        assert ready.wait(60) and not ended, ended
        try:
            url = f"http://{address_of(listener)}"
            yield Served(url, stores, keys, servers, here, there, loops[0])
        finally:
            if not ended:
                loops[0].call_soon_threadsafe(stop.set)
            thread.join(60)
            assert not thread.is_alive() and not ended, ended


def arguments_for(tool: Any, about: Device1, *, wide: bool = False) -> dict[str, Any]:
    """Arguments of a listed tool that ask about a device; `wide`: the optional ones too."""
    known: dict[str, Any] = {
        "device_id": about.device_id, "trace_id": about.trace_id, "order_no": about.order_no,
        "line_id": f"LINE-{about.factory_id}", "factory_id": about.factory_id,
        "channel": "temperature", "onset": "2026-02-28T11:20:00Z",
        "entry_id": "bearing_wear", "device_type": "pump", "job_id": "JOB-0001",
        "proposal_id": "PR-20260228-0001", "text": about.work, "description": about.work,
        "status": "STOPPED", "outcome": "COMPLETED", "minutes": 30, "priority": "P2",
        "reason": "no need", "assigned_to": about.person, "closing_notes": "done",
        "uri": f"device://{about.device_id}", "question": "why",
    }  # fmt: skip
    schema = tool.inputSchema
    wanted = [*schema.get("required", ())]
    if wide:
        wanted += [
            name for name in schema["properties"]
            if name in ("device_id", "trace_id", "line_id", "factory_id", "order_no", "channel")
        ]  # fmt: skip
    given: dict[str, Any] = {}
    for name in wanted:
        allowed = schema["properties"][name].get("enum")
        value = known[name] if name in known else _some(schema["properties"][name], about)
        given[name] = allowed[0] if allowed and value not in allowed else value
    if "assigned_to" in schema["properties"]:
        given["assigned_to"] = about.person
    return given


def _some(schema: dict[str, Any], about: Device1) -> Any:
    """Something that an argument takes of which no more is known than its schema."""
    match schema.get("type"):
        case "array":
            return [_some(schema.get("items", {}), about)]
        case "object":
            return {}
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return schema.get("enum", [about.work])[0]
