"""The plant clock: what `now` means for windows, staleness, cooldown and retention."""

from collections.abc import Callable
from datetime import UTC, datetime

PlantClock = Callable[[], datetime]
"""Gives plant time, UTC."""


def wall_clock() -> datetime:
    """The time on the wall, for a plant that is watched live."""
    return datetime.now(UTC)


class NewestReading:
    """The time of the newest reading, for a plant that was recorded or simulated.

    Args:
        newest: Asks the series store; None while it has no reading.
    """

    def __init__(self, newest: Callable[[], datetime | None]) -> None:
        self._newest = newest

    def __call__(self) -> datetime:
        """The time of the newest reading, or of the wall while there is none."""
        return self._newest() or wall_clock()
