"""What a hundred followers of the live feed cost, and how soon an alert is on their screens.

    python benchmarks/live_feed.py [--followers 100] [--devices 100] [--seconds 30]

A process runs the plant as `opsmith serve` does: so many devices of five channels at 1 Hz, one of
which says ANOMALY every second. Its processor time is taken twice for as long: alone, and with the
followers, each of which gets every topic of every device; the difference is theirs. The followers
are WebSocket clients of another process. Timed is the way from the moment at which a reading is
given to the bus to the frame that brings its alert. Ends with 1 where a limit is passed.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import websockets

from opsmith.app.bootstrap import Plant
from opsmith.app.serving import run_serve
from opsmith.app.sources import Origin
from opsmith.clock import wall_clock
from opsmith.domain.devices import Device
from opsmith.domain.moments import to_time
from opsmith.domain.readings import Quality, ReadingBatch
from opsmith.settings import Settings

SHARE, LATENCY = 0.10, 0.3
"""Of a core; seconds at p95."""

CHANNELS = ("current", "flow", "pressure", "temperature", "vibration")


class Busy(Origin):
    """Devices at 1 Hz, one of which reports an anomaly each second."""

    def __init__(self, devices: int) -> None:
        super().__init__("none")
        self.names = [f"PUMP_{number:04}" for number in range(devices)]

    def open(self, plant: Plant) -> AsyncGenerator[list[ReadingBatch]]:
        """See `Origin`."""
        devices = [
            # Each on a line of its own: alerts of one line in such numbers would be a flood.
            Device(device_id=name, device_name=name, line_id=f"L{number}")
            for number, name in enumerate(self.names)
        ]
        plant.stores.devices.add(devices, wall_clock())
        return self._made()

    async def _made(self) -> AsyncGenerator[list[ReadingBatch]]:
        chance = np.random.default_rng(1)
        turn, due = 0, time.monotonic()
        while True:
            now = np.full(1, to_time(wall_clock()))
            noise = chance.normal(0, 0.01, (len(self.names), 1, len(CHANNELS)))
            said = turn % len(self.names)
            yield [
                ReadingBatch(
                    name,
                    CHANNELS,
                    now,
                    10 + noise[number],
                    np.full((1, len(CHANNELS)), Quality.GOOD, np.uint8),
                    ("ANOMALY" if number == said else "NORMAL",),
                )
                for number, name in enumerate(self.names)
            ]
            turn, due = turn + 1, due + 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def spent(process: "subprocess.Popen[bytes]") -> float:
    """Seconds of the processor that it used so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def follow(url: str, ends: float, late: list[float], sizes: list[int]) -> None:
    """One follower until then."""
    async with websockets.connect(url, compression=None, max_size=None) as socket:
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + ends - time.monotonic()):
            async for text in socket:
                came = wall_clock()
                sizes.append(len(text))
                for one in json.loads(text).get("events", ()):
                    if one["topic"] == "alerts" and one["event"]["change"] == "raised":
                        at = datetime.fromisoformat(one["event"]["alert"]["created_at"])
                        late.append((came - at) / timedelta(seconds=1))


async def measured(port: int, process: "subprocess.Popen[bytes]", ask: argparse.Namespace) -> int:
    """Take both times, and print what they say."""
    seconds = ask.seconds
    await asyncio.sleep(seconds / 2)
    began = spent(process)
    await asyncio.sleep(seconds)
    alone = (spent(process) - began) / seconds
    late, sizes = list[float](), list[int]()
    url, ends = f"ws://127.0.0.1:{port}/ws/events", time.monotonic() + seconds + 10
    followers = [asyncio.create_task(follow(url, ends, late, sizes)) for _ in range(ask.followers)]
    await asyncio.sleep(8)
    late.clear()
    sizes.clear()
    began = spent(process)
    await asyncio.sleep(seconds)
    beside = (spent(process) - began) / seconds
    ended = await asyncio.gather(*followers, return_exceptions=True)
    failed = [one for one in ended if one is not None and not isinstance(one, TimeoutError)]
    p50, p95, most = np.quantile(late, [0.5, 0.95, 1]) if late else [float("nan")] * 3
    share = beside - alone
    print(
        f"{ask.followers} followers x {ask.devices} devices at 1 Hz: {share:.1%} of a core "
        f"({alone:.1%} alone, {beside:.1%} with them); {len(sizes) / seconds / ask.followers:.1f} "
        f"frames/s of {np.mean(sizes) / 1000:.1f} kB each; {len(failed)} failed"
    )
    print(
        f"alert to frame: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, longest "
        f"{most * 1000:.0f} ms ({len(late)} alerts at the followers)"
    )
    return int(bool(failed) or share > SHARE or not p95 <= LATENCY)


def main() -> int:
    """Run the plant in a process of its own, and follow it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--followers", type=int, default=100)
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--serve", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=18_421, help="A free one.")
    ask = parser.parse_args()
    if ask.serve:
        settings = Settings(data_dir=Path(ask.serve))
        longest = 4 * ask.seconds + 120
        run_serve(settings, Busy(ask.devices), "127.0.0.1", ask.port, longest, with_chat=False)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", folder, "--port", str(ask.port)]
        command += ["--devices", str(ask.devices), "--seconds", str(ask.seconds)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        try:
            assert process.stderr is not None
            process.stderr.readline()
            return asyncio.run(measured(ask.port, process, ask))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
