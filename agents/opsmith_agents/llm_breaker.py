"""A circuit breaker: whoever failed several times in a row is left alone for a while."""

import time
from collections.abc import Callable
from typing import Literal

Seconds = Callable[[], float]
"""A clock that only goes forward."""


class Breaker:
    """Opens after some failures in a row; after a pause it lets one try through.

    Args:
        failures: In a row, that open it.
        pause: Seconds until a try is let through; one that fails opens it again.
        clock: Seconds of a clock that only goes forward.

    >>> breaker = Breaker(failures=2, pause=60, clock=lambda: 0.0)
    >>> breaker.fail(); breaker.state
    'closed'
    >>> breaker.fail(); breaker.state, breaker.admits()
    ('open', False)
    """

    def __init__(
        self, failures: int = 4, pause: float = 60.0, clock: Seconds = time.monotonic
    ) -> None:
        self._most = failures
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._since = 0.0

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        """`half-open`: the next try decides."""
        if self._failures < self._most:
            return "closed"
        return "open" if self._clock() - self._since < self._pause else "half-open"

    def admits(self) -> bool:
        """Whether to try now; the one try that is let through keeps others out until it is over."""
        match self.state:
            case "closed":
                return True
            case "half-open":
                self._since = self._clock()
                return True
            case "open":
                return False

    def fail(self) -> None:
        """A try failed."""
        self._failures += 1
        self._since = self._clock()

    def succeed(self) -> None:
        """A try succeeded: all is well again."""
        self._failures = 0
