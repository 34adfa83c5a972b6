"""The composition root: the only module that knows how every part is put together."""

import contextlib
import dataclasses
from collections.abc import Collection, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url

from opsmith.app.data import make_folder, open_tables
from opsmith.app.lock import writing
from opsmith.bus.journal import Journal
from opsmith.bus.memory import MemoryBus
from opsmith.clock import NewestReading, wall_clock
from opsmith.errors import BadInput
from opsmith.health import Outages
from opsmith.measured import measured
from opsmith.ports import Bus, Cooldown, SeriesStore, Wake
from opsmith.settings import Settings
from opsmith.storage.cooldown_memory import MemoryCooldown
from opsmith.storage.database import Database
from opsmith.storage.dead_letters import DeadLetterStore
from opsmith.storage.detector_states import DetectorStates
from opsmith.storage.lease import Lease
from opsmith.storage.models import ModelStore
from opsmith.storage.outbox import Outbox
from opsmith.storage.plant import PlantFacts
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith.storage.wake import MemoryWake
from opsmith_agents.embedding import embedder_from
from opsmith_detectors.rules import read_rules
from opsmith_ingest.pipeline import Pipeline
from opsmith_ingest.regimes import Regimes
from opsmith_kb.load import load_entries
from opsmith_mcp.meaning import Meaning
from opsmith_mcp.stores import Stores

ClockKind = Literal["wall", "newest"]


@dataclass(frozen=True)
class Plant:
    """Everything that is open, for one process."""

    settings: Settings
    stores: Stores
    """What the tools work on."""
    dead_letters: DeadLetterStore
    outbox: Outbox
    states: DetectorStates
    cooldown: Cooldown
    outages: Outages
    """What does not answer now, as far as this process knows."""

    @property
    def goes_by_the_wall(self) -> bool:
        """What is now for this plant is what the wall's clock says."""
        return self.stores.clock is wall_clock

    @property
    def shown_url(self) -> str:
        """The tables' URL, without its password."""
        return make_url(self.settings.tables_url).render_as_string(hide_password=True)

    def pipeline(self, *, live: bool) -> Pipeline:
        """An ingest stage over these stores. Raises `BadInput` where its rules are not right."""
        stores, rules_file = self.stores, self.settings.rules_file
        return Pipeline(
            stores.series,
            stores.devices,
            stores.alerts,
            self.dead_letters,
            self.cooldown,
            live=live,
            states=self.states if live else None,
            clock=wall_clock if live and self.goes_by_the_wall else None,
            accepted=self.settings.false_alerts,
            light=self.settings.detection == "light",
            regimes=Regimes(stores.proposals, stores.devices, stores.alerts, stores.reports),
            rules=read_rules(Path(rules_file)) if rules_file else None,
        )

    def bus(self, kept: Collection[str], *, live: bool) -> Bus:
        """The bus: Kafka's where it is set and the readings are the plant's own.

        Args:
            kept: Topics that outlive the process where the bus is in it.
            live: False for recorded readings, which no other worker must take for the plant's.

        Raises:
            BadInput: A setting of the bus cannot be used.
        """
        if not live or not self.settings.kafka_servers:
            return MemoryBus(
                self.settings.kafka_partitions, Journal(self.settings.journal_path, kept)
            )
        with _driver("confluent_kafka"):
            from opsmith.bus.kafka import KafkaBus
        return measured(KafkaBus(self.settings, seats=self.settings.data_dir), "bus", self.outages)

    def lease(self, name: str) -> Lease:
        """A right of one process of all that share the tables."""
        return Lease(self.stores.database, name)


@contextlib.contextmanager
def open_plant(
    settings: Settings,
    clock: ClockKind | None = None,
    *,
    writer: bool = False,
    beside: bool = False,
) -> Generator[Plant]:
    """Open what the settings name, and close it at the end.

    Args:
        settings: Where everything is.
        clock: What the plant goes by from here on; None: by what the last run said.
        writer: Take the data folder's lock: this process runs stages.
        beside: Share that lock with other workers, which get their readings by Kafka.

    Raises:
        BadInput: A path or URL cannot be used.
        Unavailable: A server does not answer.
    """
    make_folder(settings)
    with contextlib.ExitStack() as stack:
        if writer:
            stack.enter_context(writing(settings.data_dir, beside=beside))
        outages = Outages()
        outages.expect("tables", "series", "bus", "cooldown")
        database = stack.enter_context(open_tables(settings, outages))
        series = measured(_series(settings), "series", outages)
        stack.callback(series.close)
        cooldown = _cooldown(settings, outages)
        stack.callback(cooldown.close)
        wake = _wake(settings)
        stack.callback(wake.close)
        facts = PlantFacts(database)
        if clock is not None and facts.get("clock") != clock:
            facts.set("clock", clock)
        live = facts.get("clock") != "newest"
        stores = dataclasses.replace(
            Stores.of(database, series, wall_clock if live else NewestReading(series.newest)),
            models=ModelStore(settings.data_dir / "models", "rul"),
            wake=wake,
            meaning=_meaning(settings, database, outages, stack),
        )
        stores.outcomes.versions.bring(load_entries(), wall_clock())
        yield Plant(
            settings,
            stores,
            DeadLetterStore(database),
            Outbox(database),
            DetectorStates(database),
            cooldown,
            outages,
        )


def _series(settings: Settings) -> SeriesStore:
    if not settings.influx_url:
        return EmbeddedSeriesStore(settings.series_path)
    with _driver("influxdb_client"):
        from opsmith.storage.series_influx import InfluxSeriesStore
    return InfluxSeriesStore(
        settings.influx_url,
        settings.influx_token.get_secret_value(),
        settings.influx_org,
        settings.influx_bucket,
        raw_days=settings.raw_days,
        aggregate_days=settings.aggregate_days,
    )


def _meaning(
    settings: Settings, database: Database, outages: Outages, stack: contextlib.ExitStack
) -> Meaning | None:
    embedder = embedder_from(settings, outages)
    if embedder is None:
        return None
    meaning = Meaning(embedder, database, settings.embedding_seconds)
    stack.callback(meaning.close)
    return meaning


def _cooldown(settings: Settings, outages: Outages) -> Cooldown:
    if not settings.redis_url:
        return MemoryCooldown()
    with _driver("redis"):
        from opsmith.storage.cooldown_redis import RedisCooldown
        from opsmith.storage.cooldown_steady import SteadyCooldown
    return SteadyCooldown(RedisCooldown(settings.redis_url), outages)


def _wake(settings: Settings) -> Wake:
    if not settings.redis_url:
        return MemoryWake()
    with _driver("redis"):
        from opsmith.storage.wake_redis import RedisWake
    return RedisWake(settings.redis_url)


@contextlib.contextmanager
def _driver(package: str) -> Generator[None]:
    """Import what only some plants need. Raises `BadInput` where it is not installed."""
    try:
        yield
    except ImportError as error:
        raise BadInput(f"{package} is not installed; pip install 'opsmith[servers]'") from error
