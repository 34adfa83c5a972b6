"""`opsmith serve`: the whole chain in one process until it is stopped."""

import asyncio
import contextlib
import dataclasses
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from pathlib import Path

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chain import Chain, running
from opsmith.app.mcp_http import beside, http_servers
from opsmith.app.web import address_of, listening, serving
from opsmith.clock import wall_clock
from opsmith.domain.moments import to_time
from opsmith.domain.readings import ReadingBatch
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_ingest.live_plant import LivePlant
from opsmith_ingest.replay import Recording, open_recording
from opsmith_mcp.http import PATH, HttpServers

TICK = 1.0
"""Seconds between looks at the source, and at devices that have gone quiet."""

PATIENCE = 15.0
"""Seconds that stages get to finish what they have when the plant is stopped."""

RETENTION = 3600.0
"""Seconds between one look for what has grown too old and the next."""


def run_serve(
    settings: Settings,
    source: str,
    device: str | None,
    speed: float,
    host: str,
    port: int,
    seconds: float | None,
    *,
    with_mcp: bool | None = None,
) -> None:
    """Serve until stopped by a signal, or for `seconds`.

    `with_mcp` None: MCP too, but not without keys where others reach the address.

    Raises:
        BadInput: The port is taken, the file cannot be read, or the data folder is in use.
    """
    recording = None if source == "simulator" else open_recording(Path(source), device)
    with listening(host, port) as listener, open_plant(settings, "wall", writer=True) as plant:
        servers = _servers(plant, host, with_mcp)
        asyncio.run(_serve(plant, recording, speed, listener, seconds, servers))


def _servers(plant: Plant, host: str, with_mcp: bool | None) -> HttpServers | None:
    if with_mcp is False:
        return None
    try:
        return http_servers(plant, host)
    except BadInput as error:
        if with_mcp:
            raise
        _say(f"opsmith: no MCP here: {error}")
        return None


async def _serve(
    plant: Plant,
    recording: Recording | None,
    speed: float,
    listener: socket.socket,
    seconds: float | None,
    servers: HttpServers | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    if recording is None:
        simulator = LivePlant(wall_clock())
        plant.stores.devices.add(simulator.devices, wall_clock())
        source = _simulated(simulator)
    else:
        source = _recorded(recording, speed)
    async with running(plant, live=True) as chain:
        url = f"http://{address_of(listener)}"
        tools = f", MCP is on {url}{PATH}" if servers is not None else ""
        _say(f"opsmith is running; {url}/health says how{tools}; Ctrl-C stops it")
        async with _pages(chain, listener, servers), contextlib.aclosing(source):
            tasks: list[asyncio.Task[object]] = [
                asyncio.create_task(_feed(chain, source)),
                asyncio.create_task(_expire(plant)),
                asyncio.create_task(stop.wait()),
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()
        try:
            async with asyncio.timeout(PATIENCE):
                await chain.rest()
        except TimeoutError:
            _say("a stage did not come to rest; what it left is delivered again at the next start")
    counts = chain.counts
    _say(f"stopped after {counts.stored} readings and {counts.changes} changes of alerts")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


async def _expire(plant: Plant) -> None:
    """Drop, every hour, what is older than the settings keep; imported history is spared."""
    settings, series = plant.settings, plant.stores.series
    while True:
        now = plant.stores.clock()
        raw, aggregates = timedelta(days=settings.raw_days), timedelta(days=settings.aggregate_days)
        await asyncio.to_thread(series.expire, now - raw, now - aggregates)
        await asyncio.sleep(RETENTION)


async def _feed(chain: Chain, source: AsyncIterator[list[ReadingBatch]]) -> None:
    async for batches in source:
        await chain.publish(batches)
        await asyncio.to_thread(chain.silent)


async def _simulated(simulator: LivePlant) -> AsyncGenerator[list[ReadingBatch]]:
    while True:
        yield simulator.advance(wall_clock())
        await asyncio.sleep(TICK)


async def _recorded(recording: Recording, speed: float) -> AsyncGenerator[list[ReadingBatch]]:
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


@contextlib.asynccontextmanager
async def _pages(
    chain: Chain, listener: socket.socket, servers: HttpServers | None
) -> AsyncGenerator[None]:
    began = time.monotonic()

    async def health(request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "status": "degraded" if any(chain.failures.values()) else "ok",
                "seconds": round(time.monotonic() - began),
                "lag": chain.lag,
                "readings": chain.counts.stored,
                "dead": chain.counts.dead,
                "failures": chain.failures,
            }
        )

    async def ready(request: Request) -> JSONResponse:
        well = not any(chain.failures.values())
        return JSONResponse({"ready": well}, 200 if well else 503)

    page = Starlette(routes=[Route("/health", health), Route("/ready", ready)])
    async with contextlib.AsyncExitStack() as stack:
        # The servers stop first: their streams would keep the pages from ending.
        app = page if servers is None else beside(servers, page)
        await stack.enter_async_context(serving(app, listener))
        if servers is not None:
            await stack.enter_async_context(servers.running())
        yield
