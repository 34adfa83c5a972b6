"""Every server killed, paused and started again under running workers: nothing lost or twice.

Short by default; `OPSMITH_TEST_RESTARTS=20 pytest -s tests/faults/test_servers.py` for long.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from faults.made_stream import Message, Stream
from faults.outages import AGAIN, Disturber
from faults.plant_on_servers import plant_on, undisturbed, until
from faults.sinks import Sinks, kept, unlike_sent, unlike_undisturbed
from servers import Influx, Kafka, Mariadb, Redis, Server

from opsmith.app.bootstrap import open_plant
from opsmith.settings import Settings

RESTARTS = int(os.environ.get("OPSMITH_TEST_RESTARTS", "1"))
"""Of each server."""
IN_ONE = 5
"""Of each server in one run: a stream that gets ahead of the clock has an end."""
SHORT, LONG = (1.0, 3.0), (1.0, 60.0)
"""Seconds of an outage."""
SEED = 20261123


@dataclass
class Four:
    """The servers of one plant, by what they are to it."""

    bus: Kafka
    tables: Mariadb
    series: Influx
    cooldown: Redis

    def __iter__(self) -> Iterator[tuple[str, Server]]:
        return iter(vars(self).items())


@pytest.fixture(scope="module")
def four(broker: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Four]:
    """Servers that may be killed."""
    folder = tmp_path_factory.mktemp("mortal")
    tables, series, cooldown = (
        Mariadb(folder / "mariadb"),
        Influx(folder / "influx"),
        Redis(folder / "redis"),
    )
    try:
        for server in (tables, series, cooldown):
            server.start()
        yield Four(broker, tables, series, cooldown)
    finally:
        for server in (tables, series, cooldown):
            server.stop()


def runs() -> list[int]:
    """The restarts of each server in each run."""
    return [min(IN_ONE, RESTARTS - start) for start in range(0, RESTARTS, IN_ONE)]


def strange(number: int) -> Message:
    """A device that nobody knows reports an anomaly: an alert, whatever else goes on."""
    name = f"STRANGE_{number:03}"
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return name, (
        f'{{"device_id": "{name}", "timestamp": "{at}", "temperature": 40.0, "status": "ANOMALY"}}'
    ).encode()


def blind(settings: Settings) -> int:
    """Reports that were made while a source could not be reached; they say so."""
    with open_plant(settings) as plant:
        stores = plant.stores
        return sum(
            bool(report.diagnosis.coverage.unavailable)
            for alert in stores.alerts.find(limit=1_000_000)
            for report in stores.reports.versions(alert.trace_id)
        )


def answered(sinks: Sinks) -> None:
    """Keep of reports and orders what they answer: an order that was merged answers nothing.

    How many looks an alert got, and which order took in which, hangs on when each was looked at.
    """
    sinks.reports = Counter((trace_id, 1, "", "") for trace_id in {one[0] for one in sinks.reports})
    sinks.orders = Counter(
        (order[0], *order[3:]) for order in sinks.orders.elements() if len(order) > 3
    )


@pytest.mark.parametrize("run", range(len(runs())))
def test_servers_that_go_and_come_back_lose_nothing_and_nobody_has_to_help(
    run: int, four: Four, modules: Path, tmp_path: Path
) -> None:
    times, chance, began = runs()[run], random.Random(SEED + run), time.monotonic()
    stream = Stream(12, lasts=400 + 260 * (times if RESTARTS > 1 else 0), seed=SEED + run)
    name = f"servers_{uuid4().hex}"
    chosen = {
        "database_url": four.tables.make(name),
        "influx_url": four.series.url,
        "influx_bucket": name,
        "redis_url": four.cooldown.url,
    }
    with plant_on(tmp_path / "shaken", four.bus, modules, stream.devices, **chosen) as plant:
        source = plant.source(stream, gains=4.0)
        workers = [plant.worker("ingest"), plant.worker("respond")]
        until(lambda: all(worker.works() for worker in workers), "both work")
        numbers = count()
        shaken = Disturber(plant, four.bus, workers, lambda: source.put([strange(next(numbers))]))
        outages = [(part, server) for part, server in four for _ in range(times)]
        chance.shuffle(outages)
        for part, server in outages:
            shaken.kill(server, part, chance.uniform(*(SHORT if RESTARTS == 1 else LONG)))
        for part, server in (("tables", four.tables), ("series", four.series)):
            shaken.pause(server, part, chance.uniform(2, 4))
        source.stop()
        plant.rest()
        for worker in workers:
            worker.stop()
        sinks, unseeing = kept(plant.settings), blind(plant.settings)
        reference = kept(undisturbed(tmp_path / "whole", source.sent, stream.devices))

    sys.stdout.write(
        "".join(f"{outage}\n" for outage in shaken.told)
        + f"{len(source.sent)} readings, {len(sinks.alerts)} alerts, {len(sinks.reports)} reports,"
        f" {len(sinks.orders)} orders, {unseeing} reports with a source away, in "
        f"{time.monotonic() - began:.0f} s\n"
    )
    assert not (said := unlike_sent(sinks, source.sent)), "\n".join(said)
    assert unseeing == 0
    for those in (sinks, reference):
        answered(those)
    assert not (said := unlike_undisturbed(sinks, reference)), "\n".join(said)
    assert {alert["status"] for alert in sinks.alerts.values()} == {"COMPLETED"}
    assert [str(outage) for outage in shaken.told if outage.again > AGAIN] == []
