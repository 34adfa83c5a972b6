"""One alert as a row of the list."""

from collections.abc import Mapping
from datetime import datetime

from rich.text import Text
from textual.widget import Widget

from opsmith.domain.alerts import Alert, AlertState
from opsmith_mcp.alert_history import AlertLine
from opsmith_tui.figures import age, channel_name, deviation_text, number, plain
from opsmith_tui.room import level_text
from opsmith_tui.wording import SHORT_STATES, SHORT_TYPES, STATES, TYPES, Wording

SHORT = ("level", "device", "type", "state", "age", "channel")
LONG = ("level", "device", "type", "state", "first_seen", "age", "count", "score", "channel")


class Row:
    """Writes rows, as of a moment.

    Args:
        widget: Whose theme gives the colours.
        words: The language.
        as_of: Plant time that ages are counted to; None: none is known yet.
        known: Whole alerts by trace id, for the values of their channels.
        short: Only what fits into 80 cells.
    """

    def __init__(
        self,
        widget: Widget,
        words: Wording,
        as_of: datetime | None,
        known: Mapping[str, Alert],
        *,
        short: bool,
    ) -> None:
        self._widget = widget
        self._words = words
        self._as_of = as_of
        self._known = known
        self._short = short

    def cell(self, column: str, line: AlertLine) -> Text:
        """One cell of a row."""
        words = self._words
        match column:
            case "level":
                return level_text(line.alert_level, self._widget)
            case "device":
                return Text(plain(line.device_id), no_wrap=True)
            case "type":
                kind = words(SHORT_TYPES if self._short else TYPES, line.alert_type)
                # What is grouped under it was not told.
                return Text(f"{kind} +{line.grouped}" if line.grouped else kind, no_wrap=True)
            case "state":
                state = words(SHORT_STATES if self._short else STATES, line.state or "-")
                if line.suppressed is not None:
                    state = words(SHORT_STATES if self._short else STATES, "suppressed_by_design")
                return Text(state, "bold" if line.state is AlertState.UNACKNOWLEDGED else "")
            case "first_seen":
                return Text(f"{line.first_seen:%m-%d %H:%M:%S}")
            case "age":
                passed = (self._as_of or line.last_seen or line.first_seen) - line.first_seen
                return Text(age(passed, words.language), justify="right")
            case "count":
                return Text("-" if line.count is None else str(line.count), justify="right")
            case "score":
                return Text(number(line.score), justify="right")
            case _:
                return Text(self._channel(line), no_wrap=True)

    def _channel(self, line: AlertLine) -> str:
        alert = self._known.get(line.trace_id)
        if alert is not None and alert.deviations:
            most = max(alert.deviations, key=lambda deviation: deviation.share)
            return deviation_text(most, self._words)
        return channel_name(line.channels[0], self._words) if line.channels else "-"
