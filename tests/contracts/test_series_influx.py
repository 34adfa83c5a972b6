"""What holds for the series store in InfluxDB beside its contract."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from hostile_strings import STRINGS
from servers import Influx

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.readings import Frame, Quality, ReadingBatch
from opsmith.errors import BadInput, Unavailable
from opsmith.ports import AnomalyMark, Appended
from opsmith.storage.series_influx import InfluxSeriesStore
from opsmith.storage.series_influx_names import decode, encode
from opsmith.storage.series_influx_server import InfluxServer

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
PAST, FOREVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

Open = Callable[[], InfluxSeriesStore]


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    return f"t{abs(hash(request.node.nodeid)):x}"


@pytest.fixture
def store(influx: Influx, database: str) -> Iterator[InfluxSeriesStore]:
    store = InfluxSeriesStore(influx.url, bucket=database)
    yield store
    store.close()


@pytest.fixture
def server(influx: Influx, database: str) -> InfluxServer:
    return InfluxServer(influx.url, "", "", database)


def batch(
    device_id: str = "PUMP_01", first: int = 0, n: int = 3, /, **channels: float
) -> ReadingBatch:
    names = tuple(sorted(channels)) or ("temperature",)
    times = np.datetime64(START.replace(tzinfo=None), "us") + np.arange(first, first + n) * (
        np.timedelta64(1, "s")
    )
    values = np.array([[channels.get(name, 60.0) for name in names]] * n)
    quality = np.where(np.isnan(values), Quality.BAD, Quality.GOOD).astype(np.uint8)
    return ReadingBatch(device_id, names, times, values, quality, ("",) * n)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def test_hostile_names_come_back_and_change_nothing_else(store: InfluxSeriesStore) -> None:
    names = [*STRINGS, "time", "TIME", "_time", "device_id", "name", "!n", "!q.x", "*", "é", "温度"]
    plain = batch("PLAIN", 0, 5)
    store.append([Frame.of(plain)], live=True)
    for number, name in enumerate(names):
        one = batch(name, **{name: float(number), "other": 1.0})
        one = replace(one, statuses=(name,) * 3)
        store.append([Frame.of(one)], live=bool(number % 2))
        mark = AnomalyMark(name, at(1), name, "over_temp", "raised", AlertLevel.P1, 1.5)
        store.mark([mark])
        got = store.read(name, PAST, FOREVER)
        assert (got.device_id, got.channels, got.statuses) == (name, one.channels, (name,) * 3)
        np.testing.assert_array_equal(got.values, one.values)
        assert store.read(name, PAST, FOREVER, [name]).values[0].tolist() == [float(number)]
        assert store.aggregates(name, PAST, FOREVER).channels == one.channels
        assert list(store.marks(name, PAST, FOREVER)) == [mark]
    assert store.extents().keys() == {"PLAIN", *names}
    assert {extent.count for name, extent in store.extents().items() if name != "PLAIN"} == {3}
    store.expire(PAST, PAST)
    np.testing.assert_array_equal(store.read("PLAIN", PAST, FOREVER).values, plain.values)
    assert len({encode(name) for name in names}) == len(names)
    assert [decode(encode(name)) for name in names] == names


def test_every_float_and_every_quality_comes_back_to_the_bit(store: InfluxSeriesStore) -> None:
    odd = [1e308, -1e308, 1.7976931348623157e308, 5e-324, -0.0, 2**53 + 2.0, 0.1, 1 / 3, 1e22, -7.0]
    bits = np.random.default_rng(1).integers(0, 2**63, 3000).view(np.float64)
    values = np.array([*odd, *bits[np.isfinite(bits)]])
    n = len(values)
    made = batch("PUMP_01", 0, n, a=0.0, b=0.0)
    made.values[:, 0] = values
    made.quality[:, 1] = np.arange(n) % 4
    made.values[made.quality[:, 1] >= Quality.BAD, 1] = np.nan
    store.append([Frame.of(made)], live=True)
    got = store.read("PUMP_01", PAST, FOREVER)
    np.testing.assert_array_equal(got.values[:, 0].view(np.int64), values.view(np.int64))
    np.testing.assert_array_equal(got.quality, made.quality)
    np.testing.assert_array_equal(got.values[:, 1], made.values[:, 1])
    # A minute whose sum no float can hold must not be in the way of the others.
    before = store.aggregates("PUMP_01", PAST, FOREVER)
    store.expire(at(2000), PAST)
    after = store.aggregates("PUMP_01", PAST, FOREVER)
    for name in ("minutes", "count", "high", "low"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert after.count.sum() == n + (made.quality[:, 1] < Quality.BAD).sum()


def test_a_correction_is_stored_and_counted_whatever_it_makes_of_a_value(
    store: InfluxSeriesStore,
) -> None:
    qualities = [Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.ABSENT]
    pairs = list(itertools.product(qualities, qualities))
    first, then = (batch("", 0, len(pairs), a=1.0, b=2.0) for _ in range(2))
    for row, (was, becomes) in enumerate(pairs):
        for made, quality, value in ((first, was, 5.0), (then, becomes, 7.0)):
            made.quality[row, 0] = quality
            made.values[row, 0] = value if quality < Quality.BAD else np.nan
    for rolled in (False, True):
        device = replace(first, device_id=f"D{rolled}")
        store.append([Frame.of(device, batch(f"D{rolled}X", 7200))], live=True)
        later = batch(device.device_id, 90_000, a=1.0)
        store.append([Frame.of(later)], live=True)
        if rolled:
            store.expire(PAST, PAST)
        appended = store.append([Frame.of(replace(then, device_id=device.device_id))], live=True)
        # GOOD again is another value; BAD again is not; what is absent takes nothing back.
        same = sum(
            was == becomes == Quality.BAD or becomes == Quality.ABSENT for was, becomes in pairs
        )
        assert appended == Appended(len(pairs) - same, same)
        got = store.read(device.device_id, START, at(60))
        for row, (was, becomes) in enumerate(pairs):
            stays = becomes == Quality.ABSENT
            assert got.quality[row].tolist() == [was if stays else becomes, Quality.GOOD]
            value = (5.0 if stays else 7.0) if got.quality[row, 0] < Quality.BAD else np.nan
            np.testing.assert_array_equal(got.values[row], [value, 2.0])
        numbers = got.values[~np.isnan(got.values[:, 0]), 0]
        minutes = store.aggregates(device.device_id, START, at(60))
        assert minutes.count.tolist() == [[len(numbers), len(pairs)]]
        assert minutes.mean[0, 0] == pytest.approx(numbers.mean(), rel=1e-12)
        assert minutes.low[0, 0] == numbers.min()


def test_retention_policies_are_made_and_follow_the_settings(
    influx: Influx, database: str, server: InfluxServer
) -> None:
    def kept() -> dict[str, str]:
        (answer,) = server.ask(f'SHOW RETENTION POLICIES ON "{database}"')
        return dict(zip(answer[0].column("name"), answer[0].column("duration"), strict=True))

    for raw, aggregated, wanted in ((90, 365, "2208h0m0s"), (1, 3, "72h0m0s"), (None, 9, "0s")):
        InfluxSeriesStore(
            influx.url, bucket=database, raw_days=raw, aggregate_days=aggregated
        ).close()
        assert kept()["sensor_raw"] == wanted
        assert kept()["history"] == "0s"
        assert (
            kept()["anomaly_events"] == kept()["sensor_agg_1m"] == f"{24 * (aggregated + 2)}h0m0s"
        )


def test_readings_that_the_server_would_delete_at_once_are_not_in_the_way_of_others(
    influx: Influx, database: str
) -> None:
    store = InfluxSeriesStore(influx.url, bucket=database, raw_days=1)
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")
    old = batch("OLD", 0, 100)
    fresh = batch("NEW", 0, 100)
    fresh = replace(fresh, times=now - np.arange(100, 0, -1) * np.timedelta64(1, "s"))
    assert store.append([Frame.of(old, fresh)], live=True) == Appended(200, 0)
    assert len(store.read("NEW", PAST, FOREVER)) == 100
    assert store.append([Frame.of(old, fresh)], live=True).repeated >= 100
    assert store.append([Frame.of(old)], live=False).new == 100
    assert store.extents().keys() == {"NEW", "OLD"}
    store.close()


def test_another_program_that_keeps_a_channel_as_whole_numbers_is_named(
    store: InfluxSeriesStore, server: InfluxServer
) -> None:
    server.write(
        "sensor_raw", [f"sensor_raw,device_id=X temperature=1i {START.timestamp():.0f}000000"]
    )
    with pytest.raises(BadInput, match="'temperature'.*OPSMITH_INFLUX_BUCKET"):
        store.append([Frame.of(batch())], live=True)


def test_a_server_that_was_killed_amid_appends_has_each_reading_once(tmp_path: Path) -> None:
    server = Influx(tmp_path / "influx")
    server.start()
    try:
        store = InfluxSeriesStore(server.url, patience=5)
        pieces = [
            Frame.of(*(batch(f"D{device:02d}", 30 * piece, 30) for device in range(20)))
            for piece in range(60)
        ]
        acknowledged = list[int]()
        halfway = threading.Event()

        def write() -> None:
            for number, piece in enumerate(pieces):
                while True:
                    try:
                        store.append([piece], live=True)
                        break
                    except Unavailable:
                        restarted.wait(30)
                acknowledged.append(number)
                if number in (10, 40):
                    halfway.set()

        restarted = threading.Event()
        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(2):
            assert halfway.wait(60)
            restarted.clear()
            server.kill()
            halfway.clear()
            server.start()
            restarted.set()
        writer.join(60)
        assert acknowledged == list(range(60))
        assert {extent.count for extent in store.extents().values()} == {1800}
        for device in range(20):
            times = store.read(f"D{device:02d}", PAST, FOREVER).times
            np.testing.assert_array_equal(np.diff(times), np.timedelta64(1, "s"))
            assert store.aggregates(f"D{device:02d}", PAST, FOREVER).count.sum() == 1800
        assert store.append(pieces, live=True) == Appended(0, 20 * 1800)
        server.stop()
        with pytest.raises(Unavailable, match=f"127.0.0.1:{server.port}"):
            store.newest()
    finally:
        server.stop()


WRITER = """
import sys
import numpy as np
from opsmith.domain.readings import Frame, ReadingBatch
from opsmith.storage.series_influx import InfluxSeriesStore

store = InfluxSeriesStore(sys.argv[1], bucket=sys.argv[2])
for line in sys.stdin:
    first, n = map(int, line.split())
    times = np.datetime64("2026-01-01T09:00:00", "us") + (
        np.arange(first, first + n) * np.timedelta64(1, "s")
    )
    good = np.zeros((n, 1), np.uint8)
    batch = ReadingBatch("PUMP_01", ("temperature",), times, np.full((n, 1), 60.0), good, ("",) * n)
    print(store.append([Frame.of(batch)], live=True).new, flush=True)
"""


def test_what_other_processes_append_late_is_counted_too(
    influx: Influx, database: str, store: InfluxSeriesStore
) -> None:
    command = [sys.executable, "-c", WRITER, influx.url, database]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as other:
        assert other.stdin and other.stdout

        def append(first: int, n: int) -> int:
            assert other.stdin and other.stdout
            other.stdin.write(f"{first} {n}\n")
            return int(other.stdout.readline())

        assert append(0, 100) + append(9000, 10) == 110
        store.expire(PAST, PAST)
        assert append(50, 100) == 50
        assert store.append([Frame.of(batch("PUMP_01", 100, 100))], live=True) == Appended(50, 50)
        assert append(180, 30) == 10
        other.stdin.close()
    counts = store.aggregates("PUMP_01", PAST, FOREVER).count[:, 0]
    assert counts.tolist() == [60, 60, 60, 30, 10]
    extent = store.extent("PUMP_01")
    assert extent and extent.count == 220
    assert store.extents()["PUMP_01"] == extent


def test_a_wrong_token_and_a_wrong_address_are_named(influx: Influx, tmp_path: Path) -> None:
    server = Influx(tmp_path / "guarded")
    settings = server.folder / "influxdb.conf"
    guarded = settings.read_text().replace("[http]", "[http]\n auth-enabled = true")
    settings.write_text(guarded)
    server.start()
    try:
        InfluxServer(server.url, "", "", "x").ask(
            "CREATE USER admin WITH PASSWORD 'right' WITH ALL PRIVILEGES", database=False
        )
        with pytest.raises(BadInput, match="OPSMITH_INFLUX_TOKEN") as refusal:
            InfluxSeriesStore(server.url, "admin:wrong")
        assert "wrong" not in str(refusal.value)
        store = InfluxSeriesStore(server.url, "admin:right")
        assert store.version == 1
        assert store.append([Frame.of(batch())], live=True) == Appended(3, 0)
        store.close()
    finally:
        server.stop()
    with pytest.raises(Unavailable, match=f"127.0.0.1:{server.port}"):
        InfluxSeriesStore(server.url)
    for url in ("127.0.0.1:8086", "ftp://x", ""):
        with pytest.raises(BadInput, match="OPSMITH_INFLUX_URL"):
            InfluxSeriesStore(url)
    with pytest.raises(BadInput, match="OPSMITH_INFLUX_BUCKET"):
        InfluxSeriesStore(influx.url, bucket='x" DROP DATABASE')
