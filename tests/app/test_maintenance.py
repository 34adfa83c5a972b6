"""Maintenance through the whole chain: neither diagnosis nor order before its end."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsmith.app import runs
from opsmith.app.bootstrap import open_plant
from opsmith.app.chain import Chain
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.settings import Settings
from opsmith_ingest.replay import open_recording

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
END = START + timedelta(minutes=8)


def quiet(share: float, chain: Chain) -> None:
    """Show no progress."""


@pytest.mark.parametrize(("hot_until", "is_told"), [(4, False), (15, True)])
def test_an_alert_in_maintenance_is_answered_only_if_it_stands_at_the_end(
    tmp_path: Path, hot_until: int, *, is_told: bool
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    device = Device(
        device_id="PUMP_01",
        device_type="pump",
        rated_temp_max=80.0,
        status=DeviceStatus.MAINTENANCE,
        maintenance_until=END,
    )
    with open_plant(settings, writer=True) as plant:
        plant.stores.devices.add([device], START)
    file = tmp_path / "pump.jsonl"
    file.write_text(
        "\n".join(
            json.dumps(
                {
                    "device_id": "PUMP_01",
                    "timestamp": (START + timedelta(seconds=5 * i)).isoformat(),
                    "temperature": 99.0 if 24 <= i < 12 * hot_until else 45.0 + 0.01 * (i % 7),
                }
            )
            for i in range(180)
        )
    )
    outcome = runs.run_replay(settings, open_recording(file, "PUMP_01"), quiet)
    (alert,) = (one for one in outcome.alerts if one.alert_type == "over_temp")
    assert (alert.held is None) == is_told
    reports = [one for one in outcome.reports if one.trace_id == alert.trace_id]
    assert [report.as_of == END for report in reports] == [True] * is_told
    assert bool(outcome.orders) == is_told
    assert all(order.created_at >= END for order in outcome.orders)
