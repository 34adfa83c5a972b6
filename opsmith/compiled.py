"""Numerical loops that run as machine code: compiled by numba at first use, kept on disk."""

import hashlib
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGES = ("opsmith.bus", "opsmith.storage", "opsmith_detectors")
"""Those with compiled code."""


def _cache() -> Path:
    """The folder of the machine code of these very sources.

    numba looks at a function's own file alone: without it, a function would go on with what
    another module's function was.
    """
    stamps = hashlib.sha256()
    for package in _PACKAGES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                if entry.name.endswith(".py"):
                    stat = entry.stat()
                    stamps.update(f"{entry.path} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "opsmith" / f"compiled-{stamps.hexdigest()[:16]}"


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(_cache())  # type: ignore[attr-defined]


def is_first_use() -> bool:
    """Whether the machine code has still to be made, which takes about a minute."""
    return not Path(numba.config.CACHE_DIR).exists()  # type: ignore[attr-defined]


def compiled(function: F) -> F:
    """The function as machine code, with numpy's arithmetic (1/0 is infinite).

    `NUMBA_DISABLE_JIT=1` runs the same lines as plain Python, some hundred times slower.
    """
    return _general(numba.njit(cache=True, error_model="numpy", nogil=True)(function))


def lean(function: F) -> F:
    """As `compiled`, for code that allocates nothing: arrays are passed without being counted.

    Each count is an atomic operation, and there are two for each array of each call: as much time
    as a short loop over eight channels. Whoever calls it should be lean too.
    """
    options: dict[str, Any] = {"_nrt": False}
    return _general(numba.njit(cache=True, error_model="numpy", nogil=True, **options)(function))


def _general(dispatcher: Any) -> Any:
    """Compile a function once for all whole numbers that are written out where it is called.

    numba would compile it for each of them anew, with all that it calls.
    """
    template = dispatcher.get_call_template
    plain = cast("Callable[[Any], Any]", getattr(types, "unliteral"))  # noqa: B009

    def of_types(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        named = {name: plain(each) for name, each in kws.items()}
        return template(tuple(plain(each) for each in args), named)

    dispatcher.get_call_template = of_types
    return dispatcher
