"""What a process that runs stages says of itself over HTTP: /health, /ready, /metrics."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from socket import socket
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from opsmith.app.bootstrap import Plant
from opsmith.app.chain import Chain
from opsmith.app.web import serving
from opsmith.clock import wall_clock
from opsmith.metrics import OUTBOX, PROPOSALS, render

Facts = Callable[[], dict[str, Any]]
"""What a process says of itself."""


def facts_of(chain: Chain, plant: Plant) -> Facts:
    """What `/health` says of running stages."""
    began = time.monotonic()

    def is_well() -> bool:
        return not any(chain.failures.values()) and not plant.outages.standing()

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

    return facts


def page_of(chain: Chain, plant: Plant, facts: Facts) -> Starlette:
    """The pages of running stages."""
    outbox, proposals = plant.outbox, plant.stores.proposals

    def refresh() -> None:
        OUTBOX.set(sum(outbox.counts().values()))
        PROPOSALS.set(len(proposals.find(wall_clock())))

    def is_ready() -> bool:
        # A part that others stand in for is missed by nobody.
        missed = [one for one in plant.outages.standing() if not one.meanwhile]
        return chain.is_ready and not missed

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
    chain: Chain,
    plant: Plant,
    listener: socket,
    more: Callable[[ASGIApp], ASGIApp] | None = None,
    **options: Any,
) -> AsyncGenerator[None]:
    """Serve the pages, and what `more` puts beside them, for as long as the block runs."""
    page = page_of(chain, plant, facts_of(chain, plant))
    async with serving(page if more is None else more(page), listener, **options):
        yield
