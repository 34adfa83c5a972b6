"""`opsmith chat`: the chat page over the plant's tools, until it is stopped."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
import sys
from collections.abc import Generator

import uvicorn

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.web import listening
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_agents.assistant import Assistant
from opsmith_agents.models import model_from, shown_chain
from opsmith_chat.room import Room
from opsmith_chat.site import chat_site
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER


def run_chat(settings: Settings, host: str, port: int) -> None:
    """Serve the chat page until stopped by a signal.

    Raises:
        BadInput: The port is taken, the host is not this machine alone, Chainlit is not installed,
            or the LLM's settings are wrong.
        Unavailable: A server does not answer.
    """
    if not _is_this_machine(host):
        raise BadInput(
            f"Cannot show the chat on {host}: there is no sign-in yet, anyone could read the plant;"
            " use --host 127.0.0.1, and a tunnel from elsewhere"
        )
    with listening(host, port) as listener, open_plant(settings) as plant:
        asyncio.run(_serve(plant, listener))


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _serve(plant: Plant, listener: socket.socket) -> None:
    settings = plant.settings
    model = model_from(settings)
    host, port = listener.getsockname()[:2]
    async with connect(plant_server(plant.stores, caller=READER)) as client:
        room = Room(
            plant=client,
            converse=lambda: Assistant(
                client, model, seconds=settings.llm_seconds, zone=settings.zone
            ),
            language=settings.language,
            zone=settings.zone,
            model=shown_chain(settings) if model else "",
        )
        # A folder for each port: two pages over one plant do not meet.
        site = chat_site(room, settings.data_dir / "chat" / str(port), host)
        server = _Page(
            uvicorn.Config(site, log_level="warning", lifespan="off", timeout_graceful_shutdown=2)
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        shown = f"[{host}]" if ":" in host else host
        sys.stderr.write(f"The chat is at http://{shown}:{port}/; Ctrl-C stops it\n")
        sys.stderr.flush()
        await server.serve(sockets=[listener])


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
