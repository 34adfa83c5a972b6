"""`opsmith chat`: the chat page over the plant's tools, until it is stopped."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Generator

import anyio.to_thread
import typer
import uvicorn

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.chat_room import people_of, room_of
from opsmith.app.web import SOCKET, address_of, listening, names_of
from opsmith.domain.base import Language
from opsmith.settings import Settings
from opsmith_chat.sign_in import People
from opsmith_chat.site import chat_site

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "offer": "The plant is empty. Make the demonstration plant, with made faults, in it?",
        "at": "The chat is at http://{address}/; Ctrl-C stops it",
    },
    "zh": {
        "offer": "工厂是空的。要在其中建立演示工厂（含人为故障）吗？",
        "at": "对话页面：http://{address}/；按 Ctrl-C 停止",
    },
}


TOOLS = 3
"""Tools that work at once, over embedded stores."""
TURN = 0.001
"""Seconds after which a tool's thread lets the page's loop go on. Each message that the loop sends
lets a thread in, and fifty who ask at once would wait for it five times as long as for the rest."""


def run_chat(settings: Settings, host: str, port: int) -> None:
    """Serve the chat page until stopped by a signal.

    Raises:
        BadInput: The port is taken; others reach the host and there is no user; Chainlit is not
            installed; or a setting is wrong.
        Unavailable: A server does not answer.
    """
    with open_plant(settings) as plant:
        people_of(plant, host)
        names_of(settings, host)
        is_empty = not plant.stores.devices.list()
    with listening(host, port) as listener:
        if is_empty and _wants_demo(settings.language):
            _make_demo(settings)
        with open_plant(settings) as plant:
            people = people_of(plant, host)
            asyncio.run(_serve(plant, people, listener, host))


async def _serve(plant: Plant, people: People, listener: socket.socket, host: str) -> None:
    settings = plant.settings
    if not (settings.database_url or settings.influx_url):
        # Embedded stores take the processor, not a server's time: more threads than these only
        # get in each other's way. Measured with fifty who ask at once: a quarter less to wait.
        anyio.to_thread.current_default_thread_limiter().total_tokens = TOOLS
        sys.setswitchinterval(TURN)
    # A folder for each port: two pages over one plant do not meet.
    folder = settings.data_dir / "chat" / str(listener.getsockname()[1])
    async with (
        room_of(plant, people) as room,
        chat_site(room, folder, names_of(settings, host)) as site,
    ):
        server = _Page(
            uvicorn.Config(
                site,
                log_level="warning",
                lifespan="off",
                server_header=False,
                ws_max_size=SOCKET,
                timeout_graceful_shutdown=2,
            )
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        told = WORDS[settings.language]["at"].format(address=address_of(listener))
        sys.stderr.write(f"{told}\n")
        sys.stderr.flush()
        await server.serve(sockets=[listener])


def _wants_demo(language: Language) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        return typer.confirm(WORDS[language]["offer"], default=False, err=True)
    except typer.Abort:
        return False


def _make_demo(settings: Settings) -> None:
    from opsmith.app.runs import run_demo
    from opsmith.app.tables import bar

    with bar("demo", settings, quiet=False) as progress:
        run_demo(settings, progress)


class _Page(uvicorn.Server):
    """A page that ends in order: the plant is closed after it, and a signal is no failure."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take none."""
        yield

    def stop(self) -> None:
        """End; the second time without waiting for anyone."""
        self.force_exit = self.should_exit
        self.should_exit = True
