"""What comes again changes nothing; what several could do is done by one."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from faults.made_stream import Stream
from faults.plant_on_servers import Worker, plant_on, published, undisturbed, until
from faults.sinks import kept, unlike_sent, unlike_undisturbed
from servers import Kafka, Mariadb, Redis
from sqlalchemy import select

from opsmith.app.data import open_tables
from opsmith.domain.events import ALERTS
from opsmith.metrics import DIAGNOSES
from opsmith.settings import Settings
from opsmith.storage.tables import metadata

DEVICES = 30

OF_THE_CLOCK = {"worker", "device_health", "forecast_record"}
"""Tables that go on with the wall's clock, whatever comes or does not come."""


def rows(settings: Settings) -> dict[str, list[Any]]:
    """Every row of every table, but for those that change with the clock."""
    with open_tables(settings) as database, database.read() as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table))]
            for name, table in sorted(metadata.tables.items())
            if name not in OF_THE_CLOCK
        }


def diagnoses(workers: list[Worker]) -> int:
    """How often an alert was diagnosed."""
    return sum(len(worker.told("diagnosed")) for worker in workers)


def counted() -> float:
    """The same in this process."""
    return sum(s.value for m in DIAGNOSES.collect() for s in m.samples if s.name.endswith("_total"))


def test_a_diagnosis_runs_once_and_everything_that_comes_twice_changes_nothing(
    broker: Kafka, mariadb: Mariadb, redis: Redis, modules: Path, tmp_path: Path
) -> None:
    stream = Stream(DEVICES, lasts=240)
    chosen = {"database_url": mariadb.make(f"twice_{uuid4().hex}"), "redis_url": redis.url}
    with plant_on(tmp_path / "plant", broker, modules, stream.devices, **chosen) as plant:
        source = plant.source(stream, gains=20)
        ingest = plant.worker("ingest")
        responders = [plant.worker("respond") for _ in range(3)]
        for worker in (ingest, *responders):
            until(worker.works, "every worker has a share")
        source.stop()
        plant.rest()
        sinks, before, ran = kept(plant.settings), rows(plant.settings), diagnoses(responders)
        began = counted()
        reference = kept(undisturbed(tmp_path / "whole", source.sent, stream.devices))

        assert not (said := unlike_sent(sinks, source.sent)), "\n".join(said)
        assert not (said := unlike_undisturbed(sinks, reference)), "\n".join(said)
        assert ran == counted() - began
        assert all(diagnoses([worker]) for worker in responders)

        source.again()
        plant.rest()
        after = rows(plant.settings)
        assert [name for name, table in before.items() if after[name] != table] == []
        assert unlike_undisturbed(kept(plant.settings), sinks) == []
        assert diagnoses(responders) == ran

        source.once_more(ALERTS, published(broker, ALERTS))
        plant.rest()
        after = rows(plant.settings)
        # The responders called again to write what stood already, and each such call is noted.
        changed = {name for name, table in before.items() if after[name] != table}
        assert changed <= {"audit_log"}
