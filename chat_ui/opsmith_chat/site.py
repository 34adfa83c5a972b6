"""The chat page as a web application."""

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from opsmith.clock import wall_clock
from opsmith.errors import Unavailable
from opsmith_chat.evidence import FOLDED, Folded
from opsmith_chat.folder import lay_out
from opsmith_chat.guard import Guard, policy_of, without_foreign_links
from opsmith_chat.room import Room
from opsmith_chat.speaking import Speaking, spoken
from opsmith_mcp.origins import Names

_SAFE = ("application/json", "application/pdf", "image/png", "image/jpeg", "text/csv", "text/plain")
"""What a browser may open by itself; the rest it may save."""

_VARY = "accept-language, cookie"
_BETWEEN = 6 * 3600.0
"""Seconds between two looks for old conversations."""

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def chat_site(
    room: Room, folder: Path, names: Names, root: str = ""
) -> AsyncGenerator[ASGIApp]:
    """Make the page, once in a process; serve it within the block.

    Args:
        room: What it is about.
        folder: For Chainlit to work in; its former content is lost.
        names: Hosts that it answers to.
        root: Path under which it will be, such as `/chat`; the scope must have it as `root_path`.

    Raises:
        BadInput: See `opsmith_chat.folder.lay_out`.
    """
    lay_out(folder, room, root, is_open=await room.people.is_open())
    # Chainlit looks for its folder when it is imported, which takes seconds.
    await asyncio.to_thread(importlib.import_module, "chainlit.server")
    from chainlit.server import app as chainlit_app
    from chainlit.server import get_html_template  # pyright: ignore[reportUnknownVariableType]

    from opsmith_chat.gate import Gate, is_from_elsewhere, signed_in
    from opsmith_chat.page import Page
    from opsmith_chat.reception import Reception

    reception = Reception(room, root)
    Page(room, reception).open()
    html = without_foreign_links(get_html_template(root))

    async def front(request: Request) -> HTMLResponse:
        lang = f'<html lang="{spoken(room.language)}">'
        made = HTMLResponse(html.replace('<html lang="en">', lang), headers={"vary": _VARY})
        headers = request.headers
        if signed_in(headers) is None and not is_from_elsewhere(headers):
            # Else the page would go to its login and come back before it shows anything.
            await reception.let_in(request, made)
        return made

    async def kept(request: Request) -> Response:
        thread, element = request.path_params["thread"], request.path_params["element"]
        found = await reception.history.content(thread, element)
        if found is None:
            return JSONResponse({"detail": "Not found"}, 404)
        if found.mime == FOLDED:
            return PlainTextResponse(Folded.model_validate_json(found.content).sheet(room.zone))
        if found.mime.partition(";")[0] in _SAFE:
            return Response(found.content, media_type=found.mime)
        saved = {"content-disposition": "attachment"}
        return Response(found.content, media_type="application/octet-stream", headers=saved)

    # Mounted, so that Chainlit's own lifespan, which ends the process, never runs.
    pages = ("/", "/login", "/thread/{rest:path}", "/element/{rest:path}")
    routes = [*(Route(path, front) for path in pages), Route("/kept/{thread}/{element}", kept)]
    inside = Starlette(routes=[*routes, Mount("/", chainlit_app)])
    clearing = asyncio.create_task(_clear(room))
    try:
        page = Speaking(inside, room.language)
        yield Guard(Gate(page, room.people, reception.arrange), names, policy_of(html))
    finally:
        clearing.cancel()
        await reception.close()


async def _clear(room: Room) -> None:
    """Forget conversations that are over, as long as the page is there."""
    while True:
        try:
            await asyncio.to_thread(room.history.drop_unused, wall_clock() - room.keep)
        except Unavailable as error:
            logger.warning("Old conversations are not forgotten yet: %s", error)
        await asyncio.sleep(_BETWEEN)
