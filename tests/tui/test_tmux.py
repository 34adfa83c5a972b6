"""A shift at the console: `opsmith tui` in a terminal, over a live `opsmith serve` with faults.

Both are processes of their own, as they are installed; the terminal is tmux's.
"""

import json
import math
import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import free_port, missing

PATIENCE = 60.0
"""Seconds in which something has to be seen on a slow machine."""


def recorded(folder: Path) -> Path:
    """Ten minutes of a pump that runs hot after one of them, and says so; one row a second."""
    file, rows = folder / "pump.csv", ["timestamp,temperature,vibration,status"]
    for second in range(600):
        hot = second > 60
        heat = 60 + 0.3 * math.sin(second / 9) + (0.05 * (second - 60) if hot else 0)
        status = "ANOMALY" if hot else "NORMAL"
        minute = f"2026-02-28T12:{second // 60:02}:{second % 60:02}Z"
        rows.append(f"{minute},{heat:.2f},{0.5 + 0.01 * math.cos(second / 7):.3f},{status}")
    file.write_text("\n".join(rows))
    return file


class Serve:
    """`opsmith serve` of a recorded plant, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._log = folder / "serve.log"
        ours = {name: text for name, text in os.environ.items() if not name.startswith("OPSMITH_")}
        self.environment = ours | {"OPSMITH_DATA_DIR": str(folder / "plant")}
        self.key = self._made_key()
        self._command = [sys.executable, "-m", "opsmith.app.cli", "serve", "--port", str(port)]
        self._command += ["--source", str(recorded(folder)), "--device", "PUMP_01"]
        self._command += ["--speed", "60", "--no-chat"]
        self.start()

    def _made_key(self) -> str:
        command = [sys.executable, "-m", "opsmith.app.cli", "keys", "add", "desk"]
        command += ["--role", "admin", "--json"]
        made = subprocess.run(
            command, env=self.environment, capture_output=True, timeout=PATIENCE, check=True
        )
        return str(json.loads(made.stdout)["key"])

    def start(self) -> None:
        """Start it; until it answers takes a while."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self.environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """End it without a warning."""
        self._process.kill()
        self._process.wait()


class Terminal:
    """One tmux of its own with one window."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._name = f"opsmith-{uuid.uuid4().hex[:8]}"
        size = ["-x", "120", "-y", "40"]
        self._tmux(
            "new-session",
            "-d",
            *size,
            shlex.join(command),
            environment=environment | {"LANG": "C.UTF-8"},
        )

    def press(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        """What is on it."""
        return self._tmux("capture-pane", "-p")

    def until(self, holds: Callable[[str], bool], what: str) -> str:
        """The screen, as soon as that holds of it."""
        ends = time.monotonic() + PATIENCE
        while not holds(screen := self.screen()):
            if time.monotonic() > ends:
                pytest.fail(f"not within {PATIENCE:.0f} s: {what}\n{screen}")
            time.sleep(0.2)
        return screen

    def shows(self, text: str) -> str:
        """The screen, as soon as it has that text."""
        return self.until(lambda screen: text in screen, f"{text!r} is shown")

    def close(self) -> None:
        """End it, with what runs in it."""
        self._tmux("kill-server")

    def _tmux(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        # A server of its own: whoever runs the tests may sit in a tmux.
        ran = subprocess.run(
            ["tmux", "-L", self._name, "-f", "/dev/null", "-u", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return ran.stdout


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    made = Serve(tmp_path)
    yield made
    made.kill()


@pytest.fixture
def terminal(serve: Serve) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        missing("tmux", "install it with: apt-get install tmux")
    command = [sys.executable, "-m", "opsmith.app.cli", "tui", "--url", serve.url]
    made = Terminal(command, serve.environment | {"OPSMITH_KEY": serve.key})
    yield made
    made.close()


def test_a_shift_is_run_from_a_terminal(serve: Serve, terminal: Terminal) -> None:
    # The faults of the simulated plant come up by themselves, and the cause with them.
    terminal.shows("● live")
    terminal.until(lambda screen: "  unacknowledged  " in screen, "an alert stands")
    terminal.press("a")
    terminal.shows("acknowledge_alert")
    terminal.press("y")
    terminal.until(
        lambda screen: "  acknowledged  " in screen and "acknowledge_alert" not in screen,
        "it is acknowledged",
    )
    # The rooms, by number and by mouse-free hands.
    for key, text in (("1", "1 device"), ("8", "acknowledge_alert"), ("2", "Main channel")):
        terminal.press(key)
        terminal.shows(text)
    terminal.press("l")
    terminal.shows("主要通道")
    terminal.press("l", "Enter")
    terminal.shows("Report of record")
    terminal.press("Escape")
    terminal.shows("Main channel")
    # The plant is gone: what was seen stays, marked; and comes back by itself.
    serve.kill()
    screen = terminal.shows("STALE since")
    assert "Main channel" in screen and " acknowledged " in screen
    serve.start()
    terminal.until(lambda screen: "● live" in screen and "STALE" not in screen, "it is live again")
    terminal.press("q")
