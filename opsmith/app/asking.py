"""Questions from the command line, answered over the plant's tools."""

import asyncio

from rich.console import Console as Terminal
from rich.markdown import Markdown

from opsmith.app.bootstrap import open_plant
from opsmith.domain.base import Language
from opsmith.settings import Settings
from opsmith_agents.answers import Answer, Step
from opsmith_agents.assistant import Assistant
from opsmith_agents.models import model_from
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import Rights


def run_ask(settings: Settings, question: str, language: Language | None) -> None:
    """Ask one question and print the tool calls and the answer."""
    terminal = Terminal()

    async def run() -> None:
        async with connect(plant_server(plant.stores, rights=Rights.READ)) as client:
            assistant = Assistant(client, model_from(settings), zone=settings.zone)
            async for event in assistant.ask(question, language):
                match event:
                    case Step(state="running"):
                        pass
                    case Step():
                        took = "" if event.seconds is None else f" {event.seconds * 1000:.0f} ms"
                        shown = ", ".join(f"{k}={v}" for k, v in event.arguments.items())
                        terminal.print(
                            f"{event.tool}({shown}) → {event.state}{took}",
                            style="dim",
                            markup=False,
                        )
                    case Answer():
                        if event.note:
                            terminal.print(event.note, style="yellow", markup=False)
                        terminal.print(Markdown(event.text))

    with open_plant(settings) as plant:
        asyncio.run(run())
