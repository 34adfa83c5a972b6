"""What a process that runs stages says of itself over HTTP: /health, /ready, /metrics."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from socket import socket
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsmith.app.bootstrap import Plant
from opsmith.app.chain import Chain
from opsmith.app.mcp_http import beside
from opsmith.app.web import serving
from opsmith.clock import wall_clock
from opsmith.metrics import OUTBOX, PROPOSALS, render
from opsmith_mcp.http import HttpServers


def page_of(chain: Chain, plant: Plant) -> Starlette:
    """The pages of running stages."""
    outbox, proposals = plant.outbox, plant.stores.guard.proposals

    def refresh() -> None:
        OUTBOX.set(sum(outbox.counts().values()))
        PROPOSALS.set(len(proposals.find(wall_clock())))

    began = time.monotonic()

    def facts() -> dict[str, Any]:
        return {
            "status": "ok" if is_well() else "degraded",
            "seconds": round(time.monotonic() - began),
            "lag": sum(chain.lag.values()),
            "readings": chain.counts.stored,
            "dead": chain.counts.dead,
            "failures": chain.failures,
            "errors": chain.errors,
            "keeper": chain.keeps,
            **plant.outages.facts(),
        }

    def is_ready() -> bool:
        # A part that others stand in for is missed by nobody.
        missed = [one for one in plant.outages.standing() if not one.meanwhile]
        return chain.is_ready and not missed

    def is_well() -> bool:
        return not any(chain.failures.values()) and not plant.outages.standing()

    async def health(request: Request) -> JSONResponse:
        return JSONResponse(facts())

    async def ready(request: Request) -> JSONResponse:
        return JSONResponse({"ready": is_ready()}, 200 if is_ready() else 503)

    async def metrics(request: Request) -> Response:
        text, content_type = await asyncio.to_thread(render, refresh)
        return Response(text, headers={"content-type": content_type})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/ready", ready),
            Route("/metrics", metrics),
        ]
    )


@contextlib.asynccontextmanager
async def shown(
    chain: Chain, plant: Plant, listener: socket, servers: HttpServers | None = None
) -> AsyncGenerator[None]:
    """Serve the pages, and MCP's servers beside them, for as long as the block runs."""
    page = page_of(chain, plant)
    async with serving(page if servers is None else beside(servers, page), listener):
        yield
