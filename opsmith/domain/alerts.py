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


class HeldBy(StrEnum):
    """What keeps an alert from the operators, and from diagnosis and orders with them."""

    MAINTENANCE = "maintenance"
    """The device is in other hands, until a set time."""
    RETIRED = "retired"
    SHELVED = "shelved"
    """A person put it aside, until a set time."""
    RATE_LIMIT = "rate_limit"
    """The device raised too many at once."""
    FLOOD = "flood"
    """Its line or plant did; it is grouped under another alert."""
    COLLECTOR = "collector"
    """Most of its line fell silent together; it is grouped under the first."""


BY_PLAN = (HeldBy.MAINTENANCE, HeldBy.RETIRED)
"""Out of service (ISA-18.2): nothing breaks through these, at any level."""


class Hold(Model):
    """One stretch in which an alert was held back."""

    by: HeldBy
    reason: str = Field(max_length=200)
    since: Moment
    until: Moment | None = Field(default=None, description="Set end; None: it has none.")
    person: str | None = Field(default=None, description="Who put it aside.")
    under: str | None = Field(default=None, description="trace_id of the alert it is grouped under")
    ended: Moment | None = Field(default=None, description="None: it is held back still.")
    outcome: Literal["brought_out", "cleared"] | None = Field(
        default=None, description="`cleared`: the deviation went away first; it was never told."
    )


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
    "sensor_fault", "no_data", "device_reported", "drift", "composite_rule", "imported",
]  # fmt: skip
"""`composite`: the channels together, or one against its own past, left the learned normal;
`imported`: an event of another system, told by its `code` and `message`."""

Direction = Literal["up", "down", "none"]
Kind = Literal[
    "step", "ramp", "spike", "oscillation", "variance", "flat", "dropout", "implausible", "clock",
    "unit", "drift", "unknown",
]  # fmt: skip


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


class LevelSince(Model):
    """The level that an alert had from then on."""

    at: Moment
    alert_level: AlertLevel


class Spell(Model):
    """A time that an event stood before it cleared and came back."""

    onset: Moment
    cleared_at: Moment
    back_at: Moment = Field(description="When the next one was seen.")


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
    flapping: bool = Field(default=False, description="It comes and goes; it is told once.")
    raises: int = Field(default=1, ge=1, description="Times it was raised within this event.")


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
    flapping: bool = Field(default=False, description="It comes and goes; it is told once.")
    raises: int = Field(default=1, ge=1, description="Times it was raised within this event.")
    suppressed: str | None = Field(
        default=None, description="Why it is neither announced nor diagnosed; None: it was."
    )
    held: HeldBy | None = Field(default=None, description="What `suppressed` says, in a word.")
    held_until: Moment | None = Field(default=None, description="When it is judged anew.")
    grouped_under: str | None = Field(default=None, description="trace_id of its group's head.")
    grouped: int = Field(default=0, ge=0, description="Alerts that are grouped under this one.")
    related_to: str | None = Field(
        default=None,
        description="trace_id of an alert on its line just before: a hint, no finding.",
    )
    holds: tuple[Hold, ...] = Field(default=(), description="Each time it was held back.")
    acknowledged_by: str | None = None
    acknowledged_at: Moment | None = None
    shelved_until: Moment | None = None
    code: str | None = Field(
        default=None, description="Of an imported event, as its system has it."
    )
    message: str | None = Field(default=None, description="Of an imported event, in its words.")
    source: str = Field(default="opsmith", description="Where it comes from.")
    levels: tuple[LevelSince, ...] = Field(
        default=(), description="Its level at first and each rise; empty: it has not risen."
    )
    spells: tuple[Spell, ...] = Field(
        default=(), description="The times that it stood before; the newest alone where many."
    )
    created_at: Moment

    def level_at(self, at: datetime) -> AlertLevel:
        """The level that it had at that moment."""
        known = [one.alert_level for one in self.levels if one.at <= at]
        if known:
            return known[-1]
        return self.levels[0].alert_level if self.levels else self.alert_level

    def spell_at(self, at: datetime) -> tuple[datetime, datetime | None]:
        """Onset, and the end where it had one, of the spell that was the newest at that moment."""
        for spell in self.spells:
            if at < spell.back_at:
                return spell.onset, spell.cleared_at if spell.cleared_at <= at else None
        return self.onset, self.cleared_at if self.cleared_at and self.cleared_at <= at else None

    @property
    def fingerprint(self) -> str:
        """What makes two deviations the same alert: device and type."""
        return f"{self.device_id}/{self.alert_type}"

    @property
    def was_told(self) -> bool:
        """It was announced at least once."""
        return self.status is not Handling.IGNORED


def trace_id_of(device_id: str, alert_type: str, first_seen: datetime) -> str:
    """The natural key of an event: the same readings give the same key again."""
    text = f"{device_id}\n{alert_type}\n{first_seen.isoformat()}"
    return f"AL-{first_seen:%Y%m%d}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


class Comment(Model):
    """What a person wrote on an alert, in his words: data, never orders."""

    at: Moment
    by: str
    text: str
