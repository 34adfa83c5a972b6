"""Queries of the workers: which process runs which stage, and when it was last heard of."""

import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import delete, select

from opsmith.domain.base import Model, Moment
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import worker as table
from opsmith.storage.upsert import upsert

BEAT = timedelta(seconds=10)
"""How often a worker is heard of."""

FORGOTTEN = timedelta(days=7)
"""After which silence a worker's row goes."""

MOST = 500


class Worker(Model):
    """One process that runs one stage."""

    name: str
    stage: str
    host: str
    pid: int
    started_at: Moment
    seen_at: Moment
    facts: dict[str, Any] = Field(description="What the stage says of itself, such as its lag.")


class WorkerStore:
    """The processes that run stages; a row for each stage of each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beaten = set[str]()

    def beat(self, stage: str, now: datetime, facts: Mapping[str, Any]) -> None:
        """Say that this process runs that stage, and how it is doing."""
        host, pid = socket.gethostname()[:60], os.getpid()
        name = f"{host}:{pid}:{stage}"[:100]
        news = {"seen_at": now, "facts": dict(facts)}
        own = {"name": name, "stage": stage, "host": host, "pid": pid, "started_at": now}
        with self._database.write(apart=True) as connection:
            upsert(connection, table, [own | news], tuple(news))
        if name not in self._beaten:
            self._beaten.add(name)
            self._forget(now)

    def gone(self, stage: str) -> None:
        """Say that this process runs that stage no longer."""
        name = f"{socket.gethostname()[:60]}:{os.getpid()}:{stage}"[:100]
        with self._database.write(apart=True) as connection:
            connection.execute(delete(table).where(table.c.name == name))

    def all(self) -> list[Worker]:
        """Every worker, the one heard of last first."""
        query = select(table).order_by(table.c.seen_at.desc(), table.c.name).limit(MOST)
        with self._database.read() as connection:
            return [Worker.model_validate(mapping(row)) for row in connection.execute(query)]

    def _forget(self, now: datetime) -> None:
        with self._database.read() as connection:
            silent = select(table.c.name).where(table.c.seen_at < now - FORGOTTEN)
            names = list(connection.execute(silent).scalars())
        # By their names: what looks at every row waits for every worker.
        for name in names:
            with self._database.write(apart=True) as connection:
                gone = delete(table).where(table.c.name == name)
                connection.execute(gone.where(table.c.seen_at < now - FORGOTTEN))
