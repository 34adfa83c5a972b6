"""The runs through the highest door: the demonstration, recordings, and a served plant."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from opsmith.app import runs
from opsmith.app.chain import Chain
from opsmith.settings import Settings
from opsmith_ingest.demo_plant import demo_scenario
from opsmith_ingest.replay import open_recording


def quiet(share: float, chain: Chain) -> None:
    """Show no progress."""


def told(settings: Settings) -> dict[str, Any]:
    """The demonstration's JSON, as a machine reads it."""
    return json.loads(json.dumps(runs.run_demo(settings, quiet).as_json()))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def demo(data: Path) -> dict[str, Any]:
    return told(Settings(data_dir=data))


def test_the_demonstration_finds_its_faults_and_backs_every_report(demo: dict[str, Any]) -> None:
    faults = demo_scenario().faults
    alerted = {alert["device_id"] for alert in demo["alerts"]}
    assert faults.keys() <= alerted
    assert len(demo["reports"]) == len(demo["alerts"])
    for report in demo["reports"]:
        ids = {evidence["evidence_id"] for evidence in report["evidence"]}
        assert report["claims"] and ids
        assert all(set(claim["evidence"]) <= ids for claim in report["claims"])
    assert demo["counts"]["stored"] == demo_scenario().readings
    undone = [(order["device_id"], order["failure_mode"]) for order in demo["work_orders"]]
    assert len(undone) == len(set(undone)), "one undone order for each device and fault"


def test_a_second_run_changes_nothing(demo: dict[str, Any], data: Path) -> None:
    again = told(Settings(data_dir=data))
    for part in ("alerts", "reports", "work_orders"):
        assert again[part] == demo[part]
    assert (again["counts"]["stored"], again["counts"]["changes"]) == (0, 0)
    assert again["counts"]["repeated"] == demo["counts"]["stored"]


def test_the_same_run_in_chinese_speaks_chinese(demo: dict[str, Any], data: Path) -> None:
    chinese = told(Settings(data_dir=data, language="zh"))
    assert [a["trace_id"] for a in chinese["alerts"]] == [a["trace_id"] for a in demo["alerts"]]
    for report in chinese["reports"]:
        texts = [report["diagnosis_text"], report["decision_text"]]
        texts += [claim["text"] for claim in report["claims"]]
        assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in texts)


FAULTS = "skab/skab_faults.csv"


def test_on_most_real_pump_recordings_an_alert_stands_in_the_labelled_interval(
    shared_data: Path, tmp_path: Path
) -> None:
    import csv

    with (shared_data / FAULTS).open() as file:
        labels = {row["file"]: row for row in csv.DictReader(file) if row["split"] == "shared"}
    assert len(labels) == 17
    hit: list[str] = []
    for name, label in labels.items():
        settings = Settings(data_dir=tmp_path / name)
        recording = open_recording(shared_data / "skab" / "data" / f"{name}.csv", "PUMP_01")
        outcome = runs.run_replay(settings, recording, quiet)
        assert outcome.counts.stored == int(label["rows"])
        assert len(outcome.reports) == len(outcome.alerts)
        start, end = (
            datetime.fromisoformat(label[key]).replace(tzinfo=UTC)
            for key in ("anomaly_start", "anomaly_end")
        )
        stood = [a for a in outcome.alerts if a.first_seen <= end]
        if any(a.cleared_at is None or a.cleared_at > start for a in stood):
            hit.append(name)
    assert len(hit) >= 14, f"an alert stood in the labelled interval of {len(hit)} of 17: {hit}"


def test_a_served_plant_says_how_it_is_and_stops_in_order(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "opsmith.app.cli", "serve", "--port", "0"],
        env={**os.environ, "OPSMITH_DATA_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    address = first.split("http://", 1)[1].split("/", 1)[0]
    with urllib.request.urlopen(f"http://{address}/health", timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"
    other = subprocess.run(
        [sys.executable, "-m", "opsmith.app.cli", "demo", "--json"],
        env={**os.environ, "OPSMITH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert other.returncode == 2
    assert f"process {process.pid}" in other.stderr
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 0, rest
    assert "stopped after" in rest
