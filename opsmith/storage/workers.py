"""Queries of the workers: which process runs which stage, and when it was last heard of."""

import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import delete, insert, select, update

from opsmith.domain.base import Model, Moment
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import worker as table

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

    def beat(self, stage: str, now: datetime, facts: Mapping[str, Any]) -> None:
        """Say that this process runs that stage, and how it is doing."""
        host, pid = socket.gethostname()[:60], os.getpid()
        name = f"{host}:{pid}:{stage}"[:100]
        values = {"seen_at": now, "facts": dict(facts)}
        with self._database.write() as connection:
            known = update(table).where(table.c.name == name).values(**values)
            if connection.execute(known).rowcount:
                return
            connection.execute(delete(table).where(table.c.seen_at < now - FORGOTTEN))
            own = {"name": name, "stage": stage, "host": host, "pid": pid, "started_at": now}
            connection.execute(insert(table).values(**own, **values))

    def gone(self, stage: str) -> None:
        """Say that this process runs that stage no longer."""
        name = f"{socket.gethostname()[:60]}:{os.getpid()}:{stage}"[:100]
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.name == name))

    def all(self) -> list[Worker]:
        """Every worker, the one heard of last first."""
        query = select(table).order_by(table.c.seen_at.desc(), table.c.name).limit(MOST)
        with self._database.read() as connection:
            return [Worker.model_validate(mapping(row)) for row in connection.execute(query)]
