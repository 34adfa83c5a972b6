"""Readings as JSON lines in, one verdict line each out, with the product's own defaults."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO, cast

import numpy as np
from pydantic import ValidationError

from opsmith.app.score_forecast import Outlooks
from opsmith.domain.devices import Limits
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.moments import to_moment, to_time
from opsmith.domain.readings import FloatArray, Frame, Quality, ReadingBatch, TimeArray
from opsmith.errors import BadInput
from opsmith_detectors.features import describe_changes
from opsmith_detectors.fleet import ACCEPTED, Fleet, Judged
from opsmith_kb import matrix
from opsmith_kb.load import load_entries

if TYPE_CHECKING:
    from opsmith_detectors.rul import RulModel

NOT_CHANNELS = frozenset(
    {
        "device_id", "timestamp", "status", "factory_id", "line_id", "warmup", "horizon", "limits",
        "device_type", "model",
    }
)  # fmt: skip
KEPT = 1200
"""Readings of a device that are kept for naming the category."""
EVERY = 20
"""Readings between two looks at the category while an alert stands."""
FADES = 0.7
"""Part of what earlier looks said that is left at the next one."""


class Ring:
    """The last readings of one device, oldest first, in arrays of a fixed size."""

    def __init__(self, size: int = KEPT) -> None:
        self._size = size
        self._rows: list[tuple[np.datetime64, dict[str, float]]] = []

    def add(self, time: np.datetime64, values: dict[str, float]) -> None:
        """Add one reading, and let go of those that are too old."""
        self._rows.append((time, values))
        if len(self._rows) >= 2 * self._size:
            del self._rows[: -self._size]

    def columns(self) -> tuple[TimeArray, tuple[str, ...], FloatArray]:
        """Times (n,), channels sorted by name, values (n, c) with NaN where absent."""
        rows = self._rows[-self._size :]
        channels = tuple(sorted({name for _, values in rows for name in values}))
        table = [[values.get(name, np.nan) for name in channels] for _, values in rows]
        times = np.array([time for time, _ in rows], dtype="datetime64[us]")
        return times, channels, np.array(table, dtype=np.float64).reshape(len(rows), len(channels))


@dataclass(slots=True)
class Scored:
    """What the scoring keeps of one device."""

    device_id: str
    recent: Ring = field(default_factory=Ring)
    last: np.datetime64 | None = None
    onset: np.datetime64 | None = None
    """When the deviation of the alert that stands began; None: no alert stands."""
    category: str | None = None
    votes: dict[str, float] = field(default_factory=dict[str, float])
    """What each look at the alert that stands named, by its probability."""
    age: int = 0
    """Readings since the category was looked at."""


def categorise(device: Scored, entries: Sequence[KnowledgeEntry]) -> str | None:
    """Name the failure mode that comes nearest to the alert that stands; None: none is near.

    What the looks before it named counts too: the readings of one look are few.
    """
    times, channels, values = device.recent.columns()
    if device.onset is None or not len(times):
        return None
    batch = ReadingBatch(
        device_id=device.device_id,
        channels=channels,
        times=times,
        values=values,
        quality=np.where(np.isnan(values), Quality.BAD, Quality.GOOD).astype(np.uint8),
        statuses=("",) * len(times),
    )
    changes = describe_changes(batch, to_moment(device.onset))
    nearest = matrix.categorise(changes, channels, entries)
    votes = {entry_id: FADES * vote for entry_id, vote in device.votes.items()}
    if nearest is not None:
        votes[nearest.entry_id] = votes.get(nearest.entry_id, 0.0) + nearest.probability
    device.votes = votes
    return max(votes, key=lambda entry_id: votes[entry_id], default=None)


def score(
    lines: Iterable[bytes | str],
    out: TextIO,
    accepted: float = ACCEPTED,
    model: "RulModel | None" = None,
) -> None:
    """Answer each reading with a verdict, at once.

    Args:
        lines: One JSON object each, as on the topic `raw_sensor_data`; `limits` gives rated limits,
            a number (the high one) or an object with low and high, by channel.
        out: Gets one JSON object a line: score, is_anomaly, category; what `horizon` and `limits`
            in a reading ask for, in readings: forecast, eta; and with a model rul.
        accepted: False alerts that are accepted per device and week.
        model: A learned remaining life; None: none is told.

    Raises:
        BadInput: A line is not a reading.
    """
    devices: dict[str, Scored] = {}
    fleet = Fleet(accepted=accepted)
    outlooks = Outlooks(model)
    entries = load_entries()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        reading = _parse(line, number)
        device_id = str(reading.get("device_id", ""))
        device = devices.get(device_id)
        limits = _limits(reading.get("limits"), number)
        if device is None:
            fleet.register(device_id, limits)
            device = devices[device_id] = Scored(device_id)
        frame = _frame(device, reading, number)
        judged = fleet.step(frame)
        _follow(device, judged, entries)
        stands = bool(judged.stands[0])
        verdict = {
            "score": round(float(judged.scores[0]), 6),
            "is_anomaly": stands,
            "category": device.category if stands else None,
        }
        values = dict(zip(frame.channels, frame.values[0].tolist(), strict=True))
        verdict |= outlooks.add(
            device_id, frame.times[0], values, reading.get("horizon"), limits, number
        )
        out.write(json.dumps(verdict) + "\n")
        out.flush()


def _parse(line: bytes | str, number: int) -> dict[str, Any]:
    try:
        reading: object = json.loads(line)
    except ValueError as error:
        raise BadInput(f"Line {number} is not JSON: {error}") from error
    if not isinstance(reading, dict):
        raise BadInput(f"Line {number} is not a JSON object")
    return cast("dict[str, Any]", reading)


def _limits(given: object, number: int) -> dict[str, Limits]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise BadInput(f"Line {number}: limits is not an object of limits by channel")
    try:
        return {
            channel: Limits.model_validate(limit if isinstance(limit, dict) else {"high": limit})
            for channel, limit in cast("dict[str, object]", given).items()
        }
    except ValidationError as error:
        raise BadInput(f"Line {number}: limits holds what is no limit") from error


def _frame(device: Scored, reading: Mapping[str, Any], number: int) -> Frame:
    """One reading as a frame; kept for naming the category."""
    channels: list[str] = []
    values: list[float] = []
    for key, value in reading.items():
        if key in NOT_CHANNELS:
            continue
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            channels.append(key)
            values.append(np.nan if value is None else float(value))
    x = np.array([values], dtype=np.float64)
    x[~np.isfinite(x)] = np.nan
    time = _time(reading.get("timestamp"), number)
    if device.last is not None and time <= device.last:
        # Recorded runs repeat a second now and then; the order of the lines is the order of time.
        time = device.last + np.timedelta64(1, "us")
    device.last = time
    device.recent.add(time, dict(zip(channels, values, strict=True)))
    return Frame(
        devices=(device.device_id,),
        device=np.zeros(1, np.int32),
        times=np.array([time], "datetime64[us]"),
        channels=tuple(channels),
        values=x,
        quality=np.where(np.isnan(x), Quality.BAD, Quality.GOOD).astype(np.uint8),
        statuses=(str(reading.get("status") or ""),),
        status=np.zeros(1, np.int32),
    )


def _follow(device: Scored, judged: Judged, entries: Sequence[KnowledgeEntry]) -> None:
    """Keep the category of the alert that stands up to date."""
    if not judged.stands[0]:
        device.onset, device.category = None, None
        device.votes = {}
        return
    for change in (each.change for each in judged.changes):
        if change.change != "cleared" and device.onset is None:
            device.onset = to_time(change.onset)
            device.age = 0
    if device.age % EVERY == 0:
        device.category = categorise(device, entries)
    device.age += 1


def _time(stamp: object, number: int) -> np.datetime64:
    text = str(stamp).replace(" ", "T").removesuffix("Z").removesuffix("+00:00")
    try:
        return np.datetime64(text, "us")
    except ValueError as error:
        raise BadInput(f"Line {number}: {stamp!r} is no time") from error


def main() -> None:
    """Score standard input."""
    score(sys.stdin.buffer, sys.stdout)


if __name__ == "__main__":
    main()
