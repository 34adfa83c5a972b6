"""Alerts: deviations that need a timely response."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from opsmith.domain.base import Model, Moment


class AlertLevel(StrEnum):
    """How soon to respond: within minutes, this shift, this week, at the next planned stop."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class AlertState(StrEnum):
    """The operator's state of an alert (ISA-18.2-2016, alert state transition diagram)."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RTN_UNACKNOWLEDGED = "returned_to_normal_unacknowledged"
    SHELVED = "shelved"
    SUPPRESSED_BY_DESIGN = "suppressed_by_design"
    OUT_OF_SERVICE = "out_of_service"


STANDING = (AlertState.UNACKNOWLEDGED, AlertState.ACKNOWLEDGED, AlertState.SHELVED)
"""States in which the deviation is still there."""


class Handling(StrEnum):
    """Where opsmith's handling of an alert stands."""

    PENDING = "PENDING"
    DIAGNOSING = "DIAGNOSING"
    COMPLETED = "COMPLETED"
    IGNORED = "IGNORED"


AlertType = Literal[
    "over_temp", "high_vibration", "over_pressure", "over_limit", "under_limit", "composite",
    "sensor_fault", "no_data", "device_reported", "drift",
]  # fmt: skip
"""`composite`: the channels together, or one against its own past, left the learned normal."""

Direction = Literal["up", "down", "none"]
Kind = Literal[
    "step", "ramp", "spike", "oscillation", "variance", "flat", "dropout", "implausible", "unknown"
]


class Deviation(Model):
    """What one channel contributes to an alert."""

    channel: str
    unit: str | None = Field(default=None, description="UCUM; None where the channel's is unknown.")
    value: float | None = Field(default=None, description="The reading, in `unit`; None: missing.")
    expected: float | None = Field(default=None, description="What was expected, in `unit`.")
    limit: float | None = Field(default=None, description="The rated limit passed, in `unit`.")
    share: float = Field(ge=0, le=1, description="Part of the whole deviation; they sum to 1.")
    direction: Direction = "none"
    kind: Kind = "unknown"


class AlertChange(Model):
    """What the alert logic decided at one reading: an alert raised, updated or cleared."""

    change: Literal["raised", "updated", "cleared"]
    alert_type: AlertType
    alert_level: AlertLevel
    first_seen: Moment = Field(description="The reading at which the alert was raised.")
    last_seen: Moment
    onset: Moment = Field(description="When the deviation began, as far as can be told.")
    count: int = Field(ge=1, description="Readings that deviated since it was raised.")
    score: float = Field(ge=0, description="Dimensionless; 1 is the limit. The greatest so far.")
    deviations: tuple[Deviation, ...] = ()


class Alert(Model):
    """One event of one device, from raise to clear."""

    trace_id: str
    device_id: str
    alert_level: AlertLevel
    alert_type: AlertType
    temperature: float | None = Field(default=None, description="Cel, when it was raised.")
    vibration: float | None = Field(default=None, description="[g], when it was raised.")
    raw_payload: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="The reading that raised it, as it came."
    )
    status: Handling = Handling.PENDING
    state: AlertState = AlertState.UNACKNOWLEDGED
    score: float = Field(default=1.0, ge=0, description="Dimensionless; 1 is the limit.")
    deviations: tuple[Deviation, ...] = ()
    count: int = Field(default=1, ge=1)
    onset: Moment
    first_seen: Moment
    last_seen: Moment
    cleared_at: Moment | None = None
    suppressed: str | None = Field(
        default=None, description="Why it was neither announced nor diagnosed; None: it was."
    )
    acknowledged_by: str | None = None
    acknowledged_at: Moment | None = None
    shelved_until: Moment | None = None
    created_at: Moment


def trace_id_of(device_id: str, alert_type: str, first_seen: datetime) -> str:
    """The natural key of an event: the same readings give the same key again."""
    text = f"{device_id}\n{alert_type}\n{first_seen.isoformat()}"
    return f"AL-{first_seen:%Y%m%d}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
