"""Who comes in: the holder of a signed cookie whose account stands, or the one at the machine.

Chainlit signs the cookie and reads it; whether the account behind it still stands is asked here,
with every request and every message of an open page.
"""

import secrets
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.to_thread

from opsmith.access import Caller, Role
from opsmith.ports import Users
from opsmith_mcp.limits import Bucket

LOCAL = Caller("local", Role.ENGINEER, via="chat", is_person=True)
"""Who sits at the machine, where nobody signs in."""

HOURS = 12
"""That a sign-in holds: one shift, with what comes before and after it."""

_FRESH = 0.5
"""Seconds that what was found of an account is taken for true."""
_TRIES = Bucket(per_second=1 / 30, burst=5)
_FROM = Bucket(per_second=1 / 6, burst=20)
_MOST = 2000

asking: ContextVar[Caller | None] = ContextVar("opsmith_chat_asking", default=None)
"""Who sent the request that is answered here."""

asking_from: ContextVar[str] = ContextVar("opsmith_chat_asking_from", default="")
"""The address that it came from."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a cookie says, once its signature was found right."""

    name: str
    stamp: str
    sign_in: str
    """Of this one sign-in."""
    until: datetime

    @classmethod
    def read(cls, name: str, metadata: Mapping[str, Any], expires: float) -> "SignedIn":
        """From what was signed."""
        stamp, number = str(metadata.get("stamp", "")), str(metadata.get("sign_in", ""))
        return cls(name, stamp, number, datetime.fromtimestamp(expires, UTC))


class People:
    """The people of the page.

    Args:
        users: Who signs in with a password.
        is_local: The page is for this machine alone: until a user is made, whoever is at it comes
            in without.
    """

    def __init__(self, users: Users, *, is_local: bool) -> None:
        self._users = users
        self._is_local = is_local
        # Threads of their own: tools that take long must not keep others out.
        self._looks = anyio.CapacityLimiter(4)
        # A password costs 0.2 s and 16 MB: two at once, whoever tries.
        self._checks = anyio.CapacityLimiter(2)
        self._known: dict[tuple[str, str, str], tuple[float, Caller | None]] = {}
        self._now: dict[str, tuple[float, Caller]] = {}
        self._tries: dict[str, Bucket] = {}

    async def is_open(self) -> bool:
        """Whether the one at the machine comes in without a password. Raises `Unavailable`."""
        if not self._is_local:
            return False
        return not await anyio.to_thread.run_sync(self._users.has_any, limiter=self._looks)

    async def sign_in(self, name: str, password: str) -> dict[str, str] | None:
        """What the cookie shall say of him besides the name; None: name or password is wrong.

        Raises:
            Unavailable: The tables do not answer.
        """
        account = await anyio.to_thread.run_sync(
            self._users.sign_in, name, password, limiter=self._checks
        )
        if account is None:
            return None
        self._tries.pop(f"name {name}", None)
        return {"stamp": account.stamp, "sign_in": secrets.token_hex(16)}

    def let_in(self) -> dict[str, str]:
        """What the cookie of the one at the machine says."""
        return {"stamp": "", "sign_in": secrets.token_hex(16)}

    def wait(self, name: str, client: str) -> float:
        """Seconds until somebody may try a password; 0: now, and the try is counted."""
        now = time.monotonic()
        if len(self._tries) > _MOST:
            self._tries = {key: one for key, one in self._tries.items() if not one.is_full(now)}
        by_name = self._bucket(f"name {name}", _TRIES)
        by_client = self._bucket(f"from {client}", _FROM)
        return max(by_client.take(now), by_name.take(now))

    async def find(self, who: SignedIn) -> Caller | None:
        """The caller behind a sign-in, where it still holds.

        Raises:
            Unavailable: The tables do not answer.
        """
        if who.until <= datetime.now(UTC):
            return None
        key = (who.name, who.stamp, who.sign_in)
        at, found = self._known.get(key, (float("-inf"), None))
        if time.monotonic() - at < _FRESH:
            return found
        found = await anyio.to_thread.run_sync(self._look, who, limiter=self._looks)
        if len(self._known) > _MOST:
            self._known.clear()
        self._known[key] = time.monotonic(), found
        return found

    async def leave(self, who: SignedIn) -> None:
        """End a sign-in. Raises `Unavailable`."""
        await anyio.to_thread.run_sync(self._users.end, who.sign_in, who.until)
        self._known.clear()

    def now(self, name: str) -> Caller:
        """What somebody who came in may do at this moment; nothing where he was shut out.

        Raises:
            Unavailable: The tables do not answer.
        """
        at, found = self._now.get(name, (float("-inf"), None))
        if found is None or time.monotonic() - at >= _FRESH:
            nothing = Caller(name, Role.VIEWER, frozenset(), "chat", may_write=False)
            found = self._look_up(name) or nothing
            self._now[name] = time.monotonic(), found
        return found

    def _look(self, who: SignedIn) -> Caller | None:
        if not who.sign_in or self._users.is_ended(who.sign_in):
            return None
        return self._look_up(who.name, who.stamp)

    def _look_up(self, name: str, stamp: str | None = None) -> Caller | None:
        if name == LOCAL.name:
            return LOCAL if self._is_local and not self._users.has_any() else None
        account = self._users.find(name)
        if account is None or stamp not in (None, account.stamp):
            return None
        return account.caller

    def _bucket(self, key: str, like: Bucket) -> Bucket:
        if key not in self._tries:
            self._tries[key] = Bucket(like.per_second, like.burst)
        return self._tries[key]
