"""Who calls: a name, a role, the factories that he may see. What every tool asks before it acts."""

import contextlib
import re
from collections.abc import Generator
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from opsmith.errors import BadInput, Denied

Channel = Literal["local", "stdio", "http", "chat", "console", "command"]
"""How a caller came in."""


class Role(IntEnum):
    """What a caller may do; each may do what those before it may."""

    VIEWER = 1
    """Read."""
    OPERATOR = 2
    """Run the shift: acknowledge, shelve, comment, create orders, propose the rest."""
    ENGINEER = 3
    """Plan and close the work: change, cancel, complete orders; confirm what others propose."""
    ADMIN = 4
    """Run opsmith itself: keys, dead letters, audit."""
    SYSTEM = 5
    """opsmith's own code, in the same process; no key has it."""


GIVEN = (Role.VIEWER, Role.OPERATOR, Role.ENGINEER, Role.ADMIN)
"""Roles that a key or a user can have."""


def role_named(name: str) -> Role:
    """The role of that name, in any case. Raises `KeyError` where none is given by it."""
    role = Role[name.strip().upper()]
    if role not in GIVEN:
        raise KeyError(name)
    return role


_NAME = re.compile(r"[^\x00-\x20\x7f-\xa0](?:[^\x00-\x1f\x7f-\xa0]*[^\x00-\x20\x7f-\xa0])?")
_OURS = frozenset({"opsmith", "local", "reader", "somebody"})
"""Names of callers who have neither key nor password."""


def check_name(name: str, whose: Literal["key", "user"]) -> None:
    """Raises `BadInput` where a key or a user cannot be called so: it stands in the audit log."""
    if len(name) > 100 or not _NAME.fullmatch(name):
        raise BadInput(f"No name for a {whose}: {name!r}; 1 to 100 signs, no blanks at its ends")
    if name.casefold() in _OURS:
        raise BadInput(
            f"{name!r} is what callers without a key or a password are called; take another name"
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a tool."""

    name: str
    role: Role
    factories: frozenset[str] | None = None
    """What he may see; None: every factory, and devices that are of none."""
    via: Channel = "local"
    is_person: bool = False
    """A person pressed the button: what he asks for needs no second confirmation."""
    may_write: bool = True
    """False: tools that write are absent, whatever the role."""
    key_id: str | None = None
    """Of the API key that he came with."""

    def may(self, needs: Role) -> bool:
        """Whether a tool that needs this role is there for him; more than to view is to write."""
        if needs > Role.VIEWER and not self.may_write:
            return False
        return self.role >= needs

    def sees(self, factory_id: str) -> bool:
        """Whether what belongs to that factory is there for him."""
        return self.factories is None or factory_id in self.factories


SYSTEM = Caller("opsmith", Role.SYSTEM)
"""opsmith's own code."""

_caller: ContextVar[Caller] = ContextVar("opsmith_caller", default=SYSTEM)


def caller() -> Caller:
    """Who calls here and now; opsmith's own code where no tool call is under way."""
    return _caller.get()


def scope() -> frozenset[str] | None:
    """The factories that the caller may see; None: all."""
    return _caller.get().factories


@contextlib.contextmanager
def acting_as(who: Caller) -> Generator[None]:
    """Let everything inside be asked for by that caller."""
    token = _caller.set(who)
    try:
        yield
    finally:
        _caller.reset(token)


def require(needs: Role, what: str) -> Caller:
    """The caller, where his role is enough. Raises `Denied`."""
    who = caller()
    if not who.may(needs):
        raise Denied(
            f"{what} needs the role {needs.name.lower()}; {who.name} is {who.role.name.lower()}"
        )
    return who
