"""What the forecasting tools answer with."""

from pydantic import Field

from opsmith.domain.base import Model, Moment, ToolResult, Window
from opsmith.domain.forecasts import (
    BacktestFigures,
    Chances,
    RecordFigures,
    RemainingLife,
    TimeToLimit,
)
from opsmith_mcp.series_view import Source

HORIZON_HOURS = 168.0


class FailureForecast(ToolResult):
    """When a device's channels pass their rated limits and how likely it fails, as it goes on."""

    device_id: str
    as_of: Moment
    window: Window = Field(description="History that was looked at.")
    horizon_hours: float = Field(
        default=HORIZON_HOURS, description="It does not look further ahead."
    )
    channels: tuple[TimeToLimit, ...] = Field(
        default=(), description="The first to pass its limit first; hours from the last reading."
    )
    probability_24h: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Of passing a rated limit within 24 h: of the likeliest channel.",
    )
    probability_7d: float | None = Field(
        default=None, ge=0, le=1, description="Likewise within 7 days."
    )
    failure: Chances = Field(
        default=Chances(),
        description="Probability of failing: a rated limit is passed, or its life ends.",
    )
    calibrated_on: int = Field(
        default=0, description="Earlier forecasts and what came, that `failure` is corrected by."
    )
    remaining_life: RemainingLife | None = None
    health: float | None = Field(
        default=None, ge=0, le=100, description="100: as good as new; None: not known."
    )
    health_parts: dict[str, float] = Field(
        default_factory=dict[str, float], description="Share that each takes off, 0 to 1."
    )
    method: str = ""
    source: Source = Field(default="1m", description="What it rests on: one-minute means.")
    minutes: int = Field(default=0, description="Minutes of `window` that had readings.")
    records: dict[str, RecordFigures] = Field(
        default_factory=dict[str, RecordFigures], description="By channel: how forecasts did."
    )
    reasons: tuple[str, ...] = Field(
        default=(), description="What it says of each channel, in words."
    )


class ChannelForecast(ToolResult):
    """Where one channel is heading."""

    device_id: str
    channel: str
    unit: str | None = Field(description="Of all values.")
    as_of: Moment
    window: Window = Field(description="History that it rests on.")
    source: str = Field(description="raw, 1m, or means of `step_minutes`.")
    step_minutes: float
    values: int = Field(default=0, description="Steps of history with a value.")
    missing_share: float = Field(default=0, description="Of the steps: gaps and stops.")
    last: float | None = Field(default=None, description="The last value.")
    times: tuple[Moment, ...] = Field(default=(), description="Ends of the steps shown.")
    median: tuple[float, ...] = ()
    low: tuple[float, ...] = Field(default=(), description="Of the 80 % interval.")
    high: tuple[float, ...] = ()
    method: str = Field(default="", description="What competed and won, with its share.")
    beats_naive: bool | None = Field(
        default=None, description="False: nothing beat the last value, so that is given."
    )
    backtest: BacktestFigures | None = None
    record: RecordFigures | None = None
    limits: tuple[TimeToLimit, ...] = ()


class HealthLine(Model):
    """The health of one device."""

    device_id: str
    health: float | None = Field(description="0 to 100; None: not known.")
    why: dict[str, float] = Field(description="Share that each takes off.")
    failure_7d: float | None
    alerts: dict[str, int] = Field(description="Standing now, by level.")
    as_of: Moment | None = Field(description="When it was worked out.")


class HealthList(ToolResult):
    """The devices' health, the worst first."""

    as_of: Moment
    total: int
    devices: tuple[HealthLine, ...]
    unknown: int = Field(description="Devices of which nothing is known yet; they come last.")
    next_cursor: str | None = None
