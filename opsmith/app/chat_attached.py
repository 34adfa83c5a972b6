"""Judges readings that somebody attaches to the chat, by the plant's detector; stores nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from opsmith.access import Caller, acting_as
from opsmith.app.bootstrap import Plant
from opsmith.app.watched_run import part_of, pauses_of
from opsmith.domain.alerts import AlertChange
from opsmith.domain.base import Language
from opsmith.domain.devices import Limits
from opsmith.domain.moments import to_moment
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.domain.units import measurement_of
from opsmith.errors import BadInput
from opsmith_agents.charts import AlertMark, TrendChart
from opsmith_chat.tried import Tried, TriedAlert, TriedDevice
from opsmith_detectors.fleet import Fleet
from opsmith_ingest.mapping import MappingOptions, describe
from opsmith_ingest.replay import Recording, open_recording

MOST_DEVICES = 100
POINTS = 600
"""Of a chart; of a longer series the least and the greatest of each stretch."""

_CHUNK = 2000


class AttachedReadings:
    """See `opsmith_chat.tried.Trier`.

    Args:
        plant: Whose detector, settings and registry are used; only read.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def try_readings(
        self, path: Path, name: str, device: str | None, who: Caller, language: Language
    ) -> Tried:
        """See `opsmith_chat.tried.Trier.try_readings`."""
        try:
            recording, is_named = self._opened(path, name, device)
            runs = [_whole(batches) for batches in _by_device(recording).values()]
        except BadInput as error:
            # Where it lies is nobody's business.
            raise BadInput(str(error).replace(str(path), name)) from error
        if not runs:
            reason = recording.dead[0].reason if recording.dead else "it has no rows"
            raise BadInput(f"no row of it is a reading; {reason}")
        found: list[tuple[TriedAlert, float, ReadingBatch, Mapping[str, Limits]]] = []
        devices: list[TriedDevice] = []
        plates: list[Mapping[str, Limits]] = []
        for batch in runs:
            rated, criticality, is_known = self._nameplate(batch.device_id, who)
            plates.append(rated)
            start, end = to_moment(batch.times[0]), to_moment(batch.times[-1])
            devices.append(
                TriedDevice(batch.device_id, is_known, len(batch), start, end, batch.channels)
            )
            for alert, score in self._judged(batch, rated, criticality):
                found.append((alert, score, batch, rated))
        chart = None
        if found:
            worst, _, batch, rated = min(found, key=lambda one: (one[0].alert_level, -one[1]))
            own = [one[0] for one in found if one[0].device_id == batch.device_id]
            chart = _chart(batch, worst.channels, rated, own)
        return Tried(
            devices=tuple(devices),
            alerts=tuple(sorted((one[0] for one in found), key=lambda one: one.first_seen)),
            chart=chart or _chart(runs[0], tuple(plates[0]), plates[0], ()),
            dead_rows=recording.dead_count,
            dead_reason=recording.dead[0].reason if recording.dead else "",
            read_as=tuple(describe(recording.mapping, language)),
            is_named=is_named,
        )

    def _opened(self, path: Path, name: str, device: str | None) -> tuple[Recording, bool]:
        """The file, and whether it is known whose readings they are."""
        options = MappingOptions(zone=self._plant.settings.timezone)
        if device is not None:
            return open_recording(path, device, options), True
        try:
            return open_recording(path, None, options), True
        except BadInput:
            # Where only the name was missing it is readable now; else it fails in the same way.
            return open_recording(path, Path(name).stem[:40] or "file", options), False

    def _nameplate(self, device_id: str, who: Caller) -> tuple[Mapping[str, Limits], int, bool]:
        with acting_as(who):
            device = self._plant.stores.devices.find(device_id)
        if device is None or not who.sees(device.factory_id):
            return {}, 2, False
        return device.rated(), device.criticality, True

    def _judged(
        self, batch: ReadingBatch, rated: Mapping[str, Limits], criticality: int
    ) -> list[tuple[TriedAlert, float]]:
        """The alerts that a fresh detector raises, each with its greatest score."""
        settings = self._plant.settings
        fleet = Fleet(accepted=settings.false_alerts, light=settings.detection == "light")
        fleet.register(batch.device_id, rated, criticality)
        pauses = pauses_of(batch.times)
        cuts = sorted({0, *pauses, *range(0, len(batch), _CHUNK), len(batch)})
        stories: dict[tuple[str, str], list[AlertChange]] = {}
        for begin, end in pairwise(cuts):
            changes = [*(fleet.silent(batch.times[begin]) if begin in pauses else ())]
            changes += fleet.step(Frame.of(part_of(batch, begin, end))).changes
            for change in (each.change for each in changes):
                key = (change.alert_type, change.first_seen.isoformat())
                stories.setdefault(key, []).append(change)
        return [
            (_alert(batch.device_id, story), max(change.score for change in story))
            for story in stories.values()
        ]


def _alert(device_id: str, story: Sequence[AlertChange]) -> TriedAlert:
    last = story[-1]
    told = max((one for one in story if one.deviations), key=lambda one: one.score, default=last)
    worst = sorted(told.deviations, key=lambda one: -one.share)
    return TriedAlert(
        device_id=device_id,
        alert_type=last.alert_type,
        alert_level=min(change.alert_level for change in story),
        onset=story[0].onset,
        first_seen=story[0].first_seen,
        cleared_at=last.last_seen if last.change == "cleared" else None,
        channels=tuple(one.channel for one in worst),
    )


def _by_device(recording: Recording) -> dict[str, list[ReadingBatch]]:
    found: dict[str, list[ReadingBatch]] = {}
    for batch in recording.chunks():
        found.setdefault(batch.device_id, []).append(batch)
        if len(found) > MOST_DEVICES:
            raise BadInput(f"it has readings of over {MOST_DEVICES} devices; attach a part of it")
    return found


def _whole(batches: Sequence[ReadingBatch]) -> ReadingBatch:
    """One device's readings in one, by time; of two at a time the later one stands."""
    # Batches of one device may differ in their channels, and later ones may be late.
    one = Frame.of(*(replace(each, device_id=str(i)) for i, each in enumerate(batches)))
    last = len(one.times) - 1
    _, order = np.unique(one.times[::-1], return_index=True)
    order = last - order
    spoken: list[int] = one.status[order].tolist()
    return ReadingBatch(
        batches[0].device_id,
        one.channels,
        one.times[order],
        one.values[order],
        one.quality[order],
        tuple(one.statuses[word] for word in spoken),
    )


def _chart(
    batch: ReadingBatch,
    wanted: Sequence[str],
    rated: Mapping[str, Limits],
    alerts: Sequence[TriedAlert],
) -> TrendChart | None:
    """The first of the wanted channels that has two values; where none has, any."""
    for name in (*wanted, *batch.channels):
        if name not in batch.channels:
            continue
        column = batch.values[:, batch.channels.index(name)]
        rows = np.flatnonzero(np.isfinite(column))
        if len(rows) < 2:
            continue
        if len(rows) > POINTS:
            kept: set[int] = {int(rows[0]), int(rows[-1])}
            for part in np.array_split(rows, POINTS // 2):
                kept |= {int(part[column[part].argmin()]), int(part[column[part].argmax()])}
            rows = np.array(sorted(kept))
        limits = rated.get(name)
        known = measurement_of(name)
        return TrendChart(
            device_id=batch.device_id,
            channel=name,
            unit=known.unit if known else None,
            times=tuple(to_moment(one) for one in batch.times[rows]),
            values=tuple(float(one) for one in column[rows]),
            limit_low=limits.low if limits else None,
            limit_high=limits.high if limits else None,
            alerts=tuple(
                AlertMark(
                    trace_id="",
                    alert_level=one.alert_level.value,
                    alert_type=one.alert_type,
                    onset=one.onset,
                    first_seen=one.first_seen,
                    cleared_at=one.cleared_at,
                )
                for one in alerts
                if name in one.channels
            ),
        )
    return None
