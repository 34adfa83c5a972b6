"""The watch over a fleet: frames of readings in, decisions about alerts out."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.domain.alerts import Alert, AlertChange, AlertType
from opsmith.domain.devices import Limits
from opsmith.domain.readings import FloatArray, Frame
from opsmith.domain.rules import CompositeRule
from opsmith.errors import BadInput
from opsmith_detectors import alert_records, asking, coupled, pool, running, stepping, verdict
from opsmith_detectors import light as light_path
from opsmith_detectors.light_record import LightScratch
from opsmith_detectors.machine import STOPPED
from opsmith_detectors.stepping import Readings

ACCEPTED = 1.0
"""False alerts that an operator accepts per device and week, unless he says otherwise."""
_CRITICALITY = 2
"""Of a device that nobody registered."""
_VERSION, _LIGHT_VERSION = 1, 101
"""Of snapshots; another one's are not read."""
_SILENT_INTERVALS = 10
"""Usual intervals without a reading after which a device is silent, but at least ..."""
_SILENT_LEAST_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of an alert, at the reading that brought it."""

    device_id: str
    row: int
    """Of the reading in its frame; -1: no reading came."""
    change: AlertChange


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What became of a frame of n readings."""

    scores: FloatArray
    """Shape (n,), 0 or more; 1 is the limit; NaN: not later than one before, so not judged."""
    stands: npt.NDArray[np.bool_]
    """Shape (n,): an alert of the device stands."""
    changes: tuple[Changed, ...]
    """In the order of the readings."""


@dataclass(slots=True, eq=False)
class _Layout:
    """Devices with the same channels."""

    names: tuple[str, ...]
    pool: pool.AnyPool
    scratch: stepping.Scratch | LightScratch
    events: stepping.Events
    used: int = 0
    free: list[int] = field(default_factory=list[int])
    columns: dict[tuple[str, ...], npt.NDArray[np.int64]] = field(
        default_factory=dict[tuple[str, ...], npt.NDArray[np.int64]]
    )


@dataclass(slots=True, eq=False)
class _Device:
    """One device: its nameplate, and where its state is."""

    rated: Mapping[str, Limits]
    criticality: int
    rules: tuple[CompositeRule, ...] = ()
    layout: _Layout | None = None
    row: int = -1


_Places = tuple[list[_Layout], npt.NDArray[np.int64], npt.NDArray[np.int64]]


class Fleet:
    """Watches any number of devices: rated limits, sensors, operating state, the learned normal.

    Its result depends on each device's sequence of readings alone, not on how they come in frames.

    Args:
        accepted: False alerts that the operator accepts per device and week.
        light: Hold each channel against its own level and spread only, in a tenth of the time:
            for plants that have more devices than cores; see `opsmith_detectors.light`.

    >>> fleet = Fleet()
    >>> fleet.register("PUMP_01", {"temperature": Limits(high=80.0)})
    >>> frame = Frame(
    ...     ("PUMP_01",), np.zeros(1, np.int32), np.array(["2026-02-28T12:00"], "datetime64[us]"),
    ...     ("temperature",), np.array([[96.5]]), np.zeros((1, 1), np.uint8), ("",),
    ...     np.zeros(1, np.int32),
    ... )
    >>> [str(each.change.alert_level) for each in fleet.step(frame).changes]
    ['P0']
    """

    def __init__(self, *, accepted: float = ACCEPTED, light: bool = False) -> None:
        if not accepted > 0:
            raise BadInput(f"{accepted} false alerts accepted a week; more than 0 are needed")
        self._accepted = accepted
        # Of a normal distribution's tail: fewer false alerts, a limit further out.
        squared = coupled.LIMIT**2 + 2 * log(ACCEPTED / accepted)
        self._limit = sqrt(max(squared, 3.0**2))
        self._light = light
        self._logic: Any = light_path if light else stepping
        self._version = _LIGHT_VERSION if light else _VERSION
        self._layouts: dict[tuple[str, ...], _Layout] = {}
        self._devices: dict[str, _Device] = {}
        self._places: dict[tuple[str, ...], tuple[tuple[str, ...], int, _Places]] = {}
        """Where the devices of the last frame with these channels are: the next is like it."""
        self._moves = 0
        """Times that a device was given another place."""

    def __contains__(self, device_id: str) -> bool:
        return device_id in self._devices

    def __len__(self) -> int:
        return len(self._devices)

    @property
    def nbytes(self) -> int:
        """Bytes that the state of all devices takes."""
        return sum(array.nbytes for layout in self._layouts.values() for array in layout.pool)

    def register(
        self,
        device_id: str,
        rated: Mapping[str, Limits],
        criticality: int = 2,
        rules: Sequence[CompositeRule] = (),
    ) -> None:
        """Tell a device's rated limits, by channel in its unit, and how much hangs on it (1 to 3).

        A device that nobody registered has neither. What was learnt of it stays. Its rules are
        those of the first time.
        """
        device = self._devices.get(device_id)
        if device is None:
            self._devices[device_id] = _Device(dict(rated), criticality, tuple(rules))
            return
        device.rated, device.criticality = dict(rated), criticality
        if device.layout is not None:
            pool.register(
                device.layout.pool, device.row, device.layout.names, device.rated, criticality
            )

    def step(self, frame: Frame) -> Judged:
        """Judge readings in their order, and learn them.

        Args:
            frame: Of any devices; readings not later than the last one of their device are left
                out.
        """
        n = len(frame)
        scores, stands = np.zeros(n), np.zeros(n, np.uint8)
        changes: list[Changed] = []
        if n:
            words = np.array([running.said(word) for word in frame.statuses], np.uint8)
            spoken = words[frame.status]
            times = frame.times.astype("datetime64[us]", copy=False).view(np.int64)
            for layout, rows, places in self._parts(frame):
                readings = Readings(
                    row=rows,
                    device=places,
                    times=times,
                    values=frame.values,
                    quality=frame.quality,
                    words=spoken,
                    columns=_columns(layout, frame.channels),
                    limit=self._limit_of(len(layout.names)),
                    accepted=self._accepted,
                )
                self._run(layout, frame, readings, scores, stands, changes)
            if len(self._layouts) > 1:
                changes.sort(key=lambda each: each.row)
        return Judged(scores, stands.view(np.bool_), tuple(changes))

    def silent(self, now: np.datetime64) -> list[Changed]:
        """Judge that nothing has arrived until `now`, against each device's usual interval.

        Args:
            now: UTC, `datetime64[us]`.
        """
        now_us = int(now.astype("datetime64[us]").astype(np.int64))
        found: list[Changed] = []
        for layout in self._layouts.values():
            machines = layout.pool.machines[: layout.used]
            usual = np.maximum(_SILENT_INTERVALS * machines["interval"], _SILENT_LEAST_US)
            due = machines["last"] + usual.astype(np.int64)
            late = (machines["seen"] >= 3) & (now_us >= due)
            late &= layout.pool.tracks[: layout.used, asking.SILENT]["standing"] == 0
            if not late.any():
                continue
            names = {
                device.row: device_id
                for device_id, device in self._devices.items()
                if device.layout is layout
            }
            for r in np.flatnonzero(late).tolist():
                device_id = names.get(r)
                if device_id is None:
                    continue
                # The deadline is the event's time, not the moment of asking: replays agree on it.
                last = int(machines["last"][r])
                passed = (now_us - last) / max(int(due[r]) - last, 1)
                if self._logic.fall_silent(
                    layout.pool, r, int(due[r]), passed, layout.events, layout.scratch
                ):
                    found.append(self._changed(layout, 0, device_id))
        return found

    def is_stopped(self, device_id: str) -> bool:
        """Whether the machine stood at its last reading."""
        device = self._devices.get(device_id)
        if device is None or device.layout is None:
            return False
        return int(device.layout.pool.machines[device.row]["state"]) == STOPPED

    def last(self, device_id: str) -> np.datetime64 | None:
        """Time of the device's last reading that was judged, UTC; None: there is none."""
        device = self._devices.get(device_id)
        if device is None or device.layout is None:
            return None
        last = int(device.layout.pool.machines[device.row]["last"])
        return np.datetime64(last, "us") if last else None

    def expected(self, device_id: str, time: np.datetime64) -> Mapping[str, float]:
        """What each channel should read, in its unit; none where it cannot be told.

        Of several channels the learned level of each; of one channel the usual value of this hour
        of the week, else of this time of the day. Of a machine that stands nothing is expected.

        Args:
            device_id: The device.
            time: UTC.
        """
        device = self._devices.get(device_id)
        if device is None or device.layout is None or self.is_stopped(device_id):
            return {}
        time_us = int(time.astype("datetime64[us]").astype(np.int64))
        return pool.expected(device.layout.pool, device.row, device.layout.names, time_us)

    def adopt(
        self,
        device_id: str,
        standing: Iterable[Alert],
        kinds: Collection[AlertType] | None = None,
    ) -> None:
        """Go on with alerts that stand already: they are not raised again.

        What stands here and is not among them is forgotten. With `kinds`, of these types alone.
        """
        device = self._devices.get(device_id)
        alerts = list(standing)
        if device is None or (device.layout is None and not alerts):
            return
        if device.layout is None:
            self._place(device, ())
        assert device.layout is not None
        alert_records.adopt(device.layout.pool.tracks, device.row, alerts, kinds)
        device.layout.pool.machines[device.row]["active"] = (1 << asking.TYPES) - 1

    def save(self, device_id: str) -> bytes | None:
        """The device's whole state, for `restore`; None: nothing is known of it."""
        device = self._devices.get(device_id)
        if device is None or device.layout is None:
            return None
        head = json.dumps([self._version, *device.layout.names]).encode()
        return len(head).to_bytes(4, "little") + head + pool.dump(device.layout.pool, device.row)

    def restore(self, device_id: str, state: bytes) -> bool:
        """Go on exactly where `save` was called; False: it is of another version, or broken."""
        length = int.from_bytes(state[:4], "little")
        try:
            version, *names = json.loads(state[4 : 4 + length])
        except ValueError:
            return False
        rest = state[4 + length :]
        if version != self._version or len(rest) != self._bytes_of(len(names)):
            return False
        device = self._device(device_id)
        self._leave(device)
        device.layout = None
        self._place(device, tuple(names))
        assert device.layout is not None
        pool.load(device.layout.pool, device.row, rest)
        return True

    def forget(self, device_id: str | None = None) -> None:
        """Drop what is known of a device, or of all."""
        if device_id is None:
            self._devices.clear()
            self._layouts.clear()
            self._places.clear()
            return
        device = self._devices.pop(device_id, None)
        if device is not None:
            self._leave(device)

    def _limit_of(self, c: int) -> float:
        """Standard deviations at which the learned normal of c channels is left."""
        return coupled.limit_of(self._limit, c if self._light else 2 * c + 2)

    def _bytes_of(self, c: int) -> int:
        return pool.bytes_a_device(c, light=self._light)

    def _parts(
        self, frame: Frame
    ) -> list[tuple[_Layout, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """The rows of the frame by layout, with each one's place in the pool."""
        layouts, which, places = self._places_of(frame.devices, frame.channels)
        if len(layouts) == 1:
            rows = np.arange(len(frame), dtype=np.int64)
            return [(layouts[0], rows, places[frame.device])]
        of_row = which[frame.device]
        parts: list[tuple[_Layout, npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        for number, layout in enumerate(layouts):
            rows = np.flatnonzero(of_row == number)
            parts.append((layout, rows, places[frame.device[rows]]))
        return parts

    def _places_of(self, names: tuple[str, ...], channels: tuple[str, ...]) -> "_Places":
        """Which layout each device has, and its row there."""
        known = self._places.get(channels)
        if (
            known is not None
            and known[1] == self._moves
            and (known[0] is names or known[0] == names)
        ):
            return known[2]
        places, which = np.empty(len(names), np.int64), np.zeros(len(names), np.int64)
        layouts: list[_Layout] = []
        numbers: dict[int, int] = {}
        devices = [self._device(device_id) for device_id in names]
        fresh = [device for device in devices if device.layout is None]
        if fresh:
            self._settle(fresh, tuple(sorted(channels)))
        for i, device in enumerate(devices):
            layout = device.layout
            assert layout is not None
            if layout.names != channels and not set(channels) <= set(layout.names):
                layout = self._place(device, channels)
            places[i] = device.row
            number = which[i] = numbers.setdefault(id(layout), len(layouts))
            if number == len(layouts):
                layouts.append(layout)
        if len(self._places) > 100:
            self._places.clear()
        found = (layouts, which, places)
        self._places[channels] = (names, self._moves, found)
        return found

    def _device(self, device_id: str) -> _Device:
        """A device, registered or not."""
        device = self._devices.get(device_id)
        if device is None:
            device = self._devices[device_id] = _Device({}, _CRITICALITY)
        return device

    def _place(self, device: _Device, channels: Sequence[str]) -> _Layout:
        """Find a place for a device that has these channels too."""
        before, row = device.layout, device.row
        names = tuple(sorted({*channels, *(before.names if before is not None else ())}))
        layout = self._settle([device], names)
        if before is not None:
            pool.move(before.pool, row, before.names, layout.pool, device.row, names)
            before.pool.machines[row] = np.zeros((), before.pool.machines.dtype)
            before.free.append(row)
        return layout

    def _settle(self, devices: Sequence[_Device], names: tuple[str, ...]) -> _Layout:
        """Give devices fresh rows among those with these channels, sorted by name."""
        self._moves += 1
        layout = self._layouts.get(names)
        if layout is None:
            c = len(names)
            layout = _Layout(
                names,
                pool.new_pool(c, 1, light=self._light),
                pool.new_scratch(c, light=self._light),
                pool.new_events(c),
            )
            self._layouts[names] = layout
        reused = min(len(layout.free), len(devices))
        rows = [layout.free.pop() for _ in range(reused)]
        rows += range(layout.used, layout.used + len(devices) - reused)
        layout.used += len(devices) - reused
        if layout.used > len(layout.pool.machines):
            room = max(16, 2 * len(layout.pool.machines), layout.used)
            layout.pool = pool.grown(layout.pool, room)
        pool.begin(
            layout.pool,
            np.array(rows, np.int64),
            names,
            [device.rated for device in devices],
            [device.criticality for device in devices],
        )
        for device, row in zip(devices, rows, strict=True):
            device.layout, device.row = layout, row
            if device.rules:
                layout.pool = pool.with_rules(layout.pool, row, names, device.rules)
        return layout

    def _leave(self, device: _Device) -> None:
        self._moves += 1
        if device.layout is not None:
            device.layout.pool.machines[device.row] = np.zeros(
                (), device.layout.pool.machines.dtype
            )
            device.layout.free.append(device.row)

    def _run(
        self,
        layout: _Layout,
        frame: Frame,
        readings: Readings,
        scores: FloatArray,
        stands: npt.NDArray[np.uint8],
        changes: list[Changed],
    ) -> None:
        begin, n = 0, len(readings.row)
        while begin < n:
            begin, found = self._logic.step(
                layout.pool, layout.scratch, layout.events, readings, begin, scores, stands
            )
            changes += [
                self._changed(layout, at, frame.devices[frame.device[layout.events.row[at]]])
                for at in range(found)
            ]

    def _changed(self, layout: _Layout, at: int, device_id: str) -> Changed:
        events = layout.events
        kind, change = int(events.kind[at]), int(events.change[at])
        device = self._devices[device_id]
        deviations = verdict.of_event(layout.names, device.rated, device.rules, events, at)
        told = alert_records.describe(events.tracks, at, kind, change, deviations)
        return Changed(device_id, int(events.row[at]), told)


def _columns(layout: _Layout, channels: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Shape (c,): where the frame has each channel of the layout; -1 where it has none."""
    known = layout.columns.get(channels)
    if known is None:
        place = {name: column for column, name in enumerate(channels)}
        known = np.array([place.get(name, -1) for name in layout.names], np.int64)
        if len(layout.columns) > 1000:
            layout.columns.clear()
        layout.columns[channels] = known
    return known
