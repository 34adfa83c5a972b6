"""The whole chain in one process, with its pages and MCP servers, until it is stopped."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncGenerator

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chain import Chain, running
from opsmith.app.mcp_http import beside, http_servers
from opsmith.app.pages import shown
from opsmith.app.sources import Origin
from opsmith.app.web import address_of, listening
from opsmith.app.working import feed, say, say_end, spare_collector, stopped, until
from opsmith.errors import BadInput, Unavailable
from opsmith.settings import Settings
from opsmith_mcp.http import PATH, HttpServers

PATIENCE = 15.0
"""Seconds that stages get to finish what they have when the plant is stopped."""


def run_serve(
    settings: Settings,
    origin: Origin,
    host: str,
    port: int,
    seconds: float | None,
    *,
    with_mcp: bool | None = None,
) -> None:
    """Serve until stopped by a signal, or for `seconds`.

    `with_mcp` None: MCP too, but not without keys where others reach the address.

    Raises:
        BadInput: The port is taken, or the data folder is in use.
    """
    with listening(host, port) as listener, open_plant(settings, "wall", writer=True) as plant:
        servers = _servers(plant, host, with_mcp)
        asyncio.run(_serve(plant, origin, listener, seconds, servers))


def _servers(plant: Plant, host: str, with_mcp: bool | None) -> HttpServers | None:
    if with_mcp is False:
        return None
    try:
        return http_servers(plant, host)
    except BadInput as error:
        if with_mcp:
            raise
        say(f"opsmith: no MCP here: {error}")
        return None


async def _serve(
    plant: Plant,
    origin: Origin,
    listener: socket.socket,
    seconds: float | None,
    servers: HttpServers | None,
) -> None:
    stop = stopped(seconds)
    source = origin.open(plant)
    async with running(plant, live=True) as chain:
        spare_collector()
        url = f"http://{address_of(listener)}"
        tools = f", MCP is on {url}{PATH}" if servers is not None else ""
        say(f"opsmith is running; {url}/health says how{tools}; Ctrl-C stops it")
        async with _pages(chain, plant, listener, servers), contextlib.aclosing(source):
            await until(stop, asyncio.create_task(feed(chain, source)))
        try:
            async with asyncio.timeout(PATIENCE):
                await chain.rest()
        except (TimeoutError, Unavailable):
            say("a stage did not come to rest; what it left is delivered again at the next start")
    say_end(chain)


@contextlib.asynccontextmanager
async def _pages(
    chain: Chain, plant: Plant, listener: socket.socket, servers: HttpServers | None
) -> AsyncGenerator[None]:
    async with contextlib.AsyncExitStack() as stack:
        # The servers stop first: their streams would keep the pages from ending.
        more = None if servers is None else functools.partial(beside, servers)
        await stack.enter_async_context(shown(chain, plant, listener, more))
        if servers is not None:
            await stack.enter_async_context(servers.running())
        yield
