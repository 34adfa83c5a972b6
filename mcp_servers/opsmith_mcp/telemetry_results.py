"""What every answer about a window of readings says, and how it says that there is none."""

from typing import Any, TypeVar

from pydantic import Field

from opsmith.domain.base import Moment, State, ToolResult, Window
from opsmith.errors import Unavailable
from opsmith_mcp.windows import Freshness, Span


class OfWindow(ToolResult):
    """What was found in a window of one device's readings."""

    device_id: str
    as_of: Moment
    window: Window = Field(
        description="[start, end) where `since` was given, else after `start`, up to and with `end`"
    )


W = TypeVar("W", bound=OfWindow)


def lost(kind: type[W], error: Unavailable, device_id: str, span: Span, **more: Any) -> W:
    """The answer where the readings cannot be reached."""
    return kind(
        state=State.UNAVAILABLE,
        note=f"The readings cannot be reached: {error}. Not to be read as fine.",
        device_id=device_id,
        as_of=span.window.end,
        window=span.window,
        **more,
    )


def stated(
    fresh: Freshness, device_id: str, has_any: bool, there: int, shown: int, what: str = "channels"
) -> tuple[State, str | None]:
    """State and note of an answer that shows at most `shown` of what is there."""
    state, note = fresh.state(has_any), fresh.note(device_id, has_any)
    if not has_any or there <= shown:
        return state, note
    more = f"{shown} of {there} {what} are shown; read_series reads the others."
    return (
        State.TRUNCATED if state is State.OK else state,
        more if note is None else f"{note} {more}",
    )
