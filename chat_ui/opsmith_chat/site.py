"""The chat page as a web application."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from opsmith_chat.folder import lay_out
from opsmith_chat.guard import Guard, policy_of, without_foreign_links
from opsmith_chat.room import Room


def chat_site(room: Room, folder: Path, host: str) -> ASGIApp:
    """Make the page, once in a process.

    Args:
        room: What it is about.
        folder: For Chainlit to work in; its former content is lost.
        host: Address that will be listened on.

    Raises:
        BadInput: See `opsmith_chat.folder.lay_out`.
    """
    lay_out(folder, room)
    # Chainlit looks for its folder when it is imported.
    from chainlit.server import app as chainlit_app
    from chainlit.server import get_html_template  # pyright: ignore[reportUnknownVariableType]

    from opsmith_chat.page import Page

    Page(room).open()
    html = without_foreign_links(get_html_template(""))
    html = html.replace('<html lang="en">', f'<html lang="{room.language}">')

    async def front(request: Request) -> HTMLResponse:
        return HTMLResponse(html)

    # Mounted, so that Chainlit's own lifespan, which ends the process, never runs.
    site = Starlette(routes=[Route("/", front), Mount("/", chainlit_app)])
    return Guard(site, host, policy_of(html))
