"""MCP over streamable HTTP: `opsmith mcp --http`, and what `opsmith serve` has of it."""

import asyncio
import contextlib
import importlib.metadata
import signal
import sys

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.web import address_of, is_loopback, listening, names_of, serving
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith.storage.keys import KeyStore
from opsmith_mcp.bearer import calling
from opsmith_mcp.client import PATH
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_mcp.http import HttpServers
from opsmith_mcp.limits import Limits


def http_servers(plant: Plant, host: str) -> HttpServers:
    """The servers, all in one and each alone, for who listens on that address.

    Raises:
        BadInput: Others than this machine reach the address and no key was made; or the settings
            name a host or an origin that is none.
    """
    settings, keys = plant.settings, KeyStore(plant.stores.database)
    is_local = is_loopback(host)
    if not is_local and not keys.has_active():
        raise BadInput(
            f"Others reach {host}, and there is no key for them; make one with "
            "`opsmith keys add NAME --role viewer`, or listen on 127.0.0.1"
        )
    names = names_of(settings, host)
    groups = {PATH: EVERY} | {f"{PATH}/{name}": (name,) for name in EVERY}
    servers = {
        path: plant_server(plant.stores, names_of, calling, settings.zone)
        for path, names_of in groups.items()
    }
    limits = Limits(per_second=settings.mcp_rate, burst=max(1, round(2 * settings.mcp_rate)))
    return HttpServers(servers, keys, names, is_local=is_local, limits=limits)


def beside(servers: HttpServers, page: ASGIApp) -> ASGIApp:
    """The servers under their paths, and a page for the rest."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_ours = scope["type"] == "http" and (path == PATH or path.startswith(f"{PATH}/"))
        await (servers if is_ours else page)(scope, receive, send)

    return app


def run_http(settings: Settings, address: str) -> None:
    """Serve MCP over HTTP until stopped by a signal.

    Args:
        settings: Where the plant is, and under which names it is reached.
        address: `HOST:PORT`, or a port of this machine alone.

    Raises:
        BadInput: The address cannot be used, or a key is missing.
    """
    host, port = _split(address)
    with listening(host, port, "--http HOST:PORT") as listener, open_plant(settings) as plant:
        servers = http_servers(plant, host)

        async def run() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
            # The servers stop first: their streams would keep the page from ending.
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(
                    serving(beside(servers, _health(servers)), listener)
                )
                await stack.enter_async_context(servers.running())
                sys.stderr.write(f"opsmith: MCP on http://{address_of(listener)}{PATH}\n")
                sys.stderr.flush()
                await stop.wait()

        asyncio.run(run())


def _health(servers: HttpServers) -> ASGIApp:
    version = importlib.metadata.version("opsmith")

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.url.path != "/health" or request.method not in ("GET", "HEAD"):
            answer = JSONResponse({"error": f"There are {PATH} and /health"}, 404)
        else:
            found = servers.health()
            status = 200 if found["status"] == "ok" else 503
            answer = JSONResponse({**found, "version": version}, status)
        await answer(scope, receive, send)

    return page


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise BadInput(f"No address: {address!r}; such as 127.0.0.1:8323")
    return host.strip("[]") or "127.0.0.1", int(port)
