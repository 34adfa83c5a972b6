"""Arguments of the alert tools: which alerts are meant, and from when to when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, cast

from pydantic import Field, WithJsonSchema
from typing_extensions import Unpack

from opsmith.access import Role, caller, scope
from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.alerts import AlertLevel, AlertState, AlertType
from opsmith.domain.base import Language, Moment, Window
from opsmith.domain.names import near, plain
from opsmith.errors import BadInput, NotFound
from opsmith_mcp.lookup import find_device
from opsmith_mcp.windows import INSTANT

if TYPE_CHECKING:
    from opsmith.storage.alert_queries import AlertQueries
    from opsmith.storage.devices import DeviceStore

_FEW = 4
"""Values of an argument that its schema names; more are named where one is refused."""

Dimension = Literal[
    "device", "device_type", "line", "type", "level", "code", "source", "state", "held",
    "year", "month", "day", "hour",
]  # fmt: skip
"""What alerts are counted by; the last four are of the plant's calendar."""


def _brief(schema: dict[str, Any]) -> None:
    # All tools together have to cost a model few tokens: to leave an argument out is to give none,
    # and how long a name may be it hears where one is too long.
    options = cast(list[dict[str, Any]], schema.pop("anyOf", [dict(schema)]))
    (one,) = (option for option in options if option.get("type") != "null")
    if len(one.get("enum", ())) > _FEW:
        del one["enum"]
    schema.clear()
    unsaid = ("minLength", "maxLength", "pattern", "description")
    schema.update({key: value for key, value in one.items() if key not in unsaid})


_OPTIONAL = Field(json_schema_extra=_brief)
_Name = Annotated[str, Field(min_length=1, max_length=64)]

AlertId = Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=_brief)]
Remark = Annotated[
    str, Field(min_length=1, max_length=1000, pattern=r"\S", json_schema_extra=_brief)
]
Device = Annotated[_Name | None, _OPTIONAL]
Under = Annotated[
    Annotated[str, Field(max_length=64)] | None,
    WithJsonSchema({"type": "string", "description": "Those grouped under that alert."}),
]
Line = Annotated[_Name | None, _OPTIONAL]
Code = Annotated[_Name | None, _OPTIONAL]
Source = Annotated[_Name | None, _OPTIONAL]
Level = Annotated[
    AlertLevel | None,
    WithJsonSchema({"type": "string", "enum": [level.value for level in AlertLevel]}),
]
Type = Annotated[AlertType | None, _OPTIONAL]
OperatorState = Annotated[
    Literal["normal", "unacknowledged", "acknowledged", "returned_to_normal_unacknowledged",
            "shelved", "suppressed_by_design", "out_of_service"] | None,
    _OPTIONAL,
]  # fmt: skip
Text = Annotated[Annotated[str, Field(min_length=1, max_length=100)] | None, _OPTIONAL]
Since = Annotated[Moment | None, _OPTIONAL]
Before = Annotated[Moment | None, _OPTIONAL]
Version = Annotated[Annotated[int, Field(ge=1)] | None, _OPTIONAL]
Spoken = Annotated[Language | None, _OPTIONAL]
Then = Annotated[_Name | None, _OPTIONAL]
SignedBy = Annotated[_Name | None, _OPTIONAL]
Next = Annotated[Annotated[str, Field(max_length=16)] | None, _OPTIONAL]


class Given(TypedDict, total=False):
    """Arguments that say which alerts are meant, as callers write them."""

    device_id: str | None
    line_id: str | None
    level: AlertLevel | None
    alert_type: str | None
    code: str | None
    state: str | None
    source: str | None
    text: str | None


class Meaning:
    """Finds out which alerts a caller means, among those that he may see."""

    def __init__(self, devices: DeviceStore, queries: AlertQueries) -> None:
        self._devices = devices
        self._queries = queries

    def of(self, **given: Unpack[Given]) -> AlertFilter:
        """The alerts that all of it is true of.

        Raises:
            NotFound: No such device or line.
            BadInput: Several may be meant.
        """
        device_id, line_id = given.get("device_id"), given.get("line_id")
        level, state = given.get("level"), given.get("state")
        return AlertFilter(
            device_id=find_device(self._devices, device_id).device_id if device_id else None,
            line_id=self._line(line_id) if line_id else None,
            level=level,
            alert_type=given.get("alert_type"),
            code=given.get("code"),
            state=AlertState(state) if state else None,
            source=given.get("source"),
            text=given.get("text"),
            factories=scope(),
        )

    def window(
        self,
        which: AlertFilter,
        since: datetime | None,
        until: datetime | None,
        now: datetime,
        days: float | None = None,
    ) -> Window:
        """From when to when they were raised.

        Args:
            which: Who is meant.
            since: As it was given.
            until: As it was given; None: up to and with `now`.
            now: Plant time.
            days: How far back it goes where `since` is not given; None: to the first of them.

        Raises:
            BadInput: It begins after its end.
        """
        end = until or now + INSTANT
        if since is None and days is not None:
            since = end - timedelta(days=days)
        if since is None:
            span = self._queries.span(which)
            since = min(span[0], end) if span else end
        if since > end:
            raise BadInput(f"since {since.isoformat()} lies after until {end.isoformat()}")
        return Window(start=since, end=end)

    def why_none(self, which: AlertFilter) -> str:
        """Why a window holds none of them, and when there were some."""
        span = self._queries.span(which)
        if span is None:
            return "No alert matches at any time; count_alerts shows which there are."
        first, last = (at.isoformat() for at in span)
        return f"No such alert was raised in this window; there are some from {first} to {last}."

    def _line(self, line_id: str) -> str:
        lines = self._queries.lines(scope())
        if line_id in lines:
            return line_id
        meant = [line for line in lines if plain(line) == plain(line_id)]
        if len(meant) == 1:
            return meant[0]
        hint = near(line_id, lines) or "; list_devices names them"
        raise NotFound(f"No line {line_id!r}{hint}")


def signed(by: str | None) -> str:
    """Who it is that acts: whom a screen of ours names, else the caller himself."""
    who = caller()
    named = by is not None and (who.is_person or who.role is Role.SYSTEM)
    return by if by is not None and named else who.name
