"""The whole chain in one process, with its pages and MCP servers, until it is stopped."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from typing import Any

from starlette.types import ASGIApp

from opsmith.app import chat_beside, events
from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chain import Chain, running
from opsmith.app.chat_beside import ChatBeside
from opsmith.app.events import Events
from opsmith.app.mcp_http import beside, http_servers
from opsmith.app.pages import facts_of, shown
from opsmith.app.sources import Origin
from opsmith.app.web import SOCKET, address_of, is_loopback, listening, names_of
from opsmith.app.working import feed, say, say_end, spare_collector, stopped, until
from opsmith.errors import BadInput, Unavailable
from opsmith.settings import Settings
from opsmith_mcp.client import PATH
from opsmith_mcp.http import HttpServers

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
    with_chat: bool | None = None,
) -> None:
    """Serve until stopped by a signal, or for `seconds`.

    `with_mcp` None: MCP too, but not without keys where others reach the address. `with_chat` None:
    the chat too where it is installed, but not without users where others reach the address.

    Raises:
        BadInput: The port is taken, or the data folder is in use.
    """
    with listening(host, port) as listener, open_plant(settings, "wall", writer=True) as plant:
        servers = _servers(plant, host, with_mcp)
        chat = _chat(plant, host, listener, with_chat)
        asyncio.run(_serve(plant, origin, listener, seconds, servers, chat, host))


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


def _chat(
    plant: Plant, host: str, listener: socket.socket, with_chat: bool | None
) -> ChatBeside | None:
    if with_chat is False or (with_chat is None and not chat_beside.is_installed()):
        return None
    try:
        if not chat_beside.is_installed():
            raise BadInput("The chat needs Chainlit: pip install 'opsmith[chat]'")
        names = names_of(plant.settings, host)
        return ChatBeside(plant, host, listener.getsockname()[1], names)
    except BadInput as error:
        if with_chat:
            raise
        say(f"opsmith: no chat here: {error}")
        return None


async def _serve(
    plant: Plant,
    origin: Origin,
    listener: socket.socket,
    seconds: float | None,
    servers: HttpServers | None,
    chat: ChatBeside | None,
    host: str,
) -> None:
    stop = stopped(seconds)
    source = origin.open(plant)
    async with running(plant, live=True) as chain:
        spare_collector()
        url = f"http://{address_of(listener)}"
        tools = f", MCP is on {url}{PATH}" if servers is not None else ""
        page = f", the chat is on {url}{chat_beside.PATH}" if chat is not None else ""
        live = Events(
            plant,
            names_of(plant.settings, host),
            is_local=is_loopback(host),
            facts=facts_of(chain, plant),
            listen=chain.listen,
        )
        say(f"opsmith is running; {url}/health says how{tools}{page}; Ctrl-C stops it")
        async with _pages(chain, plant, listener, servers, chat, live), contextlib.aclosing(source):
            await until(stop, asyncio.create_task(feed(chain, source)))
        try:
            async with asyncio.timeout(PATIENCE):
                await chain.rest()
        except (TimeoutError, Unavailable):
            say("a stage did not come to rest; what it left is delivered again at the next start")
    say_end(chain)


@contextlib.asynccontextmanager
async def _pages(
    chain: Chain,
    plant: Plant,
    listener: socket.socket,
    servers: HttpServers | None,
    chat: ChatBeside | None,
    live: Events,
) -> AsyncGenerator[None]:
    def more(page: ASGIApp) -> ASGIApp:
        page = page if servers is None else beside(servers, page)
        page = page if chat is None else chat_beside.beside(chat, page)
        return events.beside(live, page)

    async with contextlib.AsyncExitStack() as stack:
        if chat is not None:
            await stack.enter_async_context(chat.running())
        # The servers stop first: their streams would keep the pages from ending.
        sockets: dict[str, Any] = {
            "ws": "auto",
            "ws_max_size": SOCKET,
            "ws_per_message_deflate": False,
        }
        await stack.enter_async_context(shown(chain, plant, listener, more, **sockets))
        await stack.enter_async_context(live.running())
        if servers is not None:
            await stack.enter_async_context(servers.running())
        yield
