"""A backup is of one moment of a running plant, and goes back into any kind of database."""

import json
import os
import random
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from databases import MariadbTables
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    insert,
    select,
)

from opsmith.app.backup import MANIFEST, back_up, restore
from opsmith.clock import wall_clock
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith.storage.columns import Utc
from opsmith.storage.copying import COPIED
from opsmith.storage.database import Database
from opsmith.storage.plant import PlantFacts
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith.storage.tables import worker
from opsmith.storage.workers import WorkerStore

NOW = datetime(2026, 2, 28, 12, 0, 0, 1, tzinfo=UTC)
TEXTS = ("", " ", "Pump", "pump ", "给水泵 🔥", "it's \\ \"%_", "a\nb\0c")
NUMBERS = (0.1, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3, 1e22, -273.15)
JSONS: tuple[Any, ...] = (None, {}, {"b": 1, "a": [1.0, None, "泵", 2**60]}, [0.1, "", {"": True}])


def _value(column: Column[Any], row: int, rng: random.Random) -> Any:
    """A value of the column; in keys and references the row's number."""
    kind = column.type
    if column.nullable and rng.random() < 0.3:
        return None
    match kind:
        case JSON():
            return rng.choice(JSONS if column.nullable else JSONS[1:])
        case Utc() | DateTime():
            return NOW + timedelta(microseconds=rng.randrange(10**15))
        case Date():
            return NOW.date() - timedelta(days=row)
        case Boolean():
            return rng.random() < 0.5
        case Float():
            return rng.choice(NUMBERS)
        case Integer():
            return row + 1 if column.primary_key or column.name == "version" else rng.randrange(999)
        case LargeBinary():
            return rng.randbytes(rng.choice((0, 5, 100_000)))
        case _:
            length = getattr(kind, "length", None) or 5000
            if column.primary_key or column.unique or column.foreign_keys:
                return f"K{row}"[:length]
            return rng.choice(TEXTS)[:length]


def fill(url: str, rows: int = 40) -> None:
    """Some rows of all that a table may hold, in every table."""
    rng, database = random.Random(5), Database(url)
    with database.write() as connection:
        for table in COPIED:
            made = [
                {column.name: _value(column, row, rng) for column in table.columns}
                for row in range(rows)
            ]
            connection.execute(insert(table), made)
        connection.execute(worker.update().values(seen_at=NOW, facts={}))
    database.close()


def content(url: str) -> dict[str, list[Any]]:
    """All rows of all tables, as the stores read them."""
    database = Database(url)
    found = dict[str, list[Any]]()
    with database.read() as connection:
        for table in COPIED:
            query = select(table).order_by(*table.primary_key.columns)
            found[table.name] = [repr(tuple(row)) for row in connection.execute(query)]
    database.close()
    return found


def readings(settings: Settings) -> EmbeddedSeriesStore:
    """The plant's readings, some of one pump in them."""
    series = EmbeddedSeriesStore(settings.series_path)
    times = np.datetime64("2026-02-28T11:00:00", "us") + np.arange(50) * np.timedelta64(1, "s")
    values = np.linspace(0, 1, 50).reshape(-1, 1)
    batch = ReadingBatch(
        "P", ("vibration",), times, values, np.zeros((50, 1), np.uint8), ("",) * 50
    )
    series.append([Frame.of(batch)], live=True)
    return series


@pytest.mark.parametrize("into", ["sqlite", "mariadb"])
def test_every_row_comes_back_the_same_in_either_kind_of_database(
    into: str, tmp_path: Path, mariadb_tables: MariadbTables
) -> None:
    on_sqlite, on_mariadb = f"sqlite:///{tmp_path / 'x.db'}", mariadb_tables.emptied()
    old, new = (on_mariadb, on_sqlite) if into == "sqlite" else (on_sqlite, on_mariadb)
    here = Settings(data_dir=tmp_path / "here", database_url=old)
    there = Settings(data_dir=tmp_path / "there", database_url=new)
    fill(old)
    readings(here).close()
    shares = list[float]()
    made = back_up(here, tmp_path / "backup", shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert {each.rows for each in made.tables.values()} == {40}
    restore(there, tmp_path / "backup")
    assert content(new) == content(old)
    series = EmbeddedSeriesStore(there.series_path)
    extent = series.extent("P")
    assert extent is not None and extent.count == 50
    series.close()
    with pytest.raises(BadInput, match=r"is there; .*--replace|not empty .*--replace"):
        restore(there, tmp_path / "backup")
    database = Database(new)
    PlantFacts(database).set("clock", "wall")
    database.close()
    restore(there, tmp_path / "backup", replace=True)
    assert content(new) == content(old)


def test_a_backup_of_a_plant_that_writes_is_of_one_moment(tables_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "here", database_url=tables_url)
    database = Database(tables_url)
    facts, stop, wrote = PlantFacts(database), threading.Event(), threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            # Both or neither, and in an order of tables that a copy goes through otherwise.
            with database.write():
                facts.set("n", str(n))
                WorkerStore(database).beat("n", NOW, {"n": n})
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert wrote.wait(30)
        for each in range(3):
            back_up(settings, tmp_path / str(each))
    finally:
        stop.set()
        writer.join(30)
    database.close()
    seen = list[int]()
    for each in range(3):
        there = Settings(data_dir=tmp_path / f"there{each}")
        restore(there, tmp_path / str(each))
        copied = Database(there.tables_url)
        (beat,) = WorkerStore(copied).all()
        assert PlantFacts(copied).get("n") == str(beat.facts["n"])
        seen.append(beat.facts["n"])
        copied.close()
    assert seen == sorted(seen)


def test_a_damaged_backup_is_refused_before_anything_is_written(
    tables_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "here", database_url=tables_url)
    fill(tables_url, rows=3)
    readings(settings).close()
    backup = tmp_path / "backup"
    back_up(settings, backup)
    before = content(tables_url)
    whole = {name: (backup / name).read_bytes() for name in ("tables.db", "series.db", MANIFEST)}
    manifest = json.loads(whole[MANIFEST])
    cut = whole["tables.db"][:-1] + bytes([whole["tables.db"][-1] ^ 1])
    for name, damaged, said in (
        ("tables.db", cut, "tables.db is damaged"),
        ("series.db", whole["series.db"][:-1], "series.db is damaged"),
        (MANIFEST, whole[MANIFEST][:-10], "damaged or of a newer"),
        (MANIFEST, json.dumps(manifest | {"schema_version": "9999"}).encode(), "newer"),
        (MANIFEST, json.dumps(manifest | {"files": {"../x": {"bytes": 1, "sha256": ""}}}).encode(),
         "outside"),
    ):  # fmt: skip
        (backup / name).write_bytes(damaged)
        with pytest.raises(BadInput, match=said):
            restore(settings, backup, replace=True)
        (backup / name).write_bytes(whole[name])
    told = manifest | {"tables": manifest["tables"] | {"plant": {"rows": 3, "digest": "0" * 64}}}
    (backup / MANIFEST).write_text(json.dumps(told))
    with pytest.raises(BadInput, match="The table plant"):
        restore(settings, backup, replace=True)
    (backup / MANIFEST).unlink()
    with pytest.raises(BadInput, match="was not finished"):
        restore(settings, backup, replace=True)
    assert content(tables_url) == before


def test_what_is_in_use_is_neither_overwritten_nor_replaced(
    tables_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "here", database_url=tables_url)
    fill(tables_url, rows=1)
    back_up(settings, tmp_path / "backup")
    with pytest.raises(BadInput, match="is not empty; name a new folder"):
        back_up(settings, tmp_path / "backup")
    database = Database(tables_url)
    WorkerStore(database).beat("ingest", wall_clock(), {})
    database.close()
    with pytest.raises(BadInput, match="1 workers run on these tables"):
        restore(settings, tmp_path / "backup", replace=True)


def test_the_commands_say_what_is_elsewhere(tmp_path: Path) -> None:
    def opsmith(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {f"OPSMITH_{name.upper()}": value for name, value in environment.items()}
        return subprocess.run(
            [sys.executable, "-m", "opsmith.app.cli", *arguments],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            timeout=120,
        )

    backup = str(tmp_path / "backup")
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    servers = {"influx_url": "http://127.0.0.1:1", "kafka_servers": "127.0.0.1:1"}
    done = opsmith("backup", backup, data_dir=here, **servers)
    assert done.returncode == 0, done.stderr
    assert "influxd backup -portable -db opsmith" in done.stdout and "Kafka" in done.stdout
    done = opsmith("restore", backup, "--json", data_dir=there)
    told = json.loads(done.stdout)
    assert (done.returncode, told["source"], len(told["elsewhere"])) == (0, "sqlite", 2)
    done = opsmith("restore", str(tmp_path / "none"), data_dir=there)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "No backup at" in done.stderr
