"""Workers come, go, die and freeze while readings flow: nothing is lost, and nothing told twice.

Short by default; `OPSMITH_TEST_REBALANCES=100 pytest -s tests/faults/test_rebalances.py` for long.
"""

import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from faults.made_stream import Stream
from faults.plant_on_servers import PATIENCE, ServerPlant, Worker, plant_on, undisturbed, until
from faults.sinks import kept, unlike_sent, unlike_undisturbed
from servers import Influx, Kafka, Mariadb, Redis

REBALANCES = int(os.environ.get("OPSMITH_TEST_REBALANCES", "6"))
AT_ONCE = 25
"""Changes in one run, at most."""
MOST = 4
"""Workers of a stage at a time."""
SESSION = 2.0
"""Seconds without a sign of life after which a member's partitions go to others."""
DEVICES = 24
SEED = 20261123


@dataclass
class Crew:
    """The ingest workers of a plant, and the changes among them."""

    plant: ServerPlant
    chance: random.Random
    living: list[Worker] = field(default_factory=list[Worker])
    done: Counter[str] = field(default_factory=Counter[str])

    def join(self) -> None:
        """One more."""
        worker = self.plant.worker("ingest")
        self.living.append(worker)
        # One more than there are partitions stands by.
        if len(self.living) <= self.plant.settings.kafka_partitions:
            until(lambda: worker.works() or not worker.is_alive, "the new one works")

    def leave(self) -> None:
        """One fewer, in order."""
        self._some().stop()

    def die(self) -> None:
        """One fewer, without a word; the others get its partitions once its session is over."""
        self._some().kill()

    def freeze(self) -> None:
        """One does nothing for longer than its session, and then goes on where it was."""
        worker = self._some()
        worker.pause()
        self.living.append(worker)
        began = time.monotonic()
        until(lambda: time.monotonic() - began > 2 * SESSION, "it counts as dead")
        self.keep_up()
        worker.go_on()

    def change(self, turn: int) -> None:
        """The next change of the crew."""
        can = ["freeze"] if len(self.living) > 1 else []
        can += ["leave", "die"] if len(self.living) > 1 else []
        can += ["join", "join"] if len(self.living) < MOST else []
        # The first turns are one of each.
        first = ("freeze", "die", "join", "leave", "join", "freeze")
        what = first[turn] if turn < len(first) else self.chance.choice(can)
        self.done[what] += 1
        getattr(self, what)()
        self.keep_up()

    def keep_up(self) -> None:
        """Wait until nothing older than about two seconds waits."""
        until(lambda: self.plant.behind("ingest") <= 8 * DEVICES, "every partition is worked on")

    def end(self) -> None:
        """Stop all."""
        for worker in self.living:
            worker.stop()

    def _some(self) -> Worker:
        return self.living.pop(self.chance.randrange(len(self.living)))


def runs() -> list[int]:
    """The changes of each run."""
    return [min(AT_ONCE, REBALANCES - start) for start in range(0, REBALANCES, AT_ONCE)]


@pytest.mark.parametrize("run", range(len(runs())))
def test_partitions_that_change_hands_lose_nothing_and_tell_nothing_twice(
    run: int,
    broker: Kafka,
    mariadb: Mariadb,
    influx: Influx,
    redis: Redis,
    modules: Path,
    tmp_path: Path,
) -> None:
    changes, chance, began = runs()[run], random.Random(SEED + run), time.monotonic()
    partitions = (6, 3, 12, 4, 8)[run % 5]
    stream = Stream(DEVICES, lasts=300 + 15 * changes, seed=SEED + run)
    name = f"rebalanced_{uuid4().hex}"
    # Of an embedded store a frozen worker may hold the lock, which nobody can take from it.
    chosen = {
        "database_url": mariadb.make(name),
        "influx_url": influx.url,
        "influx_bucket": name,
        "redis_url": redis.url,
        "kafka_partitions": partitions,
        "kafka_session": SESSION,
    }
    with plant_on(tmp_path / "shared", broker, modules, stream.devices, **chosen) as plant:
        source = plant.source(stream, gains=240 / (8 * changes))
        crew = Crew(plant, chance)
        responders = [plant.worker("respond"), plant.worker("respond")]
        crew.join()
        crew.join()
        for turn in range(changes):
            crew.change(turn)
        source.stop()
        plant.rest(PATIENCE)
        crew.end()
        for worker in responders:
            worker.stop()
        sinks = kept(plant.settings)
        reference = kept(undisturbed(tmp_path / "whole", source.sent, stream.devices))

    sys.stdout.write(
        f"{dict(crew.done)} with {partitions} partitions, {len(source.sent)} readings, "
        f"{len(sinks.alerts)} alerts, {len(sinks.reports)} reports, {len(sinks.orders)} orders in "
        f"{time.monotonic() - began:.0f} s\n"
    )
    assert not (said := unlike_sent(sinks, source.sent)), "\n".join(said)
    assert not (said := unlike_undisturbed(sinks, reference)), "\n".join(said)
    assert not [one for one in sinks.alerts.values() if one["alert_type"] == "no_data"]
    first = [trace_id for trace_id, version, *_ in sinks.reports.elements() if version == 1]
    assert sorted(first) == sorted(sinks.alerts)
