"""From the messages of many devices to frames: the plain ones as machine code, the rest as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np

from opsmith.bus.codec import LARGEST, MOST_CHANNELS, Dead, Reading, parse
from opsmith.bus.gather import bounds_of_sets, gather, settle
from opsmith.bus.lookup import words_of
from opsmith.bus.names import Names
from opsmith.bus.scan import MOST_SHAPES, TAKEN, UNKNOWN, UNUSUAL, Array, scan
from opsmith.domain.readings import Frame, Quality

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FEW = 64
_PAD = bytes(64)
"""The scanner may look that far beyond the end of a message."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What messages said."""

    frames: list[Frame]
    """Each device stands in one of them."""
    dead: list[Dead]
    """Messages that cannot be used, in their order."""


@dataclass(slots=True)
class _Scanned:
    """What the scanner made of the messages; see `scan` for the arrays."""

    verdict: Array
    miss: Array
    device: Array
    time: Array
    words: Array
    shape: Array
    cells: Array
    value: Array
    quality: Array
    key: Array
    shapes: Array
    used: int = 0
    known: int = 0


class FrameParser:
    """Parses messages, with the verdicts of `opsmith.bus.codec.parse`.

    It keeps the names it has met, so that it is worth keeping. Not for two threads at once.
    """

    def __init__(self) -> None:
        self._names = Names()
        self._told: dict[tuple[int, ...], tuple[Array, tuple[tuple[str, ...], ...]]] = {}
        """Of the last frame with these channels: its devices, factories and lines."""

    def parse(self, messages: Sequence[bytes]) -> Parsed:
        """Readings as frames, each device oldest first; of one time the last counts.

        Devices of one set of channels share a frame, and a device whose messages differ gets a
        frame with all that it said. Values beyond the plausible are kept and marked
        `Quality.UNCERTAIN`.
        """
        if not messages:
            return Parsed([], [])
        if self._names.full:
            self._names = Names()
            self._told.clear()
        found = self._scan(messages)
        dead = self._read_unusual(messages, found)
        alive = np.flatnonzero(found.verdict == TAKEN)
        frames = [self._frame(found, rows, keys) for rows, keys in self._groups(found, alive)]
        return Parsed(frames, dead)

    def _scan(self, messages: Sequence[bytes]) -> _Scanned:
        n = len(messages)
        sizes = np.fromiter(map(len, messages), np.int64, n)
        joined = b"\0".join([*messages, _PAD])
        data = np.frombuffer(joined, np.uint8)
        bounds = np.zeros(n + 1, np.int64)
        np.cumsum(sizes + 1, out=bounds[1:])
        # The shortest value with its key and comma takes five bytes.
        room = len(data) // 4 + 1
        found = _Scanned(
            verdict=np.full(n, UNUSUAL, np.uint8),
            miss=np.zeros((n, 2), np.int64),
            device=np.zeros(n, np.int32),
            time=np.zeros(n, np.int64),
            words=np.zeros((n, 3), np.int32),
            shape=np.zeros(n, np.int32),
            cells=np.zeros(n, np.int64),
            value=np.empty(room),
            quality=np.empty(room, np.uint8),
            key=np.empty(room, np.int32),
            shapes=np.zeros((MOST_SHAPES, 2), np.int64),
        )
        todo = np.flatnonzero(sizes <= LARGEST)
        # The first few say most names, so that the others need no second look.
        for some in (todo[:_FEW], todo[_FEW:]):
            self._take(joined, data, bounds, some, found)
        return found

    def _take(
        self, joined: bytes, data: Array, bounds: Array, todo: Array, found: _Scanned
    ) -> None:
        """Scan these messages, learning the names that they say."""
        names, wide = self._names, words_of(data)
        while len(todo):
            found.used, found.known = scan(
                data,
                wide,
                bounds,
                todo,
                names.slots,
                names.wide,
                names.bounds,
                names.roles,
                names.usable,
                names.follow,
                names.after,
                found.verdict,
                found.miss,
                found.device,
                found.time,
                found.words,
                found.shape,
                found.cells,
                found.value,
                found.quality,
                found.key,
                found.shapes,
                found.used,
                found.known,
                MOST_CHANNELS,
            )
            todo = todo[found.verdict[todo] == UNKNOWN]
            if len(todo):
                said = [joined[begin:end] for begin, end in found.miss[todo].tolist()]
                refused = names.learn(said)
                if refused:
                    unusual = np.array([raw in refused for raw in said])
                    found.verdict[todo[unusual]] = UNUSUAL
                    todo = todo[~unusual]

    def _read_unusual(self, messages: Sequence[bytes], found: _Scanned) -> list[Dead]:
        """Parse what the scanner left, the slow way, and put it beside the rest."""
        dead: list[Dead] = []
        known = [
            tuple(found.key[first : first + count].tolist())
            for first, count in found.shapes[: found.known].tolist()
        ]
        numbers = {shape: number for number, shape in enumerate(known)}
        read: list[tuple[tuple[int, ...], Reading]] = []
        at = found.used
        for row in np.flatnonzero(found.verdict == UNUSUAL).tolist():
            try:
                reading = parse(messages[row])
            except ValueError as error:
                dead.append(Dead(row, str(error)))
                continue
            keys = tuple(map(self._names.number, reading.values))
            found.verdict[row] = TAKEN
            found.device[row] = self._names.number(reading.device_id)
            found.time[row] = (reading.time - _EPOCH) // _MICROSECOND
            found.words[row] = [
                self._names.number(text)
                for text in (reading.status, reading.factory_id, reading.line_id)
            ]
            found.shape[row] = numbers.setdefault(keys, len(numbers))
            found.cells[row] = at
            at += len(keys)
            read.append((keys, reading))
        if read:
            self._append(found, read, list(numbers))
        return dead

    def _append(
        self,
        found: _Scanned,
        read: list[tuple[tuple[int, ...], Reading]],
        shapes: list[tuple[int, ...]],
    ) -> None:
        values = [value for _, reading in read for value in reading.values.values()]
        marks = [
            Quality.BAD.value if name in reading.bad else Quality.GOOD.value
            for _, reading in read
            for name in reading.values
        ]
        keys = [key for some, _ in read for key in some]
        used = found.used
        found.value = np.concatenate([found.value[:used], values])
        found.quality = np.concatenate([found.quality[:used], np.array(marks, np.uint8)])
        found.key = np.concatenate([found.key[:used], np.array(keys, np.int32)])
        found.used = len(found.value)
        # Those of the scanner come first and keep their numbers.
        first: dict[tuple[int, ...], int] = {}
        at = used
        for some, _ in read:
            first.setdefault(some, at)
            at += len(some)
        added = [(first[shape], len(shape)) for shape in shapes[found.known :]]
        found.shapes = np.concatenate(
            [found.shapes[: found.known], np.array(added, np.int64).reshape(-1, 2)]
        )
        found.known = len(found.shapes)

    def _groups(self, found: _Scanned, alive: Array) -> Iterator[tuple[Array, list[int]]]:
        """The messages of each frame, and its channels as names sorted by their text."""
        plain = self._names.plain
        sets: dict[tuple[int, ...], int] = {}
        of_shape = np.empty(found.known, np.int32)
        for shape, (first, count) in enumerate(found.shapes[: found.known].tolist()):
            keys = sorted(found.key[first : first + count].tolist(), key=plain.__getitem__)
            of_shape[shape] = sets.setdefault(tuple(keys), len(sets))
        if len(sets) < 2:
            for keys in sets:
                yield alive, list(keys)
            return
        said = list(sets)
        device = found.device[alive]
        kinds = of_shape[found.shape[alive]]
        low, high = bounds_of_sets(device, kinds, len(self._names))
        mixed = np.flatnonzero(low[device] != high[device])
        if len(mixed):
            # One set for all that a device said, however it mixed them.
            several: dict[int, set[int]] = {}
            pairs = np.unique(np.column_stack([device[mixed], kinds[mixed]]), axis=0)
            for name, kind in cast("list[tuple[int, int]]", pairs.tolist()):
                several.setdefault(name, set()).update(said[kind])
            for name, union in several.items():
                keys = tuple(sorted(union, key=plain.__getitem__))
                low[name] = sets.setdefault(keys, len(sets))
            said = list(sets)
        kinds = low[device]
        order = np.argsort(kinds, kind="stable")
        heads = np.flatnonzero(np.diff(kinds[order], prepend=-1))
        for rows in sorted(np.split(alive[order], heads[1:]), key=lambda rows: int(rows[0])):
            yield rows, list(said[low[found.device[rows[0]]]])

    def _frame(self, found: _Scanned, rows: Array, keys: list[int]) -> Frame:
        names = self._names
        n, k = len(rows), len(keys)
        columns = np.full(len(names), -1, np.int32)
        columns[keys] = np.arange(k)
        values = np.empty((n, k))
        quality = np.empty((n, k), np.uint8)
        device = np.empty(n, np.int32)
        status = np.empty(n, np.int32)
        times = np.empty(n, np.int64)
        devices = np.empty((n, 3), np.int32)
        words = np.empty(n, np.int32)
        count, said, ordered = gather(
            rows,
            found.device,
            found.time,
            found.words,
            found.cells,
            found.shapes[found.shape[rows], 1],
            found.value,
            found.quality,
            found.key,
            columns,
            names.low[keys],
            names.high[keys],
            values,
            quality,
            device,
            times,
            status,
            devices,
            words,
        )
        statuses = self._texts(words[:said])
        if not ordered:
            order = np.argsort(times, kind="stable")
            silent = np.array([not word for word in statuses])
            keep = settle(order, device, times, values, quality, status, silent, count)
            device, times, status = device[keep], times[keep], status[keep]
            values, quality = values[keep], quality[keep]
        ids, factories, lines = self._whose(tuple(keys), devices[:count])
        return Frame(
            ids,
            device,
            times.view("datetime64[us]"),
            tuple(names.plain[key] for key in keys),
            values,
            quality,
            statuses,
            status,
            factories,
            lines,
        )

    def _whose(self, keys: tuple[int, ...], devices: Array) -> tuple[tuple[str, ...], ...]:
        """The devices' names, factories and lines: mostly the same as the last time."""
        known = self._told.get(keys)
        if known is not None and np.array_equal(known[0], devices):
            return known[1]
        texts = tuple(self._texts(devices[:, column]) for column in range(3))
        if len(self._told) > MOST_SHAPES:
            self._told.clear()
        self._told[keys] = (devices, texts)
        return texts

    def _texts(self, numbers: Array) -> tuple[str, ...]:
        return tuple(map(self._names.short.__getitem__, cast("list[int]", numbers.tolist())))
