"""From messages to alerts: validate, store, score, and write what the alert logic decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from opsmith.bus import codec
from opsmith.bus.frames import FrameParser
from opsmith.clock import PlantClock
from opsmith.domain.alerts import AlertChange
from opsmith.domain.devices import Device
from opsmith.domain.events import RAW
from opsmith.domain.moments import to_moment
from opsmith.domain.readings import Frame, Quality
from opsmith.domain.rules import RuleBook
from opsmith.ports import Cooldown, Message, SeriesStore
from opsmith.storage.alerts import AlertStore
from opsmith.storage.dead_letters import DeadLetterStore
from opsmith.storage.detector_states import DetectorStates
from opsmith.storage.devices import DeviceStore
from opsmith_detectors.fleet import ACCEPTED, Judged
from opsmith_ingest.announcing import Announcer
from opsmith_ingest.clocks import Clocks
from opsmith_ingest.regimes import Regimes
from opsmith_ingest.watch import Watch

MOST_FAULTS = 100_000
"""Standing sensor faults among which those of clocks are looked for at a start."""


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
        self.counts = Counts()

    def process(self, messages: Sequence[Message]) -> None:
        """Do the whole stage for a batch; done again it changes nothing.

        Raises:
            Unavailable: A store did not answer; give the same batch again after `forget`.
        """
        parsed = self._parser.parse([message.value for message in messages])
        for letter in parsed.dead:
            message = messages[letter.index]
            added = self._dead_letters.add(
                RAW, message.value, letter.reason, message.key, datetime.now(UTC)
            )
            self.counts.dead += added
        self._register(parsed.frames)
        frames = self._sifted(parsed.frames)
        appended = self._series.append(frames, live=self._live)
        self.counts.received += len(messages)
        self.counts.stored += appended.new
        self.counts.repeated += appended.repeated
        for frame, judged in zip(frames, self._watch.step(frames), strict=True):
            self._tell(frame, judged)
        if frames:
            now = to_moment(max(frame.times.max() for frame in frames))
            self._announcer.review(now, lambda: _heard(frames))
            self._watch.save(now)

    def save(self) -> None:
        """Save what the detectors know, for the next start; for the end of a live plant."""
        self._watch.save(datetime.now(UTC), all_of_them=True)

    def forget(self) -> None:
        """Drop every device's state; it is rebuilt from the stores when the device comes again."""
        self._watch.forget()
        self._clocks.forget()

    def silent(self, now: datetime) -> None:
        """Look for devices that have gone quiet; for live plants, every few seconds."""
        changes = self._watch.silent(now)
        self.counts.changes += self._announcer.write_silent(changes)
        self._announcer.review(now)

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
        for letter in sifted.refused:
            self.counts.dead += self._dead_letters.add(
                RAW, letter.value, letter.reason, letter.device_id, now
            )
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
        # Of the times at one place the last stays, and each device's times increase.
        for place, time in zip(frame.device.tolist(), frame.times.tolist(), strict=True):
            heard[frame.devices[place]] = time.replace(tzinfo=UTC)
    return heard
