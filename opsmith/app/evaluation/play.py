"""Carry cases through the real chain, in a plant of their own that is thrown away after."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chain import running
from opsmith.app.evaluation.cases import END, Case
from opsmith.domain.alerts import Alert
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.moments import to_time
from opsmith.domain.readings import ReadingBatch
from opsmith.domain.work_orders import WorkOrder
from opsmith.settings import Settings

CHUNK = timedelta(minutes=5)
"""Of plant time, between two looks for devices that fell silent."""
MOST = 1000
"""Alerts of one device that are looked up."""
ATTEMPTS = 3

Progress = Callable[[float], None]
"""Told how much is done, 0 to 1."""


@dataclass(frozen=True)
class Told:
    """One alert, and what the chain made of it."""

    alert: Alert
    versions: tuple[DiagnosisReport, ...]
    """Of its report, the oldest first; none where the alert was held back."""
    orders: tuple[WorkOrder, ...]
    """That answer it."""


@dataclass(frozen=True)
class Played:
    """One case, and all that was said of it."""

    case: Case
    told: tuple[Told, ...]
    """The oldest alert first."""
    orders: tuple[WorkOrder, ...]
    """All of its devices, also those that stood before."""

    def of(self, device_id: str) -> tuple[Told, ...]:
        """What was said of one device."""
        return tuple(one for one in self.told if one.alert.device_id == device_id)


@dataclass(frozen=True)
class Spent:
    """Where the time of a run went."""

    seconds: float
    readings: int


def play(settings: Settings, cases: Sequence[Case], tell: Progress) -> tuple[list[Played], Spent]:
    """Simulate the cases and run them through the chain, all in one plant.

    Args:
        settings: The model and the language are taken from these; their data is not touched.
        cases: What happens.
        tell: Told how far it is.
    """
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="opsmith-eval-") as folder,
        open_plant(apart(settings, Path(folder)), "newest", writer=True) as plant,
    ):
        readings = asyncio.run(_run(plant, cases, tell))
        played = [_played(plant, case) for case in cases]
    return played, Spent(time.perf_counter() - began, readings)


def apart(settings: Settings, folder: Path) -> Settings:
    """The same settings over an empty data folder, without what could reach the plant's own."""
    names = ("database_url", "kafka_servers", "influx_url", "redis_url", "rules_file")
    return settings.model_copy(update={"data_dir": folder} | dict.fromkeys(names, ""))


async def _run(plant: Plant, cases: Sequence[Case], tell: Progress) -> int:
    for case in cases:
        plant.stores.devices.add([machine.device for machine in case.machines], case.start)
        if case.orders:
            plant.stores.orders.put(case.orders, case.start)
    sent = [(machine.device, case.readings(machine)) for case in cases for machine in case.machines]
    start, count = min(case.start for case in cases), 0
    async with running(plant, live=False, attempts=ATTEMPTS) as chain:
        for begin in _times(start, END):
            for device, batch in sent:
                part = _between(batch, begin, begin + CHUNK)
                count += len(part)
                if len(part):
                    await chain.publish(
                        [part], factory_id=device.factory_id, line_id=device.line_id
                    )
            # Silence is judged on what has been looked at, as in a plant that runs.
            await chain.rest()
            await asyncio.to_thread(chain.silent)
            tell((begin + CHUNK - start) / (END - start + CHUNK))
        await chain.rest()
    return count


def _played(plant: Plant, case: Case) -> Played:
    stores = plant.stores
    told: list[Told] = []
    orders: list[WorkOrder] = []
    for machine in case.machines:
        device_id = machine.device.device_id
        orders += stores.orders.find(device_id, limit=MOST)
        for alert in stores.alerts.find(device_id, limit=MOST):
            versions = sorted(stores.reports.versions(alert.trace_id), key=lambda v: v.version)
            answering = stores.orders.find(trace_id=alert.trace_id, limit=MOST)
            told.append(Told(alert, tuple(versions), tuple(answering)))
    told.sort(key=lambda one: (one.alert.first_seen, one.alert.trace_id))
    return Played(case, tuple(told), tuple(orders))


def _times(start: datetime, end: datetime) -> list[datetime]:
    count = -((start - end) // CHUNK)
    return [start + CHUNK * turn for turn in range(count)]


def _between(batch: ReadingBatch, start: datetime, end: datetime) -> ReadingBatch:
    first, last = np.searchsorted(batch.times, [to_time(start), to_time(end)]).tolist()
    return replace(
        batch,
        times=batch.times[first:last],
        values=batch.values[first:last],
        quality=batch.quality[first:last],
        statuses=batch.statuses[first:last],
    )
