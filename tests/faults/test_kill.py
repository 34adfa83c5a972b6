"""Kill -9 at random moments of a replay, start again: nothing lost, nothing twice."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsmith.app.bootstrap import open_plant
from opsmith.bus import codec
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.settings import Settings
from opsmith_ingest.demo_plant import demo_machines
from opsmith_ingest.simulation import Fault, FaultKind, Growth, simulate

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
SEED = 20260301


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pump that is throttled more and more, then loses a sensor: 25 minutes at 1 Hz."""
    pump = next(m for m in demo_machines() if m.device.device_id == "PUMP_02")
    onset = START + timedelta(minutes=12)
    batch = simulate(
        pump,
        START,
        START + timedelta(minutes=25),
        timedelta(seconds=1),
        faults=[
            Fault(
                kind=FaultKind.VALVE_RESTRICTION,
                onset=onset,
                severity=0.8,
                growth=Growth.RAMP,
                grows_for=timedelta(minutes=3),
            )
        ],
        seed=7,
    )
    path = tmp_path_factory.mktemp("recorded") / "pump.jsonl"
    path.write_bytes(b"\n".join(value for _, value in codec.encode(batch)) + b"\n")
    return path


def replay(recording: Path, data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "opsmith.app.cli", "replay", str(recording), "--json"],
        env={**os.environ, "OPSMITH_DATA_DIR": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finished(recording: Path, data: Path) -> dict[str, Any]:
    process = replay(recording, data)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def stands(data: Path) -> dict[str, Any]:
    """Everything that a replay leaves behind, but for how long things took."""
    with open_plant(Settings(data_dir=data)) as plant:
        stores = plant.stores
        alerts = stores.alerts.find(limit=10_000)
        reports = [report for alert in alerts for report in stores.reports.versions(alert.trace_id)]
        return {
            "readings": {k: (e.first, e.last, e.count) for k, e in stores.series.extents().items()},
            "alerts": [alert.model_dump(exclude={"status"}) for alert in alerts],
            "handled": {alert.status for alert in alerts},
            "reports": [_lasting(report) for report in reports],
            "orders": [order.model_dump() for order in stores.orders.find(limit=10_000)],
            "waiting": plant.outbox.waiting(),
        }


def _lasting(report: DiagnosisReport) -> dict[str, Any]:
    """A report without how long it took, and without how far its alert had got by then.

    How far ingest is ahead of the responder is chance; the lists of alerts and orders show it in
    the handling of those that go on.
    """
    fields = report.model_dump(exclude={"latency_ms"})
    for evidence in fields["diagnosis"]["evidence"]:
        if evidence["tool"] in {"get_alert_history", "list_work_orders"}:
            del evidence["result"], evidence["digest"]
    return fields


@pytest.mark.parametrize("folder", range(2))
def test_a_replay_killed_five_times_ends_as_one_that_was_never_killed(
    folder: int, recording: Path, tmp_path: Path
) -> None:
    began = time.monotonic()
    finished(recording, tmp_path / "whole")
    takes = time.monotonic() - began
    expected = stands(tmp_path / "whole")
    assert expected["alerts"] and expected["reports"] and expected["orders"]

    chance = random.Random(SEED + folder)
    kills = 0
    while kills < 5:
        process = replay(recording, tmp_path / "killed")
        began = time.monotonic()
        try:
            process.wait(timeout=chance.uniform(0.25, 0.95) * takes)
            # The first of all runs takes longer: it makes the machine code.
            takes = time.monotonic() - began
        except subprocess.TimeoutExpired:
            kills += 1
        process.kill()
        process.communicate()
    finished(recording, tmp_path / "killed")
    assert stands(tmp_path / "killed") == expected
