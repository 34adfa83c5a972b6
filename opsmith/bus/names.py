"""The names that messages say, each decoded and judged once."""

from collections.abc import Iterable

import numpy as np

from opsmith.bus.codec import LONGEST_ID, RESERVED
from opsmith.bus.lookup import WORD, enter, words_of
from opsmith.bus.scan import (
    CHANNEL,
    DEVICE,
    FACTORY,
    IGNORED,
    LINE,
    MEASUREMENT,
    STATUS,
    TIME,
    Array,
)
from opsmith.domain.units import MEASUREMENTS, measurement_of

_LONGEST = 256
"""Bytes; a longer name is left to the codec."""
_SHORT = 64
_KNOWN = tuple(MEASUREMENTS)
_MOST_NAMES = 250_000
_MOST_BYTES = 8_000_000

_ROLES = {
    "device_id": DEVICE,
    "timestamp": TIME,
    "status": STATUS,
    "factory_id": FACTORY,
    "line_id": LINE,
}


class Names:
    """Numbers for names: keys, devices and words in one table that compiled code can ask.

    Name 0 is the empty text. The arrays are longer than they are filled: `len` names count.
    """

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self.plain: list[str] = []
        self.short: list[str] = []
        """The first signs of each, as they stand in a frame for devices and words."""
        self.slots: Array = np.full(1024, -1, np.int32)
        self.text: Array = np.zeros(8192, np.uint8)
        self.bounds: Array = np.zeros(513, np.int64)
        self.roles: Array = np.zeros(512, np.uint8)
        self.usable: Array = np.zeros(512, np.uint8)
        self.low: Array = np.full(512, -np.inf)
        self.high: Array = np.full(512, np.inf)
        self.follow: Array = np.full(513, -1, np.int32)
        self.after: Array = np.full(512, -1, np.int32)
        self._enter({name.encode(): name for name in ("", *RESERVED, *MEASUREMENTS)})

    def __len__(self) -> int:
        return len(self.plain)

    @property
    def full(self) -> bool:
        """Whether it is time to begin anew, lest made-up names fill the memory."""
        return len(self) > _MOST_NAMES or self.bounds[len(self)] > _MOST_BYTES

    def number(self, name: str) -> int:
        """The number of a name; entered where it is new."""
        raw = name.encode()
        found = self._numbers.get(raw)
        if found is None:
            found = len(self)
            self._enter({raw: name})
        return found

    def learn(self, raws: Iterable[bytes]) -> set[bytes]:
        """Enter names as they stand in messages; those that cannot be come back."""
        fresh: dict[bytes, str] = {}
        refused: set[bytes] = set()
        for raw in raws:
            if raw not in self._numbers:
                try:
                    if len(raw) > _LONGEST:
                        raise ValueError
                    fresh[raw] = raw.decode()
                except ValueError:
                    refused.add(raw)
        self._enter(fresh)
        return refused

    @property
    def wide(self) -> Array:
        """The text, eight bytes at a time."""
        return words_of(self.text)

    def _enter(self, fresh: dict[bytes, str]) -> None:
        first, end = len(self), len(self) + len(fresh)
        at = int(self.bounds[first])
        joined = b"".join(fresh)
        self._grow(end, at + len(joined))
        self.text[at : at + len(joined)] = np.frombuffer(joined, np.uint8)
        self.bounds[first + 1 : end + 1] = at + np.cumsum([len(raw) for raw in fresh])
        self._numbers.update(zip(fresh, range(first, end), strict=True))
        names = list(fresh.values())
        self.plain += names
        self.short += [name[:_SHORT] for name in names]
        self.roles[first:end] = CHANNEL
        self.usable[first:end] = [
            name.isprintable() and len(name) <= LONGEST_ID and bool(name.strip()) for name in names
        ]
        for number, name in enumerate(names, first):
            # Most are devices: a name that begins like none is none.
            known = measurement_of(name) if name.startswith(_KNOWN) else None
            if known is not None:
                self.roles[number] = MEASUREMENT
                self.low[number], self.high[number] = known.low, known.high
            if name in RESERVED:
                self.roles[number] = _ROLES.get(name, IGNORED)
        enter(self.slots, self.wide, self.bounds, first, end)

    def _grow(self, names: int, size: int) -> None:
        while size + WORD > len(self.text):
            self.text = np.concatenate([self.text, np.zeros_like(self.text)])
        while names > len(self.roles):
            room = len(self.roles)
            self.roles, self.usable = (
                np.concatenate([old, np.zeros_like(old)]) for old in (self.roles, self.usable)
            )
            self.after = np.concatenate([self.after, np.full(room, -1, np.int32)])
            self.low = np.concatenate([self.low, np.full(room, -np.inf)])
            self.high = np.concatenate([self.high, np.full(room, np.inf)])
            self.bounds = np.concatenate([self.bounds, np.zeros(room, np.int64)])
            follow = np.full(2 * room + 1, -1, np.int32)
            follow[:room], follow[-1] = self.follow[:room], self.follow[-1]
            self.follow = follow
            self.slots = np.full(2 * len(self.slots), -1, np.int32)
            enter(self.slots, self.wide, self.bounds, 0, len(self))
