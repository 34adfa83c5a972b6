"""The worker's fleet: met, remembered over restarts, and kept in step with the registry."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from opsmith.domain.alerts import AlertChange
from opsmith.domain.devices import Device
from opsmith.domain.moments import to_moment, to_time
from opsmith.domain.readings import Frame
from opsmith.domain.rules import RuleBook
from opsmith.ports import SeriesStore
from opsmith.storage.alerts import AlertStore
from opsmith.storage.detector_states import DetectorStates, KeptState
from opsmith.storage.devices import DeviceStore
from opsmith_detectors.fleet import ACCEPTED, Fleet, Judged
from opsmith_ingest.clocks import is_clock

HISTORY = 20_000
"""Readings from which a device is learnt anew that the worker meets, where no state is kept."""
REGISTRY_AGE = timedelta(seconds=30)
"""Plant time after which the nameplates are read anew."""
STATE_AGE = timedelta(minutes=10)
"""Plant time after which a device's state is saved again."""
_SAVED_AT_ONCE = 200


class Watch:
    """The devices of one worker, and what its detectors know of them.

    Args:
        series: Where their readings are.
        devices: The registry.
        alerts: The alert log.
        states: Where states are saved; None: they are learnt anew from the readings, as is right
            for recorded history, which may come in any order.
        accepted: False alerts that the operator accepts per device and week.
        rules: The operator's rules over several channels.
        light: Judge each channel by itself, for a fraction of the time.
    """

    def __init__(
        self,
        series: SeriesStore,
        devices: DeviceStore,
        alerts: AlertStore,
        states: DetectorStates | None,
        *,
        accepted: float = ACCEPTED,
        rules: RuleBook | None = None,
        light: bool = False,
    ) -> None:
        self._series = series
        self._devices = devices
        self._alerts = alerts
        self._states = states
        self._rules = rules or RuleBook()
        self._accepted = accepted
        self._light = light
        self._fleet = Fleet(accepted=accepted, light=light)
        self._known: dict[str, Device] = {}
        """What the registry said of each device when it was read last."""
        self._saved: dict[str, datetime] = {}
        """When each device's state was saved last, the longest ago first."""
        self._read_at: datetime | None = None

    def __contains__(self, device_id: str) -> bool:
        return device_id in self._fleet

    def step(self, frames: Sequence[Frame]) -> list[Judged]:
        """Judge frames, whose readings are stored already, each in its order."""
        if not frames:
            return []
        begin = to_moment(min(frame.times.min() for frame in frames))
        for frame in frames:
            self._meet(frame)
        self._read_registry(begin)
        return [self._fleet.step(frame) for frame in frames]

    def silent(self, now: datetime) -> list[tuple[str, AlertChange]]:
        """The devices that have gone quiet."""
        return [(each.device_id, each.change) for each in self._fleet.silent(to_time(now))]

    def save(self, now: datetime) -> None:
        """Save the states that were not saved for long, a bounded number.

        Everything that the readings up to now brought has to be written by then.
        """
        if self._states is None:
            return
        due: list[str] = []
        for device_id, saved in self._saved.items():
            if now - saved < STATE_AGE or len(due) >= _SAVED_AT_ONCE:
                break
            due.append(device_id)
        self.save_these(due)
        for device_id in due:
            del self._saved[device_id]
            self._saved[device_id] = now

    def save_these(self, device_ids: Collection[str] | None = None) -> None:
        """Save the states of these devices, or of all; the same holds as for `save`."""
        if self._states is None:
            return
        wanted = list(self._saved if device_ids is None else device_ids)
        for start in range(0, len(wanted), _SAVED_AT_ONCE):
            part = wanted[start : start + _SAVED_AT_ONCE]
            states = {name: self._fleet.save(name) for name in part if name in self._known}
            self._states.save(
                {
                    name: KeptState(state, self._known[name].baseline_at)
                    for name, state in states.items()
                    if state is not None
                }
            )

    def forget(self, device_ids: Collection[str] | None = None) -> None:
        """Drop what is known of these devices, or of all; it is restored when they come again."""
        if device_ids is None:
            self._fleet = Fleet(accepted=self._accepted, light=self._light)
            self._saved.clear()
            self._known.clear()
            return
        for device_id in device_ids:
            self._fleet.forget(device_id)
            self._saved.pop(device_id, None)
            self._known.pop(device_id, None)

    def last(self, device_id: str) -> datetime | None:
        """Time of the device's last reading that was judged here."""
        last = self._fleet.last(device_id)
        return None if last is None else to_moment(last)

    def remember(self, device_ids: Sequence[str], before: datetime) -> list[str]:
        """Make devices known that were saved once, as of their readings before that moment.

        Returns:
            Those of which something is known now.
        """
        kept = {} if self._states is None else self._states.find(device_ids)
        for device_id in kept:
            self._know(device_id, before, kept)
        return list(kept)

    def _meet(self, frame: Frame) -> None:
        """Make the devices known that are new to the worker."""
        new = [i for i, name in enumerate(frame.devices) if name not in self._fleet]
        if not new:
            return
        first = np.full(len(frame.devices), np.iinfo(np.int64).max)
        times = frame.times.astype("datetime64[us]").view(np.int64)
        np.minimum.at(first, frame.device, times)
        names = [frame.devices[i] for i in new]
        kept = self._states.find(names) if self._states is not None else {}
        for i, device_id in zip(new, names, strict=True):
            self._know(device_id, to_moment(np.datetime64(int(first[i]), "us")), kept)

    def _know(self, device_id: str, begin: datetime, kept: Mapping[str, KeptState]) -> None:
        """Restore a device as of its readings before `begin`."""
        device = self._devices.get(device_id)
        self._register(device)
        known = kept.get(device_id)
        fits = known is not None and known.baseline_at == device.baseline_at
        restored = known is not None and fits and self._fleet.restore(device_id, known.state)
        self._catch_up(device, begin, restored=restored)
        self._saved[device_id] = begin

    def _catch_up(self, device: Device, begin: datetime, *, restored: bool) -> None:
        """Learn what was stored before `begin`: it was judged, and told, before."""
        device_id, since = device.device_id, device.baseline_at
        last = self._fleet.last(device_id)
        if restored and last is not None:
            after = to_moment(last) + timedelta(microseconds=1)
            history = self._series.read(device_id, after, begin) if after < begin else None
        else:
            history = self._series.read_last(device_id, HISTORY, begin)
            if since is not None and len(history) and to_moment(history.times[0]) < since:
                history = self._series.read(device_id, since, begin)
        if history is not None and len(history):
            self._fleet.step(Frame.of(history))
        whole = restored or (since is None and (history is None or len(history) < HISTORY))
        stood = self._alerts.standing_at(device_id, begin)
        # That nothing came stands in no reading; all else is known from them, if all are there.
        self._fleet.adopt(
            device_id,
            [alert for alert in stood if not is_clock(alert)],
            kinds=("no_data",) if whole else None,
        )

    def _register(self, device: Device) -> None:
        self._known[device.device_id] = device
        self._fleet.register(
            device.device_id,
            device.rated(),
            device.criticality,
            self._rules.of(device.device_id, device.device_type),
        )

    def _read_registry(self, now: datetime) -> None:
        if self._read_at is not None and now - self._read_at < REGISTRY_AGE:
            return
        if self._read_at is not None:
            for device in self._devices.list():
                before = self._known.get(device.device_id)
                if before is None or before == device:
                    continue
                renewed = before.baseline_at != device.baseline_at
                if renewed:
                    self._fleet.forget(device.device_id)
                self._register(device)
                if renewed:
                    self._catch_up(device, now, restored=False)
        self._read_at = now
