"""A room whose row under the cursor is read whole: beside the rows, or on a page over them."""

from abc import abstractmethod
from collections.abc import Callable

from rich.console import RenderableType
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from opsmith.errors import OpsmithError
from opsmith_tui.figures import plain
from opsmith_tui.filter_room import FilterRoom
from opsmith_tui.panes import Pane
from opsmith_tui.whole_page import WholePage
from opsmith_tui.wording import Wording


class Reading(Pane):
    """One thing whole; it is written anew only where it says something else."""

    DEFAULT_CSS = """
    Reading { height: 2fr; border: round $primary; padding: 0 1; }
    Reading:focus { border: round $accent; }
    Reading > Static { height: auto; }
    """

    def __init__(self) -> None:
        # The wheel scrolls it; the keys stay with the rows, and with the page over them.
        super().__init__(can_focus=False)
        self._state: tuple[object, ...] = ()
        self._whole: RenderableType = ""
        self._over: WholePage | None = None

    def compose(self) -> ComposeResult:
        """Lay the pane out."""
        yield Static()

    def read(
        self, name: str, state: object, title: str, whole: Callable[[], RenderableType]
    ) -> None:
        """Show one thing.

        Args:
            name: What tells it from others; another one is shown from its beginning.
            state: All that its text depends on.
            title: What stands in the frame.
            whole: Writes it.
        """
        is_other = not self._state or self._state[0] != name
        if self._state == (name, state):
            return
        self._state, self._whole = (name, state), whole()
        self.border_title = Text(title).markup
        self.query_one(Static).update(self._whole)
        if is_other:
            self.scroll_home(animate=False)
        if self._over is not None:
            self._over.say(self._whole)

    def open_over(self, words: Wording) -> None:
        """Show it on a page of its own, which says what this says."""
        self._over = WholePage(self._whole, words, str(self.border_title or ""))
        self.app.push_screen(self._over, self._closed_over)  # pyright: ignore[reportUnknownMemberType]  Textual leaves the type of its app open

    def _closed_over(self, _: None) -> None:
        self._over = None


class ReadingRoom(FilterRoom):
    """Rows above, or beside where it is wide, and the one under the cursor whole."""

    DEFAULT_CSS = """
    ReadingRoom #list { layout: vertical; }
    ReadingRoom.-broad #list, ReadingRoom.-wide #list { layout: horizontal; }
    ReadingRoom.-broad Reading, ReadingRoom.-wide Reading { width: 2fr; height: 100%; }
    ReadingRoom.-bare Reading { display: none; }
    """

    _is_asking = False

    @abstractmethod
    async def ask_whole(self) -> bool:
        """Ask for the thing under the cursor where it is not known whole; whether it was asked for.

        Raises:
            OpsmithError: No answer.
        """

    @abstractmethod
    def moved(self) -> None:
        """Show the thing under the cursor."""

    def read_on(self) -> None:
        """Ask for what is under the cursor, one at a time, until it stands still."""
        if not self._is_asking:
            self._is_asking = True
            self._read_on()

    def failed_at(self, error: OpsmithError) -> None:
        """Say that there was no answer, where the room is there still."""
        if self.stands:
            self.failed = plain(error)
            self.show_head()

    @work
    async def _read_on(self) -> None:
        asked = False
        try:
            while self.stands and await self.ask_whole():
                asked = True
        except OpsmithError as error:
            self.failed_at(error)
            return
        finally:
            self._is_asking = False
        if asked and self.stands:
            self.moved()

    def beside(self) -> ComposeResult:
        """The thing under the cursor, whole."""
        yield Reading()

    @property
    def reading(self) -> Reading:
        """Where it is read."""
        return self.query_one(Reading)

    def action_open(self) -> None:
        """Show the thing under the cursor on a page of its own."""
        if not self.has_class("-bare"):
            self.reading.open_over(self.words)
