"""Elements that were shown lately: at hand before they are written, and without being read."""

from collections import OrderedDict

from opsmith.ports import ChatElement

_BYTES = 32_000_000
"""Of content that is held; what was shown first goes first."""


class Lately:
    """Holds elements in memory, each for its owner alone."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str, str], ChatElement] = OrderedDict()
        self._bytes = 0

    def add(self, owner: str, thread_id: str, element: ChatElement) -> None:
        """Hold an element, in the place of what was held of it."""
        key = (owner, thread_id, element.element_id)
        self._take(key)
        self._held[key] = element
        self._bytes += len(element.content)
        while self._bytes > _BYTES:
            self._take(next(iter(self._held)))

    def find(self, owner: str, thread_id: str, element_id: str) -> ChatElement | None:
        """An element of that owner, where it is held."""
        return self._held.get((owner, thread_id, element_id))

    def drop(self, owner: str, element_id: str) -> None:
        """Hold an element no more."""
        for key in [one for one in self._held if (one[0], one[2]) == (owner, element_id)]:
            self._take(key)

    def forget(self, owner: str, thread_id: str) -> None:
        """Hold nothing of a conversation any more."""
        for key in [one for one in self._held if one[:2] == (owner, thread_id)]:
            self._take(key)

    def _take(self, key: tuple[str, str, str]) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._bytes -= len(held.content)
