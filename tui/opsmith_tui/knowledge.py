"""The knowledge: a fault in words, what answers, and each answer whole."""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from opsmith.errors import OpsmithError
from opsmith_kb.classes import CLASSES
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.knowledge import Knowledge
from opsmith_tui.desk import Desk
from opsmith_tui.figures import number, plain
from opsmith_tui.keys import Key, bindings
from opsmith_tui.knowledge_answers import Answer, Question, Row, answer, listed
from opsmith_tui.knowledge_page import Reader, SearchLine
from opsmith_tui.knowledge_text import place_of
from opsmith_tui.knowledge_words import CATEGORIES, CLASS_NAMES, KNOWLEDGE
from opsmith_tui.list_room import LIST_KEYS, ListRoom
from opsmith_tui.room import COMMON, style_of
from opsmith_tui.wording import SEVERITIES

FRESH = 60.0
"""Seconds for which an answer stands: the knowledge seldom changes."""
NAME_WIDTH = 38
RANKS = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "")
KINDS = (*CLASSES, "rotating")
SEARCHED = ("severity", "name", "why")
LISTED = ("severity", "name", "category", "hours")


class KnowledgeRoom(ListRoom[Row]):
    """Searches failure modes and documents; without words it lists the failure modes."""

    NAME = "knowledge"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("enter", "open", ("Open", "打开"), ("read it whole", "查看全文"), "↵"),
        Key("c", "next_class(1)", ("Class", "类别"),
            ("search in the next device class", "下一个设备类别")),
        Key("C", "next_class(-1)", ("Class back", "上一类别"),
            ("search in the device class before", "上一个设备类别"), on_line=False),
        Key("slash", "filter", ("Words", "搜索"),
            ("type words of a fault; Enter searches", "输入故障描述，回车搜索"), "/"),
        Key("escape", "leave_filter", ("All", "全部"),
            ("leave the line; then: all failure modes again", "离开输入行；再按显示全部故障模式"),
            "Esc"),
        Key("m", "more", ("More", "更多"), ("the next page of the list", "列表的下一页"),
            on_line=False),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS), ("r", "anew", "Refresh")]
    DEFAULT_CSS = """
    KnowledgeRoom #search { height: 1; background: $boost; }
    KnowledgeRoom #words { width: 1fr; background: $boost; padding: 0 1; }
    KnowledgeRoom #scope { width: auto; max-width: 60%; padding: 0 1; }
    KnowledgeRoom.-narrow Reader { display: none; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._text = self._class = ""
        self._known: Question | None = None
        """What the rows answer."""
        self._due = 0.0
        self._absent = self._to_list = self._to_top = False
        self._answer = Answer()

    def all_keys(self) -> Sequence[Key]:
        """Those of the room, of lists but for the filter, and of all."""
        mine = {key.press for key in self.KEYS}
        return (*self.KEYS, *(key for key in LIST_KEYS if key.press not in mine), *COMMON)

    def body(self) -> ComposeResult:
        """The line of words above the list."""
        with Horizontal(id="search"):
            yield SearchLine(self._text)
            yield Static(id="scope")
        yield from super().body()

    def beside(self) -> ComposeResult:
        """The row under the cursor whole."""
        yield Reader(self.desk)

    def on_mount(self) -> None:
        """The keys belong to the line of words at first; to the list where words were found."""
        self.reader.names |= self._answer.names
        if not self._text:
            # Every list takes the keys when it is mounted; not this one.
            self.table.can_focus = False
            self.set_focus(self.query_one(SearchLine))
            self.call_later(self.app.call_later, self._let_list)  # pyright: ignore[reportUnknownMemberType]  Textual leaves the type of its app open

    def _let_list(self) -> None:
        self.table.can_focus = True

    @property
    def reader(self) -> Reader:
        """The row under the cursor whole."""
        return self.query_one(Reader)

    async def look(self) -> None:
        """Ask what the line says, where the answer is not known or has grown old."""
        question = Question(self._text, self._class, self.words.language)
        if question != self._known or time.monotonic() >= self._due:
            self._absent = not await self.plant.has(Knowledge.search_maintenance_kb)
            if self._absent:
                self.items = ()
            else:
                # After a while as many rows are asked for again as were there.
                wanted = len(self.items) if self._known == question else 1
                self._answer = await answer(self.plant, question, wanted)
                self.items = self._answer.rows
                self.reader.names |= self._answer.names
            same = self._known is not None and question[:2] == self._known[:2]
            self._to_top = self._to_top or not same
            self._known, self._due = question, time.monotonic() + FRESH
            self.reader.forget()
        as_of = self.desk.pulse.as_of
        if as_of is None:
            as_of = (await self.plant.ask(AlertHistory.list_alerts, limit=1)).as_of
        self.as_of = as_of

    def reword(self) -> None:
        """Say everything in the other language, and ask in it."""
        super().reword()
        if self._known is not None and self._known.language != self.words.language:
            self.action_look()

    def show(self) -> None:
        """Show the rows, what was searched, and the one under the cursor."""
        self.query_one(SearchLine).placeholder = self.words(KNOWLEDGE, "ask")
        self.query_one("#scope", Static).update(self._scope())
        super().show()
        if self._to_top and self.table.row_count:
            self.table.move_cursor(0)
            self._to_top = False
            self.moved()
        if self._to_list and self._known is not None and self._known.text == self._text:
            self._to_list = False
            if self.items:
                self.table.focus()

    def columns(self) -> Sequence[str]:
        """See `ListRoom.columns`."""
        return SEARCHED if self._known is not None and self._known.text else LISTED

    def heading(self, column: str) -> str:
        """See `ListRoom.heading`."""
        return self.words(KNOWLEDGE, column)

    def key(self, item: Row) -> str:
        """See `ListRoom.key`."""
        return item.key

    def cell(self, column: str, item: Row) -> Text:
        """See `ListRoom.cell`."""
        words = self.words
        match column:
            case "severity":
                if item.passage is not None:
                    return Text(place_of(item.passage, words), "italic")
                style = "bold" if item.severity == "CRITICAL" else ""
                return Text(words(SEVERITIES, item.severity), style)
            case "name":
                name = Text(plain(item.name).replace("\n", " "), no_wrap=True)
                name.truncate(NAME_WIDTH, overflow="ellipsis")
                return name
            case "category":
                return Text(words(CATEGORIES, item.category))
            case "hours":
                return Text(number(item.hours), justify="right")
            case _:
                return Text(plain(item.why), no_wrap=True)

    def order(self, column: str, item: Row) -> Any:
        """The worst first; hours as a figure."""
        if column == "severity":
            return RANKS.index(item.severity)
        return item.hours or 0.0 if column == "hours" else super().order(column, item)

    def message(self) -> tuple[str, str]:
        """See `ListRoom.message`."""
        words, known = self.words, self._known
        if self._absent:
            return words(KNOWLEDGE, "absent_title"), words(KNOWLEDGE, "absent_help")
        if known is None or not known.text:
            return words(KNOWLEDGE, "empty_title"), words(KNOWLEDGE, "empty_help")
        class_ = words(CLASS_NAMES, known.device_class)
        title = words(KNOWLEDGE, "nothing_title", text=plain(known.text), class_=class_)
        return title, words(KNOWLEDGE, "nothing_help")

    def moved(self) -> None:
        """Show the row under the cursor whole; at the end of the list more rows come."""
        table = self.table
        at_end = table.row_count > 1 and table.cursor_row == table.row_count - 1
        if at_end and not self.is_sorted and self.focused is table:
            self.action_more()
        if not self.has_class("-narrow") or self.reader.is_over:
            self.reader.read(self.item)

    def action_filter(self) -> None:
        """Type words."""
        self.query_one(SearchLine).focus()

    def action_to_list(self) -> None:
        """Leave the line, so that keys work."""
        if self.table.display and self.table.row_count:
            self.table.focus()
        else:
            self.set_focus(None)

    def action_leave_filter(self) -> None:
        """From the text to the list; from there, all failure modes again."""
        if self.focused is self.reader:
            self.action_to_list()
        elif self._text or self.query_one(SearchLine).value:
            self.query_one(SearchLine).value = self._text = ""
            self._to_list = True
            self.action_look()

    def action_next_class(self, step: int) -> None:
        """Search in another device class."""
        classes = ("", *KINDS)
        self._class = classes[(classes.index(self._class) + step) % len(classes)]
        self.query_one("#scope", Static).update(self._scope())
        self.action_look()

    def action_anew(self) -> None:
        """Ask again now, however young the answer is."""
        self._due = 0.0
        self.action_look()

    def action_more(self) -> None:
        """Show the next page of failure modes."""
        if self._answer.cursor is not None:
            self._ask_more()

    def action_open(self) -> None:
        """Read the row under the cursor whole: beside the list, or over it where that is narrow."""
        if self.item is None:
            return
        if self.has_class("-narrow"):
            self.reader.open_over(self.item)
        else:
            self.reader.focus()

    @on(Input.Submitted, "#words")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._text, self._to_list, self._to_top = event.value.strip(), True, True
        self.action_look()

    def _scope(self) -> Text:
        words, known = self.words, self._known
        scope = Text(words(CLASS_NAMES, self._class), style_of("text-accent", self, bold=True))
        if known is None or self._absent:
            return scope
        modes = sum(1 for row in self.items if row.passage is None)
        name = "found" if known.text else "modes"
        scope.append(
            " " + words(KNOWLEDGE, name, shown=modes, total=self._answer.total), "not bold"
        )
        if len(self.items) > modes:
            count = len(self.items) - modes
            scope.append(" + " + words(KNOWLEDGE, "passages", count=count), "not bold")
        return scope

    @work(exclusive=True, group="more")
    async def _ask_more(self) -> None:
        known, before = self._known, self._answer
        if known is None or before.cursor is None:
            return
        self._answer = before._replace(cursor=None)
        try:
            page = await listed(self.plant, known, before.cursor)
        except OpsmithError as error:
            self._answer = before
            self.tell(plain(error), "error")
            return
        if known is self._known:
            self._answer = page._replace(
                rows=[*before.rows, *page.rows], names={**before.names, **page.names}
            )
            self.reader.names |= page.names
            self.items = self._answer.rows
            self.show()
