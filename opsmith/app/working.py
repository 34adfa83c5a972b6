"""Processes that go on until they are stopped: the stages of a worker, or a source."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Collection

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chain import Chain, Part, running
from opsmith.app.pages import shown
from opsmith.app.sources import Origin, Source
from opsmith.app.web import address_of, listening
from opsmith.errors import BadInput, Unavailable
from opsmith.settings import Settings

AGAIN = 1.0
"""Seconds after which a source sends again what the bus did not take."""


def run_worker(
    settings: Settings, parts: Collection[Part], host: str, port: int, seconds: float | None
) -> None:
    """Run stages beside other workers until stopped by a signal, or for `seconds`.

    Raises:
        BadInput: There is no Kafka to share the work by; the port is taken, or the folder in use.
    """
    with (
        listening(host, port) as listener,
        open_plant(settings, "wall", writer=True, beside=True) as plant,
    ):
        asyncio.run(_work(plant, parts, listener, seconds))


def run_source(settings: Settings, origin: Origin, seconds: float | None) -> None:
    """Publish a source's readings until stopped by a signal, or for `seconds`.

    Raises:
        BadInput: There is no Kafka to publish to.
    """
    with open_plant(settings, "wall") as plant:
        asyncio.run(_publish(plant, origin, seconds))


def needs_kafka(settings: Settings) -> None:
    """Raises `BadInput` where there is none."""
    if not settings.kafka_servers:
        raise BadInput(
            "Workers share their work by Kafka; set OPSMITH_KAFKA_SERVERS, "
            "or run everything in one process with `opsmith serve`"
        )


def stopped(seconds: float | None) -> asyncio.Event:
    """Set by a signal, or after `seconds`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    return stop


async def _work(
    plant: Plant, parts: Collection[Part], listener: socket.socket, seconds: float | None
) -> None:
    stop = stopped(seconds)
    async with running(plant, live=True, parts=parts) as chain:
        spare_collector()
        what = " and ".join(parts)
        say(f"opsmith worker ({what}); http://{address_of(listener)}/health says how it does")
        async with shown(chain, plant, listener):
            await stop.wait()
    say_end(chain)


async def _publish(plant: Plant, origin: Origin, seconds: float | None) -> None:
    stop = stopped(seconds)
    source = origin.open(plant)
    async with running(plant, live=True, parts=()) as chain, contextlib.aclosing(source):
        say(f"opsmith publishes to Kafka at {plant.settings.kafka_servers}; Ctrl-C stops it")
        await until(stop, asyncio.create_task(feed(chain, source)))


async def until(stop: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Return when it is to stop; raises what the task raised, if that was first."""
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    for each in (task, waiting):
        each.cancel()
    await asyncio.gather(task, waiting, return_exceptions=True)
    for each in done:
        each.result()


def spare_collector() -> None:
    """What is loaded by now stays: the collector of garbage need not look through it again.

    Batches of thousands of messages would have it do so many times a second: measured, they then
    cost twice as much to take from the bus.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def say(line: str) -> None:
    """Tell the person who started the process."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def say_end(chain: Chain) -> None:
    """Tell what this process did."""
    counts = chain.counts
    say(f"stopped after {counts.stored} readings and {counts.changes} changes of alerts")


async def feed(chain: Chain, source: Source) -> None:
    """Publish what comes, and again what the bus did not take."""
    async for batches in source:
        told = False
        while batches:
            try:
                await chain.publish(batches)
                break
            except Unavailable as error:
                if not told:
                    say(f"opsmith: the source waits: {error}")
                told = True
                await asyncio.sleep(AGAIN)
