"""Arguments that several tools take, with their ranges."""

from typing import Annotated

from pydantic import Field

from opsmith.domain.base import Moment

DeviceId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="Such as PUMP_01; case and `_`, `-`, space do not matter.",
    ),
]
TraceId = Annotated[str, Field(min_length=1, max_length=64, description="Id of an alert.")]
Until = Annotated[Moment | None, Field(description="Look up to this plant time; default now.")]
Onset = Annotated[Moment, Field(description="When the deviation began, as an alert's `onset`.")]
WindowMins = Annotated[
    int, Field(ge=1, le=129_600, description="Minutes before `until`, up to 90 days.")
]
Days = Annotated[int, Field(ge=1, le=3650, description="Days before now.")]
Limit = Annotated[int, Field(ge=1, le=100, description="Rows at most.")]
Cursor = Annotated[
    str | None, Field(max_length=16, description="`next_cursor` of the page before.")
]
By = Annotated[str, Field(min_length=1, max_length=64, description="Name of the person.")]
