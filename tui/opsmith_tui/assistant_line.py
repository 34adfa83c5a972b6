"""The line in which questions are typed."""

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input


class Line(Input):
    """Where questions are typed; the arrows bring back those from before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "earlier(-1)", "Earlier"),
        ("down", "earlier(1)", "Later"),
        ("escape", "leave", "Leave"),
    ]

    def __init__(self) -> None:
        super().__init__(id="ask", compact=True)
        self.asked = list[str]()
        self._at = 0

    def remember(self, question: str) -> None:
        """Bring it back when the arrow is pressed."""
        self.asked.append(question)
        self._at = len(self.asked)

    def action_earlier(self, step: int) -> None:
        """Show a question from before, or after it."""
        self._at = min(max(self._at + step, 0), len(self.asked))
        self.value = self.asked[self._at] if self._at < len(self.asked) else ""
        self.action_end()

    def action_leave(self) -> None:
        """Give the keys to the conversation."""
        self.screen.query_one("#talk").focus()
