"""The page of keys: made from the keys that work in the room, so that it is true."""

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from opsmith.domain.alerts import AlertLevel
from opsmith_tui.keys import Key
from opsmith_tui.wording import HELP, LEVELS, Wording


class HelpScreen(ModalScreen[None]):
    """Shows every key that works, and what the levels mean.

    Args:
        here: Keys of the room that is seen.
        everywhere: Keys of the console.
        words: The language.
    """

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    HelpScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,question_mark,q,enter", "dismiss_page", "Close"),
        ("j", "roll(1)", "Down"),
        ("k", "roll(-1)", "Up"),
    ]

    def __init__(self, here: Sequence[Key], everywhere: Sequence[Key], words: Wording) -> None:
        super().__init__()
        self._parts = (("here", here), ("everywhere", everywhere))
        self._words = words

    def compose(self) -> ComposeResult:
        """Lay the page out."""
        words = self._words
        with VerticalScroll() as page:
            page.border_title = words(HELP, "title")
            page.border_subtitle = words(HELP, "close")
            table = Table.grid(padding=(0, 2))
            table.add_column(no_wrap=True, min_width=9)
            table.add_column()
            for title, keys in self._parts:
                table.add_row(Text(words(HELP, title), "bold underline"), "")
                for key in keys:
                    table.add_row(Text(key.sign, "bold"), words.of(key.help))
            table.add_row(Text(words(HELP, "levels"), "bold underline"), "")
            for level in AlertLevel:
                table.add_row(Text(level.value, "bold"), words(LEVELS, level.value))
            yield Static(table)

    def action_dismiss_page(self) -> None:
        """Go back to where the operator was."""
        self.dismiss()

    def action_roll(self, lines: int) -> None:
        """Scroll, where the terminal is too low for the whole page."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
