"""From messages to alerts: validate, store, score, and write what the alert logic decides."""

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from opsmith.bus import codec
from opsmith.bus.frames import FrameParser
from opsmith.clock import PlantClock
from opsmith.domain.alerts import AlertChange
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.events import RAW
from opsmith.domain.moments import to_moment
from opsmith.domain.readings import Frame, Quality
from opsmith.domain.rules import RuleBook
from opsmith.errors import Unavailable
from opsmith.metrics import count_dead, step
from opsmith.ports import Cooldown, Message, Place, SeriesStore
from opsmith.storage.alerts import AlertStore
from opsmith.storage.dead_letters import DeadLetterStore, Letter
from opsmith.storage.detector_states import DetectorStates
from opsmith.storage.devices import DeviceStore
from opsmith_detectors.fleet import ACCEPTED, Judged
from opsmith_ingest.announcing import Announcer
from opsmith_ingest.clocks import Clocks
from opsmith_ingest.regimes import Regimes
from opsmith_ingest.watch import Watch

MOST_FAULTS = 100_000
"""Standing sensor faults among which those of clocks are looked for at a start."""

QUIET = timedelta(minutes=1)
"""Since a device's last reading, before anybody asks whether it is silent."""


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


class Pipeline:
    """The ingest stage of the devices whose messages it is given.

    Args:
        series: Where readings are stored.
        devices: The registry.
        alerts: The alert log.
        dead_letters: Where messages go that cannot be used.
        cooldown: Counts new alerts for the rate limit.
        states: Where the detectors' states are saved; None: they are learnt anew at a start.
        live: False for recorded or simulated history, which retention does not touch.
        clock: The wall's, by which the devices' own are judged; None: theirs are believed.
        accepted: False alerts that the operator accepts per device and week.
        rules: The operator's rules over several channels.
        light: Judge each channel by itself, for a fraction of the time.
        regimes: Proposes to learn what stays; None: nobody does.
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
        states: DetectorStates | None = None,
        clock: PlantClock | None = None,
        accepted: float = ACCEPTED,
        rules: RuleBook | None = None,
        light: bool = False,
        regimes: Regimes | None = None,
    ) -> None:
        self._series = series
        self._devices = devices
        self._alerts = alerts
        self._dead_letters = dead_letters
        self._live = live
        self._clock = clock
        self._announcer = Announcer(series, alerts, devices, cooldown)
        self._regimes = regimes
        self._clocks = Clocks(
            lambda: alerts.find(alert_type="sensor_fault", standing=True, limit=MOST_FAULTS)
        )
        self._parser = FrameParser()
        self._watch = Watch(
            series, devices, alerts, states, accepted=accepted, rules=rules, light=light
        )
        self._places: dict[str, Place | None] = {}
        """From which partition each device's readings come; None: nobody can say."""
        self._orphans: dict[str, datetime] = {}
        """Devices that were taken on for their silence, with the last reading of each then."""
        self._is_halfway = False
        """The detectors may know of readings whose changes are not written."""
        self._listener: Callable[[Sequence[Frame]], None] | None = None
        self.counts = Counts()

    def listen(self, listener: Callable[[Sequence[Frame]], None] | None) -> None:
        """Let it have, from now on, the readings that are stored; at once, in whatever thread."""
        self._listener = listener

    def process(self, messages: Sequence[Message]) -> None:
        """Do the whole stage for a batch; done again it changes nothing.

        Raises:
            Unavailable: A store did not answer; give the same batch again after `forget`.
        """
        with step("ingest", "parse"):
            parsed = self._parser.parse([message.value for message in messages])
        self._bury(
            [
                Letter(messages[one.index].value, one.reason, messages[one.index].key)
                for one in parsed.dead
            ],
            datetime.now(UTC),
        )
        self._register(parsed.frames)
        self._place(parsed.frames, messages)
        self._is_halfway = True
        frames = self._sifted(parsed.frames)
        with step("ingest", "store"):
            appended = self._series.append(frames, live=self._live)
        listener = self._listener
        if listener is not None:
            listener(frames)
        self.counts.received += len(messages)
        self.counts.stored += appended.new
        self.counts.repeated += appended.repeated
        with step("ingest", "detect"):
            judged = self._watch.step(frames)
        with step("ingest", "alert"):
            for frame, each in zip(frames, judged, strict=True):
                self._tell(frame, each)
            if frames:
                now = to_moment(max(frame.times.max() for frame in frames))
                self._announcer.review(now, lambda: _heard(frames))
                self._watch.save(now)
        self._is_halfway = False

    def save(self) -> None:
        """Save what the detectors know, for the next start; for the end of a live plant."""
        if not self._is_halfway:
            self._watch.save_these()

    def forget(self) -> None:
        """After a failure: drop what may be half known; the stores have it when it comes again."""
        if self._is_halfway:
            self._watch.forget()
            self._clocks.forget()
            self._places.clear()
            self._is_halfway = False

    def lose(self, places: Collection[Place] | None) -> None:
        """Hand the devices of these partitions, or all, to others: save their state, drop it."""
        lost = [
            name
            for name, place in self._places.items()
            if places is None or place is None or place in places
        ]
        # Without it the next one learns them from the readings: slower, and no worse.
        with contextlib.suppress(Unavailable):
            self._watch.save_these(lost)
        self._watch.forget(lost)
        self._clocks.forget(lost)
        for device_id in lost:
            del self._places[device_id]
            self._orphans.pop(device_id, None)

    def silent(self, now: datetime) -> None:
        """Look for devices that have gone quiet; for live plants, every few seconds."""
        self._is_halfway = True
        changes = [
            (device_id, change)
            for device_id, change in self._watch.silent(now)
            if not self._is_elsewhere(device_id)
        ]
        self.counts.changes += self._announcer.write_silent(changes)
        self._announcer.review(now)
        self._is_halfway = False

    def find_orphans(self, now: datetime) -> None:
        """Take on devices that went quiet while nobody watched them: no reading will bring them.

        Only those that were watched once; for one worker of all, every minute.
        """
        told = self._alerts.find(alert_type="no_data", standing=True, limit=MOST_FAULTS)
        known = {alert.device_id for alert in told}
        quiet: dict[str, datetime] = {}
        extents = self._series.extents()
        for device in self._devices.list():
            name, extent = device.device_id, extents.get(device.device_id)
            running = device.status is DeviceStatus.RUNNING
            if not running or extent is None or name in known or name in self._watch:
                continue
            if now - extent.last >= QUIET and self._orphans.get(name) != extent.last:
                quiet[name] = extent.last
        self._orphans.update(quiet)
        for name in self._watch.remember(list(quiet), now):
            self._places[name] = None

    def _is_elsewhere(self, device_id: str) -> bool:
        """Another worker gets the device's readings by now: this one knows nothing of it."""
        extent, last = self._series.extent(device_id), self._watch.last(device_id)
        if extent is None or last is None or extent.last <= last:
            return False
        self._watch.forget([device_id])
        self._clocks.forget([device_id])
        self._places.pop(device_id, None)
        return True

    def _place(self, frames: Sequence[Frame], messages: Sequence[Message]) -> None:
        """Note from which partition devices come that are new here."""
        new = {name for frame in frames for name in frame.devices if name not in self._places}
        if new:
            found = {message.key: (message.topic, message.partition) for message in messages}
            self._places.update({name: found.get(name) for name in new})

    def _bury(self, letters: Sequence[Letter], now: datetime) -> None:
        for one in letters:
            count_dead(one.reason)
        if letters:
            self.counts.dead += self._dead_letters.add(RAW, letters, now)

    def _register(self, frames: Sequence[Frame]) -> None:
        """Enter devices that nobody registered, so that they are seen and can be adopted."""
        heard = [
            Device(
                device_id=device_id,
                device_name=device_id,
                factory_id=factory_id,
                line_id=line_id,
                adopted=False,
            )
            for frame in frames
            for device_id, factory_id, line_id in zip(
                frame.devices, frame.factory_ids, frame.line_ids, strict=True
            )
            if device_id not in self._watch and self._devices.find(device_id) is None
        ]
        if heard:
            self._devices.add(heard, to_moment(min(frame.times.min() for frame in frames)))

    def _tell(self, frame: Frame, judged: Judged) -> None:
        """Count a frame, and write what its readings changed."""
        self.counts.bad_values += int((frame.quality == Quality.BAD).sum())
        self.counts.implausible_values += int((frame.quality == Quality.UNCERTAIN).sum())
        self.counts.late += int((judged.scores != judged.scores).sum())
        for each in judged.changes:
            self._write(each.device_id, each.change, codec.payload(frame, each.row))

    def _sifted(self, frames: Sequence[Frame]) -> Sequence[Frame]:
        """The readings whose times can be used; the others are kept with the reason."""
        if self._clock is None:
            return frames
        now = self._clock()
        sifted = self._clocks.sift(frames, now)
        self._bury([Letter(one.value, one.reason, one.device_id) for one in sifted.refused], now)
        for skew in sifted.skews:
            self._write(skew.device_id, skew.change, skew.payload)
        return sifted.frames

    def _write(self, device_id: str, change: AlertChange, payload: dict[str, object]) -> None:
        alert = self._announcer.write(device_id, change, payload)
        if alert is not None:
            self.counts.changes += 1
            if self._regimes is not None:
                self._regimes.consider(alert)


def _heard(frames: Sequence[Frame]) -> dict[str, datetime]:
    """Up to when each device of the frames has been watched."""
    heard: dict[str, datetime] = {}
    for frame in frames:
        newest = np.full(len(frame.devices), np.iinfo(np.int64).min)
        np.maximum.at(newest, frame.device, frame.times.astype("datetime64[us]").view(np.int64))
        times: list[datetime] = newest.view("datetime64[us]").tolist()
        for device_id, time in zip(frame.devices, times, strict=True):
            heard[device_id] = time.replace(tzinfo=UTC)
    return heard
