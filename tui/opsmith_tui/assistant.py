"""The assistant: the same conversation as in the chat, at the operator's place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from opsmith.errors import Denied, OpsmithError
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.work_orders import WorkOrders
from opsmith_tui.assistant_line import Line
from opsmith_tui.assistant_turns import Card, Drawing, Exchange
from opsmith_tui.assistant_words import ASSISTANT
from opsmith_tui.desk import Change, Desk
from opsmith_tui.figures import plain
from opsmith_tui.form import Form
from opsmith_tui.keys import MOVING, Key, bindings
from opsmith_tui.panes import Pane
from opsmith_tui.room import COMMON, Room
from opsmith_tui.session import FAILURES
from opsmith_tui.wording import FORM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.worker import Worker

    from opsmith_agents.answers import Answer
    from opsmith_agents.assistant import Assistant

TOOLS: Mapping[str, Callable[..., Any]] = {
    tool.__name__: tool
    for tool in (
        WorkOrders.create_work_order,
        AlertHistory.acknowledge_alert,
        AlertHistory.shelve_alert,
        DeviceRegistry.update_device_status,
        Knowledge.review_knowledge,
    )
}
"""What a card may call; see `opsmith_agents.proposed.NEEDS`."""
KEPT = 60
"""Exchanges that are shown; older ones go."""


class AssistantRoom(Room):
    """Asks the assistant, and confirms what it proposes."""

    NAME = "assistant"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("i,enter", "type", ("Ask", "提问"), ("type a question", "输入问题"), "i ↵"),
        Key("escape", "leave", ("Leave the line", "离开输入"),
            ("leave the line, so that keys work", "离开输入行以使用按键"), "Esc"),
        Key("ctrl+g", "stop", ("Stop", "停止"), ("stop the answer", "停止回答"), "Ctrl+G"),
        Key("y", "confirm", ("Confirm", "确认"),
            ("confirm the proposed change", "确认拟议的更改")),
        Key("n", "dismiss_card", ("Let fall", "放弃"),
            ("let the proposed change fall", "放弃拟议的更改")),
        Key("o", "otherwise", ("Otherwise", "另一决定"),
            ("confirm the other decision of a card that has two", "确认卡片的另一决定"),
            on_line=False),
        Key("N", "anew", ("New", "新对话"), ("begin a new conversation", "开始新对话")),
        Key("pageup,pagedown", "", ("Scroll", "滚动"),
            ("scroll, from the line too", "滚动，输入时亦可"), "PgUp PgDn", on_line=False),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(key for key in KEYS if key.action),
        ("pageup", "scroll(-1)", "Up"),
        ("pagedown", "scroll(1)", "Down"),
    ]
    DEFAULT_CSS = """
    AssistantRoom #talk { height: 1fr; padding: 0 1; }
    AssistantRoom #talk Static { height: auto; }
    AssistantRoom #ask { height: 1; background: $boost; padding: 0 1; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._drawing = Drawing(self.words, self, desk.source.zone)
        self._assistant: Assistant | None = None
        self._making = asyncio.Lock()
        self._exchanges = list[Exchange]()
        self._views = list[Static]()
        self._answering: Worker[None] | None = None
        self._drawn: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        """The conversation, and the line below it."""
        with Pane(id="talk"):
            yield Static(id="begin")
        yield Line()

    def all_keys(self) -> Sequence[Key]:
        """Those of the room, of moving, and of all."""
        return (*self.KEYS, *MOVING, *COMMON)

    def on_mount(self) -> None:
        """Begin with the line; what was said before is shown."""
        self.query_one(Line).focus()
        self._begin()

    async def look(self) -> None:
        """Nothing here changes by itself."""
        self.as_of = self.desk.pulse.as_of

    def show(self) -> None:
        """Draw everything anew where the language, the theme or the width has changed."""
        words, model = self.words, self.desk.source.model
        self.query_one(Line).placeholder = words(ASSISTANT, "ask_here")
        state = (words.language, self.theme, self.size.width, self._assistant is None)
        if state == self._drawn:
            return
        self._drawn = state
        by = "by_model" if model else "by_rules_alone"
        said = Text(f"{words(ASSISTANT, 'begin')}\n{words(ASSISTANT, by, model=plain(model))}\n")
        if self._assistant is None:
            said.append(words(ASSISTANT, "getting_ready"), "italic")
        self.query_one("#begin", Static).update(said)
        for exchange, view in zip(self._exchanges, self._views, strict=True):
            view.update(self._drawing.of(exchange))

    def action_type(self) -> None:
        """Type a question."""
        self.query_one(Line).focus()

    def action_leave(self) -> None:
        """Leave the line."""
        self.query_one("#talk").focus()

    def action_scroll(self, step: int) -> None:
        """Scroll the conversation by a page."""
        talk = self.query_one("#talk", Pane)
        talk.scroll_page_up() if step < 0 else talk.scroll_page_down()

    def action_stop(self) -> None:
        """Stop the answer that is on its way."""
        if self._answering is not None and not self._answering.is_finished:
            self._answering.cancel()

    def action_confirm(self) -> None:
        """Confirm the card that waits."""
        self._decide(otherwise=False)

    def action_otherwise(self) -> None:
        """Confirm the other decision of the card that waits, where it has two."""
        self._decide(otherwise=True)

    def action_dismiss_card(self) -> None:
        """Let the card that waits fall."""
        found = self._waiting()
        if found is None or self._assistant is None:
            self.tell(self.words(ASSISTANT, "no_card"), "warning")
            return
        exchange, card = found
        self._assistant.dismiss(card.call.proposal_id)
        card.said = self.words(ASSISTANT, "card_dismissed")
        self._redraw(exchange)
        self._keep()

    def action_anew(self) -> None:
        """Begin a new conversation."""
        if self._assistant is None:
            return
        self.action_stop()
        self._assistant.forget()
        for view in self._views:
            view.remove()
        self._exchanges.clear()
        self._views.clear()
        self.tell(self.words(ASSISTANT, "forgotten"))
        self._keep()

    @on(Input.Submitted, "#ask")
    def _ask(self, event: Input.Submitted) -> None:
        question = event.value.strip()
        if not question:
            return
        if self._answering is not None and not self._answering.is_finished:
            self.tell(self.words(ASSISTANT, "busy"), "warning")
            return
        line = self.query_one(Line)
        line.remember(question)
        line.value = ""
        exchange = Exchange(question)
        self._add(exchange)
        self._answering = self._answer(exchange)

    @work
    async def _begin(self) -> None:
        try:
            assistant = await self._ready()
        except (OpsmithError, *FAILURES) as error:
            self.tell(plain(error), "error")
            return
        self._restore(assistant)
        self.show()

    def _restore(self, assistant: Assistant) -> None:
        # Only here: the libraries of the agents come with the assistant.
        from opsmith_agents.answers import Answer

        earlier = [
            Exchange(
                turn.question,
                answer=Answer(text=turn.answer, language=turn.language, made_by=turn.made_by),
                is_earlier=True,
            )
            for turn in assistant.memory.turns
        ]
        if self._exchanges or not earlier:
            return
        earlier[-1].cards = [Card(one) for one in assistant.cards]
        for exchange in earlier:
            self._add(exchange)

    @work
    async def _answer(self, exchange: Exchange) -> None:
        from opsmith_agents.answers import Answer, Step

        words = self.words
        try:
            assistant = await self._ready()
            events = assistant.follow(exchange.question, words.language)
            async with aclosing(events) as following:
                async for event in following:
                    match event:
                        case Step():
                            # What a tool returned is far more than what is shown of it.
                            exchange.steps[event.number] = event.model_copy(update={"result": {}})
                        case Answer():
                            exchange.answer = _as_shown(event)
                            cards = (event.proposal, *event.more) if event.proposal else ()
                            exchange.cards = [Card(one) for one in cards]
                        case _:
                            exchange.so_far = event.text
                    self._redraw(exchange)
        except asyncio.CancelledError:
            exchange.wrong = words(ASSISTANT, "stopped")
            self._redraw(exchange)
            raise
        except (OpsmithError, *FAILURES) as error:
            exchange.wrong = words(ASSISTANT, "failed", reason=plain(error))
            self._redraw(exchange)
            return
        self._keep()

    async def _ready(self) -> Assistant:
        """The assistant, over an open session. Raises `Unavailable`."""
        client = await self.plant.client()
        async with self._making:
            if self._assistant is None:
                # Loading the libraries of LLMs takes long.
                self._assistant = await asyncio.to_thread(self.desk.source.make, client)
        return self._assistant

    def _decide(self, *, otherwise: bool) -> None:
        found = self._waiting()
        if found is None or (otherwise and found[1].call.otherwise is None):
            self.tell(self.words(ASSISTANT, "no_card"), "warning")
        else:
            self._confirm(*found, otherwise=otherwise)

    @work(name="change", exclusive=True, group="confirm")
    async def _confirm(self, exchange: Exchange, card: Card, *, otherwise: bool) -> None:
        words, call = self.words, card.call
        tool = TOOLS[call.tool]
        arguments = (call.otherwise if otherwise else call.arguments) or {}
        title = words(ASSISTANT, "confirm_title", number=call.proposal_id)
        try:
            if not await self.plant.has(tool):
                self.tell(words(FORM, "not_enabled", tool=call.tool), "warning")
                return
            if await self._filled(Form(Change(title, tool, arguments), (), words)) is None:
                return
            assistant, hands = await self._ready(), await self.plant.client()
            done = await assistant.confirm(call.proposal_id, hands, otherwise=otherwise)
        except Denied as error:
            # Another person may confirm it still.
            self.tell(words(FORM, "not_done", reason=plain(error)), "error")
            return
        except (OpsmithError, *FAILURES) as error:
            card.said = words(ASSISTANT, "card_failed", reason=plain(error))
        else:
            card.said = words(ASSISTANT, "card_done", text=done.text)
        self._redraw(exchange)
        self._keep()

    def _waiting(self) -> tuple[Exchange, Card] | None:
        """The card that the keys are about: the first of the newest answer that has any."""
        for exchange in reversed(self._exchanges):
            for card in exchange.cards:
                if not card.said:
                    return exchange, card
        return None

    @work(exclusive=True, group="keep")
    async def _keep(self) -> None:
        if self._assistant is None:
            return
        try:
            await asyncio.to_thread(self.desk.source.keep, self._assistant.memory)
        except OpsmithError as error:
            self.tell(self.words(ASSISTANT, "not_kept", reason=plain(error)), "warning")

    def _add(self, exchange: Exchange) -> None:
        view = Static(self._drawing.of(exchange))
        self._exchanges.append(exchange)
        self._views.append(view)
        talk = self.query_one("#talk", Pane)
        talk.mount(view)
        if len(self._views) > KEPT:
            del self._exchanges[0]
            self._views.pop(0).remove()
        talk.scroll_end(animate=False)

    def _redraw(self, exchange: Exchange) -> None:
        if not self.is_attached or exchange not in self._exchanges:
            return
        self._views[self._exchanges.index(exchange)].update(self._drawing.of(exchange))
        self.query_one("#talk", Pane).scroll_end(animate=False)


def _as_shown(answer: Answer) -> Answer:
    """The same without what its evidence's tools returned, of which an hour's talk is megabytes."""
    evidence = tuple(one.model_copy(update={"result": {}}) for one in answer.evidence)
    return answer.model_copy(update={"evidence": evidence})
