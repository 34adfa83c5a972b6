"""The alerts that stand, live."""

from datetime import datetime, timedelta
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import DataTable, Static

from opsmith.domain.alerts import AlertLevel, AlertState
from opsmith.errors import Unavailable
from opsmith_mcp.alert_history import AlertHistory, AlertLine
from opsmith_tui.alert import AlertScreen
from opsmith_tui.figures import age, deviation_text, moment, number, plain
from opsmith_tui.report import summary
from opsmith_tui.room import KeyLine, Room, level_text, style_of
from opsmith_tui.wording import COLUMNS, SCREEN, SHORT_STATES, STATES, TYPES

NARROW = ("level", "device", "type", "state", "age", "channel")
BROAD = ("level", "device", "type", "state", "first_seen", "age", "count", "score", "channel")
PAGES = 10
"""Pages asked for at most; the header says how many alerts there are beyond."""

KEYS = (
    ("↵", "open", "screen.open"),
    ("a", "acknowledge", "screen.acknowledge"),
    ("s", "suppressed", "screen.suppressed"),
    ("r", "refresh", "screen.look"),
    ("l", "language", "app.language"),
    ("?", "help", "app.help"),
    ("q", "quit", "app.quit"),
)
