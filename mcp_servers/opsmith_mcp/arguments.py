"""Arguments that several tools take, with their ranges."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from opsmith.domain.base import Moment

DeviceId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="Id or name, in any spelling.",
    ),
]
TraceId = Annotated[str, Field(min_length=1, max_length=64, description="Id of an alert.")]


def a_time(description: str) -> WithJsonSchema:
    """The schema of a time that may be left out.

    Null is taken too, but not told: that is shorter, and there are many of them.
    """
    return WithJsonSchema({"type": "string", "format": "date-time", "description": description})


Until = Annotated[Moment | None, a_time("Look up to this plant time; default now.")]
Since = Annotated[Moment | None, a_time("Window [since, until), instead of minutes.")]
Onset = Annotated[Moment, Field(description="When the deviation began, as an alert's `onset`.")]
WindowMins = Annotated[int, Field(ge=1, le=129_600, description="Minutes before `until`.")]
Days = Annotated[int, Field(ge=1, le=3650, description="Days before now.")]
Limit = Annotated[int, Field(ge=1, le=100, description="Rows at most.")]
Cursor = Annotated[
    str | None, Field(max_length=16, description="`next_cursor` of the page before.")
]
By = Annotated[str, Field(min_length=1, max_length=64, description="Name of the person.")]
