"""What a tool needs: marks on the methods of a group, read where they are published."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar, overload

from opsmith.access import Role
from opsmith.domain.proposals import ChangeResult

M = TypeVar("M", bound=Callable[..., Any])


class Mark(NamedTuple):
    """Who has a tool, and what it does to the plant."""

    needs: Role = Role.VIEWER
    writes: bool = False
    idempotent: bool = True
    destructive: bool = False
    confirms: Role | None = None
    """Least role of the person who confirms it; None: it is done at once."""
    audited: bool = False
    """It notes itself what it did: the guard leaves it alone."""
    shows: str = ""
    """Name of the method that says what exactly would happen."""


class Shown(NamedTuple):
    """What a change would do, before it is done."""

    text: str | None
    """Exactly what will happen, in the plant's words; None: nothing would change."""
    view: ChangeResult
    """What the tool answers while nothing is changed."""
    device_id: str | None = None
    """Whom it is about."""


_READS = Mark()
_ATTRIBUTE = "__opsmith_mark__"


def reads(*, needs: Role) -> Callable[[M], M]:
    """Mark a tool that only reads, but not for everyone."""
    return lambda method: _marked(method, Mark(needs))


@overload
def writes(method: M, /) -> M: ...
@overload
def writes(
    *, needs: Role = Role.OPERATOR, idempotent: bool = False, destructive: bool = False
) -> Callable[[M], M]: ...
def writes(
    method: M | None = None,
    /,
    *,
    needs: Role = Role.OPERATOR,
    idempotent: bool = False,
    destructive: bool = False,
) -> M | Callable[[M], M]:
    """Mark a method as a tool that changes the plant's records at once.

    Args:
        method: What is marked, where it is used without brackets.
        needs: Least role of who may call it.
        idempotent: A second call with the same arguments changes nothing. Others get an argument
            `idempotency_key`, with which that holds.
        destructive: It takes something away that cannot be brought back.
    """
    mark = Mark(needs, True, idempotent, destructive)
    return _marked(method, mark) if method is not None else lambda one: _marked(one, mark)


def changes(*, needs: Role = Role.OPERATOR, confirms: Role, shows: str) -> Callable[[M], M]:
    """Mark a tool that stops or changes a machine, dispatches, cancels or closes.

    It is done when a person confirms what the method `shows` said, and until then proposed.

    Args:
        needs: Least role of who may propose it.
        confirms: Least role of who confirms it.
        shows: Name of a method of the same group, called with the same arguments, which checks all
            that the tool itself would and returns a `Shown`.
    """
    mark = Mark(needs, True, True, True, confirms, shows=shows)
    return lambda method: _marked(method, mark)


def confirming(method: M) -> M:
    """Mark a tool by which proposals are decided."""
    return _marked(method, Mark(Role.OPERATOR, True, True, True, audited=True))


@overload
def system_only(method: M, /) -> M: ...
@overload
def system_only(*, idempotent: bool = False) -> Callable[[M], M]: ...
def system_only(method: M | None = None, /, *, idempotent: bool = False) -> M | Callable[[M], M]:
    """Mark a method as a tool for opsmith's own code alone (`Role.SYSTEM`)."""
    mark = Mark(Role.SYSTEM, True, idempotent, audited=True)
    return _marked(method, mark) if method is not None else lambda one: _marked(one, mark)


def _marked(method: M, mark: Mark) -> M:
    setattr(method, _ATTRIBUTE, mark)
    return method


def marked_tools(group: object) -> Iterator[tuple[Callable[..., Any], Mark]]:
    """The methods of a group that are tools, each with its mark."""
    for name, method in inspect.getmembers(group, inspect.ismethod):
        if not name.startswith("_"):
            mark: Mark = getattr(method, _ATTRIBUTE, _READS)
            yield method, mark
