"""Reports as they are stored, for tests that need one there."""

from datetime import datetime

from opsmith.domain.alerts import Alert
from opsmith.domain.base import State
from opsmith.domain.diagnoses import Claim, Decision, Diagnosis, DiagnosisReport, Evidence


def report_on(
    alert: Alert, made_by: str = "rules", created_at: datetime | None = None
) -> DiagnosisReport:
    """A report on an alert, that a bearing wears; made when the alert was, if nothing is said."""
    diagnosis = Diagnosis(
        trace_id=alert.trace_id,
        device_id=alert.device_id,
        failure_mode="bearing_wear",
        fault_category="bearing",
        severity="HIGH",
        confidence=0.7,
        cause="The bearing wears.",
        claims=(Claim(text="Vibration rose.", kind="fact", evidence=("E1",)),),
        evidence=(
            Evidence(
                evidence_id="E1",
                tool="describe_change",
                arguments={"device_id": alert.device_id},
                state=State.OK,
                digest="0" * 64,
                result={"changes": [{"channel": "vibration"}]},
            ),
        ),
        made_by=made_by,
    )
    return DiagnosisReport(
        trace_id=alert.trace_id,
        version=1,
        device_id=alert.device_id,
        diagnosis_text="The bearing wears.",
        decision_text="Replace it.",
        failure_mode="bearing_wear",
        fault_category="bearing",
        severity="HIGH",
        recommended_action="Replace the bearing.",
        llm_model=made_by,
        created_at=created_at or alert.first_seen,
        diagnosis=diagnosis,
        decision=Decision(create_order=False, reason="It can wait.", made_by=made_by),
    )
