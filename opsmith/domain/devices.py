"""Devices: the registry's nameplates."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from pydantic import Field

from opsmith.domain.base import Model, Moment

MAINTENANCE_HOURS = 8
"""Of a maintenance whose end nobody told: a shift, after which somebody looks again anyway."""


class DeviceStatus(StrEnum):
    """What the plant does with a device."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    MAINTENANCE = "MAINTENANCE"
    RETIRED = "RETIRED"


class Limits(Model):
    """Rated limits of one channel, in its unit."""

    low: float | None = None
    high: float | None = None


class Device(Model):
    """One unit of equipment, with its nameplate."""

    device_id: str = Field(min_length=1, max_length=64)
    device_name: str = ""
    device_type: str = Field(default="unknown", description="Class: pump, motor, compressor, ...")
    model: str = ""
    manufacturer: str = ""
    factory_id: str = ""
    line_id: str = ""
    location: str = ""
    install_date: date | None = None
    rated_temp_max: float | None = Field(default=None, description="Cel")
    rated_vibration_max: float | None = Field(default=None, description="[g], RMS")
    rated_pressure_max: float | None = Field(default=None, description="MPa")
    limits: dict[str, Limits] = Field(
        default_factory=dict[str, Limits], description="Rated limits of any other channel."
    )
    channels: tuple[str, ...] = Field(default=(), description="Channels that are installed.")
    status: DeviceStatus = DeviceStatus.RUNNING
    maintenance_until: Moment | None = None
    criticality: int = Field(default=2, ge=1, le=3, description="1 stops the plant, 3 has a spare.")
    adopted: bool = Field(
        default=True,
        description="False: it was only heard of by its readings, nobody registered it.",
    )
    baseline_at: Moment | None = Field(
        default=None,
        description="Since when its normal is learnt; None: from its first reading.",
    )
    created_at: Moment | None = None
    updated_at: Moment | None = None

    def renewal(self, since: datetime) -> str:
        """What it means to learn its normal anew from that time on, for who confirms it."""
        name = f" ({self.device_name})" if self.device_name else ""
        begin = f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return (
            f"{self.device_id}{name}: what is normal is learnt anew, from the readings since "
            f"{begin}.\n"
            "What is learnt and standing ends, if the device has stayed as it was since; rated "
            "limits go on as they are.\n"
            "Only after a repair, or where it is to run so from now on: a fault would be taken "
            "for normal."
        )

    def maintenance_end(self) -> datetime | None:
        """When its maintenance ends; one without an end lasts a shift. None: it is in none."""
        if self.status is not DeviceStatus.MAINTENANCE:
            return None
        if self.maintenance_until is not None or self.updated_at is None:
            return self.maintenance_until
        return self.updated_at + timedelta(hours=MAINTENANCE_HOURS)

    def rated(self) -> dict[str, Limits]:
        """All rated limits, by channel, the nameplate's three among them."""
        plate = {
            "temperature": self.rated_temp_max,
            "vibration": self.rated_vibration_max,
            "pressure": self.rated_pressure_max,
        }
        return {
            **{channel: Limits(high=high) for channel, high in plate.items() if high is not None},
            **self.limits,
        }
