"""The alerts and work orders of one device, the newest first, to choose from."""

from datetime import datetime
from typing import NamedTuple

from rich.text import Text
from textual.widgets.option_list import Option

from opsmith_mcp.alert_history import AlertHistoryView, AlertLine
from opsmith_mcp.work_orders import OrderLine, WorkOrderList
from opsmith_tui.device_facts import DeviceFacts, Failed
from opsmith_tui.device_words import DEVICE
from opsmith_tui.figures import plain
from opsmith_tui.panes import Choices
from opsmith_tui.room import level_text
from opsmith_tui.wording import ORDER_STATES, SHORT_STATES, TYPES, Wording


class Event(NamedTuple):
    """Something in the device's history."""

    at: datetime
    line: AlertLine | OrderLine

    @property
    def key(self) -> str:
        """The alert's or the order's own."""
        return self.line.trace_id if isinstance(self.line, AlertLine) else self.line.order_no

    @property
    def alert(self) -> str | None:
        """The alert that it is, or that it answers."""
        return self.line.trace_id


class History(Choices):
    """One line each."""

    def __init__(self, words: Wording) -> None:
        super().__init__(id="history", markup=False)
        self._words = words
        self._events: dict[str, Event] = {}
        self._written: list[Text] = []

    @property
    def chosen(self) -> Event | None:
        """What the cursor is on."""
        at = self.highlighted
        return None if at is None or at >= len(self._events) else list(self._events.values())[at]

    def show(self, facts: DeviceFacts) -> None:
        """Show what is known; the cursor stays on its line while that is there."""
        before = self.chosen
        failed = [one for one in (facts.history, facts.orders) if isinstance(one, Failed)]
        events = sorted(self._known(facts), key=lambda event: event.at, reverse=True)
        lines = [Text(f"✗ {self._words(DEVICE, 'failed', reason=one.reason)}") for one in failed]
        lines = [self._line(event) for event in events] + lines
        if not lines:
            loading = facts.history is None
            lines = [Text(self._words(DEVICE, "loading" if loading else "no_history"), "italic")]
        self._events = {event.key: event for event in events}
        if [(line.plain, line.spans) for line in lines] == [
            (line.plain, line.spans) for line in self._written
        ]:
            return
        self._written = lines
        self.clear_options()
        self.add_options(Option(line) for line in lines)
        keys = list(self._events)
        if keys:
            self.highlighted = keys.index(before.key) if before and before.key in keys else 0

    @staticmethod
    def _known(facts: DeviceFacts) -> list[Event]:
        found = list[Event]()
        if isinstance(facts.history, AlertHistoryView):
            found += [Event(line.first_seen, line) for line in facts.history.alerts]
        if isinstance(facts.orders, WorkOrderList):
            found += [Event(line.created_at, line) for line in facts.orders.orders]
        return found

    def _line(self, event: Event) -> Text:
        words, line = self._words, event.line
        text = Text(f"{event.at:%m-%d %H:%M}  ", no_wrap=True, overflow="ellipsis")
        if isinstance(line, OrderLine):
            text.append_text(level_text(line.priority, self))
            text.append(f" {words(DEVICE, 'order')} {plain(line.order_no)}  ", "bold")
            text.append(f"{words(ORDER_STATES, line.status.value)}  ")
            if line.due_at is not None:
                text.append(f"{words(DEVICE, 'due', at=f'{line.due_at:%m-%d %H:%M}')}  ")
            return text.append(plain(line.description).replace("\n", " "), "dim")
        text.append_text(level_text(line.alert_level, self))
        stands = line.cleared_at is None
        text.append(f" {words(TYPES, line.alert_type)}  ", "bold" if stands else "")
        if line.suppressed is not None:
            return text.append(words(DEVICE, "held"), "italic")
        if line.cleared_at is not None:
            return text.append(words(DEVICE, "cleared", at=f"{line.cleared_at:%m-%d %H:%M}"))
        state = words(SHORT_STATES, line.state) if line.state else words(DEVICE, "stands")
        return text.append(state, "bold")
