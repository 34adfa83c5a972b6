"""The cooldown of one process; forgotten when it ends."""

from datetime import datetime, timedelta

SWEEP = 10_000
"""Keys held before those that ran out are dropped."""


class MemoryCooldown:
    """See `opsmith.ports.Cooldown`."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def claim(self, key: str, period: timedelta, now: datetime) -> bool:
        """See `Cooldown.claim`."""
        if self._until.get(key, now) > now:
            return False
        if len(self._until) >= SWEEP:
            self._until = {k: until for k, until in self._until.items() if until > now}
        self._until[key] = now + period
        return True
