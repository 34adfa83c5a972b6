"""Draws a device's run: what came, what was expected, what the detector said."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import numpy as np

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.picture import draw
from opsmith.app.watched_run import WatchedRun, watch
from opsmith.domain.base import Language
from opsmith.domain.devices import Limits
from opsmith.domain.moments import to_time
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.errors import BadInput, NotFound
from opsmith.settings import Settings
from opsmith_ingest.replay import Recording

MOST = 1_000_000
"""Readings that are watched for one picture: eleven days of a reading a second."""

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "left_out": "The detector was given the last {count:,} readings only, from {start} on; "
        "what came before was left out.",
        "before": "The detector had learnt from {count:,} readings before these.",
        "dead": "{count:,} rows of the file could not be used.",
        "title": "{device} {name}",
        "written": "{path}: {readings:,} readings, {alerts} alerts",
    },
    "zh": {
        "left_out": "检测器只使用了最近的 {count:,} 条读数（自 {start} 起），更早的未使用。",
        "before": "此前检测器已学习 {count:,} 条读数。",
        "dead": "文件中有 {count:,} 行无法使用。",
        "title": "{device} {name}",
        "written": "{path}：{readings:,} 条读数，{alerts} 个报警",
    },
}


def plot_stored(
    settings: Settings, device_id: str, hours: float | None, since: str | None, out: Path | None
) -> str:
    """Draw a device's stored readings; where neither is said, all that are watched.

    Args:
        settings: The plant.
        device_id: Of whom.
        hours: Only the last of its readings are drawn; what was before is learnt.
        since: ISO time, in the plant's zone where it names none; the same.
        out: File to write, `.svg` or `.html`; default: the device's name, here.

    Returns:
        A line that says what was written.

    Raises:
        BadInput: The file cannot be written, the time not be read, or nothing is drawn.
        NotFound: No such device, or it has no readings.
    """
    path = _target(out, device_id)
    start = _moment(since, settings) if since is not None else None
    with open_plant(settings) as plant:
        device = plant.stores.devices.get(device_id)
        extent = plant.stores.series.extent(device_id)
        if extent is None:
            raise NotFound(f"Device {device_id!r} has no readings yet")
        end = extent.last + timedelta(microseconds=1)
        if hours is not None:
            start = end - timedelta(hours=hours)
        if start is not None and start >= end:
            raise BadInput(
                f"{device_id} has no readings since {start.isoformat()}; "
                f"its last is of {extent.last.isoformat()}"
            )
        batch = plant.stores.series.read_last(device_id, MOST, end)
    notes: list[str] = []
    if extent.count > len(batch):
        notes.append(_left_out(batch, settings))
    run = watch(
        batch,
        device.rated(),
        device.criticality,
        start=start,
        accepted=settings.false_alerts,
        light=settings.detection == "light",
    )
    name = device.device_name if device.device_name != device_id else ""
    return _write(run, settings, path, name, notes)


def plot_recording(
    settings: Settings,
    recording: Recording,
    device_id: str | None,
    hours: float | None,
    since: str | None,
    out: Path | None,
) -> str:
    """Draw the readings of a recorded file; rated limits are those of the registry, if it is there.

    Args:
        settings: The plant.
        recording: The file, opened for that device.
        device_id: Of whom; None where the file has one device only.
        hours: As of `plot_stored`; so the next two.
        since: See there.
        out: See there.

    Raises:
        BadInput: The file has no reading of the device; or as of `plot_stored`.
    """
    start = _moment(since, settings) if since is not None else None
    batch, count = _gathered(recording, device_id)
    path = _target(out, batch.device_id)
    notes = [_left_out(batch, settings)] if count > len(batch) else []
    if recording.dead_count:
        said = WORDS[settings.language]["dead"]
        notes.append(said.format(count=recording.dead_count))
    if hours is not None:
        last: datetime = batch.times[-1].item().replace(tzinfo=UTC)
        start = last - timedelta(hours=hours)
    if start is not None and to_time(start) > batch.times[-1]:
        raise BadInput(f"{recording.path} has no readings since {start.isoformat()}")
    rated, criticality = _nameplate(settings, batch.device_id)
    light = settings.detection == "light"
    accepted = settings.false_alerts
    run = watch(batch, rated, criticality, start=start, accepted=accepted, light=light)
    return _write(run, settings, path, "", notes)


def _target(out: Path | None, device_id: str) -> Path:
    """Where to write; said at once, before a long run."""
    kept = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in device_id)
    path = out or Path(f"{kept}.svg")
    if path.suffix.lower() not in (".svg", ".html"):
        raise BadInput(f"Cannot draw {path}; use a name that ends in .svg or .html")
    if not path.parent.is_dir():
        raise BadInput(f"There is no folder {path.parent}; make it, or name another with --out")
    return path


def _moment(said: str, settings: Settings) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        raise BadInput(
            f"Cannot read the time {said!r} of --since; write it as 2026-02-28T12:00"
        ) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=settings.zone)


def _gathered(recording: Recording, device_id: str | None) -> tuple[ReadingBatch, int]:
    """The last `MOST` readings of the file's device, by time, and how many it has."""
    batches: list[ReadingBatch] = []
    count = held = 0
    for batch in recording.chunks():
        if batches and batch.device_id != batches[0].device_id:
            raise BadInput(
                f"{recording.path} has readings of {batches[0].device_id}, {batch.device_id} "
                "and maybe others; name one with --device"
            )
        batches.append(batch)
        count += len(batch)
        held += len(batch)
        while held - len(batches[0]) >= MOST:
            held -= len(batches.pop(0))
    if not batches:
        reason = recording.dead[0].reason if recording.dead else "the file has no rows"
        raise BadInput(f"{recording.path} has no reading of {device_id or 'any device'}; {reason}")
    # Batches of one device may differ in their channels, and later ones may be late.
    alike = Frame.of(*(replace(each, device_id=str(i)) for i, each in enumerate(batches)))
    _, order = np.unique(alike.times, return_index=True)
    order = order[-MOST:]
    spoken: list[int] = alike.status[order].tolist()
    whole = ReadingBatch(
        batches[0].device_id,
        alike.channels,
        alike.times[order],
        alike.values[order],
        alike.quality[order],
        tuple(alike.statuses[word] for word in spoken),
    )
    return whole, count


def _nameplate(settings: Settings, device_id: str) -> tuple[Mapping[str, Limits], int]:
    """What the registry knows of the device; nothing where there is no plant yet."""
    if not settings.database_url and not (settings.data_dir / "opsmith.db").exists():
        return {}, 2
    with open_plant(settings) as plant:
        return _plate_of(plant, device_id)


def _plate_of(plant: Plant, device_id: str) -> tuple[Mapping[str, Limits], int]:
    device = plant.stores.devices.find(device_id)
    return ({}, 2) if device is None else (device.rated(), device.criticality)


def _left_out(batch: ReadingBatch, settings: Settings) -> str:
    start: datetime = batch.times[0].item().replace(tzinfo=UTC)
    shown = f"{start.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}"
    return WORDS[settings.language]["left_out"].format(count=len(batch), start=shown)


def _write(run: WatchedRun, settings: Settings, path: Path, name: str, notes: list[str]) -> str:
    words = WORDS[settings.language]
    channels = np.isfinite(run.batch.values).any(axis=0)
    if not channels.any():
        raise BadInput(f"{run.batch.device_id} has no number in its readings: nothing to draw")
    device_id = run.batch.device_id
    title = words["title"].format(device=device_id, name=name).strip()
    if run.before:
        notes = [words["before"].format(count=run.before), *notes]
    svg = draw(run, settings.language, settings.zone, title=title, notes=notes)
    if path.suffix.lower() == ".html":
        svg = _page(svg, title, settings.language)
    try:
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"Cannot write {path}: {error.strerror}") from error
    return words["written"].format(
        path=path, readings=len(run.batch), alerts=sum(stand.is_new for stand in run.stands)
    )


def _page(svg: str, title: str, language: Language) -> str:
    """A page of its own around the picture, which grows with the window."""
    tongue = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{tongue}">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        "<style>body{margin:2rem auto;max-width:1280px;padding:0 1rem;background:#fff}"
        f"svg{{width:100%;height:auto}}</style></head>\n<body>\n{svg}</body>\n</html>\n"
    )
