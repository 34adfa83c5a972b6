"""The tables on a server that is killed, hangs, is set up wrongly, or is met by many at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers import Mariadb
from sqlalchemy import create_engine, insert, select, text

from opsmith.errors import BadInput, Unavailable
from opsmith.storage.database import HEAD, Database
from opsmith.storage.health import health_of
from opsmith.storage.plant import PlantFacts
from opsmith.storage.tables import plant, worker

OPEN = """
import sys
from opsmith.storage.database import Database

Database(sys.argv[1]).close()
"""


def say(url: str, *statements: str) -> None:
    """Tell the server something, beside opsmith."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mariadb]:
    server = Mariadb(tmp_path_factory.mktemp("tables") / "mariadb")
    server.start()
    yield server
    server.stop()


def test_a_killed_server_is_unavailable_and_leaves_no_half_of_a_write(server: Mariadb) -> None:
    database = Database(server.make("killed"))
    facts = PlantFacts(database)
    facts.set("a", "1")
    where = f"127.0.0.1:{server.port}/killed"
    with pytest.raises(Unavailable, match=where), database.write() as connection:
        connection.execute(plant.delete())
        connection.execute(insert(plant).values(name="b", value="2"))
        server.kill()
        connection.execute(insert(plant).values(name="c", value="3"))
    for use in (lambda: facts.get("a"), lambda: facts.set("a", "2")):
        with pytest.raises(Unavailable, match=where):
            use()
    with pytest.raises(Unavailable, match=where):
        Database(server.url("killed"))
    server.start()
    assert (facts.get("a"), facts.get("b"), facts.get("c")) == ("1", None, None)
    facts.set("a", "2")
    assert facts.get("a") == "2"
    database.close()


def test_a_server_that_hangs_is_given_up_in_time(server: Mariadb) -> None:
    database = Database(f"{server.make('hung')}?read_timeout=1")
    facts = PlantFacts(database)
    facts.set("a", "1")
    pid = server._process.pid  # pyright: ignore[reportOptionalMemberAccess, reportPrivateUsage]  no door for it
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(Unavailable, match=rf"127.0.0.1:{server.port}/hung"):
            facts.get("a")
        assert time.monotonic() - began < 12
    finally:
        os.kill(pid, signal.SIGCONT)
    assert facts.get("a") == "1"
    database.close()


def test_who_waits_too_long_for_his_turn_is_told_so_and_has_written_nothing(
    server: Mariadb,
) -> None:
    url = server.make("turns")
    first = Database(url)
    second = Database(f"{url}?init_command=SET+SESSION+innodb_lock_wait_timeout=1")
    with first.write() as connection:
        connection.execute(insert(plant).values(name="a", value="1"))
        with pytest.raises(Unavailable, match="[Ll]ock wait"):
            PlantFacts(second).set("b", "2")
        with second.write(apart=True) as apart:
            apart.execute(worker.delete())
    assert (PlantFacts(second).get("a"), PlantFacts(second).get("b")) == ("1", None)
    first.close()
    second.close()


def test_a_writer_that_hangs_loses_its_turn_and_what_it_wrote(server: Mariadb) -> None:
    url = server.make("hanging")
    first, second = Database(url), Database(url)
    with pytest.raises(Unavailable), first.write() as connection:
        connection.execute(insert(plant).values(name="a", value="1"))
        # It says nothing any more; the other one waits for its turn, and gets it.
        PlantFacts(second).set("b", "2")
        connection.execute(insert(plant).values(name="c", value="3"))
    facts = PlantFacts(first)
    assert (facts.get("a"), facts.get("b"), facts.get("c")) == (None, "2", None)
    first.close()
    second.close()


@pytest.mark.parametrize("isolation", ["OFF", "ON"])
def test_a_writer_is_never_refused_for_what_the_one_before_it_changed(
    server: Mariadb, isolation: str
) -> None:
    url = server.make(f"snapshots_{isolation}".lower())
    # ON is the default from MariaDB 11.6.2 on: what changed since the first read is refused.
    say(url, f"SET GLOBAL innodb_snapshot_isolation = {isolation}")
    database = Database(url)
    facts = PlantFacts(database)
    facts.set("n", "0")

    def count() -> None:
        own = Database(url)
        for _ in range(40):
            with own.write() as connection:
                here = plant.c.name == "n"
                n = int(connection.execute(select(plant.c.value).where(here)).scalar_one())
                connection.execute(plant.update().where(here).values(value=str(n + 1)))
        own.close()

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(count) for _ in range(4)]:
            each.result(60)
    assert facts.get("n") == "160"
    say(url, "SET GLOBAL innodb_snapshot_isolation = OFF")
    database.close()


def test_workers_that_start_at_once_on_an_empty_database_make_one_schema(server: Mariadb) -> None:
    url = server.make("at_once")
    started = [subprocess.Popen([sys.executable, "-c", OPEN, url]) for _ in range(4)]
    assert [each.wait(120) for each in started] == [0, 0, 0, 0]
    database = Database(url)
    health = health_of(database)
    assert (health.migration, health.is_newest, health.rows["write_lock"]) == (HEAD, True, 1)
    database.close()


def test_a_migration_that_died_halfway_is_gone_on_with(server: Mariadb) -> None:
    url = server.make("halfway")
    Database(url).close()
    # As a death in the third one leaves it: parts of it there, the version not yet.
    say(
        url,
        "UPDATE alembic_version SET version_num = '0002'",
        "DROP TABLE worker, audit_log, forecast_record, device_health, write_lock",
        "ALTER TABLE alert_log DROP COLUMN message",
    )
    database = Database(url)
    assert health_of(database).is_newest
    PlantFacts(database).set("a", "1")
    database.close()


def test_what_is_set_up_wrongly_is_told_with_the_way_out(server: Mariadb) -> None:
    foreign = server.make("foreign")
    say(foreign, "CREATE TABLE plant (id INTEGER)")
    newer = server.make("newer")
    say(
        newer,
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "INSERT INTO alembic_version VALUES ('9999')",
    )
    stranger = foreign.replace("root@", "tom:secret@")
    for url, said in (
        (server.url("none"), "CREATE DATABASE `none`"),
        (stranger, "refuses the user 'tom'.*check OPSMITH_DATABASE_URL"),
        (server.url(""), "names no database"),
        (foreign, r"tables of something else \(plant\)"),
        (newer, "newer opsmith"),
        (f"{foreign}?colour=red", "OPSMITH_DATABASE_URL.*colour"),
        ("postgresql://tom:secret@host/x", r"mysql\+pymysql://"),
        ("mysql+pymysql://tom:secret@host:port/x", "No database URL"),
    ):
        with pytest.raises(BadInput, match=said) as refused:
            Database(url)
        assert "secret" not in str(refused.value) and "\n" not in str(refused.value)


def test_more_users_than_connections_wait_or_are_told(server: Mariadb) -> None:
    url = server.make("crowded")
    database = Database(url)
    facts = PlantFacts(database)
    gate = threading.Barrier(30)

    def use(number: int) -> str:
        gate.wait(30)
        try:
            facts.set(f"n{number}", "1")
        except Unavailable as error:
            return str(error)
        return ""

    engine = create_engine(url)
    with engine.connect() as owner, ThreadPoolExecutor(30) as pool:
        owner.execute(text("SET GLOBAL max_connections = 10"))
        try:
            said = set(pool.map(use, range(30)))
        finally:
            owner.execute(text("SET GLOBAL max_connections = 500"))
    engine.dispose()
    assert all(not text or "Too many connections" in text for text in said)
    facts.set("n", "2")
    database.close()
