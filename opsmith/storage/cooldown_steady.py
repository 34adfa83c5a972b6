"""A shared cooldown that stops nobody: while it does not answer, each process counts alone."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from opsmith.errors import OpsmithError
from opsmith.health import Outages
from opsmith.metrics import timed
from opsmith.ports import Cooldown
from opsmith.storage.cooldown_memory import MemoryCooldown

PART = "cooldown"
"""Its name among the parts."""

PAUSE = 2.0
"""Seconds in which one that did not answer is not asked again."""


class SteadyCooldown:
    """Never raises `Unavailable`: a rate limit is a comfort, and an outage must lose no alert.

    What this process claimed is counted here too, so that an outage begins where things stood.
    An outage lets by at most as many as each process alone would. It times the shared one and
    tells of its outages itself: nothing else need watch it.

    Args:
        shared: The cooldown of all workers.
        outages: Told when it goes and when it is back, once each.
        clock: Seconds of a clock that only goes forward.
    """

    def __init__(
        self, shared: Cooldown, outages: Outages, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared = shared
        self._own = MemoryCooldown()
        self._outages = outages
        self._clock = clock
        self._rests_until = float("-inf")

    def claim(self, key: str, member: str, most: int, period: timedelta, now: datetime) -> bool:
        """See `Cooldown.claim`."""
        if self._clock() >= self._rests_until:
            try:
                with timed(PART, "claim"):
                    has = self._shared.claim(key, member, most, period, now)
            except OpsmithError as error:
                # Also one that refuses us, as after its password was changed.
                self._rests_until = self._clock() + PAUSE
                self._outages.failed(PART, error, "each worker limits the rate by itself")
            else:
                self._outages.answered(PART)
                if has:
                    self._own.claim(key, member, most, period, now)
                return has
        return self._own.claim(key, member, most, period, now)

    def close(self) -> None:
        """See `Cooldown.close`."""
        self._shared.close()
