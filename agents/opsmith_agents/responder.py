"""From an alert to its report and its work order, by rules, at once."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastmcp import Client

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Decision, Diagnosis, Severity
from opsmith.domain.events import AlertEvent
from opsmith.errors import Unavailable
from opsmith.metrics import DIAGNOSES, DIAGNOSIS_SECONDS
from opsmith.observability import about, tell
from opsmith_agents.check import check, check_decision
from opsmith_agents.flood import with_group
from opsmith_agents.protocols import Decider, Diagnostician
from opsmith_agents.publisher import Outcome, Publisher
from opsmith_agents.rules import RULES

logger = logging.getLogger(__name__)

ONE_OUTAGE = 10.0
"""Seconds between two looks at an event that waits, at most, while one store is away: they come
every other second. After a longer time it is another outage, and has a patience of its own."""


@dataclass(frozen=True, slots=True)
class _Before:
    """What stands on an alert already."""

    at: datetime
    """Up to when the newest version looked."""
    level: AlertLevel | None
    """Of its order; None where it wanted none."""
    failure_mode: str | None
    """As the rules saw it last; so the severity."""
    severity: Severity
    grouped: int
    """Alerts of its group that the newest version speaks for."""

    def may_sharpen(self, event: AlertEvent) -> bool:
        """Whether a new look may show more: as much was seen since the last as before it."""
        if self._must_again(event):
            return True
        if self.level is None:
            # One from before the last look was delivered again.
            return event.as_of > self.at
        onset = event.alert.onset
        return event.as_of - onset >= 2 * (max(self.at, onset) - onset)

    def differs(self, now: Diagnosis, decision: Decision, event: AlertEvent) -> bool:
        """Whether a new look is worth a new version.

        One that finds no cause is not, where the last one did: as an event goes on, what is
        looked at holds less and less of how it began.
        """
        if now.failure_mode is None and self.failure_mode is not None:
            return self._must_again(event)
        seen = (now.failure_mode, now.severity, decision.create_order)
        stood = (self.failure_mode, self.severity, self.level is not None)
        return self._must_again(event) or seen != stood

    def _must_again(self, event: AlertEvent) -> bool:
        """The level rose; the group doubled; or it came before, its order perhaps not written."""
        if event.alert.grouped > self.grouped and event.alert.grouped >= 2 * self.grouped:
            return True
        rose = self.level is not None and event.alert.alert_level < self.level
        return rose or self.at == event.as_of


class Responder:
    """Answers alerts; the same event twice changes nothing.

    Args:
        plant: An open MCP client with the rights of the system.
        rules: Diagnoses; never waits for a model.
        decider: Decides on the diagnosis.
        language: The plant's.
        patience: Seconds that an alert waits for evidence of a store that does not answer; after
            them it is diagnosed without.
        clock: Counts the seconds.
    """

    def __init__(
        self,
        plant: Client[Any],
        rules: Diagnostician,
        decider: Decider,
        language: Language = "en",
        patience: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plant = plant
        self._publisher = Publisher(plant)
        self._rules = rules
        self._decider = decider
        self._language: Language = language
        self._patience = patience
        self._clock = clock
        self._blind: dict[tuple[str, datetime], tuple[float, float]] = {}
        """Of each event that waits for its evidence: since when, and when it was looked at last."""

    async def respond(self, event: AlertEvent) -> Outcome:
        """Diagnose, report, decide and order, as far as the event asks for it.

        A raised alert gets a report and, where the decision says so, an order. An updated one is
        diagnosed again where its level rose, where its group doubled, or where as much was seen
        since the last look as before it; it gets a new version only if failure mode, severity,
        level or group are others then. What was proposed for a cleared one waits no longer.

        Raises:
            Unavailable: Its evidence cannot be reached yet; the event should come again.
            OpsmithError: A report or an order could not be written; so with that.
        """
        with about(trace_id=event.alert.trace_id, device_id=event.alert.device_id):
            return await self._respond(event)

    async def _respond(self, event: AlertEvent) -> Outcome:
        if event.change == "cleared":
            await self._publisher.withdraw(event)
        if event.change not in ("raised", "updated"):
            return Outcome(skipped=f"{event.change} asks for nothing")
        if event.alert.suppressed is not None:
            return Outcome(skipped="suppressed")
        before = await self._before(event) if event.change == "updated" else None
        if before is not None and not before.may_sharpen(event):
            return Outcome(skipped="nothing new since the last look")
        began = time.perf_counter()
        found = await self._rules.diagnose(event, self._language)
        draft = check(await with_group(self._plant, event, found), event)
        self._wait_for(event, draft.coverage.unavailable)
        decision = check_decision(await self._decider.decide(event, draft), draft, event)
        seconds = time.perf_counter() - began
        DIAGNOSES.labels(RULES, RULES).inc()
        DIAGNOSIS_SECONDS.labels(RULES).observe(seconds)
        tell(logger, "diagnosed", by=RULES, failure_mode=draft.failure_mode, seconds=seconds)
        if before is not None and not before.differs(draft, decision, event):
            return Outcome(skipped="the diagnosis is the same")
        return await self._publisher.publish(event, draft, decision, began)

    def _wait_for(self, event: AlertEvent, tools: Sequence[str]) -> None:
        """Let an event wait whose evidence is out of reach: nobody would look at it again."""
        key, now = (event.alert.trace_id, event.as_of), self._clock()
        since, last = self._blind.pop(key, (now, now))
        if not tools:
            return
        since = now if now - last > ONE_OUTAGE else since
        if now - since < self._patience:
            self._blind[key] = since, now
            raise Unavailable(f"No evidence for {key[0]} yet: {', '.join(tools)} unavailable")

    async def _before(self, event: AlertEvent) -> _Before | None:
        view = await self._publisher.reports(event)
        rules = [line for line in view.versions if line.made_by == RULES]
        if view.report is None or not rules:
            return None
        plan = view.report.decision.plan
        return _Before(
            view.report.created_at,
            plan.priority if plan else None,
            rules[-1].failure_mode,
            rules[-1].severity,
            view.report.diagnosis.grouped,
        )
