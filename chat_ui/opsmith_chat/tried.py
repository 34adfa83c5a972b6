"""What the plant's detector makes of a file of readings, and the port through which it is asked."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from opsmith.access import Caller
from opsmith.domain.alerts import AlertLevel, AlertType
from opsmith.domain.base import Language
from opsmith_agents.charts import TrendChart


@dataclass(frozen=True, slots=True)
class TriedAlert:
    """An alert that the readings would have raised."""

    device_id: str
    alert_type: AlertType
    alert_level: AlertLevel
    """The highest that it came to."""
    onset: datetime
    """When the deviation began, as far as can be told."""
    first_seen: datetime
    cleared_at: datetime | None
    """None: it stands at the end of the file."""
    channels: tuple[str, ...]
    """That deviated, the most first."""


@dataclass(frozen=True, slots=True)
class TriedDevice:
    """One device of a file."""

    device_id: str
    is_known: bool
    """Its rated limits are those of the registry; else there are none."""
    readings: int
    start: datetime
    end: datetime
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What the detector makes of a file of readings; nothing of it is stored."""

    devices: tuple[TriedDevice, ...]
    alerts: tuple[TriedAlert, ...]
    """The oldest first."""
    chart: TrendChart | None
    """Of the channel that deviated most."""
    dead_rows: int = 0
    """Rows that are no readings."""
    dead_reason: str = ""
    """Of the first of them."""
    read_as: tuple[str, ...] = ()
    """How columns were understood, a line each."""
    is_named: bool = True
    """False: nobody said whose readings they are."""


class Trier(Protocol):
    """Judges a file of readings by the plant's own detector."""

    def try_readings(
        self, path: Path, name: str, device: str | None, who: Caller, language: Language
    ) -> Tried:
        """Judge a file.

        Args:
            path: Where it lies.
            name: What its owner calls it.
            device: Whose readings they are; None: the file says.
            who: Whose rated limits he may not see are not used.
            language: Of `Tried.read_as`.

        Raises:
            BadInput: It cannot be read as readings.
        """
        ...
