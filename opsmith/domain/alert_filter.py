"""Which alerts are asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from opsmith.domain.alerts import AlertLevel, AlertState, HeldBy


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are meant: those that all of it is true of."""

    device_id: str | None = None
    line_id: str | None = None
    device_type: str | None = None
    level: AlertLevel | None = None
    alert_type: str | None = None
    code: str | None = None
    """In any case."""
    state: AlertState | None = None
    source: str | None = None
    held: HeldBy | None = None
    text: str | None = None
    """Somewhere in the message or code, in any case."""
    start: datetime | None = None
    """Raised at or after it."""
    end: datetime | None = None
    """Raised before it."""
    there_since: datetime | None = None
    """Not over before it, whenever it was raised."""
    stood_at: datetime | None = None
    """Raised at or before it, not cleared up to it."""
    standing: bool = False
    suppressed: bool | None = None
    under: str | None = None
    """Grouped under that alert."""
    factories: Collection[str] | None = None
