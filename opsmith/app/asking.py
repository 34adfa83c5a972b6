"""Questions from the command line, answered over the plant's tools."""

import asyncio
from typing import ClassVar

from rich.console import Console as Terminal
from rich.console import ConsoleOptions, RenderResult
from rich.markdown import Markdown, TableElement
from rich.table import Table

from opsmith.app.bootstrap import open_plant
from opsmith.domain.base import Language
from opsmith.settings import Settings
from opsmith_agents.answers import Answer, Step
from opsmith_agents.assistant import Assistant
from opsmith_agents.models import model_from
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER


class _WholeTable(TableElement):
    """A table whose cells are folded: an id that is cut short is of no use."""

    def __rich_console__(self, console: Terminal, options: ConsoleOptions) -> RenderResult:
        for drawn in super().__rich_console__(console, options):
            if isinstance(drawn, Table):
                for column in drawn.columns:
                    column.overflow = "fold"
            yield drawn


class _Answer(Markdown):
    elements: ClassVar = {**Markdown.elements, "table_open": _WholeTable}


def run_ask(settings: Settings, question: str, language: Language | None) -> None:
    """Ask one question and print the tool calls and the answer."""
    terminal = Terminal()

    async def run() -> None:
        async with connect(plant_server(plant.stores, caller=READER)) as client:
            assistant = Assistant(client, model_from(settings), zone=settings.zone)
            async for event in assistant.ask(question, language):
                match event:
                    case Step(state="running"):
                        pass
                    case Step():
                        took = "" if event.seconds is None else f" {event.seconds * 1000:.0f} ms"
                        shown = ", ".join(
                            f"{k}={v}" for k, v in event.arguments.items() if v is not None
                        )
                        terminal.print(
                            f"{event.tool}({shown}) → {event.state}{took}",
                            style="dim",
                            markup=False,
                        )
                    case Answer():
                        if event.note:
                            terminal.print(event.note, style="yellow", markup=False)
                        terminal.print(_Answer(event.text))

    with open_plant(settings) as plant:
        asyncio.run(run())
