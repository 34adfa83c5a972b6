"""What a run prints for people, at the width of their terminal and in their language."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opsmith.app.outcome import Outcome
from opsmith.app.tables import show, show_report
from opsmith.domain.alerts import Alert, AlertLevel, Deviation
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis, DiagnosisReport
from opsmith.domain.work_orders import WorkOrder
from opsmith.settings import Settings
from opsmith_ingest.pipeline import Counts

AT = datetime(2026, 2, 28, 10, 31, tzinfo=UTC)
TRACE = "AL-20260228-740bce58cd"


def outcome(language: Language) -> Outcome:
    """One alert of one device, and the order that came of it."""
    alert = Alert(
        trace_id=TRACE,
        device_id="PUMP_01",
        alert_level=AlertLevel.P0,
        alert_type="high_vibration",
        deviations=(Deviation(channel="vibration", unit="[g]", value=1.76, limit=1.5, share=1.0),),
        onset=AT,
        first_seen=AT,
        last_seen=AT,
        created_at=AT,
    )
    said = {"en": "PUMP_01: Most likely: Cavitation. Stop.", "zh": "PUMP_01：最可能：汽蚀。停泵。"}
    order = WorkOrder(
        order_no="WO-20260228-001",
        trace_id=TRACE,
        device_id="PUMP_01",
        order_type="EMERGENCY",
        priority=AlertLevel.P0,
        description=said[language],
        due_at=AT + timedelta(hours=1),
        created_at=AT,
    )
    return Outcome((alert,), (), (order,), Counts(), 1.0)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_an_id_and_a_time_are_whole_at_every_width(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    show(outcome("en"), Settings(timezone="Asia/Shanghai"))
    lines = capsys.readouterr().out.splitlines()
    (row,) = (line for line in lines if TRACE in line)
    assert row.split()[:4] == ["02-28", "18:31", "P0", "PUMP_01"]
    assert any("raised, CST" in line for line in lines)
    assert any("vibration 1.76 g" in line for line in lines)
    assert any("1.5 g" in line for line in lines) == (columns == "120")


@pytest.mark.parametrize(
    ("language", "why"), [("en", "Most likely: Cavitation."), ("zh", "最可能：汽蚀。")]
)
def test_an_order_says_why_and_not_its_device_again(
    language: Language,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    show(outcome(language), Settings(language=language))
    row = next(x for x in capsys.readouterr().out.splitlines() if "WO-20260228-001" in x)
    assert row.rstrip().endswith(why)
    assert row.count("PUMP_01") == 1


def test_a_report_is_printed_in_the_language_it_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    report = DiagnosisReport(
        trace_id=TRACE,
        version=1,
        device_id="PUMP_01",
        diagnosis_text="",
        decision_text="",
        failure_mode=None,
        fault_category="unknown",
        severity="HIGH",
        recommended_action="",
        llm_model="rules",
        created_at=AT,
        diagnosis=Diagnosis(
            trace_id=TRACE,
            device_id="PUMP_01",
            failure_mode=None,
            severity="HIGH",
            confidence=0.5,
            made_by="rules",
            cause="Cause not established.",
            language="en",
        ),
        decision=Decision(create_order=False, reason="Look at it.", made_by="rules"),
    )
    show_report(report, Settings(language="zh", data_dir=tmp_path))
    printed = capsys.readouterr()
    assert "Severity: HIGH" in printed.out and "严重程度" not in printed.out
    assert "English only" in printed.err
