"""The console: the operator's place in a terminal."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pkgutil import resolve_name
from typing import Any, ClassVar

from textual import work
from textual.app import App
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.theme import BUILTIN_THEMES

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.events import FOLLOWED
from opsmith.errors import OpsmithError
from opsmith.ports import Wake
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.proposals import Proposals
from opsmith_tui.assistant_source import AssistantSource
from opsmith_tui.desk import Desk
from opsmith_tui.feed import FarWake
from opsmith_tui.figures import plain
from opsmith_tui.form import Form
from opsmith_tui.help import HelpScreen
from opsmith_tui.keys import Key, bindings
from opsmith_tui.palette import Alerts, Commands, Devices, Orders
from opsmith_tui.plant import Plant
from opsmith_tui.room import Open, Room
from opsmith_tui.wording import HELP, ROOMS, SCREEN, TYPES, Wording

LIGHT = replace(
    BUILTIN_THEMES["textual-light"],
    name="opsmith-light",
    accent="#8a3000",
    variables={"footer-key-foreground": "#005a9e", "scrollbar": "#4f6573"},
)
"""Textual's own, in colours that are seen on its light ground, with sixteen colours too."""
LEAST = 0.2
"""Seconds between two looks at least, however often something is announced."""
ROOM_CLASSES: Mapping[str, str] = {
    "overview": "opsmith_tui.overview:OverviewRoom",
    "alerts": "opsmith_tui.alerts:AlertsRoom",
    "orders": "opsmith_tui.orders:OrdersRoom",
    "decide": "opsmith_tui.decide:DecideRoom",
    "knowledge": "opsmith_tui.knowledge:KnowledgeRoom",
    "assistant": "opsmith_tui.assistant:AssistantRoom",
    "system": "opsmith_tui.system:SystemRoom",
    "audit": "opsmith_tui.audit:AuditRoom",
}
"""Each room of `ROOMS`, imported when it is first gone to: the start waits for no other."""

DETAIL_CLASSES: Mapping[str, str] = {
    "alert": "opsmith_tui.alert:AlertRoom",
    "device": "opsmith_tui.device:DeviceRoom",
}
"""What is opened over a room, of its id."""
KNOWN = 1000
"""P0 that are remembered as rung for; then the oldest are forgotten together."""
LATER = ("opsmith_tui.session", "opsmith_mcp.work_orders", "opsmith_mcp.device_registry")
"""What the first screen does without and most of what follows needs: loaded once that is shown."""
SHOWN = 1.0
"""Seconds after the plant's first answer in which the first screen is surely shown."""


class Console(App[None]):
    """Shows the plant and changes it, all through MCP tools.

    Args:
        plant: Its tools.
        language: To begin with; `l` switches.
        refresh_seconds: Between one look at the plant and the next.
        by: Who sits here; what is done is signed with it.
        wake: Rings when something was announced; None: nothing does.
        room: The first to be seen, of `ROOMS`.
        assistant: Where the assistant comes from; None: one of rules alone, which keeps nothing.
    """

    TITLE = "opsmith"
    COMMANDS = {Commands, Devices, Alerts, Orders}
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key(
            ",".join(str(number) for number in range(1, len(ROOMS) + 1)),
            "", ("Rooms", "页面"), ("go to a room", "前往页面"), f"1 … {len(ROOMS)}",
        ),
        Key(
            "colon,ctrl+p", "app.palette", ("Commands", "命令"),
            ("every room, action and device by name", "按名称查找页面、操作、设备"), ": Ctrl+P",
        ),
        Key("l", "app.language", ("中文", "English"), ("English, Chinese", "切换中文、英文")),
        Key("t", "app.theme", ("Light/dark", "明/暗"), ("light, dark", "浅色、深色")),
        Key(
            "b", "app.mute", ("Bell", "铃声"),
            ("ring for a new P0, or not", "新的 P0 报警响铃或静音"),
        ),
        Key("question_mark", "app.help", ("Help", "帮助"), ("this page", "本帮助"), "?"),
        Key("q", "app.quit", ("Quit", "退出"), ("quit", "退出")),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(KEYS[1:]),
        *((str(number), f"room('{name}')", name) for number, name in enumerate(ROOMS, 1)),
    ]

    def __init__(
        self,
        plant: Plant,
        language: Language = "en",
        refresh_seconds: float = 1.0,
        by: str = "operator",
        wake: Wake | None = None,
        room: str = "alerts",
        assistant: AssistantSource | None = None,
    ) -> None:
        super().__init__()
        plant.asked = self._asked
        self.desk = Desk(plant, Wording(language), by, refresh_seconds)
        self.desk.source = assistant or AssistantSource()
        if wake is not None:
            # The bell of this process cannot be cut off.
            self.desk.feed = lambda: wake.is_connected if isinstance(wake, FarWake) else True
        self._wake = wake
        self._rooms = dict[str, Room]()
        self._first = room
        self._muted = False
        self._known_p0: set[str] | None = None
        self._feeling = False
        self._begun = False
        self.loaded: Callable[[], None] = lambda: None
        """Called once all is loaded that stays; whose process it is may tidy up."""

    def on_mount(self) -> None:
        """Begin with the first room."""
        self.register_theme(LIGHT)
        self.theme_changed_signal.subscribe(self, lambda _: self._reword())
        self.push_screen(self._room(self._first))
        self.feel()
        self.set_interval(self.desk.refresh_seconds, self.feel)
        if self._wake is not None:
            self._listen(self._wake)

    async def on_unmount(self) -> None:
        """Leave the plant."""
        await self.desk.plant.close()

    def action_room(self, name: str) -> None:
        """Go to a room, from wherever the operator is."""
        room = self._room(name)
        if room in self.screen_stack:
            while self.screen is not room:
                self.screen.dismiss()
            return
        while len(self.screen_stack) > 2:
            self.screen.dismiss()
        self.switch_screen(room)  # pyright: ignore[reportUnknownMemberType]  Textual leaves the type of a screen open

    def on_open(self, message: Open) -> None:
        """Show one alert or one device, over the room in view."""
        self.push_screen(resolve_name(DETAIL_CLASSES[message.what])(self.desk, message.name))

    def action_language(self) -> None:
        """Speak the other language, everywhere, now."""
        self.desk.words.switch()
        self._reword()

    def action_theme(self) -> None:
        """Turn from dark to light, or back."""
        self.theme = LIGHT.name if self.current_theme.dark else "textual-dark"

    def action_mute(self) -> None:
        """Ring for a new P0, or do not."""
        self._muted = not self._muted
        self.sub_title = self.desk.words(SCREEN, "muted") if self._muted else ""
        self.notify(self.desk.words(SCREEN, "muted" if self._muted else "bell_on"), markup=False)

    def action_help(self) -> None:
        """Show the page of keys."""
        here = self.screen.all_keys() if isinstance(self.screen, Room) else ()
        self.push_screen(HelpScreen(here, self.KEYS, self.desk.words))

    def action_palette(self) -> None:
        """Type what to do."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=self.desk.words(HELP, "palette")))

    def _room(self, name: str) -> Room:
        if name not in self._rooms:
            room = resolve_name(ROOM_CLASSES[name])(self.desk)
            # Installed, it stays as it was left, with its cursor, while another is seen.
            self.install_screen(room, name)  # pyright: ignore[reportUnknownMemberType]  as below
            self._rooms[name] = room
        return self._rooms[name]

    @work
    async def _listen(self, wake: Wake) -> None:
        """Look when something was announced, not only when the time has come."""
        with wake.listen(FOLLOWED) as bell:
            while True:
                room = self.screen if await bell.wait(60.0) else None
                if isinstance(room, Room):
                    await asyncio.sleep(room.resting)
                    room.action_look()
                await asyncio.sleep(LEAST)

    @work
    async def feel(self) -> None:
        """Ask how the plant does, and ring for a new P0."""
        if self._feeling:
            return
        self._feeling = True
        pulse, plant = self.desk.pulse, self.desk.plant
        try:
            urgent = await plant.ask(AlertHistory.list_alerts, level=AlertLevel.P0, limit=5)
            high = await plant.ask(AlertHistory.list_alerts, level=AlertLevel.P1, limit=1)
            every = await plant.ask(AlertHistory.list_alerts, limit=1)
            if await plant.has(Proposals.list_proposals):
                waiting = await plant.ask(Proposals.list_proposals)
                pulse.waiting = len(waiting.proposals)
        except OpsmithError as error:
            pulse.failed = plain(error)
        else:
            pulse.failed, pulse.as_of, pulse.standing = None, every.as_of, every.total
            pulse.urgent = {AlertLevel.P0: urgent.total, AlertLevel.P1: high.total}
            now = {line.trace_id for line in urgent.alerts}
            for line in urgent.alerts:
                if self._known_p0 is not None and line.trace_id not in self._known_p0:
                    kind = self.desk.words(TYPES, line.alert_type)
                    self._ring(plain(line.device_id), kind)
            known = self._known_p0 or set[str]()
            # One that newer ones push out of the answer may come back into it: no bell for that.
            self._known_p0 = now if len(known) > KNOWN else now | known
            if not self._begun:
                self._begun = True
                self.set_timer(SHOWN, self._load_later)
        finally:
            self._feeling = False
        if isinstance(self.screen, Room):
            self.screen.show_head()

    @work(thread=True)
    def _load_later(self) -> None:
        for name in LATER:
            import_module(name)
        self.loaded()

    def _ring(self, device: str, kind: str) -> None:
        said = self.desk.words(SCREEN, "new_p0", device=device, type=kind)
        self.notify(said, severity="error", timeout=15, markup=False)
        if not self._muted:
            self.bell()

    async def _asked(
        self, message: str, response_type: Any, params: object, context: object
    ) -> object:
        """Let the operator answer what the plant asks before it does something."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        form = Form(None, (), self.desk.words, message)

        def settle(given: dict[str, Any] | None) -> None:
            answer.set_result(given is not None)

        self.call_later(self.push_screen, form, settle)
        if await answer:
            return response_type(confirm=True)
        # Only here: the plant asks over a client whose libraries are there by then.
        from fastmcp.client.elicitation import ElicitResult

        return ElicitResult(action="decline")

    def _reword(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Room):
                screen.reword()
