"""A key: what it does, and what it is called, said once for the terminal, the line and the help."""

from collections.abc import Iterable
from typing import NamedTuple

from textual.binding import Binding, BindingType

Pair = tuple[str, str]
"""The same in English and in Chinese."""


class Key(NamedTuple):
    """One key of a screen."""

    press: str
    """As Textual names it; several with commas."""
    action: str
    """As Textual runs it: of the app, or of the screen where it names none."""
    word: Pair
    """One word, for the line of keys and the palette."""
    help: Pair
    """What it does, for the page of help."""
    shown: str = ""
    """As a person reads the key; empty: as it is named."""
    on_line: bool = True
    """False: the page of help alone tells of it."""

    @property
    def sign(self) -> str:
        """As a person reads the key."""
        return self.shown or self.press.replace(",", " ")

    @property
    def run(self) -> str:
        """The action with its place."""
        return self.action if "." in self.action else f"screen.{self.action}"


def bindings(keys: Iterable[Key]) -> list[BindingType]:
    """What Textual binds."""
    return [Binding(key.press, key.action, key.word[0]) for key in keys]


MOVING = (
    Key(
        "j,down", "", ("Move", "移动"), ("move the cursor, or scroll", "移动光标或滚动"), "↑ ↓ j k",
        on_line=False,
    ),
    Key("g,G", "", ("Ends", "首尾"), ("first, last", "第一条、最后一条"), "g G", on_line=False),
    Key(
        "ctrl+d,ctrl+u", "", ("Page", "翻页"), ("half a page down, up", "向下、向上半页"),
        "Ctrl+D Ctrl+U", on_line=False,
    ),
)  # fmt: skip
"""What every list and every text understands by itself."""
