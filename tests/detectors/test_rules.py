"""The operator's rules over several channels, from the file to the alert."""

from pathlib import Path

import numpy as np
import pytest

from opsmith.errors import BadInput
from opsmith_detectors.rules import (
    CLEAR,
    KEPT,
    MET,
    compile_rules,
    deviations_of,
    judge,
    read_rules,
)

CHANNELS = ("current", "temperature")
FILE = """
rules:
  - name: hot_without_load
    for_seconds: 60
    level: P1
    device_types: [pump]
    conditions:
      - {channel: temperature, side: above, value: 70, deadband: 2}
      - {channel: current, side: below, value: 5}
    text: {en: hot without load, zh: 空载发热}
  - name: either
    match: any
    level: P3
    conditions:
      - {channel: temperature, side: above, value: 90}
      - {channel: pressure, side: above, value: 9}
"""
START = 1_772_000_000_000_000


class Plant:
    def __init__(self, folder: Path) -> None:
        path = folder / "rules.yaml"
        path.write_text(FILE, encoding="utf-8")
        self.book = read_rules(path)
        self.mine = self.book.of("PUMP_01", "pump")
        self.rules, self.conditions = compile_rules(self.mine, CHANNELS)

    def judge(self, second: int, current: float, temperature: float) -> tuple[int, int]:
        x = np.array([current, temperature])
        return judge(self.rules, self.conditions, 0, len(self.rules), x, START + second * 1_000_000)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path)


def test_a_rule_alerts_when_all_of_it_has_held_long_enough(plant: Plant) -> None:
    assert plant.judge(0, 4, 75) == (CLEAR, -1)
    assert plant.judge(59, 4, 75) == (CLEAR, -1)
    assert plant.judge(60, 4, 75) == (MET, 0)
    assert plant.judge(61, 6, 75) == (CLEAR, -1), "the load is back"
    assert plant.judge(62, 4, 75) == (CLEAR, -1), "and the minute begins anew"


def test_inside_the_deadband_a_rule_neither_holds_nor_clears(plant: Plant) -> None:
    plant.judge(0, 4, 75)
    assert plant.judge(60, 4, 75) == (MET, 0)
    assert plant.judge(61, 4, 69) == (KEPT, 0)
    assert plant.judge(62, 4, 67.5) == (CLEAR, -1)


def test_a_reading_that_is_missing_stops_no_clock_and_clears_nothing(plant: Plant) -> None:
    plant.judge(0, 4, 75)
    assert plant.judge(30, np.nan, 75) == (CLEAR, -1)
    assert plant.judge(60, 4, 75) == (MET, 0)
    assert plant.judge(61, 4, np.nan) == (KEPT, 0)


def test_the_most_urgent_rule_speaks_and_a_channel_that_is_not_there_is_beyond_nothing(
    plant: Plant,
) -> None:
    assert plant.judge(0, 4, 95) == (MET, 1)
    assert plant.judge(60, 4, 95) == (MET, 0)
    deviations = deviations_of(plant.mine[0], CHANNELS, np.array([4.0, 95.0]))
    assert [(each.channel, each.direction, each.limit) for each in deviations] == [
        ("temperature", "up", 70.0),
        ("current", "down", 5.0),
    ]


def test_a_rule_is_for_the_devices_that_it_names(plant: Plant) -> None:
    assert [rule.name for rule in plant.book.of("FAN_01", "fan")] == ["either"]


def test_a_file_that_is_not_right_says_where(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(FILE.replace("side: below", "side: under"), encoding="utf-8")
    with pytest.raises(BadInput, match=r"rules\.0\.conditions\.1\.side"):
        read_rules(path)
    path.write_text("rules: [", encoding="utf-8")
    with pytest.raises(BadInput, match="Cannot read"):
        read_rules(path)
