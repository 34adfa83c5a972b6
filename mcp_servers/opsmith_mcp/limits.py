"""How much one caller may ask at once, so that the others are answered too.

>>> bucket = Bucket(per_second=2, burst=3)
>>> [bucket.take(now=0.0) for _ in range(4)]
[0.0, 0.0, 0.0, 0.5]
"""

import contextlib
import time
from collections.abc import Generator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on over HTTP."""

    body: int = 1_000_000
    """Bytes of a request."""
    body_seconds: float = 10.0
    """A body must be there within so long."""
    per_second: float = 50.0
    """Requests of one caller, on average."""
    burst: int = 100
    """Requests of one caller that may come at once."""
    calls: int = 16
    """Requests of one caller that are worked on at once."""
    calls_in_all: int = 64
    sessions: int = 20
    """Of one caller; a new one ends the one that was idle longest."""
    sessions_in_all: int = 200
    idle_seconds: float = 1800.0
    """A session that nobody used for so long ends."""


@dataclass(slots=True)
class Bucket:
    """Tokens that come back steadily; each request takes one."""

    per_second: float
    burst: int
    _left: float = field(init=False)
    _at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Full at first."""
        self._left = float(self.burst)

    def take(self, now: float) -> float:
        """Take a token: 0; or the seconds until there is one, and none is taken."""
        self._left = min(self.burst, self._left + (now - self._at) * self.per_second)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self.per_second

    def is_full(self, now: float) -> bool:
        """Whether nobody would see that it was forgotten."""
        return self._left + (now - self._at) * self.per_second >= self.burst


class TooMuch(Exception):
    """More than is taken on.

    Args:
        status: Of HTTP: 429 where the caller asks too much, 503 where all do.
        wait: Seconds after which it may be asked again.
        why: In a line.
    """

    def __init__(self, status: int, wait: float, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.wait = wait


@dataclass(slots=True)
class Session:
    """One that a caller opened."""

    holder: str
    path: str
    used: float
    """When it was used last, monotonic seconds."""
    requests: int = 0
    """Under way, streams too."""


class Turnstile:
    """Counts requests, calls and sessions by caller."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sessions: dict[str, Session] = {}
        self._buckets: dict[str, Bucket] = {}
        self._calls: dict[str, int] = {}

    @property
    def calls(self) -> int:
        """Under way."""
        return sum(self._calls.values())

    def request(self, holder: str) -> None:
        """Count a request. Raises `TooMuch`."""
        now, limits = time.monotonic(), self.limits
        if len(self._buckets) > 1000:
            self._buckets = {
                name: one for name, one in self._buckets.items() if not one.is_full(now)
            }
        bucket = self._buckets.setdefault(holder, Bucket(limits.per_second, limits.burst))
        wait = bucket.take(now)
        if wait:
            raise TooMuch(429, wait, f"More than {limits.per_second:g} requests a second")

    @contextlib.contextmanager
    def call(self, holder: str) -> Generator[None]:
        """Hold a place while a call is worked on. Raises `TooMuch`."""
        mine, limits = self._calls.get(holder, 0), self.limits
        if mine >= limits.calls:
            raise TooMuch(429, 1, f"{mine} calls of yours are under way; wait for one")
        if self.calls >= limits.calls_in_all:
            raise TooMuch(503, 1, f"{self.calls} calls are under way; try again")
        self._calls[holder] = mine + 1
        try:
            yield
        finally:
            self._calls[holder] -= 1
            if not self._calls[holder]:
                del self._calls[holder]

    @contextlib.contextmanager
    def within(self, session_id: str | None) -> Generator[Session | None]:
        """Keep a session from being taken for idle while one of its requests is under way."""
        session = self.sessions.get(session_id) if session_id else None
        if session is None:
            yield None
            return
        session.requests += 1
        try:
            yield session
        finally:
            session.requests -= 1
            session.used = time.monotonic()

    def opened(self, session_id: str, holder: str, path: str) -> None:
        """Count a session."""
        self.sessions[session_id] = Session(holder, path, time.monotonic())

    def closed(self, session_id: str) -> None:
        """Count it no more."""
        self.sessions.pop(session_id, None)

    def room(self, holder: str) -> list[tuple[str, Session]]:
        """Sessions to end before this caller may open one. Raises `TooMuch`."""
        now, limits = time.monotonic(), self.limits
        idle = {name: one for name, one in self.sessions.items() if not one.requests}
        # The server ended these itself.
        for name, one in idle.items():
            if now - one.used > limits.idle_seconds:
                del self.sessions[name]
        mine = [name for name, one in self.sessions.items() if one.holder == holder]
        ended: list[tuple[str, Session]] = []
        if len(mine) >= limits.sessions or len(self.sessions) >= limits.sessions_in_all:
            unused = [name for name in mine if name in idle]
            if not unused and len(mine) >= limits.sessions:
                raise TooMuch(429, 5, f"{len(mine)} sessions of yours are in use; close one")
            if not unused:
                raise TooMuch(503, 5, f"{len(self.sessions)} sessions are open; try again")
            oldest = min(unused, key=lambda name: self.sessions[name].used)
            ended.append((oldest, self.sessions.pop(oldest)))
        return ended
