"""The cooldown of one process; forgotten when it ends."""

from datetime import datetime, timedelta
from threading import Lock

SWEEP = 10_000
"""Keys held before those that ran out are dropped."""


class MemoryCooldown:
    """See `opsmith.ports.Cooldown`."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, datetime]] = {}
        """Under each key its members, with the end of their places."""
        self._lock = Lock()

    def claim(self, key: str, member: str, most: int, period: timedelta, now: datetime) -> bool:
        """See `Cooldown.claim`."""
        with self._lock:
            if len(self._held) >= SWEEP:
                self._held = {
                    name: held
                    for name, held in self._held.items()
                    if max(held.values(), default=now) > now
                }
            held = {one: end for one, end in self._held.get(key, {}).items() if end > now}
            self._held[key] = held
            if member in held:
                return True
            if len(held) >= most:
                return False
            held[member] = now + period
            return True

    def close(self) -> None:
        """See `Cooldown.close`."""
