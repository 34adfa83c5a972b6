"""Numerical loops that run as machine code: compiled by numba at first use, kept on disk."""

import hashlib
import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGES = ("opsmith.bus", "opsmith.storage", "opsmith_detectors")
"""Those with compiled code."""


_IMPORT = re.compile(r"^\s*(?:from|import) (opsmith[\w.]*)(?: import (\([\w,\s]+|[\w, ]+))?", re.M)


def _cache() -> Path:
    """The folder of the machine code of these very sources.

    numba looks at a function's own file alone: without it, a function would go on with what
    another module's function or constant was.
    """
    stamps = hashlib.sha256()
    for path in sorted(_sources()):
        stamps.update(str(path).encode() + path.read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "opsmith" / f"compiled-{stamps.hexdigest()[:16]}"


def _sources() -> set[Path]:
    """The modules with compiled code, and those of ours that they import, and so on."""
    roots = {name: _root(name) for name in ("opsmith", "opsmith_detectors")}
    left = [
        path
        for package in _PACKAGES
        for path in _folder(roots, package).glob("*.py")
        if "opsmith.compiled import" in path.read_text("utf-8")
    ]
    found = set[Path]()
    while left:
        path = left.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        for module, names in _IMPORT.findall(path.read_text("utf-8")):
            if module.split(".")[0] in roots:
                folder = _folder(roots, module)
                left.append(folder.with_suffix(".py"))
                left += [folder / f"{name}.py" for name in re.findall(r"\w+", names)]
    return found


def _root(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations, package
    return Path(next(iter(spec.submodule_search_locations)))


def _folder(roots: dict[str, Path], module: str) -> Path:
    first, *rest = module.split(".")
    return roots[first].joinpath(*rest)


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
