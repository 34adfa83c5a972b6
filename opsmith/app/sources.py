"""Where readings come from, for a plant without collectors of its own: made, or recorded."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import numpy as np

from opsmith.app.bootstrap import Plant
from opsmith.clock import wall_clock
from opsmith.domain.moments import to_time
from opsmith.domain.readings import ReadingBatch
from opsmith_ingest.live_plant import LivePlant
from opsmith_ingest.replay import Recording, open_recording

TICK = 0.25
"""Seconds between looks at the source: a reading is on its way that long after it was made."""

SIMULATOR, NONE = "simulator", "none"

Source = AsyncGenerator[list[ReadingBatch]]


class Origin:
    """A source by its name, looked at before anything is opened.

    Args:
        name: `simulator`, `none`, or the path of a recorded file.
        device: Whose readings the file has, where it does not say.
        speed: Of a file: 1 is real.

    Raises:
        BadInput: The file cannot be read.
    """

    def __init__(self, name: str, device: str | None = None, speed: float = 1.0) -> None:
        self._simulates = name == SIMULATOR
        self._speed = speed
        named = name in (SIMULATOR, NONE)
        self._recording = None if named else open_recording(Path(name), device)

    def open(self, plant: Plant) -> Source:
        """Its readings from now on; none that end."""
        if self._simulates:
            simulator = LivePlant(wall_clock())
            plant.stores.devices.add(simulator.devices, wall_clock())
            return _simulated(simulator)
        if self._recording is not None:
            return _recorded(self._recording, self._speed)
        return _nothing()


async def _nothing() -> Source:
    while True:
        await asyncio.sleep(TICK)
        yield []


async def _simulated(simulator: LivePlant) -> Source:
    while True:
        yield simulator.advance(wall_clock())
        await asyncio.sleep(TICK)


async def _recorded(recording: Recording, speed: float) -> Source:
    """The recording again and again, its times moved to now."""
    while True:
        began = time.monotonic()
        now = wall_clock()
        first = None
        for batch in recording.chunks(rows=1):
            first = batch.times[0] if first is None else first
            passed = timedelta(microseconds=int((batch.times[0] - first).astype(int))) / speed
            wait = passed.total_seconds() - (time.monotonic() - began)
            if wait > 0:
                await asyncio.sleep(wait)
            times = np.full(1, to_time(now + passed))
            yield [dataclasses.replace(batch, times=times)]
        await asyncio.sleep(TICK)
