"""The console: the operator's place in a terminal."""

import asyncio
from typing import Any, ClassVar

from fastmcp import Client
from textual import work
from textual.app import App
from textual.binding import BindingType

from opsmith.domain.base import Language
from opsmith.domain.events import FOLLOWED
from opsmith.ports import Wake
from opsmith_tui.alert import AlertScreen
from opsmith_tui.help import HelpScreen
from opsmith_tui.plant import Plant
from opsmith_tui.room import Room
from opsmith_tui.standing import StandingScreen
from opsmith_tui.wording import Wording

LEAST = 0.2
"""Seconds between two looks at least, however often something is announced."""


class Console(App[None]):
    """Shows the plant's alerts, their reports and evidence, all through MCP tools.

    Args:
        plant: A client of the plant's tools; opened if it is not open.
        language: To begin with; `l` switches.
        refresh_seconds: Between one look at the plant and the next.
        by: Who sits here; acknowledgements are signed with it.
        wake: Rings when something was announced; None: nothing does.
    """

    TITLE = "opsmith"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "quit", "Quit"),
        ("l", "language", "English/中文"),
        ("t", "theme", "Light/dark"),
        ("question_mark", "help", "Help"),
    ]

    def __init__(
        self,
        plant: Client[Any],
        language: Language = "en",
        refresh_seconds: float = 1.0,
        by: str = "operator",
        wake: Wake | None = None,
    ) -> None:
        super().__init__()
        self._words = Wording(language)
        self._plant = Plant(plant)
        self._by = by
        self._wake = wake
        self._refresh_seconds = refresh_seconds
        self.standing = StandingScreen(self._plant, self._words, by, refresh_seconds)

    def on_mount(self) -> None:
        """Begin with the alerts that stand."""
        self.theme_changed_signal.subscribe(self, lambda _: self._reword())
        self.push_screen(self.standing)
        if self._wake is not None:
            self._listen(self._wake)

    async def on_unmount(self) -> None:
        """Leave the plant."""
        await self._plant.close()

    def on_standing_screen_chosen(self, message: StandingScreen.Chosen) -> None:
        """Open the alert that the operator chose."""
        self.push_screen(
            AlertScreen(message.trace_id, self._plant, self._words, self._by, self._refresh_seconds)
        )

    def action_language(self) -> None:
        """Speak the other language, everywhere, now."""
        self._words.switch()
        self._reword()

    def action_theme(self) -> None:
        """Turn from dark to light, or back."""
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"

    def action_help(self) -> None:
        """Show the page of keys."""
        self.push_screen(HelpScreen(self._words))

    @work
    async def _listen(self, wake: Wake) -> None:
        """Look when something was announced, not only when the time has come."""
        with wake.listen(FOLLOWED) as bell:
            while True:
                if await bell.wait(60.0) and isinstance(self.screen, Room):
                    self.screen.action_look()
                await asyncio.sleep(LEAST)

    def _reword(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Room):
                screen.reword()
