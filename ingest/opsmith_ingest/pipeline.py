"""From messages to alerts: validate, store, score, and write what the alert logic decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from opsmith.bus import codec
from opsmith.domain.alerts import AlertChange, AlertLevel, trace_id_of
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.events import RAW
from opsmith.domain.moments import to_moment, to_time
from opsmith.domain.readings import Quality, ReadingBatch
from opsmith.ports import AnomalyMark, Cooldown, Message, SeriesStore
from opsmith.storage.alerts import RATE_LIMITED, AlertStore
from opsmith.storage.dead_letters import DeadLetterStore
from opsmith.storage.devices import DeviceStore
from opsmith_detectors.monitor import DeviceMonitor

HISTORY = 2000
"""Readings from which a device's state is rebuilt, when a worker meets it."""

REGISTRY_AGE = timedelta(seconds=30)
"""Plant time after which a device's nameplate and status are read anew."""

NEW_ALERTS = 5
"""New alerts that one device may announce within `RATE_PERIOD`."""
RATE_PERIOD = timedelta(minutes=1)


@dataclass
class Counts:
    """What came of the messages so far."""

    received: int = 0
    dead: int = 0
    stored: int = 0
    repeated: int = 0
    late: int = 0
    """Readings older than one that was scored already: stored, not scored."""
    bad_values: int = 0
    implausible_values: int = 0
    changes: int = 0
    """Alert changes that were written."""


@dataclass
class _Watch:
    """What the worker knows of one device."""

    device: Device
    monitor: DeviceMonitor
    last: np.datetime64 | None
    read_at: datetime


class Pipeline:
    """The ingest stage of the devices whose messages it is given.

    Args:
        series: Where readings are stored.
        devices: The registry.
        alerts: The alert log.
        dead_letters: Where messages go that cannot be used.
        cooldown: Counts new alerts for the rate limit.
        live: False for recorded or simulated history, which retention does not touch.
    """

    def __init__(
        self,
        series: SeriesStore,
        devices: DeviceStore,
        alerts: AlertStore,
        dead_letters: DeadLetterStore,
        cooldown: Cooldown,
        *,
        live: bool,
    ) -> None:
        self._series = series
        self._devices = devices
        self._alerts = alerts
        self._dead_letters = dead_letters
        self._cooldown = cooldown
        self._live = live
        self._watches: dict[str, _Watch] = {}
        self.counts = Counts()

    def process(self, messages: Sequence[Message]) -> None:
        """Do the whole stage for a batch; done again it changes nothing.

        Raises:
            Unavailable: A store did not answer; give the same batch again after `forget`.
        """
        readings, dead = codec.parse_many([message.value for message in messages])
        for letter in dead:
            message = messages[letter.index]
            added = self._dead_letters.add(
                RAW, message.value, letter.reason, message.key, datetime.now(UTC)
            )
            self.counts.dead += added
        batches = codec.columns(readings)
        self._register(readings)
        appended = self._series.append(batches, live=self._live)
        self.counts.received += len(messages)
        self.counts.stored += appended.new
        self.counts.repeated += appended.repeated
        for batch in batches:
            self.counts.bad_values += int((batch.quality == Quality.BAD).sum())
            self.counts.implausible_values += int((batch.quality == Quality.UNCERTAIN).sum())
            self._score(batch)

    def forget(self) -> None:
        """Drop every device's state; it is rebuilt from the stores when the device comes again."""
        self._watches.clear()

    def silent(self, now: datetime) -> None:
        """Look for devices that have gone quiet; for live plants, every few seconds."""
        for watch in self._watches.values():
            step = watch.monitor.silent(to_time(now))
            for change in step.changes:
                self._write(watch, change, {"device_id": watch.device.device_id})

    def _register(self, readings: Sequence[codec.Reading]) -> None:
        """Enter devices that nobody registered, so that they are seen and can be adopted."""
        unknown = {
            reading.device_id: reading
            for reading in readings
            if reading.device_id not in self._watches
        }
        heard = [
            Device(
                device_id=device_id,
                device_name=device_id,
                factory_id=reading.factory_id,
                line_id=reading.line_id,
                adopted=False,
            )
            for device_id, reading in unknown.items()
            if self._devices.find(device_id) is None
        ]
        if heard:
            self._devices.add(heard, min(reading.time for reading in unknown.values()))

    def _score(self, batch: ReadingBatch) -> None:
        watch = self._watch(batch.device_id, to_moment(batch.times[0]))
        for row in range(len(batch)):
            time = batch.times[row]
            if watch.last is not None and time <= watch.last:
                self.counts.late += 1
                continue
            watch.last = time
            step = watch.monitor.step(
                time,
                batch.channels,
                batch.values[row],
                batch.quality[row],
                batch.statuses[row],
            )
            for change in step.changes:
                self._write(watch, change, codec.payload(batch, row))

    def _watch(self, device_id: str, before: datetime) -> _Watch:
        watch = self._watches.get(device_id)
        if watch is not None and before - watch.read_at < REGISTRY_AGE:
            return watch
        device = self._devices.get(device_id)
        if watch is not None and watch.device.rated() == device.rated():
            watch.device = device
            watch.read_at = before
            return watch
        monitor = DeviceMonitor(device.rated())
        history = self._series.read_last(device_id, HISTORY, before)
        monitor.warm(history)
        monitor.adopt(self._alerts.standing_at(device_id, before))
        watch = _Watch(device, monitor, history.times[-1] if len(history) else None, before)
        self._watches[device_id] = watch
        return watch

    def _write(self, watch: _Watch, change: AlertChange, payload: dict[str, object]) -> None:
        device_id = watch.device.device_id
        mark = AnomalyMark(
            device_id=device_id,
            time=change.last_seen,
            trace_id=trace_id_of(device_id, change.alert_type, change.first_seen),
            alert_type=change.alert_type,
            change=change.change,
            level=change.alert_level,
            score=change.score,
        )
        # Marked first: a repeat of the batch marks again, but raises nothing again.
        self._series.mark([mark])
        suppressed = self._suppressed(watch, change) if change.change == "raised" else None
        if self._alerts.apply(device_id, change, payload, suppressed) is not None:
            self.counts.changes += 1

    def _suppressed(self, watch: _Watch, change: AlertChange) -> str | None:
        """Why a new alert must not be announced, or None."""
        device = watch.device
        if device.status == DeviceStatus.RETIRED:
            return "device is RETIRED"
        if device.status == DeviceStatus.MAINTENANCE:
            until = device.maintenance_until
            if until is None or change.first_seen < until:
                end = until.isoformat() if until else "further notice"
                return f"device is in MAINTENANCE until {end}"
        if change.alert_level in (AlertLevel.P0, AlertLevel.P1):
            return None
        for slot in range(NEW_ALERTS):
            key = f"rate:limit:{device.device_id}:{slot}"
            if self._cooldown.claim(key, RATE_PERIOD, change.first_seen):
                return None
        return RATE_LIMITED
