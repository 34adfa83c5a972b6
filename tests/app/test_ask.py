"""`opsmith ask`: one question, a conversation that goes on, changes that a person confirms."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pump_plant import pump_plant

from opsmith.app.conversations import Conversations
from opsmith.storage.database import Database
from opsmith.storage.plant import PlantFacts
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_agents.memory import Memory

ORDER = "create an order for PUMP_01: replace the seal"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the small plant."""
    folder = tmp_path_factory.mktemp("data")
    with pump_plant(folder):
        return folder


def opsmith_ask(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", "ask", *arguments],
        env={**os.environ, "OPSMITH_DATA_DIR": str(data), "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def orders(data: Path) -> list[str]:
    database = Database(f"sqlite:///{data / 'opsmith.db'}")
    try:
        return [one.description for one in WorkOrderStore(database).find(device_id="PUMP_01")]
    finally:
        database.close()


def test_a_conversation_goes_on_until_it_is_forgotten(data: Path) -> None:
    assert opsmith_ask(data, "work", "orders", "of", "pump", "2").returncode == 0
    went_on = opsmith_ask(data, "--continue", "how is it?")
    assert "PUMP_02" in went_on.stdout
    assert "PUMP_02" not in opsmith_ask(data, "how is it?").stdout
    kept = data / "conversations" / "ask.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert opsmith_ask(data, "--forget").returncode == 0
    assert not kept.exists()


def test_a_change_is_refused_where_nobody_can_be_asked_and_done_with_yes(data: Path) -> None:
    before = orders(data)
    refused = opsmith_ask(data, ORDER)
    assert refused.returncode == 1
    assert "create_work_order" in refused.stdout
    assert "--yes" in refused.stderr
    assert orders(data) == before
    done = opsmith_ask(data, "--yes", ORDER)
    assert done.returncode == 0, done.stderr
    assert "is created" in done.stdout
    assert len(orders(data)) == len(before) + 1


def test_no_question_and_no_terminal_is_told_in_a_line(data: Path) -> None:
    ran = opsmith_ask(data)
    assert ran.returncode == 2
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "Give a question" in ran.stderr


def test_a_terminal_has_a_conversation_in_which_a_change_is_asked_for(data: Path) -> None:
    before = orders(data)
    with Typing(data) as typing:
        typing.line("status of pump 1", after="> ")
        typing.line("create an order for it: grease the bearings", after="> ")
        typing.line("n", after="[y/N]")
        typing.line("create an order for it: grease the bearings", after="> ")
        typing.line("y", after="[y/N]")
        typing.line("/quit", after="> ")
        assert typing.ended() == 0
    assert orders(data).count("grease the bearings") == 1
    assert len(orders(data)) == len(before) + 1


def test_a_kept_conversation_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    kept = Conversations(tmp_path)
    kept.keep("ask", Memory(devices=("PUMP_01",)))
    assert kept.load("ask").device == "PUMP_01"
    (tmp_path / "conversations" / "ask.json").write_text('{"devices": 7')
    assert kept.load("ask") == Memory()


class Typing:
    """`opsmith ask` in a terminal of its own."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._seen = ""

    def __enter__(self) -> "Typing":
        self._keyboard, screen = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "opsmith.app.cli", "ask"],
            env={
                **os.environ,
                "OPSMITH_DATA_DIR": str(self._data),
                "TERM": "dumb",
                "COLUMNS": "120",
            },
            stdin=screen,
            stdout=screen,
            stderr=screen,
            close_fds=True,
        )
        os.close(screen)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._keyboard)

    def line(self, text: str, after: str) -> None:
        """Type a line when it is asked for."""
        self._read_until(after)
        os.write(self._keyboard, f"{text}\n".encode())

    def ended(self) -> int:
        return self._process.wait(timeout=60)

    def _read_until(self, prompt: str) -> None:
        deadline = time.monotonic() + 90
        while prompt not in self._seen:
            left = deadline - time.monotonic()
            assert left > 0, self._seen
            if select.select([self._keyboard], [], [], left)[0]:
                self._seen += os.read(self._keyboard, 4096).decode(errors="replace")
        self._seen = self._seen.partition(prompt)[2]


def test_an_answer_on_a_trend_is_drawn_below_it(tmp_path: Path) -> None:
    with pump_plant(tmp_path) as plant:
        PlantFacts(plant.stores.database).set("clock", "newest")
    said = opsmith_ask(tmp_path, "temperature trend of PUMP_01").stdout
    text, _, chart = said.partition("PUMP_01 · temperature, °C")
    assert "mean" in text and "⠒ readings" in chart
    assert any(0x2801 <= ord(sign) <= 0x28FF for sign in chart.partition("⠒ r")[0])
