"""What can be said after a colon: rooms, keys of the room in view, devices, alerts, orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input

from opsmith.errors import OpsmithError
from opsmith_mcp.alert_history import AlertHistory, AlertLine
from opsmith_tui.figures import plain
from opsmith_tui.room import Open, Room
from opsmith_tui.wording import HELP, ROOMS, TYPES

if TYPE_CHECKING:
    from opsmith_mcp.work_orders import OrderLine
    from opsmith_tui.console import Console

MOST = 100
"""Alerts, and work orders, that are found by name."""
FIRST = 1000.0
"""Added to the score of what is surely meant."""
OPEN_ALERT = ("open this alert", "打开此报警")
OPEN_ORDER = ("go to this work order", "前往此工单")

_Command = tuple[str, str, partial[Any]]


class Commands(Provider):
    """Rooms and keys."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for name, text, run in self._all():
            yield DiscoveryHit(name, run, help=text)

    async def search(self, query: str) -> Hits:
        """Those that are like what is typed."""
        matcher = self.matcher(query)
        for name, text, run in self._all():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=text)

    def _all(self) -> Iterator[_Command]:
        console, room = cast("Console", self.app), self.screen
        words = console.desk.words
        for name, (long, _) in ROOMS.items():
            yield words.of(long), words(HELP, "go_to"), partial(console.action_room, name)
        here = room.all_keys() if isinstance(room, Room) else ()
        for key in (*here, *console.KEYS):
            if key.action:
                act = partial(console.run_action, key.run, room)
                yield words.of(key.word), words.of(key.help), act


class Devices(Provider):
    """Devices by id or name."""

    async def search(self, query: str) -> Hits:
        """Those that the plant finds."""
        # Only here: see `opsmith_tui.console.LATER`.
        from opsmith_mcp.device_registry import DeviceRegistry

        console = cast("Console", self.app)
        matcher = self.matcher(query)
        try:
            found = await console.desk.plant.ask(DeviceRegistry.list_devices, text=query)
        except OpsmithError:
            return
        for device in found.devices[:20]:
            name = plain(f"{device.device_id} {device.device_name}")
            # Whoever begins to type an id means the device before what is there about it.
            begun = device.device_id.casefold().startswith(query.strip().casefold())
            # The plant searches by more than the letters, so all that it finds are hits.
            yield Hit(
                max(matcher.match(name), 0.1) + begun * FIRST,
                matcher.highlight(name),
                partial(console.on_open, Open("device", device.device_id)),
                help=console.desk.words(HELP, "open_device"),
            )


class Alerts(Provider):
    """Alerts that stand, by device, type or trace id; asked for once, when the palette opens."""

    _known: Sequence[AlertLine] = ()

    async def startup(self) -> None:
        """Ask for the newest."""
        plant = cast("Console", self.app).desk.plant
        with suppress(OpsmithError):
            self._known = (await plant.ask(AlertHistory.list_alerts, limit=MOST)).alerts

    async def search(self, query: str) -> Hits:
        """Those that are like what is typed."""
        console = cast("Console", self.app)
        words, matcher = console.desk.words, self.matcher(query)
        for line in self._known:
            kind = words(TYPES, line.alert_type)
            name = plain(f"{line.alert_level} {line.device_id} {kind} {line.trace_id}")
            if (score := matcher.match(name)) > 0:
                run = partial(console.on_open, Open("alert", line.trace_id))
                yield Hit(score, matcher.highlight(name), run, help=words.of(OPEN_ALERT))


class Orders(Provider):
    """Undone work orders, by number or device; asked for once, when the palette opens."""

    _known: Sequence[OrderLine] = ()

    async def startup(self) -> None:
        """Ask for the newest."""
        # Only here: see `opsmith_tui.console.LATER`.
        from opsmith_mcp.work_orders import WorkOrders

        plant = cast("Console", self.app).desk.plant
        with suppress(OpsmithError):
            asked = plant.ask(WorkOrders.list_work_orders, status="UNDONE", limit=MOST)
            self._known = (await asked).orders

    async def search(self, query: str) -> Hits:
        """Those that are like what is typed."""
        console = cast("Console", self.app)
        words, matcher = console.desk.words, self.matcher(query)
        for line in self._known:
            name = plain(f"{line.order_no} {line.device_id}")
            if (score := matcher.match(name)) > 0:
                run = partial(_seek, console, line.order_no)
                yield Hit(score, matcher.highlight(name), run, help=words.of(OPEN_ORDER))


def _seek(console: Console, number: str) -> None:
    """Show that one order in its room."""
    console.action_room("orders")

    def seek() -> None:
        console.screen.add_class("-filtering")
        console.screen.query_one("#filter", Input).value = number

    # A room that is gone to for the first time has no line yet.
    console.screen.call_after_refresh(seek)
