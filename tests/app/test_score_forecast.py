"""What the scoring says of the future: forecasts, the time to a limit, the remaining life."""

import io
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsmith.app.score import score
from opsmith.app.training import load_rul, model_store, train_rul
from opsmith.app.training_files import read_histories
from opsmith.domain.readings import FloatArray
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_detectors.rul import RulModel

SHARED = Path(
    os.environ.get("OPSMITH_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data")
)


def verdicts(given: list[dict[str, Any]], model: RulModel | None = None) -> list[dict[str, Any]]:
    out = io.StringIO()
    score((json.dumps(reading).encode() for reading in given), out, model=model)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def hourly(values: list[float], device_id: str = "a", **more: Any) -> list[dict[str, Any]]:
    start = datetime(2026, 1, 1)  # noqa: DTZ001
    return [
        {
            "device_id": device_id,
            "timestamp": str(start + timedelta(hours=i)),
            "temperature": value,
            "load": 1.0,
            **more,
        }
        for i, value in enumerate(values)
    ]


def cycle(n: int, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    at = np.arange(n, dtype=np.float64)
    return (40 + 5 * np.sin(2 * np.pi * at / 24) + rng.normal(0, 0.3, n)).tolist()


def test_a_reading_with_a_horizon_gets_so_many_values_with_their_interval() -> None:
    values = cycle(20 * 24 + 48)
    given = hourly(values[: 20 * 24])
    given[-1]["horizon"] = 48
    *before, last = verdicts(given)
    came = np.array(values[20 * 24 :])
    assert not any("forecast" in each for each in before)
    assert np.abs(np.array(last["forecast"]) - came).mean() < 0.6
    inside = (came >= last["forecast_low"]) & (came <= last["forecast_high"])
    assert 0.6 <= inside.mean() <= 1
    assert last["backtest"]["mae_to_seasonal_naive"] < 0.95


def test_a_gap_and_a_repeated_second_leave_the_time_of_day_where_it_is() -> None:
    values = cycle(20 * 24 + 24)
    given = hourly(values[: 20 * 24])
    del given[200:207]
    given.insert(150, dict(given[150]))
    given[-1]["horizon"] = 24
    told = verdicts(given)[-1]["forecast"]
    assert np.abs(np.array(told) - values[20 * 24 :]).mean() < 0.7


def test_the_first_reading_can_be_asked_and_says_that_it_knows_nothing() -> None:
    assert verdicts(hourly([1.0], horizon=5))[0]["forecast"] is None


@pytest.mark.parametrize("horizon", [0, -1, 1e9, "a day", True])
def test_a_horizon_that_is_none_is_refused_with_its_line(horizon: object) -> None:
    with pytest.raises(BadInput, match="Line 1: horizon"):
        verdicts(hourly([1.0], horizon=horizon))


def test_a_climb_to_a_limit_is_foreseen_and_a_level_run_is_not() -> None:
    rng = np.random.default_rng(4)
    climb = (20 + 0.1 * np.arange(300) + rng.normal(0, 0.2, 300)).tolist()
    level = (20 + rng.normal(0, 0.2, 300)).tolist()
    rising = verdicts(hourly(climb, limits={"temperature": 54.0}))[-1]
    steady = verdicts(hourly(level, limits={"temperature": 54.0}))[-1]
    assert rising["eta"] == pytest.approx(40, abs=8)
    assert rising["eta_low"] <= rising["eta"]
    assert steady["eta"] is None


def test_devices_do_not_change_each_others_forecasts() -> None:
    a, b = hourly(cycle(300, 1), "a", horizon=6), hourly(cycle(300, 2), "b", horizon=6)
    mixed = verdicts([each for pair in zip(a, b, strict=True) for each in pair])
    assert mixed[::2][-20:] == verdicts(a)[-20:]


# -- a model learned from files -----------------------------------------------------------------


def wear_out(path: Path, machines: int, seed: int = 0) -> None:
    """A CSV of machines that wear out."""
    rng = np.random.default_rng(seed)
    lines = ["unit,cycle,op1,heat,shake"]
    for unit in range(machines):
        length = int(rng.integers(60, 110))
        for cycle_ in range(length):
            wear = np.exp(-(length - 1 - cycle_) / 20)
            lines.append(
                f"{unit},{cycle_},0,{60 + 10 * wear + rng.normal(0, 0.5):.3f},"
                f"{2 + wear + rng.normal(0, 0.1):.3f}"
            )
    path.write_text("\n".join(lines))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    file = tmp_path_factory.mktemp("files") / "pumps.csv"
    wear_out(file, 14)
    train_rul(settings, [file], "pumps")
    return settings


def test_a_model_says_what_it_was_learned_from_and_how_it_does(learned: Settings) -> None:
    (stored,) = model_store(learned).list_all()
    assert stored.is_active
    assert stored.about["data"][0]["machines"] == 14
    assert len(stored.about["data"][0]["sha256"]) == 64
    assert "short level of heat" in stored.about["features"]
    assert stored.about["backtest"]["rmse"] < 20
    assert stored.about["code"]["opsmith"]


def test_with_a_model_each_reading_gets_a_remaining_life_and_a_time_to_its_limit(
    learned: Settings, tmp_path: Path
) -> None:
    model = load_rul(learned, "pumps@1")[1]
    wear_out(tmp_path / "other.csv", 3, seed=7)
    rows = [line.split(",") for line in (tmp_path / "other.csv").read_text().split("\n")[1:]]
    given = [
        {
            "device_id": unit,
            "timestamp": f"2026-01-{1 + int(at) // 24:02} {int(at) % 24:02}:00:00",
            "op1": float(op),
            "heat": float(heat),
            "shake": float(shake),
            "limits": {"heat": 66.0},
        }
        for unit, at, op, heat, shake in rows
    ]
    told = verdicts(given, model)
    last_of = {each["device_id"]: answer for each, answer in zip(given, told, strict=True)}
    for answer in last_of.values():
        assert answer["rul"] < 15
        assert answer["rul_low"] <= answer["rul"] <= answer["rul_high"]
        assert answer["eta"] < 15
    assert told[20]["rul"] > 25
    assert told[20]["eta"] > 15
    assert "rul" not in verdicts(given[:2])[0]


def test_files_that_are_no_histories_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("unit,cycle,heat\n1,1,hot\n")
    (tmp_path / "b.csv").write_text("unit,cycle\n1\n")
    with pytest.raises(BadInput, match="'heat' is not all numbers"):
        read_histories([tmp_path / "a.csv"], None, None)
    with pytest.raises(BadInput, match="row 1 has 1 columns"):
        read_histories([tmp_path / "b.csv"], None, None)
    with pytest.raises(BadInput, match="cannot be read"):
        read_histories([tmp_path / "c.csv"], None, None)


# -- recorded data, where it is there -----------------------------------------------------------


def test_a_transformers_oil_is_forecast_better_than_by_the_day_before() -> None:
    path = SHARED / "ett" / "ETTh1.csv"
    if not path.exists():
        pytest.skip(f"no {path}; set OPSMITH_SHARED_DATA")
    table = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=(7,))
    origins = range(16 * 720, 20 * 720 - 96, 193)
    spread = float(np.std(table[: 12 * 720]))
    given = hourly(table[: origins[-1]].tolist())
    for origin in origins:
        given[origin - 1]["horizon"] = 96
    told = verdicts(given)
    squares: list[float] = []
    ratios: list[float] = []
    off: FloatArray
    came: FloatArray
    for origin in origins:
        came = np.array(table[origin : origin + 96], dtype=np.float64)
        off = np.array(told[origin - 1]["forecast"], dtype=np.float64) - came
        squares.append(float(np.mean(np.square(off))) / spread**2)
        day_before = np.tile(np.array(table[origin - 24 : origin], dtype=np.float64), 4) - came
        ratios.append(float(np.linalg.norm(off, 1) / np.linalg.norm(day_before, 1)))
    assert np.mean(squares) <= 0.058
    assert np.median(ratios) <= 0.95
