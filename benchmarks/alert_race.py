"""Many writers, one fault: each device's alert and order must come to be exactly once.

    python benchmarks/alert_race.py [--devices 1000] [--triggers 100] [--writers 8] [--processes]
        [--url mysql+pymysql://user:password@host/empty_database]

Every writer has a database connection of its own, and all of them write the same alert of the same
device at the same time; each then orders the work, as the responder does. Ends with 1 where
anything is there twice or missing.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from opsmith.domain.alerts import AlertChange, AlertLevel, trace_id_of
from opsmith.domain.devices import Device
from opsmith.domain.events import ALERTS, ORDERS
from opsmith.domain.work_orders import UNDONE, Plan
from opsmith.storage.alerts import AlertStore
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore
from opsmith.storage.outbox import Outbox
from opsmith.storage.work_orders import WorkOrderStore

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)
PLAN = Plan(order_type="PLANNED", priority=AlertLevel.P1, description="Look at the bearing")
CHANGE = AlertChange(
    change="raised",
    alert_type="high_vibration",
    alert_level=AlertLevel.P1,
    first_seen=NOW,
    last_seen=NOW,
    onset=NOW,
    count=1,
    score=1.5,
)


def write(url: str, devices: int, triggers: int, wait: Callable[[], object]) -> None:
    """One writer: its share of the triggers of every device, one device after the other."""
    database = Database(url)
    alerts, orders = AlertStore(database), WorkOrderStore(database)
    wait()
    for i in range(devices):
        device_id = f"PUMP_{i:04d}"
        for _ in range(triggers):
            alerts.apply(device_id, CHANGE, {"vibration": 1.2})
            # Who comes second answers it all the same.
            trace_id = trace_id_of(device_id, CHANGE.alert_type, CHANGE.first_seen)
            orders.create(device_id, PLAN, NOW, trace_id, "bearing_wear")
    database.close()


def race(
    url: str, devices: int, triggers: int, writers: int, *, processes: bool
) -> dict[str, object]:
    """Let the writers go at once; what came of it."""
    database = Database(url)
    DeviceStore(database).add([Device(device_id=f"PUMP_{i:04d}") for i in range(devices)], NOW)
    shares = [len(range(first, triggers, writers)) for first in range(writers)]
    context = multiprocessing.get_context("spawn")
    if processes:
        gate = context.Barrier(writers + 1)
        made = [
            context.Process(target=write, args=(url, devices, share, gate.wait)) for share in shares
        ]
    else:
        gate = threading.Barrier(writers + 1)
        made = [
            threading.Thread(target=write, args=(url, devices, share, gate.wait))
            for share in shares
        ]
    for one in made:
        one.start()
    gate.wait(timeout=120)
    began = time.perf_counter()
    for one in made:
        one.join()
    seconds = time.perf_counter() - began
    alerts = AlertStore(database).find(limit=10 * devices)
    orders = WorkOrderStore(database).find(statuses=UNDONE, limit=10 * devices)
    told = Outbox(database).waiting(limit=100 * devices)
    database.close()
    return {
        "alerts": len(alerts),
        "devices_with_an_alert": len({alert.device_id for alert in alerts}),
        "open_orders": len(orders),
        "devices_with_an_order": len({order.device_id for order in orders}),
        "announced_alerts": sum(one.topic == ALERTS for one in told),
        "announced_orders": sum(one.topic == ORDERS for one in told),
        "seconds": round(seconds, 2),
        "triggers_per_second": round(devices * triggers / seconds),
    }


def main() -> int:
    """Run the race and print what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--triggers", type=int, default=100)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--processes", action="store_true", help="Instead of threads.")
    parser.add_argument("--url", help="Of an empty database; SQLite in a new folder if not given.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{Path(folder) / 'opsmith.db'}"
        came = race(url, asked.devices, asked.triggers, asked.writers, processes=asked.processes)
    once = all(count == asked.devices for count in list(came.values())[:6])
    sys.stdout.write(json.dumps({**came, "exactly_once": once}) + "\n")
    return 0 if once else 1


if __name__ == "__main__":
    sys.exit(main())
