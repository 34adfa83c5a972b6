"""`opsmith plot`: a picture of a device's run, from the stores or from a recorded file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from opsmith.app.axes import thinned
from opsmith.app.bootstrap import open_plant
from opsmith.app.cli import main
from opsmith.domain.devices import Device
from opsmith.domain.readings import Frame, Quality, ReadingBatch
from opsmith.settings import Settings

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
READINGS = 600
HOT = 480
"""The reading from which on the pump is above its rated 80 °C."""


@dataclass(frozen=True)
class Ran:
    """What the command gave."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def plot(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """`opsmith plot` in the plant's folder."""
    monkeypatch.chdir(data)
    monkeypatch.setenv("OPSMITH_DATA_DIR", str(data))

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["opsmith", "plot", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return Ran(int(left.value.code or 0), said.out, said.err)

    return run


def readings() -> ReadingBatch:
    times = np.datetime64("2026-03-01T08:00", "us") + np.arange(READINGS) * np.timedelta64(10, "s")
    noise = np.random.default_rng(1).standard_normal((READINGS, 2))
    values = np.array([0.2, 45.0]) + noise * np.array([0.01, 0.2])
    values[HOT:, 1] = 95.0 + noise[HOT:, 1]
    return ReadingBatch(
        "PUMP_01",
        ("vibration", "temperature"),
        times,
        values,
        np.full(values.shape, Quality.GOOD, np.uint8),
        ("",) * READINGS,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plant with one pump that overheats, and one that was never heard of."""
    folder = tmp_path_factory.mktemp("data")
    pump = Device(device_id="PUMP_01", device_name="Feed <pump>", rated_temp_max=80.0)
    with open_plant(Settings(data_dir=folder), "newest", writer=True) as plant:
        plant.stores.devices.add([pump, Device(device_id="PUMP_02")], START)
        plant.stores.series.append([Frame.of(readings())], live=False)
    return folder


@pytest.fixture(scope="module")
def recording(data: Path) -> Path:
    batch = readings()
    rows = [
        f"{time}Z,{vibration:.3f},{temperature:.2f}"
        for time, (vibration, temperature) in zip(batch.times, batch.values, strict=True)
    ]
    file = data / "pump.csv"
    file.write_text("time,vibration,temperature\n" + "\n".join(rows) + "\n")
    return file


def words_of(svg: Path) -> str:
    """Every text of a picture; it has to be well-formed."""
    root = ElementTree.parse(svg).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return "\n".join(text.strip() for text in root.itertext() if text.strip())


def test_the_picture_of_stored_readings_names_device_channels_and_alert(
    data: Path, plot: Callable[..., Ran]
) -> None:
    ran = plot("--device", "PUMP_01", "--out", "run.svg")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "run.svg: 600 readings" in ran.stdout
    words = words_of(data / "run.svg")
    for said in ("PUMP_01 Feed <pump>", "temperature, °C", "vibration, g", "over-temperature"):
        assert said in words
    # 15 K of 80 Cel is 19 % beyond: P1, and P0 once it has risen for a while.
    assert "P1" in words
    assert (data / "run.svg").stat().st_size < 120_000


def test_a_recorded_file_is_drawn_with_the_limits_of_the_registry_in_chinese_and_local_time(
    data: Path, recording: Path, plot: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSMITH_TIMEZONE", "Asia/Shanghai")
    ran = plot(str(recording), "--device", "PUMP_01", "--lang", "zh")
    assert (ran.returncode, ran.stderr) == (0, "")
    words = words_of(data / "PUMP_01.svg")
    for said in ("温度, °C", "振动, g", "超温", "2026-03-01 16:00"):
        assert said in words


def test_a_page_shows_the_last_hour_and_says_what_was_learnt_before(
    data: Path, recording: Path, plot: Callable[..., Ran]
) -> None:
    ran = plot(str(recording), "--device", "PUMP_01", "--hours", "0.5", "--out", "run.html")
    assert (ran.returncode, ran.stderr) == (0, "")
    page = (data / "run.html").read_text()
    assert page.startswith("<!doctype html>") and "<svg" in page
    # From the last reading back, both ends: 181 of a reading each 10 s.
    assert "181 readings" in page and "419 readings before these" in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--device"),
        (["--device", "PUMP_99"], "PUMP_99"),
        (["--device", "PUMP_02"], "no readings"),
        (["--device", "PUMP_01", "--out", "run.png"], ".svg"),
        (["--device", "PUMP_01", "--out", "nowhere/run.svg"], "nowhere"),
        (["--device", "PUMP_01", "--since", "yesterday"], "'yesterday'"),
        (["--device", "PUMP_01", "--since", "2026-04-01"], "no readings since"),
        (["--device", "PUMP_01", "--since", "2026-03-01", "--hours", "1"], "not both"),
        (["missing.csv", "--device", "PUMP_01"], "No file"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(
    plot: Callable[..., Ran], arguments: list[str], says: str
) -> None:
    ran = plot(*arguments)
    assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
    assert says in ran.stderr and len(ran.stderr.strip().splitlines()) == 1


def test_a_long_run_is_thinned_and_keeps_its_one_spike_and_its_gap() -> None:
    at = np.linspace(0, 1, 100_000)
    values = np.sin(40 * at)
    values[54_321] = 9.0
    values[70_000:75_000] = np.nan
    lines = list(thinned(at, values, columns=400))
    assert len(lines) == 2
    assert sum(len(part) for part, _ in lines) <= 800
    assert max(part.max() for _, part in lines) == 9.0
    assert min(part.min() for _, part in lines) == np.nanmin(values)
    assert all((np.diff(part) > 0).all() for part, _ in lines)
