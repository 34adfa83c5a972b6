"""A live plant that is started again goes on where it was; rules of a file alert."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.domain.alerts import Alert
from opsmith.domain.events import RAW
from opsmith.errors import BadInput
from opsmith.ports import Message
from opsmith.settings import Settings

DEVICE = "PUMP_01"
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def messages(n: int = 1500) -> list[Message]:
    """A pump at 1 Hz whose flow falls after 1,000 readings, and comes back after 1,400."""
    rng = np.random.default_rng(4)
    flow = 120 + rng.normal(size=n)
    flow[1000:1400] -= 12
    current, pressure = 15 + 0.1 * rng.normal(size=n), 0.4 + 0.002 * rng.normal(size=n)
    return [
        Message(
            RAW,
            0,
            i,
            DEVICE,
            json.dumps(
                {
                    "device_id": DEVICE,
                    "timestamp": (BEGIN + timedelta(seconds=i)).isoformat(),
                    "flow": flow[i],
                    "current": current[i],
                    "pressure": pressure[i],
                }
            ).encode(),
        )
        for i in range(n)
    ]


def run(plant: Plant, given: Sequence[Message]) -> list[Alert]:
    """One process's life: it takes what is given, and ends in an orderly way."""
    pipeline = plant.pipeline(live=True)
    for start in range(0, len(given), 100):
        pipeline.process(given[start : start + 100])
    pipeline.save()
    return plant.stores.alerts.find()


@pytest.mark.parametrize("cut", [950, 1100])
def test_a_live_plant_that_is_started_again_ends_as_one_that_never_stopped(
    cut: int, tmp_path: Path
) -> None:
    given = messages()
    with open_plant(Settings(data_dir=tmp_path / "whole"), "wall", writer=True) as plant:
        whole = run(plant, given)
    assert [alert.alert_type for alert in whole] == ["composite"] and whole[0].cleared_at
    for part in (given[:cut], given[cut:]):
        with open_plant(Settings(data_dir=tmp_path / "cut"), "wall", writer=True) as plant:
            ended = run(plant, part)
    assert ended == whole


def test_a_rule_of_the_file_alerts_and_a_wrong_file_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "rules:\n"
        "  - name: starved\n"
        "    for_seconds: 30\n"
        "    level: P1\n"
        "    conditions:\n"
        "      - {channel: flow, side: below, value: 112}\n"
        "      - {channel: current, side: above, value: 10}\n"
    )
    settings = Settings(data_dir=tmp_path / "data", rules_file=str(path))
    with open_plant(settings, "wall", writer=True) as plant:
        alerts = run(plant, messages(1200))
    rule = next(alert for alert in alerts if alert.alert_type == "composite_rule")
    assert rule.alert_level == "P1"
    assert {each.channel for each in rule.deviations} == {"flow", "current"}

    path.write_text("rules:\n  - name: starved\n")
    with open_plant(settings, "wall", writer=True) as plant, pytest.raises(BadInput, match="rules"):
        plant.pipeline(live=True)
