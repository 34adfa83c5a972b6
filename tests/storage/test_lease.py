"""A lease: one holder of all, free at once when its holder is killed, noticed when it is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Mariadb

from opsmith.errors import Unavailable
from opsmith.storage.database import Database
from opsmith.storage.lease import Lease

HOLDER = """
import sys
from opsmith.storage.database import Database
from opsmith.storage.lease import Lease

lease = Lease(Database(sys.argv[1]), "relay")
print(lease.acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


def test_one_holds_it_and_another_has_it_once_it_is_released(database: Database) -> None:
    first, second, other = (Lease(database, name) for name in ("relay", "relay", "retention"))
    assert (first.acquire(), second.acquire(), other.acquire()) == (True, False, True)
    assert first.acquire(), "who holds it holds it still"
    assert (first.still_held(), second.still_held()) == (True, False)
    first.release()
    assert (first.still_held(), second.acquire(), first.acquire()) == (False, True, False)
    for one in (first, second, other):
        one.release()


def test_a_killed_holder_leaves_it_to_another_at_once(database: Database) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    mine = Lease(database, "relay")
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "True\n"
        assert not mine.acquire()
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate(timeout=30)
    # The server learns of the death by a closed connection: a moment, not a timeout.
    assert any(mine.acquire() for _ in range(1000))
    mine.release()


def test_a_holder_whose_server_restarts_notices_and_takes_it_again(tmp_path: Path) -> None:
    server = Mariadb(tmp_path / "mariadb")
    server.start()
    try:
        database = Database(server.make("opsmith"))
        lease = Lease(database, "relay")
        assert lease.acquire()
        server.kill()
        assert not lease.still_held()
        with pytest.raises(Unavailable, match=f"127.0.0.1:{server.port}/opsmith"):
            lease.acquire()
        server.start()
        assert lease.acquire() and lease.still_held()
        lease.release()
        database.close()
    finally:
        server.stop()


def test_a_lease_beside_a_file_that_was_removed_is_lost(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'opsmith.db'}")
    lease = Lease(database, "relay")
    assert lease.acquire()
    (tmp_path / "opsmith.db.relay.lock").unlink()
    assert not lease.still_held()
    database.close()
