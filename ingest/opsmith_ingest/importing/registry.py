"""Which device of ours a foreign table means, however it spells the id."""

import re
from collections.abc import Iterable
from datetime import datetime

from opsmith.domain.devices import Device
from opsmith.domain.names import near, plain
from opsmith.storage.devices import DeviceStore
from opsmith_ingest.importing.fields import Refusal
from opsmith_ingest.importing.plan import DeviceNames

LONGEST = 64

_Key = tuple[str, tuple[int, ...]]


class Registry:
    """The registry as it is when the import begins, and the devices that the import adopts.

    Args:
        store: The registry.
        names: What the mapping file says about ids.
        adopt: Enter devices that nobody registered; else their rows are refused.
    """

    def __init__(self, store: DeviceStore, names: DeviceNames, *, adopt: bool) -> None:
        self._store = store
        self._adopt = adopt
        self._aliases = {
            theirs.strip().casefold(): ours for theirs, ours in names.aliases.items() if ours
        }
        self._pattern = re.compile(names.pattern) if names.pattern else None
        self._ids = dict[str, None]()
        self._by_id = dict[_Key, list[str]]()
        self._by_name = dict[_Key, list[str]]()
        for device in store.list():
            self._know(device.device_id, device.device_name)
        self._found = dict[str, str | Refusal]()
        self.adopted = dict[str, None]()
        """Devices that the rows so far named and nobody had registered."""

    def resolve(self, theirs: str, column: str | None) -> str:
        """Our id of a device.

        Raises:
            Refusal: None is meant, or several are.
        """
        found = self._found.get(theirs)
        if found is None:
            try:
                found = self._look_up(theirs, column)
            except Refusal as refusal:
                found = refusal
            self._found[theirs] = found
        if isinstance(found, Refusal):
            raise found
        return found

    def ours(self, theirs: str, column: str | None) -> str:
        """Our id of a device that is to be registered: its own where none is there already."""
        wanted = self._wanted(theirs)
        if wanted in self._ids:
            return wanted
        meant = self._by_id.get(_key(wanted), [])
        if len(meant) > 1:
            raise Refusal(f"{theirs!r} may be any of {', '.join(meant[:5])}", column)
        return meant[0] if meant else wanted

    def enter(self, device_ids: Iterable[str], now: datetime) -> None:
        """Enter those of the devices that are adopted, in the caller's transaction."""
        wanted = [each for each in dict.fromkeys(device_ids) if each in self.adopted]
        if wanted:
            devices = [Device(device_id=d, device_name=d, adopted=False) for d in wanted]
            self._store.add(devices, now)

    def _wanted(self, theirs: str) -> str:
        """The id as the mapping file turns it."""
        theirs = theirs.strip()
        if theirs.casefold() in self._aliases:
            return self._aliases[theirs.casefold()]
        match = self._pattern.search(theirs) if self._pattern is not None else None
        return match[1] if match is not None and match[1] else theirs

    def _look_up(self, theirs: str, column: str | None) -> str:
        wanted = self._wanted(theirs)
        if wanted in self._ids:
            return wanted
        meant = self._by_id.get(_key(wanted)) or self._by_name.get(_key(wanted)) or []
        if len(meant) == 1:
            return meant[0]
        if meant:
            some = ", ".join(meant[:5])
            raise Refusal(
                f"{theirs!r} may be any of {some}; say which under devices.aliases", column
            )
        if not self._adopt:
            hint = near(wanted, self._ids) or "; map it under devices.aliases, or --adopt it"
            raise Refusal(f"no device {theirs!r}{hint}", column)
        if not plain(wanted) or len(wanted) > LONGEST:
            raise Refusal(f"{theirs[:80]!r} is no id of a device", column)
        self._know(wanted, "")
        self.adopted[wanted] = None
        return wanted

    def _know(self, device_id: str, name: str) -> None:
        self._ids[device_id] = None
        self._by_id.setdefault(_key(device_id), []).append(device_id)
        if name and name != device_id:
            self._by_name.setdefault(_key(name), []).append(device_id)


def _key(name: str) -> _Key:
    """A spelling, without case, signs and leading zeros; but where a number ends still counts."""
    return plain(name), tuple(int(number) for number in re.findall(r"\d+", name))
