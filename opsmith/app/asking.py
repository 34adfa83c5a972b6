"""Questions from the command line, answered over the plant's tools."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import typer
from fastmcp import Client
from rich.console import Console as Terminal

from opsmith.access import Role
from opsmith.app.bootstrap import open_plant
from opsmith.app.cli_common import at_the_machine
from opsmith.app.conversations import Conversations
from opsmith.domain.base import Language
from opsmith.errors import BadInput, OpsmithError
from opsmith.settings import Settings
from opsmith_agents.answers import Answer, Step
from opsmith_agents.assistant import Assistant
from opsmith_agents.charts import Chart
from opsmith_agents.models import model_from
from opsmith_agents.proposed import ProposedCall
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER
from opsmith_tui.prose import Prose
from opsmith_tui.wording import Wording

NAME = "ask"
"""Of the conversation that the command keeps."""

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "begin": "Ask about the plant; `help` says what is understood. Ctrl-D or /quit ends.",
        "confirm": "Do exactly this?",
        "left": "Nothing was done.",
        "no_terminal": "Nothing was done: a change is confirmed in a terminal, or with --yes.",
    },
    "zh": {
        "begin": "请提问；输入“帮助”查看可问的内容。Ctrl-D 或 /quit 结束。",
        "confirm": "按所示执行吗？",
        "left": "未执行任何操作。",
        "no_terminal": "未执行任何操作：须在终端中确认，或使用 --yes。",
    },
}


@dataclass(frozen=True, slots=True)
class Asking:
    """How `opsmith ask` was called."""

    question: str
    """Empty: ask in the terminal until the end."""
    language: Language | None
    """Of the answers; None: that of each question."""
    goes_on: bool = False
    """The conversation before goes on."""
    forget: bool = False
    """The conversation before is forgotten first."""
    yes: bool = False
    """Changes are confirmed without asking."""


def run_ask(settings: Settings, asking: Asking) -> bool:
    """Ask one question, or one after the other, and print the tool calls and the answers.

    Returns:
        False where a change was proposed and not done.

    Raises:
        BadInput: There is no question, and nobody to type one.
        OpsmithError: A confirmed change was not done.
    """
    conversations = Conversations(settings.data_dir)
    if asking.forget:
        conversations.forget(NAME)
        if not asking.question:
            return True
    if not asking.question and not sys.stdin.isatty():
        raise BadInput('Give a question, such as opsmith ask "any alerts?", or use a terminal')

    async def run() -> bool:
        reading = plant_server(plant.stores, caller=READER)
        acting = plant_server(plant.stores, caller=at_the_machine(Role.ENGINEER))
        async with connect(reading) as client, connect(acting) as hands:
            assistant = Assistant(
                client,
                model_from(settings),
                seconds=settings.llm_seconds,
                zone=settings.zone,
                memory=conversations.load(NAME) if asking.goes_on else None,
            )
            desk = _Desk(assistant, hands, settings, asking)
            if asking.question:
                done = await desk.ask(asking.question)
                conversations.keep(NAME, assistant.memory)
                return done
            with _typing(conversations):
                return await desk.talk(lambda: conversations.keep(NAME, assistant.memory))

    with open_plant(settings) as plant:
        return asyncio.run(run())


class _Desk:
    """One conversation in a terminal."""

    def __init__(
        self, assistant: Assistant, hands: Client[Any], settings: Settings, asking: Asking
    ) -> None:
        self._assistant = assistant
        self._hands = hands
        self._settings = settings
        self._asking = asking
        self._terminal = Terminal()

    async def talk(self, keep: Callable[[], None]) -> bool:
        """Answer what is typed until the end of it."""
        words = WORDS[self._asking.language or self._settings.language]
        self._terminal.print(words["begin"], style="dim", markup=False)
        while True:
            try:
                # Nothing else runs meanwhile: the loop may wait with whoever types.
                question = input("> ").strip()
            except EOFError:
                self._terminal.print()
                return True
            if question in ("/quit", "/exit"):
                return True
            if not question:
                continue
            try:
                await self.ask("forget" if question == "/forget" else question)
            except OpsmithError as error:
                self._terminal.print(str(error), style="red", markup=False)
            keep()

    async def ask(self, question: str) -> bool:
        """Answer one question; a card is confirmed or let fall at once."""
        async for event in self._assistant.ask(question, self._asking.language):
            match event:
                case Step(state="running"):
                    pass
                case Step():
                    self._step(event)
                case Answer():
                    self._show(event)
                    if event.proposal is not None:
                        return await self._decide(event.proposal)
        return True

    async def _decide(self, card: ProposedCall) -> bool:
        words = WORDS[card.language]
        if not self._asking.yes:
            if not sys.stdin.isatty():
                self._assistant.dismiss(card.proposal_id)
                typer.echo(words["no_terminal"], err=True)
                return False
            if not _agrees(words["confirm"]):
                self._assistant.dismiss(card.proposal_id)
                typer.echo(words["left"], err=True)
                return False
        self._show(await self._assistant.confirm(card.proposal_id, self._hands))
        return True

    def _show(self, answer: Answer) -> None:
        if answer.note:
            self._terminal.print(answer.note, style="yellow", markup=False)
        self._terminal.print(Prose(answer.text))
        if answer.chart is not None:
            self._draw(answer.chart, answer.language)

    def _draw(self, chart: Chart, language: Language) -> None:
        try:
            from opsmith_tui.answer_chart import AnswerChart
        except ImportError:
            # It is drawn with the console's libraries; the text says the same without it.
            return
        self._terminal.print(AnswerChart(chart, Wording(language), self._settings.zone))

    def _step(self, step: Step) -> None:
        took = "" if step.seconds is None else f" {step.seconds * 1000:.0f} ms"
        shown = ", ".join(f"{k}={v}" for k, v in step.arguments.items() if v is not None)
        self._terminal.print(
            f"{step.tool}({shown}) → {step.state}{took}", style="dim", markup=False
        )


def _agrees(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        # Ctrl-D or Ctrl-C at the question is a no.
        return False


@contextlib.contextmanager
def _typing(conversations: Conversations) -> Generator[None]:
    """Arrow keys and a history, where the terminal's library is there."""
    try:
        import readline
    except ImportError:
        yield
        return
    file = conversations.history
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(500)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            readline.write_history_file(file)
            file.chmod(0o600)
