"""One thing whole, on a page over the room, where the room has no place for all of it."""

from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from opsmith_tui.panes import Pane
from opsmith_tui.wording import HELP, Wording


class WholePage(ModalScreen[None]):
    """Shows it; j and k scroll, Esc closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,enter", "dismiss", "Back"),
        ("l", "app.language", "Language"),
    ]
    DEFAULT_CSS = """
    WholePage { align: center middle; }
    WholePage Pane {
        width: 92; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $surface; padding: 0 1;
    }
    WholePage Static { height: auto; }
    """

    def __init__(self, whole: RenderableType, words: Wording, title: str = "") -> None:
        super().__init__()
        self._whole = whole
        self._words = words
        self._title_text = title

    def compose(self) -> ComposeResult:
        """Lay the page out."""
        with Pane():
            yield Static()

    def on_mount(self) -> None:
        """Show what there is by now."""
        self._show()

    def say(self, whole: RenderableType) -> None:
        """Show it, or show it again in another language."""
        self._whole = whole
        # An answer may come before the page stands; it is shown then.
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        pane = self.query_one(Pane)
        pane.border_title = Text(self._title_text).markup
        pane.border_subtitle = Text(self._words(HELP, "close")).markup
        self.query_one(Static).update(self._whole)
