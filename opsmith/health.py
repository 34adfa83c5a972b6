"""Which parts do not answer, since when and why; each change is logged once."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from opsmith.clock import wall_clock
from opsmith.errors import Unavailable
from opsmith.metrics import PART_CHANGED, PART_UP

logger = logging.getLogger(__name__)

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which a part did not answer."""

    part: str
    """Such as `bus`, `tables`, `series`, `cooldown`, `llm`."""
    since: datetime
    error: str
    """What it said last."""
    meanwhile: str = ""
    """What is done instead; empty: it is waited for."""
    failures: int = 1
    until: datetime | None = None
    """When it answered again; None: it does not yet."""

    def facts(self) -> dict[str, Any]:
        """JSON values, for `/health`."""
        told: dict[str, Any] = {
            "since": self.since.isoformat(),
            "error": self.error,
            "failures": self.failures,
        }
        if self.meanwhile:
            told["meanwhile"] = self.meanwhile
        if self.until is not None:
            told["until"] = self.until.isoformat()
        return told


class Outages:
    """What fails now, and what failed last; for any number of threads.

    Args:
        clock: The wall's.

    >>> outages = Outages()
    >>> outages.failed("tables", "The database at db:3306 does not answer")
    True
    >>> [one.part for one in outages.standing()]
    ['tables']
    >>> outages.answered("tables"), outages.standing()
    (True, ())
    """

    def __init__(self, clock: Callable[[], datetime] = wall_clock) -> None:
        self._clock = clock
        self._standing: dict[str, Outage] = {}
        self._over: dict[str, Outage] = {}
        self._lock = Lock()

    def expect(self, *parts: str) -> None:
        """Say which parts there are, so that they are shown as up before they first fail."""
        for part in parts:
            PART_UP.labels(part).set(part not in self._standing)

    def failed(self, part: str, error: BaseException | str, meanwhile: str = "") -> bool:
        """Note that a part did not answer; whether that is new.

        Args:
            part: See `Outage.part`.
            error: Why; without secrets, as our errors are.
            meanwhile: What is done instead.
        """
        said = (str(error) or type(error).__name__)[:_LONGEST]
        now = self._clock()
        with self._lock:
            known = self._standing.get(part)
            if known is not None:
                more = known.failures + 1
                self._standing[part] = replace(known, error=said, failures=more)
                return False
            self._standing[part] = Outage(part, now, said, meanwhile)
            PART_UP.labels(part).set(0)
            PART_CHANGED.labels(part).set(now.timestamp())
        instead = f"; meanwhile {meanwhile}" if meanwhile else ""
        logger.warning("%s does not answer: %s%s", part, said, instead)
        return True

    def answered(self, part: str) -> bool:
        """Note that a part answered; whether it had failed until now."""
        if part not in self._standing:
            return False
        now = self._clock()
        with self._lock:
            known = self._standing.pop(part, None)
            if known is None:
                return False
            self._over[part] = replace(known, until=now)
            PART_UP.labels(part).set(1)
            PART_CHANGED.labels(part).set(now.timestamp())
        seconds = (now - known.since).total_seconds()
        logger.warning("%s answers again, after %.1f s", part, seconds)
        return True

    def watched(self, part: str) -> "_Watched":
        """Note how a block ends: `Unavailable` is a failure, an end without error an answer."""
        return _Watched(self, part)

    def standing(self) -> tuple[Outage, ...]:
        """The parts that do not answer, the one that failed first before the others."""
        with self._lock:
            return tuple(sorted(self._standing.values(), key=lambda one: one.since))

    def over(self) -> tuple[Outage, ...]:
        """The last outage of each part that is over."""
        with self._lock:
            return tuple(sorted(self._over.values(), key=lambda one: one.since))

    def facts(self) -> dict[str, Any]:
        """JSON values, for `/health`: what fails now, and what failed last, by part."""
        return {
            "failing": {one.part: one.facts() for one in self.standing()},
            "recovered": {one.part: one.facts() for one in self.over()},
        }


class _Watched:
    """See `Outages.watched`."""

    __slots__ = ("_outages", "_part")

    def __init__(self, outages: Outages, part: str) -> None:
        self._outages = outages
        self._part = part

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Unavailable):
            self._outages.failed(self._part, error)
        elif error is None:
            self._outages.answered(self._part)
