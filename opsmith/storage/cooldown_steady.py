"""A shared cooldown that stops nobody: while it does not answer, each process counts alone."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Protocol

from opsmith.errors import OpsmithError
from opsmith.health import Outages
from opsmith.metrics import timed
from opsmith.ports import Cooldown
from opsmith.storage.cooldown_memory import MemoryCooldown

PART = "cooldown"
"""Its name among the parts."""

PAUSE = 2.0
"""Seconds in which one that did not answer is not asked again."""


class Shared(Cooldown, Protocol):
    """A cooldown that can be away."""

    def ask(self) -> None:
        """Ask whether it answers; raises what it says where it does not."""
        ...


class SteadyCooldown:
    """Never raises `Unavailable`: a rate limit is a comfort, and an outage must lose no alert.

    What this process claimed is counted here too, so that an outage begins where things stood.
    An outage lets by at most as many as each process alone would. It times the shared one, tells of
    its outages itself, and asks by itself whether one is over: claims may come hours apart.

    Args:
        shared: The cooldown of all workers.
        outages: Told when it goes and when it is back, once each.
        clock: Seconds of a clock that only goes forward.
    """

    def __init__(
        self, shared: Shared, outages: Outages, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared = shared
        self._own = MemoryCooldown()
        self._outages = outages
        self._clock = clock
        self._rests_until = float("-inf")
        self._closed = Event()

    def claim(self, key: str, member: str, most: int, period: timedelta, now: datetime) -> bool:
        """See `Cooldown.claim`."""
        if self._clock() >= self._rests_until:
            try:
                with timed(PART, "claim"):
                    has = self._shared.claim(key, member, most, period, now)
            except OpsmithError as error:
                # Also one that refuses us, as after its password was changed.
                self._rests_until = self._clock() + PAUSE
                if self._outages.failed(PART, error, "each worker limits the rate by itself"):
                    Thread(target=self._until_it_answers, name="cooldown", daemon=True).start()
            else:
                self._outages.answered(PART)
                if has:
                    self._own.claim(key, member, most, period, now)
                return has
        return self._own.claim(key, member, most, period, now)

    def close(self) -> None:
        """See `Cooldown.close`."""
        self._closed.set()
        self._shared.close()

    def _until_it_answers(self) -> None:
        while not self._closed.wait(PAUSE):
            try:
                self._shared.ask()
            except OpsmithError:
                continue
            self._rests_until = float("-inf")
            self._outages.answered(PART)
            return
