"""What the console's screens have in common: words, a line of keys, colours of levels."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import work
from textual.binding import BindingType
from textual.color import Color
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from opsmith.domain.alerts import AlertLevel
from opsmith.errors import OpsmithError
from opsmith_mcp.alert_history import AlertHistory
from opsmith_tui.figures import plain
from opsmith_tui.plant import Plant
from opsmith_tui.wording import KEYS, SCREEN, STATES, Wording

LEVEL_COLOURS = {
    AlertLevel.P0: "error",
    AlertLevel.P1: "warning",
    AlertLevel.P2: "text-warning",
    AlertLevel.P3: "foreground",
}


class Room(Screen[None]):
    """A screen on the plant, which can be told to say everything again in another language.

    Args:
        plant: Where to ask.
        words: The language; shared by all rooms.
        by: Who sits here, for what is signed.
        refresh_seconds: Between one look at the plant and the next.
    """

    HORIZONTAL_BREAKPOINTS = [
        (0, "-narrow"), (110, "-broad"), (176, "-wide"),
    ]  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        ("a", "acknowledge", "Acknowledge"),
        ("r", "look", "Refresh"),
    ]

    def __init__(self, plant: Plant, words: Wording, by: str, refresh_seconds: float) -> None:
        super().__init__()
        self.plant = plant
        self.words = words
        self.by = by
        self.refresh_seconds = refresh_seconds
        self._looking = self._again = False

    def on_mount(self) -> None:
        """Look at once, and again and again."""
        self.set_interval(self.refresh_seconds, self._look_if_seen)

    def on_screen_resume(self) -> None:
        """Look when the operator comes (back) here."""
        self.action_look()

    def action_look(self) -> None:
        """Ask the plant again; while a question is under way, once more after it."""
        # What is asked now may have come after the answer that is on its way.
        self._again = self._looking
        if not self._looking:
            self._looking = True
            self._look()

    def action_acknowledge(self) -> None:
        """Say that the alert in view was seen."""
        trace_id = self.chosen()
        if trace_id is not None:
            self._acknowledge(trace_id)

    @abstractmethod
    def chosen(self) -> str | None:
        """The trace id of the alert in view."""

    @abstractmethod
    async def look(self) -> None:
        """Ask the plant and show the answer, or that none came."""

    @abstractmethod
    def reword(self) -> None:
        """Say everything again, in the language and the theme as they are now."""

    def _look_if_seen(self) -> None:
        if self.is_current and not self._looking:
            self.action_look()

    @work
    async def _look(self) -> None:
        try:
            await self.look()
        finally:
            self._looking = False
        if self._again:
            self.action_look()

    @work
    async def _acknowledge(self, trace_id: str) -> None:
        words = self.words
        try:
            if not await self.plant.has(AlertHistory.acknowledge_alert):
                self.notify(words(SCREEN, "not_enabled"), severity="warning", markup=False)
                return
            seen = await self.plant.ask(AlertHistory.acknowledge_alert, trace_id, by=self.by)
        except OpsmithError as error:
            reason = plain(error)
            self.notify(words(SCREEN, "not_done", reason=reason), severity="error", markup=False)
            return
        state = words(STATES, seen.alert.state)
        device = plain(seen.alert.device_id)
        # A plant elsewhere signs with the name of the key.
        by = plain(seen.alert.acknowledged_by or self.by)
        self.notify(words(SCREEN, "acknowledged", device=device, state=state, by=by), markup=False)
        self.action_look()


class KeyLine(Static):
    """The keys that work here; each can be clicked."""

    DEFAULT_CSS = """
    KeyLine {
        dock: bottom; height: 1; background: $panel; padding: 0 1;
        link-style: none; link-color: $foreground; link-background-hover: $primary;
    }
    """

    def say(self, words: Wording, keys: Sequence[tuple[str, str, str]]) -> None:
        """Show keys: each as it is pressed, its word, and the action that it does."""
        # Our own words alone stand in this markup, nothing from the plant.
        self.update(
            "  ".join(
                f"[@click={action}][bold $footer-key-foreground]{key}[/] {words(KEYS, word)}[/]"
                for key, word, action in keys
            )
        )


def colour_of(name: str, widget: Widget) -> Color:
    """The theme's colour of that name."""
    # Textual leaves the type of its app open.
    return Color.parse(widget.app.theme_variables[name])  # pyright: ignore[reportUnknownMemberType]


def style_of(name: str, widget: Widget, *, bold: bool = False) -> Style:
    """The theme's colour of that name, as a style for Rich."""
    return Style(color=colour_of(name, widget).rich_color, bold=bold)


def level_text(level: AlertLevel, widget: Widget) -> Text:
    """A level as its own text on its colour: never the colour alone."""
    colour = colour_of(LEVEL_COLOURS[level], widget)
    if level in (AlertLevel.P0, AlertLevel.P1):
        ink = colour.get_contrast_text(1).rich_color
        return Text(level.value, Style(color=ink, bgcolor=colour.rich_color, bold=True))
    return Text(level.value, Style(color=colour.rich_color))
