"""The doctor: what is configured, what answers, and what to do about the rest."""

import asyncio
import importlib.util
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import make_url

from opsmith.app.data import make_folder, open_tables
from opsmith.app.doctor_servers import look_at_influx, look_at_redis, look_at_tables
from opsmith.app.findings import Finding
from opsmith.clock import wall_clock
from opsmith.errors import BadInput, OpsmithError, Unavailable
from opsmith.settings import Settings
from opsmith.storage.alerts import AlertStore
from opsmith.storage.database import Database
from opsmith.storage.dead_letters import DeadLetterStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.keys import KeyStore
from opsmith.storage.knowledge import KnowledgeStore
from opsmith.storage.knowledge_versions import EntryVersions
from opsmith.storage.proposals import ProposalStore
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_agents.embedding import embedder_from
from opsmith_agents.models import Entry, chain_in, model_from
from opsmith_kb.load import load_entries

KNOCK = 3.0
"""Seconds that a server has to take a connection."""
TRIAL = 20.0
"""Seconds that an LLM has to show what it can do."""

EXTRAS = {
    "llm": ("pydantic_ai",),
    "chat": ("chainlit",),
    "tui": ("textual",),
    "servers": ("confluent_kafka", "influxdb_client", "pymysql", "redis"),
}


def examine(settings: Settings) -> list[Finding]:
    """Look at every part; one that fails does not keep the others from being looked at."""
    return [
        Finding(
            part="language and zone", state="ok", says=f"{settings.language}, {settings.timezone}"
        ),
        *_looked("data folder", lambda: _folder(settings), "OPSMITH_DATA_DIR"),
        *_looked("tables", lambda: _tables(settings), "OPSMITH_DATABASE_URL"),
        *_looked("series", lambda: _series(settings), "OPSMITH_INFLUX_URL"),
        *_looked("bus", lambda: _bus(settings), "OPSMITH_KAFKA_SERVERS"),
        *_looked("cooldown", lambda: _cooldown(settings), "OPSMITH_REDIS_URL"),
        *_llms(settings),
        _embedding(settings),
        *_extras(),
        _writes(settings),
    ]


def _looked(part: str, look: Callable[[], Iterator[Finding]], setting: str) -> Iterator[Finding]:
    """What a look finds, until something does not answer or refuses us."""
    try:
        yield from look()
    except Unavailable as error:
        advice = f"start it, or correct {setting}; what needs it waits until it answers"
        yield Finding(part=part, state="fails", says=str(error), advice=advice)
    except OpsmithError as error:
        yield Finding(part=part, state="fails", says=str(error))
    except ImportError as error:
        advice = "pip install 'opsmith[servers]'"
        says = f"{error.name or 'its driver'} is not installed"
        yield Finding(part=part, state="fails", says=says, advice=advice)


def _folder(settings: Settings) -> Iterator[Finding]:
    make_folder(settings)
    yield Finding(part="data folder", state="ok", says=str(settings.data_dir))


def _tables(settings: Settings) -> Iterator[Finding]:
    with open_tables(settings) as database:
        url = make_url(settings.tables_url)
        shown = url.render_as_string(hide_password=True)
        devices = len(DeviceStore(database).list())
        standing = sum(AlertStore(database).counts().values())
        shared = url.get_backend_name() != "sqlite"
        yield Finding(
            part="tables",
            state="ok",
            says=f"{shown}: {devices} devices, {standing} alerts stand",
            advice="workers on other hosts need a database server"
            if settings.kafka_servers and not shared
            else "",
        )
        yield from look_at_tables(database)
        yield from _kept_in(database)


def _kept_in(database: Database) -> Iterator[Finding]:
    versions = EntryVersions(database)
    versions.bring(load_entries(), wall_clock())
    behind = versions.behind(load_entries())
    yield Finding(
        part="knowledge",
        state="ok",
        says=f"{len(KnowledgeStore(database).all())} failure modes",
        advice=f"{len(behind)} that were changed here have newer texts in opsmith; "
        "`opsmith kb stats` names them"
        if behind
        else "",
    )
    dead = DeadLetterStore(database).count()
    yield Finding(part="dead letters", state="ok", says=f"{dead} messages could not be used")
    states = [key.state(wall_clock()) for key in KeyStore(database).list()]
    yield Finding(
        part="keys",
        state="ok",
        says=f"{states.count('active')} open, {len(states) - states.count('active')} do not",
    )
    waiting = len(ProposalStore(database).find(wall_clock()))
    says = f"{waiting} changes wait for a person (`opsmith proposals list`)"
    yield Finding(part="proposals", state="ok", says=says)


def _series(settings: Settings) -> Iterator[Finding]:
    if settings.influx_url:
        yield from look_at_influx(settings)
        return
    make_folder(settings)
    store = EmbeddedSeriesStore(settings.series_path)
    try:
        extents, newest = store.extents(), store.newest()
    finally:
        store.close()
    readings = sum(extent.count for extent in extents.values())
    until = f", the newest of {newest.isoformat()}" if newest else ""
    yield Finding(
        part="series",
        state="ok",
        says=f"{readings} readings of {len(extents)} devices{until}",
        advice="workers on other hosts need InfluxDB" if settings.kafka_servers else "",
    )


def _bus(settings: Settings) -> Iterator[Finding]:
    if settings.kafka_servers:
        # Its driver may not be installed.
        from opsmith.app.doctor_kafka import look_at_kafka

        yield from look_at_kafka(settings)
        return
    says = f"in process, announcements kept in {settings.journal_path}"
    yield Finding(part="bus", state="ok", says=says)


def _cooldown(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url:
        yield from look_at_redis(settings.redis_url)
        return
    advice = "with several workers each counts for itself; set OPSMITH_REDIS_URL"
    yield Finding(
        part="cooldown",
        state="ok",
        says="in this process's memory",
        advice=advice if settings.kafka_servers else "",
    )


def _extras() -> Iterator[Finding]:
    for extra, packages in EXTRAS.items():
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        yield Finding(
            part=f"extra {extra}",
            state="off" if missing else "ok",
            says=f"{', '.join(missing or packages)} {'not ' if missing else ''}installed",
            advice=f"pip install 'opsmith[{extra}]'" if missing else "",
        )


def _writes(settings: Settings) -> Finding:
    if settings.allow_writes:
        says = "published to clients without a key"
        return Finding(part="write tools", state="ok", says=says)
    return Finding(
        part="write tools",
        state="off",
        says="clients without a key only read",
        advice="`opsmith keys add NAME --role operator`, or OPSMITH_ALLOW_WRITES=true",
    )


def _llms(settings: Settings) -> Iterator[Finding]:
    """What each LLM of the chain can do, tried out."""
    if not settings.llm_model:
        yield Finding(
            part="LLM",
            state="off",
            says="none configured; rules write every report",
            advice="set OPSMITH_LLM_MODEL, and OPSMITH_LLM_API_KEY or OPSMITH_LLM_BASE_URL",
        )
        return
    try:
        model, chain = model_from(settings), chain_in(settings)
    except OpsmithError as error:
        advice = "or unset OPSMITH_LLM_MODEL: rules alone need nothing"
        yield Finding(part="LLM", state="fails", says=str(error), advice=advice)
        return
    assert model is not None, "the settings name one"
    # Here, for the LLM's libraries take a second to import.
    from opsmith_agents.llm_probe import chain_of

    for entry, one in zip(chain, chain_of(model), strict=True):
        yield _llm(entry, one)


def _llm(entry: Entry, model: Any) -> Finding:
    from opsmith_agents.llm_probe import told

    where = f"{entry.name} at {entry.host}"
    advice = "until it answers, rules write every report"
    try:
        if entry.base_url:
            _knock(entry.base_url)
    except OpsmithError as error:
        return Finding(part="LLM", state="fails", says=str(error), advice=advice)
    ability = asyncio.run(told(model, TRIAL))
    match ability.mode:
        case "tools":
            says = f"{where} answers and calls tools ({ability.seconds:.1f} s)"
            return Finding(part="LLM", state="ok", says=says)
        case "evidence":
            says = f"{where} answers, evidence first: {ability.why} ({ability.seconds:.1f} s)"
            return Finding(part="LLM", state="ok", says=says)
        case "none":
            says = f"{where} is of no use: {ability.why}"
            return Finding(part="LLM", state="fails", says=says, advice=advice)


def _embedding(settings: Settings) -> Finding:
    """Whether the embedding model answers with vectors."""
    part = "embedding"
    try:
        embedder = embedder_from(settings)
    except OpsmithError as error:
        advice = "or unset OPSMITH_EMBEDDING_MODEL: the search by words needs nothing"
        return Finding(part=part, state="fails", says=str(error), advice=advice)
    if embedder is None:
        says = "none configured; knowledge is found and ordered by words"
        advice = "set OPSMITH_EMBEDDING_MODEL and OPSMITH_EMBEDDING_BASE_URL"
        return Finding(part=part, state="off", says=says, advice=advice)
    began = time.perf_counter()
    try:
        vectors = embedder.embed(["bearing wear", "轴承磨损"], TRIAL)
    except Unavailable as error:
        advice = "until it answers, knowledge is ordered by words"
        return Finding(part=part, state="fails", says=str(error), advice=advice)
    finally:
        embedder.close()
    took = time.perf_counter() - began
    says = f"{embedder.name} answers with {vectors.shape[1]} numbers a text ({took:.1f} s)"
    slow = "slower than OPSMITH_EMBEDDING_SECONDS: searches give the order by words"
    late = took > settings.embedding_seconds
    return Finding(part=part, state="ok", says=says, advice=slow if late else "")


def _knock(url: str) -> None:
    """See whether anything listens there. Raises `BadInput` or `Unavailable`."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise BadInput(f"Bad setting OPSMITH_LLM_BASE_URL: {error}") from error
    try:
        socket.create_connection((parts.hostname, port), timeout=KNOCK).close()
    except OSError as error:
        raise Unavailable(f"Nothing answers at {parts.hostname}:{port} ({error})") from error
