"""A store or bus whose operations are timed, and whose outages are noted."""

import functools
import inspect
import time
from collections.abc import Callable, Collection
from typing import Any, TypeVar, cast

from opsmith.errors import Unavailable
from opsmith.health import Outages
from opsmith.metrics import operation_seconds

T = TypeVar("T")

WAITS = frozenset({"getmany", "drained"})
"""Operations that wait for something to happen: their time says nothing."""
OPENS = frozenset({"subscribe"})
"""Operations that give what is to be measured too."""
LOCAL = frozenset({"subscribe", "rewind", "lost", "lag", "close"})
"""Operations that can end well while nobody answers: they do not end an outage."""


class Measuring:
    """Times a block, and notes how it ends: `Unavailable` is an outage of its part.

    Args:
        part: As it is called in the metrics and in `/health`.
        operation: Of the part; None: its time is not taken.
        outages: Where it is noted.
        is_local: Its end without an error says nothing of whether the part answers.
    """

    __slots__ = ("_is_local", "_operation", "_outages", "_part", "_since")

    def __init__(
        self, part: str, operation: str | None, outages: Outages, *, is_local: bool = False
    ) -> None:
        self._part = part
        self._operation = operation
        self._outages = outages
        self._is_local = is_local
        self._since = 0.0

    def __enter__(self) -> None:
        self._since = time.perf_counter()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._operation is not None:
            seconds = time.perf_counter() - self._since
            operation_seconds(self._part, self._operation).observe(seconds)
        if error is None:
            if not self._is_local:
                self._outages.answered(self._part)
        elif isinstance(error, Unavailable):
            self._outages.failed(self._part, error)


def measured(
    adapter: T,
    part: str,
    outages: Outages,
    *,
    waits: Collection[str] = WAITS,
    opens: Collection[str] = OPENS,
) -> T:
    """The same adapter of a port; the caller sees no difference.

    Args:
        adapter: Its public methods are measured; all else of it is passed through.
        part: As it is called in the metrics and in `/health`.
        outages: Where `Unavailable` is noted, and that it answers again.
        waits: Methods whose time is not taken.
        opens: Methods whose results are measured in the same way.
    """

    def also(found: Any) -> Any:
        return measured(found, part, outages, waits=waits, opens=opens)

    each: dict[str, Callable[..., Any]] = {}
    for name, function in inspect.getmembers(type(adapter), inspect.isfunction):
        if not name.startswith("_"):
            wrapped = _async if inspect.iscoroutinefunction(function) else _sync
            timed = None if name in waits else name
            start = functools.partial(Measuring, part, timed, outages, is_local=name in LOCAL)
            each[name] = wrapped(getattr(adapter, name), start, also if name in opens else None)
    return cast(T, _Measured(adapter, each))


class _Measured:
    """Methods of its own in place of those of the adapter."""

    def __init__(self, adapter: Any, methods: dict[str, Callable[..., Any]]) -> None:
        self._adapter = adapter
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)


def _sync(
    method: Callable[..., Any],
    start: Callable[[], Measuring],
    also: Callable[[Any], Any] | None,
) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with start():
            found = method(*args, **kwargs)
        return found if also is None else also(found)

    return call


def _async(
    method: Callable[..., Any],
    start: Callable[[], Measuring],
    also: Callable[[Any], Any] | None,
) -> Callable[..., Any]:
    @functools.wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Any:
        with start():
            found = await method(*args, **kwargs)
        return found if also is None else also(found)

    return call
