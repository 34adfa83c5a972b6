"""A small plant behind a real MCP server: a hot pump with a report and an order, a shaky fan."""

import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from callers import ENGINEER
from fastmcp import FastMCP
from sqlalchemy import text

from opsmith.access import Caller
from opsmith.domain.alerts import Alert, AlertChange, AlertLevel, AlertType, Deviation, HeldBy, Hold
from opsmith.domain.base import State, Window
from opsmith.domain.diagnoses import (
    Claim,
    Coverage,
    Decision,
    Diagnosis,
    DiagnosisReport,
    Evidence,
    Hypothesis,
    TimelineEntry,
)
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.learning import DraftEvidence
from opsmith.domain.readings import ReadingBatch
from opsmith.domain.work_orders import Material, Plan
from opsmith.storage.database import Database
from opsmith_kb.load import load_entries
from opsmith_mcp.groups import ALL, plant_server
from opsmith_mcp.stores import Stores

NOW = datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
ONSET = NOW - timedelta(minutes=40)


@dataclass
class Plant:
    """The stores behind the server, to change the plant while it is watched."""

    stores: Stores
    database: Database

    @contextmanager
    def broken(self) -> Generator[None]:
        """The alert log cannot be read meanwhile."""
        self._rename("alert_log", "alert_log_away")
        yield
        self._rename("alert_log_away", "alert_log")

    def _rename(self, before: str, after: str) -> None:
        with self.database.write() as connection:
            connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    def server(self, caller: Caller = ENGINEER, groups: Sequence[str] = ALL) -> FastMCP[Any]:
        return plant_server(self.stores, groups, caller=caller)

    def raise_alert(
        self,
        device_id: str,
        alert_type: AlertType,
        level: AlertLevel,
        *deviations: Deviation,
        minutes: float = 30,
        count: int = 1800,
        suppressed: str | None = None,
    ) -> Alert:
        first_seen = NOW - timedelta(minutes=minutes)
        change = AlertChange(
            change="raised",
            alert_type=alert_type,
            alert_level=level,
            first_seen=first_seen,
            last_seen=NOW,
            onset=first_seen - timedelta(minutes=10),
            count=count,
            score=1.4,
            deviations=deviations,
        )
        hold = suppressed and Hold(
            by=HeldBy.MAINTENANCE, reason=suppressed, since=first_seen, until=NOW
        )
        alert = self.stores.alerts.apply(device_id, change, {}, hold or None)
        assert alert is not None
        return alert

    def report(self, alert: Alert, made_by: str = "rules", minutes: int = 25) -> None:
        at = NOW - timedelta(minutes=minutes)
        evidence = Evidence(
            evidence_id="E1",
            tool="fetch_telemetry_data",
            arguments={"device_id": alert.device_id, "window_mins": 60},
            state=State.OK,
            window=Window(start=NOW - timedelta(hours=1), end=NOW),
            digest="5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
            result={"channels": [{"channel": "temperature", "high": 92.4, "limit_high": 85.0}]},
        )
        nothing = evidence.model_copy(
            update={
                "evidence_id": "E2",
                "tool": "list_work_orders",
                "state": State.EMPTY,
                "result": {"orders": []},
                "note": "No such work order.",
            }
        )
        cause = "The drive-end bearing overheats: temperature and vibration rise together."
        hypotheses = (
            Hypothesis(
                failure_mode="bearing_wear",
                name="Bearing wear",
                fault_category="bearing",
                probability=0.62,
                standing="supported",
                speaks_for=("vibration rose with temperature",),
                speaks_against=("the current did not change",),
                evidence=("E1",),
            ),
            Hypothesis(
                failure_mode="cooling_loss",
                name="Loss of cooling",
                fault_category="lubrication",
                probability=0.21,
                standing="untested",
                separating_test="Measure the oil temperature at the cooler's inlet and outlet.",
            ),
        )
        diagnosis = Diagnosis(
            trace_id=alert.trace_id,
            device_id=alert.device_id,
            failure_mode="bearing_wear",
            fault_category="bearing",
            severity="HIGH",
            confidence=0.62,
            cause=cause,
            hypotheses=hypotheses,
            claims=(
                Claim(text="Temperature reached 92.4 °C.", kind="fact", evidence=("E1",)),
                Claim(text="The lubricant has aged.", kind="hypothesis", evidence=("E1", "E2")),
            ),
            evidence=(evidence, nothing),
            timeline=(TimelineEntry(at=ONSET, text="Temperature began to rise", evidence=("E1",)),),
            coverage=Coverage(checked=("telemetry", "knowledge"), empty=("work orders",)),
            immediate_action="Reduce the load; keep people away from the coupling.",
            lasting_action="Replace the drive-end bearing at the next stop.",
            confirm_by="Envelope spectrum at the drive end.",
            made_by=made_by,
        )
        decision = Decision(
            create_order=True,
            reason="The limit is passed and the trend rises.",
            waiting="The bearing may seize within days.",
            made_by=made_by,
        )
        report = DiagnosisReport(
            trace_id=alert.trace_id,
            version=1,
            device_id=alert.device_id,
            diagnosis_text=cause,
            decision_text=decision.reason,
            failure_mode="bearing_wear",
            fault_category="bearing",
            severity="HIGH",
            recommended_action=diagnosis.immediate_action,
            llm_model=made_by,
            created_at=at,
            diagnosis=diagnosis,
            decision=decision,
        )
        self.stores.reports.record(report, at)

    def order(self, alert: Alert) -> str:
        plan = Plan(
            order_type="PLANNED",
            priority=AlertLevel.P1,
            description="Replace the drive-end bearing.",
            steps=("Lock out and tag out.", "Pull the coupling.", "Replace the bearing."),
            materials=(Material(part="Bearing 6312", quantity=1),),
            estimated_hours=4,
            due_at=NOW + timedelta(hours=20),
        )
        order, _ = self.stores.orders.create(
            alert.device_id, plan, NOW, alert.trace_id, "bearing_wear"
        )
        return order.order_no


def readings(device_id: str) -> ReadingBatch:
    """Three hours at 10 s: 70 °C, then a rise from the onset to 92.4 °C; made up, no noise."""
    count = 1080
    seconds = np.arange(count) * 10
    first = np.datetime64((NOW - timedelta(hours=3)).replace(tzinfo=None), "us")
    onset = (ONSET - (NOW - timedelta(hours=3))).total_seconds()
    span = float(seconds[-1]) - onset
    heat = 70 + 22.4 * np.clip((seconds - onset) / span, 0, 1)
    ripple = np.array([0.3 * math.sin(second / 90) for second in seconds])
    vibration = 0.5 + 0.02 * ripple
    return ReadingBatch(
        device_id=device_id,
        channels=("temperature", "vibration"),
        times=first + seconds.astype("timedelta64[s]"),
        values=np.column_stack([heat + ripple, vibration]).astype(np.float64),
        quality=np.zeros((count, 2), np.uint8),
        statuses=("NORMAL",) * count,
    )


def drafted(plant: Plant) -> KnowledgeEntry:
    """An entry that waits, with a closed order that speaks for it."""
    entry = load_entries()[0].model_copy(update={"entry_id": "torn_strainer"})
    seen = DraftEvidence(
        order_no="WO-7", device_id="PUMP_01", found="Strainer torn.", done="Changed.", by="bob",
        at=NOW,
    )  # fmt: skip
    plant.stores.outcomes.versions.draft(entry, (seen,), "ann", NOW)
    return entry
