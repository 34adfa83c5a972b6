"""What every series store must do, whatever keeps the readings."""

import dataclasses
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import Influx

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.moments import to_time
from opsmith.domain.readings import Aggregates, FloatArray, Frame, Quality, ReadingBatch
from opsmith.errors import BadInput, Unavailable
from opsmith.ports import AnomalyMark, Appended, SeriesStore
from opsmith.storage.series_embedded import EmbeddedSeriesStore

START = datetime(2026, 1, 1, 8, 59, 30, tzinfo=UTC)
FOREVER = datetime(2100, 1, 1, tzinfo=UTC)
PAST = datetime(2000, 1, 1, tzinfo=UTC)

Open = Callable[[Path], SeriesStore]
"""Opens the store that belongs to a folder; two of one folder see the same readings."""
OPENERS: dict[str, Open] = {
    "embedded": lambda folder: EmbeddedSeriesStore(folder / "series.db"),
    "embedded, folded at once": lambda folder: EmbeddedSeriesStore(folder / "series.db", held=0),
}
INFLUX = "influx"


@pytest.fixture(params=[*OPENERS, INFLUX])
def opened(request: pytest.FixtureRequest) -> Open:
    if request.param == INFLUX:
        return on(request.getfixturevalue("influx"))
    return OPENERS[request.param]


def on(influx: Influx) -> Open:
    """A database of that server for each folder."""

    def open_store(folder: Path) -> SeriesStore:
        from opsmith.storage.series_influx import InfluxSeriesStore

        database = f"d{zlib.crc32(bytes(folder)):08x}"
        return InfluxSeriesStore(influx.url, bucket=database)

    return open_store


@pytest.fixture
def store(opened: Open, tmp_path: Path) -> Iterator[SeriesStore]:
    store = opened(tmp_path)
    yield store
    store.close()


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def batch(
    seconds: Sequence[float],
    device_id: str = "PUMP_01",
    statuses: Sequence[str] = (),
    **channels: Sequence[float] | FloatArray | float,
) -> ReadingBatch:
    """Readings at those seconds after START; NaN is absent; by default a value tells its second."""
    columns: Mapping[str, Sequence[float] | FloatArray | float] = channels or {
        "temperature": [20 + second / 10 for second in seconds]
    }
    names = tuple(sorted(columns))
    values = np.column_stack([np.broadcast_to(columns[name], len(seconds)) for name in names])
    times = np.datetime64(START.replace(tzinfo=None), "us") + (
        np.round(np.array(seconds, float) * 1e6).astype("timedelta64[us]")
    )
    quality = np.where(np.isnan(values), Quality.ABSENT, Quality.GOOD).astype(np.uint8)
    words = tuple(statuses) or ("",) * len(seconds)
    return ReadingBatch(device_id, names, times, values.astype(float), quality, words)


def everything(store: SeriesStore, device_id: str = "PUMP_01") -> ReadingBatch:
    return store.read(device_id, PAST, FOREVER)


def content(store: SeriesStore, device_id: str = "PUMP_01") -> dict[str, object]:
    """All that a reader can see of a device, to the bit."""
    rows = everything(store, device_id)
    minutes = store.aggregates(device_id, PAST, FOREVER)
    return {
        "channels": (rows.channels, minutes.channels),
        "times": rows.times.tolist(),
        "values": rows.values.tobytes(),
        "quality": rows.quality.tolist(),
        "statuses": rows.statuses,
        "minutes": minutes.minutes.tolist(),
        "count": minutes.count.tolist(),
        "mean": minutes.mean.tobytes(),
        "high": minutes.high.tobytes(),
        "low": minutes.low.tobytes(),
        "extent": store.extent(device_id),
        "last": store.read_last(device_id, 7, FOREVER).times.tolist(),
    }


def recomputed(rows: ReadingBatch) -> dict[tuple[datetime, str], tuple[int, float, float, float]]:
    """Count, mean, high and low per minute and channel, the plain way."""
    found: dict[tuple[datetime, str], list[float]] = {}
    for time, values in zip(rows.times.tolist(), rows.values.tolist(), strict=True):
        for channel, value in zip(rows.channels, values, strict=True):
            key = (time.replace(second=0, microsecond=0), channel)
            found.setdefault(key, [])
            if value == value:
                found[key].append(value)
    return {
        key: (len(some), sum(some) / len(some), max(some), min(some))
        for key, some in found.items()
        if some
    }


def told(minutes: Aggregates) -> dict[tuple[datetime, str], tuple[int, float, float, float]]:
    return {
        (time, channel): (
            int(minutes.count[row, column]),
            float(minutes.mean[row, column]),
            float(minutes.high[row, column]),
            float(minutes.low[row, column]),
        )
        for row, time in enumerate(minutes.minutes.tolist())
        for column, channel in enumerate(minutes.channels)
        if minutes.count[row, column]
    }


def noisy(seconds: Sequence[int], seed: int) -> ReadingBatch:
    """Three channels of full floats; one comes and goes, one is sometimes bad."""
    rng = np.random.default_rng(seed)
    n = len(seconds)
    flow = rng.normal(5, 1, n)
    flow[rng.random(n) < 0.5] = np.nan
    made = batch(
        seconds,
        flow=flow,
        temperature=rng.normal(60, 1, n).round(2),
        vibration=rng.normal(0, 1, n),
        statuses=rng.choice(["", "NORMAL", "ANOMALY"], n).tolist(),
    )
    bad = rng.random(n) < 0.1
    made.values[bad, 2] = np.nan
    made.quality[bad, 2] = Quality.BAD
    made.quality[rng.random(n) < 0.1, 1] = Quality.UNCERTAIN
    return made


def part(whole: ReadingBatch, chosen: Iterable[int]) -> ReadingBatch:
    numbers = sorted(chosen)
    rows = np.array(numbers, np.int64)
    return ReadingBatch(
        whole.device_id,
        whole.channels,
        whole.times[rows],
        whole.values[rows],
        whole.quality[rows],
        tuple(whole.statuses[row] for row in numbers),
    )


def test_what_was_appended_is_read_back_to_the_bit(store: SeriesStore) -> None:
    wanted = noisy(range(0, 20_000, 2), seed=1)
    store.append([Frame.of(wanted)], live=True)
    got = everything(store)
    assert (got.device_id, got.channels, got.statuses) == (
        "PUMP_01",
        ("flow", "temperature", "vibration"),
        wanted.statuses,
    )
    np.testing.assert_array_equal(got.times, wanted.times)
    np.testing.assert_array_equal(got.values, wanted.values)
    np.testing.assert_array_equal(got.quality, wanted.quality)


@pytest.mark.parametrize("jitter", [1, 200, 60_000, 2**33], ids=["1", "2", "4", "8"])
def test_times_that_jitter_are_read_back_to_the_microsecond(
    store: SeriesStore, jitter: int
) -> None:
    rng = np.random.default_rng(3)
    steps = 16_666 + rng.integers(0, jitter, 300, endpoint=True)
    times = to_time(START) + np.cumsum(steps).astype("timedelta64[us]")
    wanted = dataclasses.replace(noisy(range(300), seed=2), times=times)
    store.append([Frame.of(wanted)], live=True)
    got = store.read(wanted.device_id, START, FOREVER)
    np.testing.assert_array_equal(got.times, wanted.times)


@pytest.mark.parametrize(
    "values",
    [
        [1.5] * 70,
        [0.0, 1e300, -1e-300] * 30,
        [float(2**53), 1.0] * 40,
        [0.1 * number for number in range(300)],
        [np.pi] * 69 + [np.nan],
        [round(0.001 * number, 3) for number in range(-200_000, 200_000, 1000)],
        [-40.25, np.nan, 125.125] * 30,
    ],
)
def test_no_packing_changes_a_value(store: SeriesStore, values: list[float]) -> None:
    store.append([Frame.of(batch(range(len(values)), always=1.0, x=values))], live=True)
    np.testing.assert_array_equal(everything(store).values[:, 1], values)


def test_a_window_is_half_open_and_an_empty_one_has_no_readings(store: SeriesStore) -> None:
    store.append([Frame.of(batch(range(200)))], live=True)
    times = store.read("PUMP_01", at(10), at(20)).times
    assert times.tolist() == [at(second).replace(tzinfo=None) for second in range(10, 20)]
    assert len(store.read("PUMP_01", at(20), at(20))) == 0
    assert len(store.read("PUMP_01", at(500), at(600))) == 0
    assert store.read("PUMP_99", at(0), at(20)).values.shape == (0, 0)
    assert len(store.aggregates("PUMP_99", at(0), at(20)).minutes) == 0


def test_only_the_channels_that_were_asked_for_come(store: SeriesStore) -> None:
    store.append(
        [Frame.of(batch(range(300), flow=1.5, temperature=60.0, vibration=0.5))], live=True
    )
    got = store.read("PUMP_01", at(0), at(300), ["vibration", "temperature", "voltage"])
    assert got.channels == ("temperature", "vibration")
    assert got.values[0].tolist() == [60.0, 0.5]
    assert len(store.read("PUMP_01", at(0), at(300), ["voltage"])) == 300


def test_a_channel_that_came_later_is_absent_before(store: SeriesStore) -> None:
    store.append([Frame.of(batch(range(100), temperature=60.0))], live=True)
    store.append([Frame.of(batch(range(100, 200), flow=1.5, temperature=61.0))], live=True)
    got = everything(store)
    assert got.channels == ("flow", "temperature")
    assert (got.quality[:100, 0] == Quality.ABSENT).all() and np.isnan(got.values[:100, 0]).all()
    assert (got.values[100:, 0] == 1.5).all()


def test_readings_without_any_channel_keep_their_time_and_status(store: SeriesStore) -> None:
    silent = noisy(range(200), seed=6)
    silent = ReadingBatch(
        "PUMP_01", (), silent.times, np.empty((200, 0)), np.empty((200, 0), np.uint8), ("ON",) * 200
    )
    store.append([Frame.of(part(silent, range(10)))], live=True)
    store.append([Frame.of(silent)], live=True)
    got = everything(store)
    assert (len(got), got.channels, got.statuses) == (200, (), ("ON",) * 200)
    assert store.aggregates("PUMP_01", PAST, FOREVER).count.shape == (4, 0)


def test_the_last_readings_before_a_moment_are_the_newest_of_them(store: SeriesStore) -> None:
    for first in range(0, 10_000, 500):
        store.append([Frame.of(batch(range(first, first + 500)))], live=True)
    store.append([Frame.of(batch([10_000, 10_001]))], live=True)
    for count, before in [(3, 10_001), (5000, 10_002), (10, 4000), (99_999, 600), (0, 600)]:
        wanted = [at(second).replace(tzinfo=None) for second in range(10_002)][:before][
            -count or before :
        ]
        assert store.read_last("PUMP_01", count, at(before)).times.tolist() == wanted


def test_aggregates_are_those_of_the_readings_and_leave_bad_values_out(store: SeriesStore) -> None:
    store.append([Frame.of(noisy(range(0, 9000, 3), seed=2))], live=True)
    wanted = recomputed(everything(store))
    got = told(store.aggregates("PUMP_01", PAST, FOREVER))
    assert got.keys() == wanted.keys()
    for key, figures in wanted.items():
        assert got[key] == pytest.approx(figures, rel=1e-12, abs=1e-12)


def test_minutes_that_start_in_the_window_come_and_no_others(store: SeriesStore) -> None:
    store.append([Frame.of(batch(range(600)))], live=True)
    minutes = store.aggregates("PUMP_01", at(30), at(91)).minutes
    assert minutes.tolist() == [at(second).replace(tzinfo=None) for second in (30, 90)]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("opener", list(OPENERS.values()), ids=list(OPENERS))
def test_late_shuffled_and_repeated_batches_come_to_the_same(
    opener: Open, data: st.DataObject
) -> None:
    shuffled(opener, data)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(data=st.data())
def test_late_shuffled_and_repeated_batches_come_to_the_same_on_a_server(
    influx: Influx, data: st.DataObject
) -> None:
    shuffled(on(influx), data)


def shuffled(opener: Open, data: st.DataObject) -> None:
    n = data.draw(st.sampled_from([5, 90, 700, 2500]), "readings")
    step = data.draw(st.sampled_from([1, 7, 61]), "seconds between them")
    whole = noisy(range(0, n * step, step), seed=data.draw(st.integers(0, 99), "seed"))
    shuffle = random.Random(data.draw(st.integers(0, 999), "order"))
    rows = list(range(n))
    if data.draw(st.booleans(), "scattered"):
        shuffle.shuffle(rows)
    size = data.draw(st.sampled_from([1, 10] if n < 100 else [100, 400, 2500]), "batch")
    pieces = [part(whole, rows[low : low + size]) for low in range(0, n, size)]
    pieces += shuffle.sample(pieces, len(pieces) // 3)
    shuffle.shuffle(pieces)
    together = data.draw(st.integers(1, 5), "batches a call")
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        plain, tried = opener(Path(one)), opener(Path(other))
        plain.append([Frame.of(whole)], live=True)
        new = 0
        for low in range(0, len(pieces), together):
            new += tried.append(
                [Frame.of(piece) for piece in pieces[low : low + together]], live=True
            ).new
        assert new == n
        assert content(tried) == content(plain)
        plain.close()
        tried.close()


def test_a_repeat_changes_nothing(store: SeriesStore, tmp_path: Path) -> None:
    whole = noisy(range(1000), seed=3)
    assert store.append([Frame.of(whole)], live=True) == Appended(1000, 0)
    store.append([Frame.of(batch(range(1000, 1010)))], live=True)
    seen, counts = content(store), table_counts(tmp_path)
    assert store.append(
        [Frame.of(whole), Frame.of(part(whole, range(500)))], live=True
    ) == Appended(0, 1500)
    assert store.append([Frame.of(batch([1005]))], live=True) == Appended(0, 1)
    assert store.append([], live=True) == Appended(0, 0)
    assert (content(store), table_counts(tmp_path)) == (seen, counts)


def table_counts(folder: Path) -> dict[str, int]:
    """Rows of each table, where the store is one of our files."""
    if not (folder / "series.db").exists():
        return {}
    with closing(sqlite3.connect(folder / "series.db")) as db:
        names = [
            name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        ]
        return {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


@pytest.mark.parametrize("older", [5, 3000])
def test_another_value_replaces_the_first_and_spares_the_other_channels(
    store: SeriesStore, older: int
) -> None:
    seconds = range(older)
    store.append(
        [Frame.of(batch(seconds, flow=1.0, temperature=60.0, statuses=["NORMAL"] * older))],
        live=True,
    )
    store.append([Frame.of(batch([older], flow=1.0, temperature=60.0))], live=True)
    assert store.append([Frame.of(batch([1, 2], temperature=[60.0, 90.0]))], live=True) == Appended(
        1, 1
    )
    assert (
        store.append([Frame.of(batch([3], vibration=0.5, statuses=["ANOMALY"]))], live=True).new
        == 1
    )
    got = store.read("PUMP_01", at(1), at(4))
    assert got.channels == ("flow", "temperature", "vibration")
    np.testing.assert_array_equal(
        got.values, [[1.0, 60.0, np.nan], [1.0, 90.0, np.nan], [1.0, 60.0, 0.5]]
    )
    assert got.statuses == ("NORMAL", "NORMAL", "ANOMALY")
    assert told(store.aggregates("PUMP_01", PAST, FOREVER)) == recomputed(everything(store))


def test_extents_follow_the_readings(store: SeriesStore) -> None:
    assert (store.newest(), store.extent("PUMP_01"), store.extents()) == (None, None, {})
    store.append([Frame.of(batch(range(100, 200))), Frame.of(batch([5], "PUMP_02"))], live=True)
    store.append([Frame.of(batch([50, 150]))], live=True)
    extent = store.extent("PUMP_01")
    assert extent and (extent.first, extent.last, extent.count) == (at(50), at(199), 101)
    assert store.extents().keys() == {"PUMP_01", "PUMP_02"}
    assert store.extents()["PUMP_01"] == extent
    assert store.newest() == at(199)


def test_it_is_all_there_after_closing_and_opening(opened: Open, tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.append([Frame.of(noisy(range(1000), seed=4))], live=True)
    seen = content(first)
    first.close()
    again = opened(tmp_path)
    assert content(again) == seen
    again.close()


def test_threads_and_several_stores_write_the_same_device_at_once(
    opened: Open, tmp_path: Path
) -> None:
    whole = noisy(range(2000), seed=5)
    stores = [opened(tmp_path), opened(tmp_path)]
    ready = threading.Barrier(4)

    def write(writer: int) -> int:
        ready.wait(10)
        new = 0
        for low in range(0, 2000, 50):
            # Each second is written by two of the four, in one store or in both.
            rows = [row for row in range(low, low + 50) if row % 4 in (writer, (writer + 1) % 4)]
            new += stores[writer % 2].append([Frame.of(part(whole, rows))], live=True).new
            assert len(stores[writer % 2].read("PUMP_01", at(low), at(low + 50))) >= len(rows)
        return new

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(4))) == 2000
    seen = content(stores[0])
    for store in stores:
        store.close()
    with TemporaryDirectory() as other:
        plain = opened(Path(other))
        plain.append([Frame.of(whole)], live=True)
        assert seen == content(plain)
        plain.close()


WRITER = """
import sys
from pathlib import Path
import numpy as np
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.storage.series_embedded import EmbeddedSeriesStore

store = EmbeddedSeriesStore(Path(sys.argv[1]))
good, silent = np.zeros((300, 1), np.uint8), ("",) * 300
for first in range(0, int(sys.argv[2]), 300):
    seconds = np.arange(first, first + 300)
    times = np.datetime64("2026-01-01T09:00:00", "us") + seconds * np.timedelta64(1, "s")
    values = seconds[:, None].astype(float)
    store.append(
        [Frame.of(*(ReadingBatch(d, ("x",), times, values, good, silent) for d in "ABC"))],
        live=True,
    )
    print(first, flush=True)
"""


def test_a_killed_writer_leaves_whole_appends_and_a_reader_is_not_disturbed(tmp_path: Path) -> None:
    path = tmp_path / "series.db"
    command = [sys.executable, "-c", WRITER, str(path), "10000000"]
    acknowledged = -1
    for round_ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            for _ in range(10 + 7 * round_):
                acknowledged = max(acknowledged, int(writer.stdout.readline()))
            reader = EmbeddedSeriesStore(path)
            assert len({extent.count for extent in reader.extents().values()}) == 1
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait(10)
        counts = {extent.count for extent in reader.extents().values()}
        assert len(counts) == 1
        count = counts.pop()
        assert count % 300 == 0 and count >= acknowledged + 300
        for device in "ABC":
            rows = everything(reader, device)
            assert rows.values[:, 0].tolist() == list(range(count))
            assert reader.aggregates(device, PAST, FOREVER).count.sum() == count
        reader.close()


def test_two_processes_that_make_and_fill_the_file_at_once_write_each_reading_once(
    tmp_path: Path,
) -> None:
    path = tmp_path / "series.db"
    command = [sys.executable, "-c", WRITER, str(path), "9000"]
    writers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    store = EmbeddedSeriesStore(path)
    for device in "ABC":
        assert everything(store, device).values[:, 0].tolist() == list(range(9000))
        assert store.aggregates(device, PAST, FOREVER).count.sum() == 9000
    store.close()


def test_retention_deletes_old_live_readings_and_spares_imported_history(
    store: SeriesStore,
) -> None:
    store.append([Frame.of(batch(range(0, 5000, 2)))], live=True)
    store.append([Frame.of(batch(range(1, 5000, 2)))], live=False)
    store.append([Frame.of(batch(range(5000, 5010)))], live=True)
    store.append([Frame.of(batch(range(3000), "OLD")), Frame.of(batch([9000], "OLD"))], live=True)
    minutes = told(store.aggregates("PUMP_01", PAST, FOREVER))
    assert store.expire(at(4001), PAST) == 2001 + 3000
    kept = [second for second in range(5010) if second % 2 or second > 4000]
    assert everything(store).times.tolist() == [at(s).replace(tzinfo=None) for s in kept]
    extent = store.extent("OLD")
    assert extent and (extent.first, extent.last, extent.count) == (at(9000), at(9000), 1)
    assert told(store.aggregates("PUMP_01", PAST, FOREVER)) == minutes
    assert store.expire(at(4001), at(4001)) == 0
    # A minute with both kinds of readings stays, of both or of the imported ones.
    imported = recomputed(batch(range(1, 5000, 2)))
    left = told(store.aggregates("PUMP_01", PAST, FOREVER))
    assert left.keys() == minutes.keys()
    for key, figures in left.items():
        assert figures in (minutes[key], pytest.approx(imported.get(key), rel=1e-12))
    assert store.aggregates("OLD", PAST, FOREVER).minutes.tolist() == [
        at(9000).replace(second=0, tzinfo=None)
    ]
    assert store.expire(at(9001), at(9001)) == 510
    assert store.extent("OLD") is None


def test_what_was_live_and_is_imported_too_is_kept(store: SeriesStore) -> None:
    store.append([Frame.of(batch(range(1000)))], live=True)
    assert store.append([Frame.of(batch(range(200, 300)))], live=False) == Appended(0, 100)
    assert store.append([Frame.of(batch(range(250, 260)))], live=True) == Appended(0, 10)
    assert store.expire(FOREVER, FOREVER) == 900
    assert len(everything(store)) == 100


def test_minutes_outlive_their_readings_and_a_straggler_does_not_spoil_them(
    store: SeriesStore,
) -> None:
    store.append([Frame.of(batch(range(3000)))], live=True)
    minutes = told(store.aggregates("PUMP_01", PAST, FOREVER))
    assert store.expire(at(2000), PAST) == 2000
    store.append([Frame.of(batch([100], temperature=500.0))], live=True)
    assert told(store.aggregates("PUMP_01", PAST, FOREVER)) == minutes


def test_marks_are_kept_once_and_told_by_time(store: SeriesStore) -> None:
    def mark(second: int, device_id: str = "PUMP_01") -> AnomalyMark:
        return AnomalyMark(
            device_id, at(second), f"AL-{device_id}", "over_temp", "raised", AlertLevel.P1, 1.5
        )

    store.mark([mark(20), mark(10), mark(15, "PUMP_02")])
    store.mark([mark(10)])
    assert list(store.marks("PUMP_01", at(10), at(20))) == [mark(10)]
    assert list(store.marks("PUMP_01", at(0), at(99))) == [mark(10), mark(20)]
    store.append([Frame.of(batch(range(100), "PUMP_02"))], live=False)
    store.expire(at(18), at(18))
    assert list(store.marks("PUMP_01", PAST, FOREVER)) == [mark(20)]
    assert list(store.marks("PUMP_02", PAST, FOREVER)) == [mark(15, "PUMP_02")]


def test_many_devices_at_once_come_back_whole_however_far_they_are_folded(
    store: SeriesStore,
) -> None:
    rng = np.random.default_rng(8)
    sent: dict[str, list[ReadingBatch]] = {f"D{number:03d}": [] for number in range(150)}
    for minute in range(12):
        some = [name for name in sent if rng.random() < 0.9]
        made = [
            batch(range(60 * minute, 60 * minute + 9), name, flow=float(minute)) for name in some
        ]
        for name, one in zip(some, made, strict=True):
            sent[name].append(one)
        assert store.append([Frame.of(*made)], live=True) == Appended(9 * len(some), 0)
        # Half of them again, as after a crash.
        assert store.append([Frame.of(*made[::2])], live=True).new == 0
    extents = store.extents()
    for name, batches in sent.items():
        rows = everything(store, name)
        wanted = np.concatenate([one.times for one in batches])
        np.testing.assert_array_equal(rows.times, wanted)
        assert told(store.aggregates(name, PAST, FOREVER)) == recomputed(rows)
        assert extents[name] == store.extent(name)
        assert extents[name].count == len(wanted)


def test_a_file_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    store = EmbeddedSeriesStore(tmp_path / "series.db", held=0)
    store.append([Frame.of(batch(range(100)))], live=True)
    assert store.expire(PAST, PAST) == 0
    seen = content(store)
    store.close()
    with closing(sqlite3.connect(tmp_path / "series.db")) as db:
        for table in ("journal", "state"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version=1")
    again = EmbeddedSeriesStore(tmp_path / "series.db")
    assert content(again) == seen
    assert again.append([Frame.of(batch(range(90, 110)))], live=True) == Appended(10, 10)
    again.close()


def bytes_of_another_database(folder: Path) -> bytes:
    with closing(sqlite3.connect(folder / "other.db")) as db:
        db.execute("CREATE TABLE orders (id INTEGER)")
    return (folder / "other.db").read_bytes()


@pytest.mark.parametrize("kind", ["garbage", "another database", "a folder"])
def test_a_file_that_is_something_else_is_refused_in_one_line_and_left_alone(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "series.db"
    contents: Mapping[str, bytes] = {
        "garbage": b"device_id,timestamp\n" * 500,
        "another database": bytes_of_another_database(tmp_path),
    }
    if kind in contents:
        path.write_bytes(contents[kind])
    else:
        path.mkdir()
    with pytest.raises(BadInput) as refusal:
        EmbeddedSeriesStore(path)
    assert str(path) in str(refusal.value) and "\n" not in str(refusal.value)
    if kind in contents:
        assert path.read_bytes() == contents[kind]


def test_a_file_that_stays_locked_is_unavailable_and_then_works_again(tmp_path: Path) -> None:
    path = tmp_path / "series.db"
    store = EmbeddedSeriesStore(path, patience=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            store.append([Frame.of(batch(range(10)))], live=True)
        assert len(everything(store)) == 0
        other.execute("ROLLBACK")
    assert store.append([Frame.of(batch(range(10)))], live=True) == Appended(10, 0)
    store.close()
    with pytest.raises(Unavailable, match="closed"):
        store.newest()
