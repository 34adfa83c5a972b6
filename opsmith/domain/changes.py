"""How a device's channels changed: the features that diagnosis reasons on."""

from pydantic import Field

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.base import Model, Moment


class ChannelChange(Model):
    """One channel, now against before."""

    channel: str
    unit: str | None = Field(default=None, description="UCUM; None where the channel's is unknown.")
    before: float | None = Field(
        description="Robust level before: where the time before had led it by its end, in `unit`."
    )
    now: float | None = Field(
        description="Robust level of the newest part of the time since; None: no readings."
    )
    sigmas: float = Field(
        description="Change of the level in robust standard deviations of the time before; signed."
    )
    spread_ratio: float = Field(ge=0, description="Spread now / spread before.")
    direction: Direction
    kind: Kind
    onset: Moment | None = Field(default=None, description="When it began to differ.")
    order: int | None = Field(default=None, description="1: the first channel to differ.")
    significant: bool = Field(description="It differs by more than its own past explains.")
    sureness: float = Field(
        default=0.0,
        description="Change of the level over what its own past could make of it; signed.",
    )
    missing_share: float = Field(ge=0, le=1, description="Readings of the time since without it.")
