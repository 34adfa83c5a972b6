"""Readings that come out of order, some of them hours late: stores and minutes are exact.

Short by default; `OPSMITH_TEST_SHUFFLE=1000000 pytest -s tests/faults/test_shuffle.py` for long.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pytest
from faults.plant_on_servers import settings_of

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.domain.events import RAW
from opsmith.domain.moments import to_time
from opsmith.domain.readings import Quality
from opsmith.ports import Message

READINGS = int(os.environ.get("OPSMITH_TEST_SHUFFLE", "20000"))
DEVICES = 20
STRETCHES = 5
"""Hours, at whose beginnings the devices run: what is late is so by minutes or by hours."""
BATCH = 10_000
WITHIN = 5.0
"""Seconds within which the order is chance."""
LATE = 0.01
BLANK = 0.01
CHANNELS = ("temperature", "vibration", "pressure")
SEED = 20261125

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@pytest.fixture(params=["embedded", "influx"])
def chosen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Where the readings are."""
    if request.param == "embedded":
        return {}
    server = request.getfixturevalue("influx")
    return {"influx_url": server.url, "influx_bucket": f"shuffle_{uuid4().hex}"}


@dataclass
class Shuffled:
    """Readings of devices at 1 Hz, and the order in which they come."""

    start: datetime
    device: Ints
    at: Ints
    """Whole seconds since the start."""
    values: Floats
    """Shape (n, channels); NaN: blanked."""
    order: Ints
    """Which reading comes when."""

    @classmethod
    def made(cls, count: int, start: datetime) -> "Shuffled":
        """As many readings."""
        chance = np.random.default_rng(SEED)
        each = count // DEVICES
        length = -(-each // STRETCHES)
        seconds = np.arange(each)
        seconds = seconds // length * max(3600, length) + seconds % length
        at = np.repeat(seconds, DEVICES)
        device = np.tile(np.arange(DEVICES), each)
        values = chance.integers(1_000, 99_999, (len(at), len(CHANNELS))) / 1000
        values[chance.random(values.shape) < BLANK] = np.nan
        comes = at + chance.uniform(0, WITHIN, len(at))
        late = chance.random(len(at)) < LATE
        comes[late] += chance.uniform(60, seconds[-1], int(late.sum()))
        return cls(start, device, at, values, np.argsort(comes, kind="stable"))

    def name(self, place: int) -> str:
        """Of a device."""
        return f"PUMP_{place:02}"

    def batches(self, which: Ints) -> Iterator[Sequence[Message]]:
        """The messages of these readings, in that order."""
        for low in range(0, len(which), BATCH):
            yield [self._message(row) for row in which[low : low + BATCH].tolist()]

    def _message(self, row: int) -> Message:
        name = self.name(int(self.device[row]))
        at = (self.start + timedelta(seconds=int(self.at[row]))).isoformat()
        said = ", ".join(
            f'"{channel}": {"null" if value != value else value}'
            for channel, value in zip(CHANNELS, self.values[row].tolist(), strict=True)
        )
        value = f'{{"device_id": "{name}", "timestamp": "{at}", {said}}}'
        return Message(RAW, 0, row, name, value.encode())

    def rows(self, place: int, which: Ints) -> Ints:
        """Those of the readings that are of a device, oldest first."""
        mine = which[self.device[which] == place]
        return mine[np.argsort(self.at[mine], kind="stable")]


def given(plant: Plant, shuffled: Shuffled, which: Ints) -> tuple[int, int]:
    """Give these to a new worker; how many were stored, and how many were there already."""
    pipeline = plant.pipeline(live=True)
    for messages in shuffled.batches(which):
        pipeline.process(messages)
    assert pipeline.counts.dead == 0
    return pipeline.counts.stored, pipeline.counts.repeated


def check(plant: Plant, shuffled: Shuffled, counted: Ints, kept: Ints) -> None:
    """What is stored against what was sent.

    Args:
        plant: Whose store it is.
        shuffled: What was sent.
        counted: The readings whose minutes are kept.
        kept: Those that are kept themselves.
    """
    start, end = shuffled.start, shuffled.start + timedelta(days=2)
    for place in range(DEVICES):
        name, rows = shuffled.name(place), shuffled.rows(place, kept)
        stored = plant.stores.series.read(name, start, end)
        columns = [stored.channels.index(channel) for channel in CHANNELS]
        times = to_time(start) + shuffled.at[rows].astype("timedelta64[s]")
        np.testing.assert_array_equal(stored.times, times.astype("datetime64[us]"))
        np.testing.assert_array_equal(stored.values[:, columns], shuffled.values[rows])
        bad = stored.quality[:, columns] == Quality.BAD
        np.testing.assert_array_equal(bad, np.isnan(shuffled.values[rows]))
        _check_minutes(plant, shuffled, place, shuffled.rows(place, counted))


def _check_minutes(plant: Plant, shuffled: Shuffled, place: int, rows: Ints) -> None:
    start, end = shuffled.start, shuffled.start + timedelta(days=2)
    stored = plant.stores.series.aggregates(shuffled.name(place), start, end)
    minutes, of_minute = np.unique(shuffled.at[rows] // 60, return_inverse=True)
    expected = to_time(start) + (minutes * 60).astype("timedelta64[s]")
    np.testing.assert_array_equal(stored.minutes, expected.astype("datetime64[us]"))
    for number, channel in enumerate(CHANNELS):
        column = stored.channels.index(channel)
        values = shuffled.values[rows, number]
        good = ~np.isnan(values)
        which, those = of_minute[good], values[good]
        count = np.bincount(which, minlength=len(minutes))
        np.testing.assert_array_equal(stored.count[:, column], count)
        is_there = count > 0
        high, low = np.full(len(minutes), -np.inf), np.full(len(minutes), np.inf)
        np.maximum.at(high, which, those)
        np.minimum.at(low, which, those)
        total = np.bincount(which, those, minlength=len(minutes))
        np.testing.assert_array_equal(stored.high[is_there, column], high[is_there])
        np.testing.assert_array_equal(stored.low[is_there, column], low[is_there])
        mean = total[is_there] / count[is_there]
        np.testing.assert_allclose(stored.mean[is_there, column], mean, rtol=1e-12)


def test_shuffled_and_late_readings_leave_the_readings_and_minutes_that_ordered_ones_do(
    chosen: dict[str, Any], tmp_path: Path
) -> None:
    began = time.monotonic()
    span = timedelta(seconds=STRETCHES * max(3600, READINGS // DEVICES // STRETCHES) + 7200)
    # The server drops by its own clock what is older than the retention.
    start = (datetime.now(UTC) - span).replace(second=0, microsecond=0)
    shuffled = Shuffled.made(READINGS, start)
    most = int(0.8 * len(shuffled.order))
    first, rest = shuffled.order[:most], shuffled.order[most:]
    with open_plant(settings_of(data_dir=tmp_path, **chosen), "newest", writer=True) as plant:
        assert given(plant, shuffled, first) == (len(first), 0)
        check(plant, shuffled, first, first)
        assert given(plant, shuffled, first) == (0, len(first))
        check(plant, shuffled, first, first)

        # Raw readings of the first stretches are dropped; some of them are yet to come.
        until = int(shuffled.at[first].max()) // 3600 * 3600 - 5400
        gone = first[shuffled.at[first] < until]
        behind = rest[shuffled.at[rest] < until]
        assert len(gone) > len(first) // 3
        assert len(behind) > 10
        edge = start + timedelta(seconds=until)
        assert plant.stores.series.expire(edge, start - timedelta(days=1)) == len(gone)
        stays = first[shuffled.at[first] >= until]
        check(plant, shuffled, first, stays)

        # A minute outlives its readings: nobody could tell a late one of it from a repeated one.
        told = shuffled.order[~np.isin(shuffled.order, behind)]
        assert given(plant, shuffled, rest) == (len(rest), 0)
        check(plant, shuffled, told, np.concatenate([stays, rest]))
        assert given(plant, shuffled, rest) == (0, len(rest))
        check(plant, shuffled, told, np.concatenate([stays, rest]))
    sys.stdout.write(
        f"{len(shuffled.order)} readings in batches of {BATCH}, each twice, {len(behind)} of them "
        f"behind what was dropped: {time.monotonic() - began:.0f} s\n"
    )
