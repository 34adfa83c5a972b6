"""Where words are typed, and where one result is read whole."""

from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from opsmith.errors import OpsmithError
from opsmith_mcp.knowledge import EntryView
from opsmith_tui.desk import Desk
from opsmith_tui.figures import plain
from opsmith_tui.knowledge_answers import Row, whole
from opsmith_tui.knowledge_text import entry_text, passage_text
from opsmith_tui.knowledge_words import KNOWLEDGE
from opsmith_tui.panes import Pane
from opsmith_tui.whole_page import WholePage


class SearchLine(Input):
    """Words of a fault; the room's keys are text here until it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "screen.to_list", "List"),
        ("down", "screen.to_list", "List"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__(text, id="words", compact=True, max_length=200)


class Reader(Pane):
    """The row under the cursor whole: beside the list, or on a page over it."""

    DEFAULT_CSS = """
    Reader { width: 1fr; border-left: solid $primary; padding: 0 1; }
    Reader Static { height: auto; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.names = dict[str, str]()
        """Of failure modes, by id."""
        self._desk = desk
        self._row: Row | None = None
        self._held = dict[tuple[str, str], EntryView | str]()
        """By key and language: an entry, or the Markdown of a page."""
        self._why_not = dict[tuple[str, str], str]()
        self._under_way = set[tuple[str, str]]()
        self._drawn: tuple[object, ...] = ()
        self._over: WholePage | None = None

    @property
    def is_over(self) -> bool:
        """It is read on a page over the list."""
        return self._over is not None

    def compose(self) -> ComposeResult:
        """Lay the pane out."""
        yield Static()

    def forget(self) -> None:
        """What it holds has grown old."""
        self._held.clear()
        self._why_not.clear()

    def open_over(self, row: Row) -> None:
        """Show a row on a page of its own."""
        self._over = WholePage(self._text(row), self._desk.words)
        self.app.push_screen(self._over, self._closed_over)  # pyright: ignore[reportUnknownMemberType]  Textual leaves the type of its app open
        self.read(row)

    def read(self, row: Row | None) -> None:
        """Show a row whole, in the language of now; ask for it where it is not known."""
        before, self._row = self._row, row
        if row is None:
            self.query_one(Static).update("")
            self._drawn = ()
            return
        key = (row.key, self._desk.words.language)
        if not any(key in known for known in (self._held, self._why_not, self._under_way)):
            self._under_way.add(key)
            self._ask(row)
        theme = self.app.theme  # pyright: ignore[reportUnknownMemberType]  as above
        state = (row, key, self._held.get(key), self._why_not.get(key), theme, self._over)
        if state == self._drawn:
            return
        self._drawn = state
        text = self._text(row)
        self.query_one(Static).update(text)
        if before is None or before.key != row.key:
            self.scroll_home(animate=False)
        if self._over is not None:
            self._over.say(text)

    def _closed_over(self, _: None) -> None:
        self._over = None

    def _text(self, row: Row) -> RenderableType:
        words = self._desk.words
        key = (row.key, words.language)
        held = self._held.get(key)
        if row.passage is not None:
            return passage_text(row.passage, held if isinstance(held, str) else None, words)
        if isinstance(held, EntryView):
            return entry_text(held, row.why, self.names, words, self)
        text = Text(f"{plain(row.name)}\n", "bold")
        if key in self._why_not:
            text.append(words(KNOWLEDGE, "failed", reason=plain(self._why_not[key])))
        return text

    @work(group="whole")
    async def _ask(self, row: Row) -> None:
        language = self._desk.words.language
        key = (row.key, language)
        try:
            self._held[key] = await whole(self._desk.plant, row, language)
        except OpsmithError as error:
            self._why_not[key] = str(error)
        finally:
            self._under_way.discard(key)
        if self.is_attached:
            self.read(self._row)
