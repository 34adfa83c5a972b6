"""A room whose rows are filtered by what is typed below them."""

from abc import abstractmethod
from collections.abc import Sized
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from opsmith_tui.figures import plain
from opsmith_tui.keys import Key, bindings
from opsmith_tui.room import Room
from opsmith_tui.wording import LIST, SCREEN

FILTER_KEYS = (
    Key(
        "slash", "filter", ("Filter", "筛选"),
        ("show what contains a text; Esc ends it", "按文字筛选，Esc 结束"), "/",
    ),
    Key("escape", "leave_filter", ("All", "全部"), ("show everything again", "显示全部"), "Esc",
        on_line=False),
)  # fmt: skip


class FilterRoom(Room):
    """Rows, what is said where there are none, and the line in which a text is sought."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(FILTER_KEYS)
    DEFAULT_CSS = """
    FilterRoom #list { height: 1fr; }
    FilterRoom #message {
        height: 1fr; content-align: center middle; text-align: center; display: none;
    }
    FilterRoom #filter {
        display: none; height: 1; border: none; padding: 0 1; background: $boost;
    }
    FilterRoom.-filtering #filter { display: block; }
    FilterRoom Table { height: 1fr; width: 1fr; scrollbar-size-horizontal: 0; }
    FilterRoom.-bare Table { display: none; }
    FilterRoom.-bare #message { display: block; }
    """

    @abstractmethod
    def rows(self) -> Widget:
        """Make what the rows stand in."""

    @property
    @abstractmethod
    def walked(self) -> Widget:
        """What the rows stand in: the keys belong to it."""

    @property
    @abstractmethod
    def known(self) -> Sized:
        """Everything that is known, whether it is sought or not."""

    @abstractmethod
    def message(self) -> tuple[str, str]:
        """What is said where there is nothing: a title and the way out."""

    def beside(self) -> ComposeResult:
        """What stands beside the rows."""
        yield from ()

    def below(self) -> ComposeResult:
        """What stands below them."""
        yield from ()

    def body(self) -> ComposeResult:
        """The rows with their neighbours."""
        with Horizontal(id="list"):
            yield self.rows()
            yield Static(id="message")
            yield from self.beside()
        yield from self.below()
        yield Input(id="filter")

    def on_mount(self) -> None:
        """The keys belong to the rows."""
        self.walked.focus()

    @property
    def sought(self) -> str:
        """What is looked for."""
        return self.query_one("#filter", Input).value.strip()

    def action_filter(self) -> None:
        """Type what to look for."""
        self.add_class("-filtering")
        self.query_one("#filter", Input).focus()

    def action_leave_filter(self) -> None:
        """Show everything again; where everything is shown, go back."""
        field = self.query_one("#filter", Input)
        if not self.has_class("-filtering") and not field.value:
            if not self.NAME:
                self.action_back()
            return
        field.value = ""
        self.remove_class("-filtering")
        self.walked.focus()

    def show_filter(self, *, is_bare: bool) -> None:
        """Show the line of the filter, and where no row is shown, why not."""
        self.query_one("#filter", Input).placeholder = self.words(LIST, "filter")
        self.set_class(is_bare, "-bare")
        if is_bare:
            self.query_one("#message", Static).update(self._message())
        elif self.focused is None and self.is_current:
            self.walked.focus()

    def _message(self) -> Text:
        words = self.words
        if self.known:
            title, text = words(LIST, "none_found", text=plain(self.sought)), words(LIST, "esc")
        elif self.failed is not None:
            title = words(SCREEN, "failed_title")
            text = words(SCREEN, "failed_help", reason=self.failed)
        elif self.as_of is None:
            return Text(words(SCREEN, "no_rows_yet"))
        else:
            title, text = self.message()
        return Text.assemble((f"{title}\n\n", "bold"), text)

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        self.show()

    @on(Input.Submitted, "#filter")
    def _typed_whole(self) -> None:
        self.walked.focus()
        self.action_look()
