"""Forecasts: where a channel is heading, and when it passes its limit."""

from pydantic import Field

from opsmith.domain.base import Model

Probability = float | None


class Chances(Model):
    """Probability of something within a time from now; None: cannot be told so far ahead."""

    within_1h: Probability = None
    within_8h: Probability = None
    within_24h: Probability = None
    within_7d: Probability = None
    within_30d: Probability = Field(
        default=None, description="As if the risk of the 7 days went on."
    )


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
    chances: Chances = Chances()
    by: str = Field(default="line", description="line, mixture of methods, or machines' lives.")


class RemainingLife(Model):
    """How long a device lives on until it fails."""

    hours: float | None = Field(description="Median, in service; None: longer than can be told.")
    hours_low: float = Field(description="Lower end of the 80 % interval.")
    hours_high: float | None = Field(description="Upper end; None: open.")
    by: str = Field(description="The learned model, or the class's Weibull law.")
    age_hours: float | None = Field(default=None, description="Since the last renewal.")
    failures: int = Field(default=0, description="Of machines of the kind, that it rests on.")
    censored: int = Field(default=0, description="Runs that had not failed when they ended.")


class BacktestFigures(Model):
    """How the forecast did on the device's own past, at origins before now."""

    origins: int
    mae: float | None = Field(description="Mean absolute error, in the channel's unit.")
    mae_to_seasonal_naive: float | None = Field(
        description="By that of the same time a day before; without two days: of the last value."
    )
    mae_to_last_value: float | None = Field(description="1: nothing beat it, so it is given.")
    coverage: float | None = Field(description="Share within the 80 % interval; None: too few.")


class RecordFigures(Model):
    """How the channel's forecasts did against what came since."""

    forecasts: int = Field(description="Held against what came.")
    step_minutes: float
    mae: float
    mae_to_last_value: float
    coverage: float = Field(description="Share within the 80 % interval.")
    drifted: bool = Field(description="Far worse than the backtest said: it is learned anew.")
