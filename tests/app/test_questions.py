"""Why was it held back, and what would another setting have done: asked on the command line."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsmith.app.bootstrap import open_plant
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.events import RAW
from opsmith.ports import Message
from opsmith.settings import Settings

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
END = START + timedelta(hours=1)


def opsmith(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", *arguments],
        env={**os.environ, "OPSMITH_DATA_DIR": str(data), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device that overheats for half an hour while it is in maintenance."""
    folder = tmp_path_factory.mktemp("data")
    device = Device(
        device_id="PUMP_01",
        rated_temp_max=80.0,
        status=DeviceStatus.MAINTENANCE,
        maintenance_until=END,
    )
    messages = [
        json.dumps(
            {
                "device_id": "PUMP_01",
                "timestamp": (START + timedelta(seconds=10 * i)).isoformat(),
                "temperature": 90.0 if i >= 120 else 45.0,
            }
        ).encode()
        for i in range(300)
    ]
    with open_plant(Settings(data_dir=folder), "newest", writer=True) as plant:
        plant.stores.devices.add([device], START)
        pipeline = plant.pipeline(live=False)
        pipeline.process([Message(RAW, 0, i, "PUMP_01", m) for i, m in enumerate(messages)])
        assert [alert.alert_type for alert in plant.stores.alerts.find()].count("over_temp") == 1
    return folder


def over_temp(data: Path) -> str:
    with open_plant(Settings(data_dir=data)) as plant:
        (alert,) = plant.stores.alerts.find(alert_type="over_temp")
        return alert.trace_id


def test_why_an_alert_was_suppressed_is_said_in_both_languages(data: Path) -> None:
    trace_id = over_temp(data)
    told = json.loads(opsmith(data, "why", trace_id, "--json").stdout)
    assert (told["is_held_back"], told["by"]) == (True, "maintenance")
    assert (told["fingerprint"], told["until"]) == ("PUMP_01/over_temp", "2026-03-01T09:00:00Z")
    english, chinese = (opsmith(data, "why", trace_id, "--lang", one) for one in ("en", "zh"))
    assert "PUMP_01 was in MAINTENANCE" in english.stdout
    assert "This ends at 2026-03-01 09:00:00" in english.stdout
    assert "检修" in chinese.stdout
    missing = opsmith(data, "why", "AL-none")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.strip() == "opsmith: No alert 'AL-none'"


def test_a_setting_is_tried_on_stored_readings_and_nothing_is_written(data: Path) -> None:
    ran = opsmith(data, "try", "--false-alerts", "0.1", "--days", "1", "--json")
    assert ran.returncode == 0, ran.stderr
    tried = json.loads(ran.stdout)
    assert (tried["devices"], tried["readings"]) == (1, 300)
    (day,) = (day for day in tried["days"] if day["day"] == "2026-03-01")
    assert day["now"] == day["tried"]
    assert sum(day["tried"].values()) == tried["total"]["tried"] >= 1
    assert tried["gone"] == tried["new"] == [], "the same setting changes nothing"
    with open_plant(Settings(data_dir=data)) as plant:
        assert plant.stores.alerts.get(over_temp(data)).held is not None
    table = opsmith(data, "try", "--false-alerts", "5", "--days", "1", "--lang", "zh")
    assert "合计" in table.stdout and "2026-03-01" in table.stdout
    nobody = opsmith(data, "try", "--false-alerts", "5", "--device", "PUMP_99")
    assert (nobody.returncode, nobody.stderr) == (2, "opsmith: No device 'PUMP_99'\n")
