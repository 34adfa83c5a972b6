"""What the console costs, how soon it shows and answers, and whether it grows.

    python benchmarks/console.py [--devices 1000] [--alerts 500] [--seconds 30] [--hours 0]

A process runs the plant as `opsmith serve` does: so many devices of five channels at 1 Hz,
with so many alerts that stand, and one device in turn that says ANOMALY each second. The console
(`opsmith tui --url`) runs in another process under a pseudo-terminal of 160 x 50. Timed are its
start, from the process to the first alert on the screen; keys (`j`, `k`), from the write to the
first output after it, pressed while the screen was still; and its processor time while nothing is
pressed. With `--hours` it is looked at in time-lapse too: that many hours' looks, one a second of
the plant's time, over a small plant of its own, with rooms changed, alerts opened, raised and
cleared and the assistant asked on the way, and the memory that it held after each tenth: the
blocks that Python has given out, and what is resident. Ends with 1 where a limit is passed.
"""

import argparse
import asyncio
import gc
import os
import pty
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from datetime import timedelta
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

import numpy as np
from live_feed import Busy

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.runs import run_demo
from opsmith.app.serving import run_serve
from opsmith.clock import wall_clock
from opsmith.domain.alerts import AlertChange, AlertLevel, Deviation
from opsmith.domain.readings import ReadingBatch
from opsmith.settings import Settings
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.client import PATH, call, connect
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_tui.console import Console
from opsmith_tui.plant import Plant as Reached
from opsmith_tui.room import Room

START, KEY, SHARE = 1.5, 0.05, 0.25
"""Seconds; seconds at p95; of a core."""
GROWTH = 0.05
"""Of the memory held after the third tenth, by which it may have grown after the last."""
STEP, ALARM = 20, 30
"""Looks between two steps of the operator; between two changes of an alert."""
WALK = (
    ("j",), ("enter",), ("tab",), ("escape",), ("a",), ("escape",), ("1",), ("2",), ("3",), ("4",),
    ("5",), ("6",), ("i", *"alerts?", "enter"), ("i", *"trend", "enter"), ("escape",), ("7",),
    ("8",), ("2",), ("l",), ("t",), ("?",), ("escape",), ("colon", *"pump"), ("escape",),
)  # fmt: skip

STILL = 0.08
"""Seconds without output after which the screen counts as still."""


class Crowded(Busy):
    """The same devices, some of them with an alert that stands."""

    def __init__(self, devices: int, alerts: int) -> None:
        super().__init__(devices)
        self._alerts = alerts

    def open(self, plant: Plant) -> AsyncGenerator[list[ReadingBatch]]:
        """See `Origin`."""
        made, now = super().open(plant), wall_clock()
        for number, name in enumerate(self.names[: self._alerts]):
            began = now - timedelta(minutes=number % 300 + 1)
            deviation = Deviation(channel="flow", unit="m3/h", value=12.5, limit=12.0, share=1.0)
            change = AlertChange(
                change="raised", alert_type="over_limit", alert_level=list(AlertLevel)[number % 4],
                first_seen=began, last_seen=now, onset=began, count=60, score=1.04,
                deviations=(deviation,),
            )  # fmt: skip
            plant.stores.alerts.apply(name, change, {}, None)
        return made


class Terminal:
    """`opsmith tui` under a pseudo-terminal."""

    def __init__(self, *arguments: str, data: str) -> None:
        self.began = time.monotonic()
        pid, self._end = pty.fork()
        if pid == 0:
            os.environ |= {"TERM": "xterm-256color", "OPSMITH_DATA_DIR": data}
            program = [sys.executable, "-m", "opsmith.app.cli", "tui", *arguments]
            os.execv(sys.executable, program)
        self.pid = pid
        ioctl(self._end, TIOCSWINSZ, pack("HHHH", 50, 160, 0, 0))

    def read(self, wait: float) -> bytes:
        """What it writes within that time; ends at the first."""
        ready, _, _ = select.select([self._end], [], [], wait)
        return os.read(self._end, 1 << 20) if ready else b""

    def shows(self, text: bytes, patience: float = 60.0) -> float:
        """Seconds from its start until it has written that."""
        seen = b""
        while text not in seen:
            seen = seen[-4096:] + self.read(1.0)
            assert time.monotonic() - self.began < patience, f"{text!r} is not shown"
        return time.monotonic() - self.began

    def press(self, key: bytes) -> float:
        """Seconds from a key to the first output after it."""
        while self.read(STILL):
            pass
        began = time.monotonic()
        os.write(self._end, key)
        assert self.read(5.0), "no answer to a key"
        return time.monotonic() - began

    def rest(self, seconds: float) -> float:
        """The share of a core that it takes while nothing is pressed."""
        began, spent = time.monotonic(), self._spent()
        while time.monotonic() - began < seconds:
            self.read(0.2)
        return (self._spent() - spent) / (time.monotonic() - began)

    def close(self) -> None:
        """Leave it."""
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self._end)

    def _spent(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def standing(url: str) -> int:
    """Alerts that stand there."""
    async with connect(url + PATH) as client:
        return (await call(client, AlertHistory.list_alerts, limit=1)).total


def watched(ask: argparse.Namespace, folder: str) -> int:
    """Run the plant in a process of its own, and sit at the console."""
    url = f"http://127.0.0.1:{ask.port}"
    command = [sys.executable, __file__, "--serve", folder, "--port", str(ask.port)]
    command += ["--devices", str(ask.devices), "--alerts", str(ask.alerts)]
    command += ["--seconds", str(ask.seconds)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        process.stderr.readline()
        there = asyncio.run(standing(url))
        data = str(Path(folder) / "console")
        starts = list[float]()
        for _ in range(ask.starts):
            terminal = Terminal("--url", url, data=data)
            starts.append(terminal.shows(b"PUMP_"))
            terminal.close()
        terminal = Terminal("--url", url, data=data)
        terminal.shows(b"PUMP_")
        terminal.rest(5)
        share = terminal.rest(ask.seconds)
        keys = [terminal.press(random.choice([b"j", b"j", b"k"])) for _ in range(ask.keys)]
        terminal.close()
    finally:
        process.terminate()
        process.wait()
    start = float(np.median(starts))
    p50, p95, most = np.quantile(keys, [0.5, 0.95, 1])
    print(f"{ask.devices} devices at 1 Hz, {there} standing alerts, console elsewhere by its URL")
    print(f"start to the first alert on the screen: {start:.2f} s (median of {len(starts)})")
    print(
        f"key to screen: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, longest "
        f"{most * 1000:.0f} ms ({len(keys)} keys)"
    )
    print(f"processor, nothing pressed: {share:.1%} of a core")
    return int(start > START or p95 > KEY or share > SHARE)


async def lapse(settings: Settings, looks: int) -> list[tuple[int, int]]:
    """Look so often; (blocks of Python's memory, resident bytes) after each tenth."""
    held = list[tuple[int, int]]()
    with open_plant(settings) as plant:
        who = Caller("bench", Role.ADMIN, via="console", is_person=True)
        server = plant_server(plant.stores, EVERY, caller=who)
        console = Console(Reached(lambda: connect(server)), refresh_seconds=1e6)
        async with console.run_test(size=(160, 50), notifications=True) as pilot:
            for look in range(looks):
                if isinstance(console.screen, Room):
                    console.screen.action_look()
                console.feel()
                # A form that waits for the operator is a worker that does not end.
                while any(not w.is_finished and w.name != "change" for w in console.workers):
                    await asyncio.sleep(0.001)
                if look % STEP == STEP - 1:
                    await pilot.press(*WALK[look // STEP % len(WALK)])
                if look % ALARM == ALARM - 1:
                    _alarm(plant, look // ALARM)
                if (look + 1) % max(looks // 10, 1) == 0:
                    gc.collect()
                    pages = int(Path("/proc/self/statm").read_text().split()[1])
                    held.append((sys.getallocatedblocks(), pages * os.sysconf("SC_PAGE_SIZE")))
                    blocks, resident = held[-1]
                    said = f"{blocks / 1e3:.0f} thousand blocks, {resident / 1e6:.0f} MB resident"
                    print(f"after {look + 1} looks: {said}", flush=True)
    return held


def _alarm(plant: Plant, number: int) -> None:
    """Raise a P0, and at the next call clear it: the bell rings, and tables change.

    It is acknowledged too, for one that nobody has seen stands on: the list would grow.
    """
    now = plant.stores.clock()
    began = now - timedelta(hours=10) + timedelta(minutes=number // 2)
    ended = number % 2 == 1
    change = AlertChange(
        change="cleared" if ended else "raised", alert_type="over_limit",
        alert_level=AlertLevel.P0, first_seen=began,
        last_seen=began + timedelta(seconds=30 * ended), onset=began, count=60, score=1.04,
    )  # fmt: skip
    alert = plant.stores.alerts.apply(plant.stores.devices.list()[0].device_id, change, {}, None)
    if ended and alert is not None:
        plant.stores.alerts.acknowledge(alert.trace_id, "bench", now)


def lapsed(hours: float) -> int:
    """The time-lapse over the demonstration's plant."""
    looks = round(hours * 3600)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), language="en", llm_model="")
        run_demo(settings, lambda share, chain: None)
        began = time.monotonic()
        held = asyncio.run(lapse(settings, looks))
        took = time.monotonic() - began
    print(f"{hours:g} h in time-lapse, {looks} looks in {took:.0f} s")
    growth = held[-1][0] / held[2][0] - 1
    print(f"blocks, from the third tenth to the last: {growth:+.1%}")
    return int(growth > GROWTH)


def main() -> int:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--alerts", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--hours", type=float, default=0)
    parser.add_argument("--serve", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=18_422, help="A free one.")
    ask = parser.parse_args()
    if ask.serve:
        longest = 900.0 + ask.seconds
        origin = Crowded(ask.devices, ask.alerts)
        run_serve(
            Settings(data_dir=Path(ask.serve)), origin, "127.0.0.1", ask.port, longest,
            with_chat=False,
        )  # fmt: skip
        return 0
    if ask.hours:
        return lapsed(ask.hours)
    with tempfile.TemporaryDirectory() as folder:
        return watched(ask, folder)


if __name__ == "__main__":
    sys.exit(main())
