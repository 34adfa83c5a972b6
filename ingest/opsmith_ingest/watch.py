"""The worker's fleet: met, remembered over restarts, and kept in step with the registry."""

from collections.abc import Iterable, Sequence
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
        self._baselines: dict[str, datetime | None] = {}
        """Since when the normal of each device is learnt."""
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

    def save(self, now: datetime, *, all_of_them: bool = False) -> None:
        """Save the states that were not saved for long; a bounded number, unless all are wanted.

        Everything that the readings up to now brought has to be written by then.
        """
        if self._states is None:
            return
        due: list[str] = []
        for device_id, saved in self._saved.items():
            if not all_of_them and (now - saved < STATE_AGE or len(due) >= _SAVED_AT_ONCE):
                break
            due.append(device_id)
        states = {device_id: self._fleet.save(device_id) for device_id in due}
        self._states.save(
            {
                name: KeptState(state, self._baselines[name])
                for name, state in states.items()
                if state is not None
            }
        )
        for device_id in due:
            del self._saved[device_id]
            self._saved[device_id] = now

    def forget(self) -> None:
        """Drop all that is known; it is restored when the devices come again."""
        self._fleet = Fleet(accepted=self._accepted, light=self._light)
        self._saved.clear()
        self._baselines.clear()

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
            begin = to_moment(np.datetime64(int(first[i]), "us"))
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
        self._baselines[device.device_id] = device.baseline_at
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
            known: Iterable[Device] = self._devices.list()
            for device in known:
                if device.device_id not in self._fleet:
                    continue
                renewed = self._baselines[device.device_id] != device.baseline_at
                if renewed:
                    self._fleet.forget(device.device_id)
                self._register(device)
                if renewed:
                    self._catch_up(device, now, restored=False)
        self._read_at = now
