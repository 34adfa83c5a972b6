"""New alerts, told to one conversation without asking; a flood of them in one message."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol

from fastmcp import Client

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.events import ALERTS, REPORTS
from opsmith.errors import NotFound, OpsmithError
from opsmith.ports import Bell, Wake
from opsmith_chat.live_words import alert_text, flood_text
from opsmith_mcp.alert_history import AlertHistory, AlertLine
from opsmith_mcp.client import call

logger = logging.getLogger(__name__)

LEVELS = ("P0", "P1", "P2", "off")
"""What a reader can choose: an alert of that level or a higher one is told."""

DEFAULT = "P1"

EVERY = 5.0
"""Seconds between looks where nothing rings."""

LEAST = 0.5
"""Seconds between looks at least, however often something is announced."""

MOST = 5
"""New alerts within `WITHIN` seconds that are told one by one; more are a flood."""

WITHIN = 60.0

_LINES = 100
_PATIENCE = 900.0
"""Seconds that a message waits for its alert's report."""
_REMEMBERED = 2000


class Said(Protocol):
    """A message that was sent."""

    async def change(self, text: str) -> None:
        """Put this Markdown in its place."""
        ...


class Screen(Protocol):
    """Where one conversation is shown."""

    def is_there(self) -> bool:
        """Whether somebody could see a message now."""
        ...

    def level(self) -> str:
        """What the reader chose, one of `LEVELS`."""
        ...

    def language(self) -> Language:
        """That is spoken in the conversation."""
        ...

    async def say(self, text: str) -> Said:
        """Show a message, in Markdown."""
        ...


@dataclass(slots=True)
class _Waiting:
    """A message whose alert has no report yet."""

    said: Said
    language: Language
    rose_from: AlertLevel | None
    until: float


class Live:
    """Tells one conversation of alerts that come while it is open.

    An alert is told once, and again only where it rises to a higher level; those that stood when
    the conversation began are not told.

    Args:
        eyes: An open client that sees what the reader may see.
        screen: Where it is told.
        zone: Of the times.
        clock: Seconds, for floods.
    """

    def __init__(
        self,
        eyes: Client[Any],
        screen: Screen,
        zone: tzinfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._eyes = eyes
        self._screen = screen
        self._zone = zone
        self._clock = clock
        self._known: dict[str, AlertLevel] | None = None
        self._began: datetime | None = None
        self._floor: datetime | None = None
        self._recent: deque[tuple[float, AlertLine]] = deque()
        self._flood: list[AlertLine] = []
        self._summary: Said | None = None
        self._waiting: dict[str, _Waiting] = {}

    async def run(self, wake: Wake | None = None, every: float = EVERY) -> None:
        """Look until cancelled: when `wake` rings, and every so many seconds.

        Args:
            wake: Rings when something was announced; None: nothing does.
            every: Seconds.
        """
        if wake is None:
            await self._looking(None, every)
        else:
            with wake.listen((ALERTS, REPORTS)) as bell:
                await self._looking(bell, every)

    async def look(self) -> None:
        """Look once, and tell what is new. The first look only learns what there is.

        Raises:
            OpsmithError: The alerts could not be asked for; nothing is lost by it.
        """
        if self._known is None:
            await self._learn()
        elif self._screen.is_there():
            await self._tell(await self._news())
            await self._report()

    async def _looking(self, bell: Bell | None, every: float) -> None:
        while True:
            try:
                await self.look()
            except OpsmithError as error:
                logger.debug("No look at the alerts: %s", error)
            except Exception:
                # The outermost place: a conversation is told of the next one in any case.
                logger.exception("A look at the alerts failed")
            await asyncio.sleep(every if bell is None else min(LEAST, every))
            if bell is not None:
                await bell.wait(every)

    async def _learn(self) -> None:
        seen = await call(self._eyes, AlertHistory.list_alerts, limit=_LINES)
        self._known = {one.trace_id: one.alert_level for one in seen.alerts}
        self._began = seen.as_of
        if seen.next_cursor is not None:
            # What is older than these and comes into sight when they go is not new.
            self._floor = min(one.first_seen for one in seen.alerts)

    async def _news(self) -> list[tuple[AlertLine, AlertLevel | None]]:
        """Alerts that are new or rose, of the chosen level, the oldest first."""
        assert self._known is not None
        chosen = self._chosen()
        standing = await self._standing(chosen)
        news: list[tuple[AlertLine, AlertLevel | None]] = []
        for line in standing:
            before = self._known.get(line.trace_id)
            if before is not None and before <= line.alert_level:
                continue
            is_old = before is None and self._is_old(line)
            if chosen is not None and line.alert_level <= chosen and not is_old:
                news.append((line, before))
            else:
                self._known[line.trace_id] = line.alert_level
        if len(self._known) > 2 * _REMEMBERED:
            newest = list(self._known.items())[-_REMEMBERED:]
            still = {one.trace_id for one in standing}
            kept = [(each, level) for each, level in self._known.items() if each in still]
            self._known = dict([*kept, *newest])
        return sorted(news, key=lambda one: one[0].first_seen)

    async def _standing(self, chosen: AlertLevel | None) -> list[AlertLine]:
        ask = AlertHistory.list_alerts
        seen = await call(self._eyes, ask, limit=_LINES)
        found = {one.trace_id: one for one in seen.alerts}
        if seen.next_cursor is not None and chosen is not None:
            # A page does not hold them all: those that matter are asked for by themselves.
            for level in AlertLevel:
                if level <= chosen:
                    more = await call(self._eyes, ask, level=level, limit=_LINES)
                    found |= {one.trace_id: one for one in more.alerts}
        return list(found.values())

    def _is_old(self, line: AlertLine) -> bool:
        if self._floor is not None and line.first_seen < self._floor:
            return True
        # An import brings another system's past; our own alerts may come late and are news still.
        imported = line.source != "opsmith"
        return imported and self._began is not None and line.first_seen < self._began

    def _chosen(self) -> AlertLevel | None:
        level = self._screen.level()
        return AlertLevel(level) if level in tuple(AlertLevel) else None

    async def _tell(self, news: Sequence[tuple[AlertLine, AlertLevel | None]]) -> None:
        if not news:
            return
        now = self._clock()
        while self._recent and now - self._recent[0][0] > WITHIN:
            self._recent.popleft()
        if len(self._recent) + len(news) <= MOST:
            self._flood, self._summary = [], None
            for line, before in news:
                await self._tell_one(line, before)
                self._told(line, now)
            return
        lines = [line for _, line in self._recent] if not self._flood else self._flood
        whole = {one.trace_id: one for one in [*lines, *(line for line, _ in news)]}
        self._flood = list(whole.values())
        text = flood_text(self._flood, self._screen.language(), self._zone)
        if self._summary is None:
            self._summary = await self._screen.say(text)
        else:
            await self._summary.change(text)
        for line, _ in news:
            self._told(line, now)

    def _told(self, line: AlertLine, now: float) -> None:
        assert self._known is not None
        self._known[line.trace_id] = line.alert_level
        self._recent.append((now, line))

    async def _tell_one(self, line: AlertLine, before: AlertLevel | None) -> None:
        language = self._screen.language()
        seen = await call(self._eyes, AlertHistory.get_alert, line.trace_id)
        report = await self._report_on(line.trace_id, language)
        said = await self._screen.say(alert_text(seen, report, language, self._zone, before))
        if report is None:
            until = self._clock() + _PATIENCE
            self._waiting[line.trace_id] = _Waiting(said, language, before, until)

    async def _report(self) -> None:
        """Put the reports that have come where they were promised."""
        for trace_id, one in list(self._waiting.items()):
            report = await self._report_on(trace_id, one.language)
            if report is not None:
                del self._waiting[trace_id]
                seen = await call(self._eyes, AlertHistory.get_alert, trace_id)
                text = alert_text(seen, report, one.language, self._zone, one.rose_from)
                await one.said.change(text)
            elif self._clock() > one.until:
                del self._waiting[trace_id]

    async def _report_on(self, trace_id: str, language: Language) -> DiagnosisReport | None:
        try:
            seen = await call(self._eyes, AlertHistory.get_report, trace_id, language=language)
        except NotFound:
            return None
        return seen.report
