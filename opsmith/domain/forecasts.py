"""Forecasts: where a channel is heading, and when it passes its limit."""

from pydantic import Field

from opsmith.domain.base import Model


class TimeToLimit(Model):
    """When one channel passes its rated limit."""

    channel: str
    unit: str | None
    now: float = Field(description="Level now, in `unit`.")
    limit: float = Field(description="In `unit`.")
    slope_per_hour: float = Field(description="In `unit` per hour.")
    hours: float | None = Field(description="Median; None: not before the horizon.")
    hours_low: float | None = Field(description="Lower end of the 80 % interval.")
    hours_high: float | None = Field(description="Upper end; None: open.")
    readings: int = Field(description="Minutes of history it rests on.")
