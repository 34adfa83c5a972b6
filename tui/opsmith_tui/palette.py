"""What can be said after a colon: every room, every key of the room in view, any device."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from opsmith.errors import OpsmithError
from opsmith_tui.figures import plain
from opsmith_tui.room import Open, Room
from opsmith_tui.wording import HELP, ROOMS

if TYPE_CHECKING:
    from opsmith_tui.console import Console

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
            # The plant searches by more than the letters, so all that it finds are hits.
            yield Hit(
                max(matcher.match(name), 0.1),
                matcher.highlight(name),
                partial(console.on_open, Open("device", device.device_id)),
                help=console.desk.words(HELP, "open_device"),
            )
