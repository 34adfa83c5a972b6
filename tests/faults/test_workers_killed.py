"""Kill -9 at named moments of workers on real servers: nothing lost, nothing twice.

Short by default; `OPSMITH_TEST_KILLS=200 pytest -s tests/faults/test_workers_killed.py` for long.
"""

import os
import random
import statistics
import sys
import time
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from uuid import uuid4

import pytest
from faults.dying import INGEST, RESPOND
from faults.made_stream import Stream
from faults.plant_on_servers import (
    PATIENCE,
    Part,
    ServerPlant,
    Worker,
    plant_on,
    published,
    undisturbed,
    until,
)
from faults.sinks import kept, unlike_sent, unlike_undisturbed
from servers import Kafka, Mariadb, Redis

from opsmith.domain.events import ALERTS, ORDERS, REPORTS

KILLS = int(os.environ.get("OPSMITH_TEST_KILLS", "6"))
AT_ONCE = 40
"""Kills in one run, at most: a stream that gets ahead of the clock has an end."""
SEED = 20261122


@dataclass
class Mortal:
    """The place of one worker, which is started again each time it dies."""

    plant: ServerPlant
    part: Part
    moments: tuple[str, ...]
    kills: int
    chance: random.Random
    deaths: list[str] = field(default_factory=list[str])
    recovered: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        self._turn = cycle(self.moments)
        self._worker = self._born()

    def _born(self) -> Worker:
        if len(self.deaths) >= self.kills:
            return self.plant.worker(self.part)
        moment = next(self._turn)
        # A moment of every tool call comes more often than one of every batch.
        most = 12 if moment == "mid-diagnosis" else 3
        return self.plant.worker(self.part, moment, self.chance.randint(1, most))

    def look(self) -> bool:
        """Raise the dead; whether the last one works."""
        if self._worker.died():
            self.deaths.append(self._worker.moment)
            self._note()
            self._worker = self._born()
        return len(self.deaths) >= self.kills and self._worker.works()

    def end(self) -> None:
        """Stop the last one in order."""
        self._note()
        self._worker.stop()

    def _note(self) -> None:
        if self._worker.recovered is not None:
            self.recovered.append(self._worker.recovered)


def runs() -> list[int]:
    """The kills of each run."""
    return [min(AT_ONCE, KILLS - start) for start in range(0, KILLS, AT_ONCE)]


@pytest.mark.parametrize("run", range(len(runs())))
def test_workers_killed_at_the_worst_moments_lose_nothing_and_do_nothing_twice(
    run: int, broker: Kafka, mariadb: Mariadb, redis: Redis, modules: Path, tmp_path: Path
) -> None:
    kills, chance, began = runs()[run], random.Random(SEED + run), time.monotonic()
    stream = Stream(24, lasts=300 + 12 * kills, seed=SEED + run)
    chosen = {"database_url": mariadb.make(f"killed_{uuid4().hex}"), "redis_url": redis.url}
    with plant_on(tmp_path / "killed", broker, modules, stream.devices, **chosen) as plant:
        source = plant.source(stream, gains=240 / (5 * kills))
        responding = kills // 3
        mortals = [
            Mortal(plant, "ingest", INGEST, kills - responding, chance),
            Mortal(plant, "respond", RESPOND, responding, chance),
        ]
        until(
            lambda: all([each.look() for each in mortals]),
            f"{kills} kills",
            PATIENCE + 20 * kills,
        )
        source.stop()
        plant.rest()
        for each in mortals:
            each.end()
        sinks = kept(plant.settings)
        reference = kept(undisturbed(tmp_path / "whole", source.sent, stream.devices))
        told = {topic: published(broker, topic) for topic in (ALERTS, REPORTS, ORDERS)}

    recovered = [seconds for each in mortals for seconds in each.recovered]
    sys.stdout.write(
        f"{sum(len(each.deaths) for each in mortals)} kills, {len(source.sent)} readings, "
        f"{len(sinks.alerts)} alerts, {len(sinks.reports)} reports, {len(sinks.orders)} orders in "
        f"{time.monotonic() - began:.0f} s; from start to commit: median "
        f"{statistics.median(recovered):.1f} s, at most {max(recovered):.1f} s "
        f"({len(recovered)} lives)\n"
    )
    assert {moment for each in mortals for moment in each.deaths} == {*INGEST, *RESPOND}
    assert not (said := unlike_sent(sinks, source.sent)), "\n".join(said)
    assert not (said := unlike_undisturbed(sinks, reference)), "\n".join(said)
    assert {alert["status"] for alert in sinks.alerts.values()} == {"COMPLETED"}
    assert {e["alert"]["trace_id"] for e in told[ALERTS] if e["change"] == "raised"} == {
        *sinks.alerts
    }
    assert {(e["report"]["trace_id"], e["report"]["version"]) for e in told[REPORTS]} == {
        report[:2] for report in sinks.reports
    }
    created = {e["order"]["order_no"] for e in told[ORDERS] if e["change"] == "created"}
    assert len(created) == sinks.orders.total()
