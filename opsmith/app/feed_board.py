"""The newest reading of each device, as the feed tells it: written once, whoever follows."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from opsmith.domain.moments import to_moment
from opsmith.domain.readings import Frame, Quality

KEPT = 5
"""Rounds of changes that are kept apart; who is further behind gets all that it may see."""

_BAD = Quality.BAD.value

FactoryOf = Callable[[str], str]
"""The factory of a device; empty text where it is of none."""


@dataclass(frozen=True, slots=True)
class _Round:
    """What changed between two looks."""

    number: int
    told: dict[str, list[tuple[str, str]]]
    """By factory: devices and what is told of them, `"PUMP_01":{...}`."""
    joined: dict[frozenset[str] | None, str]
    """What those are sent who see these factories."""


class Board:
    """The newest reading of each device.

    `hear` may be called from another thread than the rest.
    """

    def __init__(self, factory_of: FactoryOf) -> None:
        self._factory_of = factory_of
        self._heard: deque[Frame] = deque(maxlen=256)
        self._all: dict[str, tuple[str, str]] = {}
        """Factory and fragment of each device."""
        self._rounds: deque[_Round] = deque(maxlen=KEPT)
        self.number = 0
        """Of the last round."""

    def hear(self, frames: Sequence[Frame]) -> None:
        """Take note of readings that were stored; worked up when somebody asks."""
        self._heard.extend(frames)

    def turn(self) -> bool:
        """Work up what was heard; whether anything was."""
        newest: dict[str, tuple[Frame, int]] = {}
        while self._heard:
            frame = self._heard.popleft()
            last = np.full(len(frame.devices), -1, np.int64)
            # The times of each device increase: its last row says its newest.
            last[frame.device] = np.arange(len(frame))
            newest.update(
                (name, (frame, row))
                for name, row in zip(frame.devices, last.tolist(), strict=True)
                if row >= 0
            )
        if not newest:
            return False
        self.number += 1
        told: dict[str, list[tuple[str, str]]] = {}
        for name, (frame, row) in newest.items():
            factory, text = self._factory_of(name), _fragment(name, frame, row)
            self._all[name] = (factory, text)
            told.setdefault(factory, []).append((name, text))
        self._rounds.append(_Round(self.number, told, {}))
        return True

    def since(
        self, number: int, factories: frozenset[str] | None, devices: Collection[str] | None
    ) -> str:
        """The readings after that round, as the inside of a JSON object; empty: none.

        Args:
            number: The last round that the follower has; 0: none.
            factories: Those that he sees; None: all.
            devices: Those that he asks for; None: all that he sees.
        """
        missed = self.number - number
        if missed <= 0:
            return ""
        if number == 0 or missed > len(self._rounds):
            return _joined(self._all.items(), factories, devices)
        rounds = [one for one in self._rounds if one.number > number]
        if len(rounds) == 1 and devices is None:
            return _whole(rounds[0], factories)
        found: dict[str, tuple[str, str]] = {}
        for one in rounds:
            for factory, fragments in one.told.items():
                found.update((name, (factory, text)) for name, text in fragments)
        return _joined(found.items(), factories, devices)


def _whole(one: _Round, factories: frozenset[str] | None) -> str:
    text = one.joined.get(factories)
    if text is None:
        seen = one.told if factories is None else factories & one.told.keys()
        text = ",".join(text for factory in seen for _, text in one.told[factory])
        one.joined[factories] = text
    return text


def _joined(
    items: Iterable[tuple[str, tuple[str, str]]],
    factories: frozenset[str] | None,
    devices: Collection[str] | None,
) -> str:
    return ",".join(
        text
        for name, (factory, text) in items
        if (factories is None or factory in factories) and (devices is None or name in devices)
    )


def _fragment(name: str, frame: Frame, row: int) -> str:
    values: dict[str, float | None] = {}
    marked: list[str] = []
    for channel, value, quality in zip(
        frame.channels, frame.values[row].tolist(), frame.quality[row].tolist(), strict=True
    ):
        if quality == Quality.ABSENT:
            continue
        values[channel] = None if quality == _BAD else value
        if quality == Quality.UNCERTAIN:
            marked.append(channel)
    told: dict[str, Any] = {"at": to_moment(frame.times[row]), "values": values}
    if marked:
        told["uncertain"] = marked
    if status := frame.status_of(row):
        told["status"] = status
    return f"{msgspec.json.encode(name).decode()}:{msgspec.json.encode(told).decode()}"
