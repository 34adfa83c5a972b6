"""The chat beside the pages of running stages, under `/chat`; made when somebody first asks for it.

Making it takes seconds and a hundred megabytes, which a plant that nobody chats with does without.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from importlib.util import find_spec

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from opsmith.app.bootstrap import Plant
from opsmith.errors import OpsmithError
from opsmith_mcp.origins import Names

PATH = "/chat"

logger = logging.getLogger(__name__)


def is_installed() -> bool:
    """Whether there is what the chat needs."""
    return find_spec("chainlit") is not None


class ChatBeside:
    """An ASGI app under `PATH`; serve it within `running`.

    Args:
        plant: Whose chat it is.
        host: Address that is listened on.
        port: Its port.
        names: Hosts that it answers to.

    Raises:
        BadInput: Others than this machine reach the address, and nobody could sign in.
    """

    def __init__(self, plant: Plant, host: str, port: int, names: Names) -> None:
        from opsmith.app.chat_room import people_of

        self._plant = plant
        self._people = people_of(plant, host)
        self._folder = plant.settings.data_dir / "chat" / str(port)
        self._names = names
        self._wanted = asyncio.Event()
        self._made: asyncio.Future[ASGIApp | str] | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Let it be asked for as long as the block runs."""
        self._made = asyncio.get_running_loop().create_future()
        over = asyncio.Event()
        task = asyncio.create_task(self._run(self._made, over))
        try:
            yield
        finally:
            over.set()
            self._wanted.set()
            await asyncio.wait([task])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer below `PATH`."""
        answer: Callable[[Scope, Receive, Send], Awaitable[None]]
        if scope["path"] == PATH and scope["type"] == "http":
            answer = RedirectResponse(f"{PATH}/", 307)
        else:
            assert self._made is not None
            self._wanted.set()
            made = await asyncio.shield(self._made)
            answer = PlainTextResponse(made, 503) if isinstance(made, str) else made
            scope = {**scope, "root_path": PATH}
        if scope["type"] == "websocket" and isinstance(answer, PlainTextResponse):
            await send({"type": "websocket.close", "code": 1013})
            return
        await answer(scope, receive, send)

    async def _run(self, made: asyncio.Future[ASGIApp | str], over: asyncio.Event) -> None:
        await self._wanted.wait()
        if over.is_set():
            made.cancel()
            return
        from opsmith.app.chat_room import room_of
        from opsmith_chat.site import chat_site

        try:
            async with (
                room_of(self._plant, self._people) as room,
                chat_site(room, self._folder, self._names, PATH) as site,
            ):
                made.set_result(site)
                await over.wait()
        except OpsmithError as error:
            if not made.done():
                made.set_result(f"There is no chat: {error}")
        except Exception:
            logger.exception("The chat failed")
            if not made.done():
                made.set_result("There is no chat; the log says why")


def beside(chat: ChatBeside, page: ASGIApp) -> ASGIApp:
    """The chat under its path, and a page for the rest."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_chat = path == PATH or path.startswith(f"{PATH}/")
        if scope["type"] == "websocket" and not is_chat:
            await send({"type": "websocket.close", "code": 1008})
            return
        await (chat if is_chat else page)(scope, receive, send)

    return app
