"""The journal: what was appended lately, until it is folded into the blocks of each device.

An append writes one chunk for all its devices at once; blocks, made device by device, cost a
hundred times as much for one reading and little for a thousand. So readings wait here until there
are many of each device.

A reading goes to the journal if it is later than all that its device ever said, so it repeats
nothing. It counts as long as it is later than the last that was folded (`Device.folded`): folding
a device takes its readings out of the journal without touching it.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from opsmith.compiled import compiled
from opsmith.domain.readings import Frame
from opsmith.storage.series_chunk import (
    Chunk,
    Slice,
    SlotArray,
    by_device,
    chunk_of,
    decode_chunk,
    encode_chunk,
)
from opsmith.storage.series_device import NEVER, Device
from opsmith.storage.series_rows import BoolArray, IntArray, Rows, in_order, join, merge

_MOST_CHUNKS = 128
"""Each is looked into when a device is read."""
_ENOUGH = 2048
"""Readings of each device, on average, at which more of them make folding no cheaper."""
_PACE = 2
"""Readings folded for each that is appended meanwhile, so that the journal cannot outgrow it."""
_LEAST = 256
_SHARE = 65_536
"""Readings that are sorted by device at once."""
_MANY = 64
"""Devices at which one question for all is faster than one each."""
_WAITING = 64
"""Devices whose waiting readings are kept at hand between two writes."""

_FOLDED = """
    SELECT device_id, max(sealed, coalesce(last, sealed))
    FROM sensor_tail LEFT JOIN extent USING (device_id)
"""


@compiled
def _advance(slot: SlotArray, times: IntArray, newest: IntArray, late: BoolArray) -> int:
    """Move `newest` on; mark the devices that have a reading no later, and count those readings."""
    found = 0
    for row in range(len(slot)):
        if times[row] > newest[slot[row]]:
            newest[slot[row]] = times[row]
        else:
            late[slot[row]] = True
            found += 1
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The journal as it was after so many writes; never changed."""

    writes: int
    chunks: Mapping[int, Chunk]
    """By id, oldest first; their `device` are slots of the journal."""
    waiting: dict[str, Rows] = field(default_factory=dict[str, Rows])
    """Of devices that were asked about, what is not folded: to look for it reads every chunk."""


class Journal:
    """The chunks in the file, kept in memory too; each call within one transaction of the caller.

    Any number of threads and processes may read and write the file: what others wrote is noticed
    by the count of writes.

    Args:
        held: Bytes of readings, about, that may wait. At half of that, what is there is folded,
            with the appends that follow.
    """

    def __init__(self, held: int) -> None:
        self._held = held
        self._lock = threading.Lock()
        self._slots: dict[str, int] = {}
        self._names: list[str] = []
        self._view = _View(-1, {})
        # The rest is the writer's, and holds if nobody else wrote since.
        self._wrote = -1
        self._writing: dict[int, Chunk] = {}
        self._writes = -1
        self._newest: IntArray = np.empty(0, np.int64)
        self._known: BoolArray = np.empty(0, np.bool_)
        self._upto = -1
        """The last chunk that is being folded, if any is; the devices of these shares wait."""
        self._shares: list[tuple[int, int]] = []
        self._folding: list[tuple[int, list[Slice]]] = []
        self._done: IntArray = np.empty(0, np.int64)

    def begin(self, db: sqlite3.Connection) -> None:
        """Start a write; nothing else may be called for it before."""
        (self._writes,) = db.execute(
            "UPDATE state SET writes = writes + 1 RETURNING writes"
        ).fetchone()
        if self._wrote == self._writes - 1 == self._view.writes:
            self._writing = dict(self._view.chunks)
        else:
            self._writing = self._read(db)
            self._known[:] = False
            self._upto = -1
        # In doubt until it is committed.
        self._wrote = -1

    def committed(self) -> None:
        """End a write that came through, before the next begins."""
        self._wrote = self._writes
        self._view = _View(self._writes, self._writing)

    def append(self, db: sqlite3.Connection, frames: Iterable[Frame], live: bool) -> int:
        """Write readings; how many are new or say something else."""
        new = rows = 0
        for frame in frames:
            chunk = chunk_of(frame, live)
            rows += len(chunk)
            slots = self._slots_of(chunk.devices)
            self._meet(db, slots)
            slot = slots[chunk.device]
            late = np.zeros(len(self._names), np.bool_)
            if _advance(slot, chunk.times, self._newest, late):
                theirs = late[slot]
                new += self._amend(db, chunk.part(theirs).of(slot[theirs]))
                chunk, slot = chunk.part(~theirs), slot[~theirs]
            if len(chunk):
                cursor = db.execute("INSERT INTO journal (blob) VALUES (?)", (encode_chunk(chunk),))
                assert cursor.lastrowid is not None
                self._writing[cursor.lastrowid] = chunk.of(slot)
                new += len(chunk)
        if self._upto < 0 and self._has_enough():
            self._freeze(db)
        self._fold(db, _PACE * rows + _LEAST)
        return new

    def fold(self, db: sqlite3.Connection) -> None:
        """Fold all of it."""
        self._freeze(db)
        self._fold(db, sum(map(len, self._writing.values())) + 1)

    def device(self, db: sqlite3.Connection, device_id: str, *, write: bool = False) -> Device:
        """A device with its readings in the journal; to write it, they are folded first."""
        device = Device(db, device_id)
        if write:
            pending = self._pending(self._writing, device_id, device.folded)
            if len(pending):
                device.add(pending)
            return device
        view = self._current(db)
        pending = view.waiting.get(device_id)
        if pending is None:
            pending = self._pending(view.chunks, device_id, device.folded)
            if len(view.waiting) < _WAITING:
                view.waiting[device_id] = pending
        if len(pending):
            device.show(pending)
        return device

    def extents(self, db: sqlite3.Connection) -> Mapping[str, tuple[int, int, int]]:
        """First, last and number of the readings in the journal of each device that has any."""
        chunks = self._current(db).chunks.values()
        if not chunks:
            return {}
        slot = np.concatenate([chunk.device for chunk in chunks])
        times = np.concatenate([chunk.times for chunk in chunks])
        counts = times > self._folded(db)[slot]
        slot, times = slot[counts], times[counts]
        number = np.bincount(slot, minlength=len(self._names))
        first, last = np.full(len(number), -NEVER), np.full(len(number), NEVER)
        np.minimum.at(first, slot, times)
        np.maximum.at(last, slot, times)
        return {
            self._names[one]: (int(first[one]), int(last[one]), int(number[one]))
            for one in np.flatnonzero(number).tolist()
        }

    def newest(self, db: sqlite3.Connection) -> int:
        """The newest time of all in the journal."""
        chunks = self._current(db).chunks.values()
        return max((int(chunk.times.max()) for chunk in chunks), default=NEVER)

    def _current(self, db: sqlite3.Connection) -> _View:
        view = self._view
        (writes,) = db.execute("SELECT writes FROM state").fetchone()
        if view.writes == writes:
            return view
        view = _View(writes, self._read(db))
        if writes > self._view.writes:
            self._view = view
        return view

    def _read(self, db: sqlite3.Connection) -> dict[int, Chunk]:
        known = self._view.chunks
        chunks: dict[int, Chunk] = {}
        for (number,) in db.execute("SELECT id FROM journal ORDER BY id").fetchall():
            chunk = known.get(number)
            if chunk is None:
                (blob,) = db.execute("SELECT blob FROM journal WHERE id = ?", (number,)).fetchone()
                chunk = decode_chunk(blob)
                chunk = chunk.of(self._slots_of(chunk.devices)[chunk.device])
            chunks[number] = chunk
        return chunks

    def _slots_of(self, devices: Sequence[str]) -> SlotArray:
        try:
            slots = list(map(self._slots.__getitem__, devices))
        except KeyError:
            with self._lock:
                for name in devices:
                    if name not in self._slots:
                        # The name first: whoever finds the slot looks there.
                        self._names.append(name)
                        self._slots[name] = len(self._names) - 1
            slots = list(map(self._slots.__getitem__, devices))
        return np.array(slots, np.int32)

    def _pending(self, chunks: Mapping[int, Chunk], device_id: str, folded: int) -> Rows:
        slot = self._slots.get(device_id)
        parts: list[Rows] = []
        if slot is not None:
            for chunk in chunks.values():
                rows = np.flatnonzero(chunk.device == slot)
                if len(rows) and chunk.times[rows[-1]] > folded:
                    parts.append(chunk.rows(rows[chunk.times[rows] > folded]))
        return join(parts)

    def _folded(self, db: sqlite3.Connection) -> IntArray:
        """The time up to which each slot is folded."""
        folded = np.full(len(self._names), NEVER)
        for name, time in db.execute(_FOLDED):
            slot = self._slots.get(name)
            if slot is not None and slot < len(folded):
                folded[slot] = time
        return folded

    def _meet(self, db: sqlite3.Connection, slots: SlotArray) -> None:
        """Know the newest time of these devices."""
        more = len(self._names) - len(self._newest)
        if more > 0:
            more += len(self._newest)
            self._newest = np.concatenate([self._newest, np.full(more, NEVER)])
            self._known = np.concatenate([self._known, np.zeros(more, np.bool_)])
        new = slots[~self._known[slots]]
        if not len(new):
            return
        if len(new) > _MANY:
            self._newest[new] = self._folded(db)[new]
        else:
            for slot in map(int, new):
                self._newest[slot] = Device(db, self._names[slot]).folded
        late = np.zeros(len(self._newest), np.bool_)
        for chunk in self._writing.values():
            _advance(chunk.device, chunk.times, self._newest, late)
        self._known[new] = True

    def _amend(self, db: sqlite3.Connection, chunk: Chunk) -> int:
        """Write readings of devices of which at least one is no later than all before."""
        parts = by_device([chunk])
        if len(parts) > _MANY:
            self.fold(db)
        new = 0
        for slot, some in parts:
            rows = join([one.rows() for one in some])
            device = Device(db, self._names[slot])
            pending = self._pending(self._writing, self._names[slot], device.folded)
            early = int(np.searchsorted(rows.times, device.folded, "right"))
            if early:
                new += device.add(rows.part(slice(early)))
                rows = rows.part(slice(early, None))
            merged = merge(pending, rows)
            if len(merged.changed) or merged.spared:
                device.add(merged.rows)
                new += len(merged.changed)
            device.save()
        return new

    def _has_enough(self) -> bool:
        chunks = self._writing.values()
        return (
            len(chunks) >= _MOST_CHUNKS
            or sum(chunk.size for chunk in chunks) >= self._held / 2
            or sum(map(len, chunks)) >= _ENOUGH * len(self._names)
        )

    def _freeze(self, db: sqlite3.Connection) -> None:
        """Choose what there is to be folded, with what comes later left as it is."""
        if self._writing:
            self._upto = max(self._writing)
            self._done = self._folded(db)
            count = sum(map(len, self._writing.values())) // _SHARE + 1
            bounds = np.linspace(0, len(self._names), count + 1).astype(int).tolist()
            self._shares = list(zip(bounds, bounds[1:], strict=False))
            self._folding = []

    def _take_share(self) -> None:
        """Sort the readings of some more devices, for whom they are."""
        low, high = self._shares.pop()
        chunks = [chunk for number, chunk in self._writing.items() if number <= self._upto]
        theirs = [(chunk.device >= low) & (chunk.device < high) for chunk in chunks]
        self._folding = by_device(
            [
                chunk.part(some & (chunk.times > self._done[chunk.device]))
                for chunk, some in zip(chunks, theirs, strict=True)
            ]
        )

    def _fold(self, db: sqlite3.Connection, budget: int) -> None:
        """Fold whole devices of what was chosen, until so many readings are folded."""
        while self._upto >= 0 and budget > 0:
            if self._folding:
                slot, parts = self._folding.pop()
                budget -= self._fold_device(db, self._names[slot], parts)
            elif self._shares:
                self._take_share()
            else:
                db.execute("DELETE FROM journal WHERE id <= ?", (self._upto,))
                self._writing = {
                    number: chunk for number, chunk in self._writing.items() if number > self._upto
                }
                self._upto = -1

    @staticmethod
    def _fold_device(db: sqlite3.Connection, device_id: str, parts: Sequence[Slice]) -> int:
        device = Device(db, device_id)
        # Those of different channels take turns; what is not in order would be taken for late.
        rows = in_order(join([part.rows() for part in parts]))
        later = rows.part(slice(int(np.searchsorted(rows.times, device.folded, "right")), None))
        if len(later):
            device.add(later)
        device.save()
        return sum(map(len, parts))
