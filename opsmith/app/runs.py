"""The runs that end: the demonstration, and the replay of a recording."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chain import Chain, running
from opsmith.app.outcome import Outcome, outcome_of
from opsmith.clock import wall_clock
from opsmith.domain.events import RAW
from opsmith.domain.moments import to_moment
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith.storage.dead_letters import Letter
from opsmith_ingest.demo_plant import demo_scenario
from opsmith_ingest.replay import DeadRow, Recording

ATTEMPTS = 3
"""Failures in a row after which a run that has an end gives up."""

Progress = Callable[[float, Chain], None]
"""Told how much of the source is published, 0 to 1."""


def run_demo(settings: Settings, progress: Progress) -> Outcome:
    """Seed the demonstration plant and carry its eight hours through the chain.

    Raises:
        BadInput: The data folder cannot be used, or is in use.
    """
    began = time.perf_counter()
    scenario = demo_scenario()
    nameplates = {device.device_id: device for device in scenario.devices}
    span = scenario.end - scenario.start

    async def run(plant: Plant) -> Outcome:
        async with running(plant, live=False, attempts=ATTEMPTS) as chain:
            for chunk in scenario.chunks(timedelta(minutes=5)):
                for batch in chunk:
                    device = nameplates[batch.device_id]
                    await chain.publish(
                        [batch], factory_id=device.factory_id, line_id=device.line_id
                    )
                progress((to_moment(chunk[-1].times[-1]) - scenario.start) / span, chain)
            await chain.rest()
            await chain.speak(set(nameplates), scenario.start, scenario.end)
            progress(1.0, chain)
            return outcome_of(
                plant,
                set(nameplates),
                scenario.start,
                scenario.end,
                chain.counts,
                time.perf_counter() - began,
            )

    with open_plant(settings, "newest", writer=True) as plant:
        plant.stores.devices.add(scenario.devices, scenario.start)
        return asyncio.run(run(plant))


def run_replay(settings: Settings, recording: Recording, progress: Progress) -> Outcome:
    """Carry a recording through the chain, as if the plant's own collectors had sent it.

    Raises:
        BadInput: The file has no reading that can be used; or the data folder cannot be used.
    """
    began = time.perf_counter()
    devices: set[str] = set()
    ends: list[datetime] = []

    async def run(plant: Plant) -> Outcome:
        def bury(row: DeadRow) -> None:
            place = f"{recording.path.name}:{row.line}"
            letter = Letter(row.text.encode(), row.reason, place)
            plant.dead_letters.add(RAW, [letter], wall_clock())

        async with running(plant, live=False, attempts=ATTEMPTS) as chain:
            for batch in recording.chunks(on_dead=bury):
                devices.add(batch.device_id)
                ends.extend((to_moment(batch.times[0]), to_moment(batch.times[-1])))
                await chain.publish([batch])
                progress(recording.position / max(1, recording.size), chain)
            if not ends:
                raise BadInput(
                    f"{recording.path}: none of its {recording.dead_count} rows is a reading; "
                    f"{recording.dead[0].reason if recording.dead else 'the file has no rows'}"
                )
            await chain.rest()
            start, end = min(ends), max(ends) + timedelta(microseconds=1)
            await chain.speak(devices, start, end)
            progress(1.0, chain)
            chain.counts.dead += recording.dead_count
            return outcome_of(plant, devices, start, end, chain.counts, time.perf_counter() - began)

    with open_plant(settings, "newest", writer=True) as plant:
        return asyncio.run(run(plant))
