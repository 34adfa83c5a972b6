"""What every model of the plant has in common."""

from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Language = Literal["en", "zh"]
"""The languages that opsmith speaks."""


unzoned: ContextVar[tzinfo] = ContextVar("opsmith_unzoned", default=UTC)
"""The zone of times that name none: the plant's, where a person or his client is asking."""


def _to_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=unzoned.get())
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_to_utc)]
"""A point in time, in UTC; one without a zone is taken as `unzoned` says."""


class Model(BaseModel):
    """A frozen model that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class State(StrEnum):
    """How much of what was asked for a tool could give."""

    OK = "ok"
    EMPTY = "empty"
    """It was looked for, and there is none."""
    STALE = "stale"
    """It is there, but older than it should be."""
    TRUNCATED = "truncated"
    """There is more than is shown; the note says how to narrow the question."""
    UNAVAILABLE = "unavailable"
    """It could not be looked for; never to be read as `empty` or as fine."""


class Window(Model):
    """A half-open stretch of plant time, [start, end)."""

    start: Moment
    end: Moment


class ToolResult(Model):
    """What every tool answers with, beside its own fields."""

    state: State = State.OK
    note: str | None = Field(
        default=None, description="Why the state is not ok, and what to do about it."
    )
