"""How long a structured call takes in memory, over stdio and over HTTP, beside plain FastMCP.

    python benchmarks/mcp_calls.py [--calls 300]

The same tool, whose answer is about 1.5 kB, is served by plain FastMCP and called with its own
client, and served and called by opsmith, with keys, roles, limits and checked answers. The two take
turns, so that both meet the same machine. Prints p50 and p95 in ms.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

from fastmcp import Client, FastMCP
from fastmcp.client.transports import StdioTransport

from opsmith.access import Caller, Role
from opsmith.app.web import address_of, listening, serving
from opsmith.domain.base import Model, ToolResult
from opsmith.storage.database import Database
from opsmith.storage.keys import KeyStore
from opsmith_mcp.bearer import calling
from opsmith_mcp.client import call, connect
from opsmith_mcp.guard import Guard
from opsmith_mcp.http import HttpServers
from opsmith_mcp.limits import Limits
from opsmith_mcp.origins import Names
from opsmith_mcp.server import serve

Ask = Callable[[], Awaitable[Any]]


class Row(Model):
    """One row of the answer."""

    device_id: str
    channel: str
    unit: str
    value: float
    age_s: float


class Rows(ToolResult):
    """The answer, of about 1.5 kB."""

    rows: tuple[Row, ...]


class Group:
    """The tool."""

    def latest(self, device_id: str, limit: int = 16) -> Rows:
        """Give the latest values."""
        rows = tuple(
            Row(device_id=device_id, channel=f"channel_{n}", unit="Cel", value=n / 3, age_s=n)
            for n in range(limit)
        )
        return Rows(rows=rows)


def plain() -> FastMCP[Any]:
    """Plain FastMCP."""
    server: FastMCP[Any] = FastMCP("plain")
    server.tool(Group().latest)
    return server


def ours(database: Database, who: Caller | Callable[[], Caller]) -> FastMCP[Any]:
    """Opsmith's server."""
    return serve("ours", Group(), caller=who, guard=Guard(database))


def asks_plain(client: Client[Any]) -> Ask:
    """A call as FastMCP's users make it."""
    return lambda: client.call_tool("latest", {"device_id": "PUMP_01"})


def asks_ours(client: Client[Any]) -> Ask:
    """A call as ours make it: the answer is checked, and is a model."""
    return lambda: call(client, Group.latest, "PUMP_01")


@contextlib.asynccontextmanager
async def in_memory(folder: Path) -> AsyncGenerator[tuple[Ask, Ask]]:
    """Both in this process."""
    database = Database(f"sqlite:///{folder / 'a.db'}")
    caller = Caller("bob", Role.VIEWER)
    async with Client(plain()) as one, connect(ours(database, caller)) as two:
        yield asks_plain(one), asks_ours(two)
    database.close()


@contextlib.asynccontextmanager
async def over_stdio(folder: Path) -> AsyncGenerator[tuple[Ask, Ask]]:
    """Both in processes of their own."""
    me = str(Path(__file__).resolve())
    one = StdioTransport(sys.executable, [me, "--serve", "plain"], keep_alive=False)
    two = StdioTransport(sys.executable, [me, "--serve", str(folder / "b.db")], keep_alive=False)
    async with Client(one) as plain_client, connect(two) as our_client:
        yield asks_plain(plain_client), asks_ours(our_client)


@contextlib.asynccontextmanager
async def over_http(folder: Path) -> AsyncGenerator[tuple[Ask, Ask]]:
    """Both served by processes of their own."""
    async with contextlib.AsyncExitStack() as stack:
        urls: list[str] = []
        for what in ("plain", str(folder / "c.db")):
            process = await asyncio.create_subprocess_exec(
                sys.executable, __file__, "--serve", what, "--http", stdout=asyncio.subprocess.PIPE
            )
            stack.callback(process.terminate)
            assert process.stdout is not None
            urls.append((await process.stdout.readline()).decode().strip())
        ours_url, key = urls[1].split()
        async with Client(urls[0]) as one, connect(ours_url, key) as two:
            yield asks_plain(one), asks_ours(two)


async def serve_http(server: FastMCP[Any] | None, database: Database | None) -> None:
    """Serve one of them over HTTP, and print where."""
    with listening("127.0.0.1", 0) as listener:
        url = f"http://{address_of(listener)}/mcp"
        if server is not None:
            app = server.http_app(path="/mcp")
            async with app.lifespan(app), serving(app, listener):
                print(url, flush=True)
                await asyncio.Event().wait()
        assert database is not None
        keys = KeyStore(database)
        _, key = keys.add("bench", Role.VIEWER, by=Caller("bench", Role.ADMIN))
        limits = Limits(per_second=1e6, burst=1_000_000)
        servers = HttpServers(
            {"/mcp": ours(database, calling)}, keys, Names(), is_local=True, limits=limits
        )
        async with serving(servers, listener), servers.running():
            print(url, key, flush=True)
            await asyncio.Event().wait()


async def measure(asks: tuple[Ask, Ask], calls: int) -> list[list[float]]:
    """The times of both, ms."""
    times: list[list[float]] = [[], []]
    for number in range(calls + 20):
        for which, ask in enumerate(asks):
            began = time.perf_counter()
            await ask()
            if number >= 20:
                times[which].append((time.perf_counter() - began) * 1e3)
    return times


async def main(calls: int) -> None:
    """Measure all three ways."""
    print(f"{'':10}{'plain p50':>10}{'p95':>8}{'ours p50':>10}{'p95':>8}{'target':>8}   ms")
    ways = (("in memory", in_memory, 1), ("stdio", over_stdio, 2), ("HTTP", over_http, 4))
    with tempfile.TemporaryDirectory() as folder:
        for name, way, target in ways:
            async with way(Path(folder)) as asks:
                one, two = await measure(asks, calls)
            row = "".join(
                f"{statistics.median(times):>10.2f}{statistics.quantiles(times, n=20)[-1]:>8.2f}"
                for times in (one, two)
            )
            print(f"{name:10}{row}{target:>8}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--http", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is None:
        asyncio.run(main(arguments.calls))
    else:
        is_plain = arguments.serve == "plain"
        tables = None if is_plain else Database(f"sqlite:///{arguments.serve}")
        if arguments.http:
            asyncio.run(serve_http(plain() if is_plain else None, tables))
        elif tables is None:
            plain().run(transport="stdio", show_banner=False)
        else:
            ours(tables, Caller("bob", Role.VIEWER)).run(transport="stdio", show_banner=False)
