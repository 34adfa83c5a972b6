"""Which partitions a member holds, from where on they count, and which were taken from it."""

import threading
from collections.abc import Iterable, Mapping

from opsmith.ports import Place


class Places:
    """Changed by the consumer's thread alone; `lost` and `held` are asked by others."""

    def __init__(self) -> None:
        self._held: dict[Place, int] = {}
        self._owed: dict[Place, int] = {}
        self._lost: set[Place] = set()
        self._lock = threading.Lock()
        self.gone: set[Place] = set()
        """What was taken since this was cleared."""

    @property
    def held(self) -> dict[Place, int]:
        """Each partition with the offset that it is committed at, or -1 where none is known."""
        return self._held.copy()

    @property
    def owed(self) -> dict[Place, int]:
        """Commits that were refused while partitions were being shared out."""
        return self._owed.copy()

    def gained(self, starts: Mapping[Place, int]) -> None:
        """These are ours now, with where their work starts; below zero where nobody knows."""
        self._held.update({place: max(-1, start) for place, start in starts.items()})

    def taken(self, places: Iterable[Place]) -> None:
        """These are no longer ours."""
        for place in places:
            self._held.pop(place, None)
            self._owed.pop(place, None)
            self.gone.add(place)
            with self._lock:
                self._lost.add(place)

    def renewed(self, topic: str) -> None:
        """Nobody knows what of this topic is committed."""
        self._held.update({place: -1 for place in self._held if place[0] == topic})

    def lost(self) -> frozenset[Place]:
        """What was taken since this was asked last."""
        with self._lock:
            lost, self._lost = self._lost, set()
        return frozenset(lost)

    def news(self, offsets: Mapping[Place, int]) -> dict[Place, int]:
        """Those of the offsets that are ours to commit, and that are not yet committed."""
        return {p: o for p, o in offsets.items() if p in self._held and o > self._held[p]}

    def committed(self, place: Place, offset: int) -> None:
        """The brokers have taken it."""
        self._held[place] = offset
        self._owed.pop(place, None)

    def owe(self, place: Place, offset: int) -> None:
        """The brokers will take it once partitions are shared out, if it is still ours."""
        self._owed[place] = offset
