"""Learned models on disk: numbered versions of arrays and JSON, one of them active, no code."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.errors import BadInput, Conflict, NotFound

Arrays = Mapping[str, npt.NDArray[Any]]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VERSION = re.compile(r"v(\d{4,})")


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a model."""

    name: str
    version: int
    is_active: bool
    about: dict[str, Any]
    """What it was learned from and how it did; plain JSON."""


class ModelStore:
    """The versions of the models of one kind, in a folder.

    A version is a folder of its own, written whole or not at all and never changed; which one is
    active is one small file. Arrays are read without pickle: a model cannot run code.

    Args:
        folder: Is made when the first model is kept.
        kind: Such as `rul`.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder / kind
        self._kind = kind

    def keep(self, name: str, arrays: Arrays, about: dict[str, Any]) -> Stored:
        """Keep a new version; the first of a name is active at once."""
        home = self._home(name)
        home.mkdir(parents=True, exist_ok=True)
        version = max(self._versions(home), default=0) + 1
        final = home / f"v{version:04}"
        making = home / f".{final.name}.{os.getpid()}"
        making.mkdir()
        with (making / "arrays.npz").open("wb") as file:
            np.savez_compressed(file, **dict[str, Any](arrays))
        text = json.dumps(about, ensure_ascii=False, allow_nan=False, indent=1)
        (making / "about.json").write_text(text, "utf-8")
        try:
            making.rename(final)
        except OSError as error:
            raise Conflict(
                f"{self._kind} model {name}: version {version} was kept twice"
            ) from error
        if version == 1:
            self._point(home, [1])
        return self._stored(home, version)

    def load(self, name: str) -> tuple[Stored, dict[str, npt.NDArray[Any]]]:
        """The active version of `NAME`, or that of `NAME@3`.

        Raises:
            NotFound: No such model.
            BadInput: What is there is no model.
        """
        bare, _, number = name.partition("@")
        home = self._home(bare)
        version = self._checked(home, number) if number else self._active(home)
        path = home / f"v{version:04}" / "arrays.npz"
        try:
            with np.load(path, allow_pickle=False) as kept:
                arrays = {key: kept[key] for key in kept.files}
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} is no model: {error}") from error
        return self._stored(home, version), arrays

    def list_all(self) -> list[Stored]:
        """All versions of all models, by name and number."""
        homes = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        return [
            self._stored(home, version)
            for home in homes
            if _NAME.fullmatch(home.name)
            for version in self._versions(home)
        ]

    def activate(self, name: str, version: int) -> Stored:
        """Use this version from now on."""
        home = self._home(name)
        self._checked(home, str(version))
        used = self._used(home)
        if not used or used[-1] != version:
            self._point(home, [*used, version])
        return self._stored(home, version)

    def roll_back(self, name: str) -> Stored:
        """Use again what was used before.

        Raises:
            Conflict: Nothing was used before.
        """
        home = self._home(name)
        self._active(home)
        *before, _ = self._used(home)
        if not before:
            raise Conflict(f"{self._kind} model {name}: no version was active before this one")
        self._point(home, before)
        return self._stored(home, before[-1])

    def _home(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name!r} is no model's name: letters, digits, - _ . and at most 64")
        return self._folder / name

    def _versions(self, home: Path) -> list[int]:
        if not home.is_dir():
            return []
        found = (_VERSION.fullmatch(each.name) for each in home.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def _checked(self, home: Path, version: str) -> int:
        there = self._versions(home)
        if not version.isdecimal() or int(version) not in there:
            known = ", ".join(map(str, there)) or "none"
            raise NotFound(f"{self._kind} model {home.name}: no version {version}; there: {known}")
        return int(version)

    def _used(self, home: Path) -> list[int]:
        """The versions that were active one after the other, the last one now."""
        try:
            return [int(each) for each in json.loads((home / "active.json").read_text("utf-8"))]
        except (OSError, ValueError, TypeError):
            return self._versions(home)[-1:]

    def _active(self, home: Path) -> int:
        used = [each for each in self._used(home) if each in self._versions(home)]
        if not used:
            names = ", ".join(sorted({each.name for each in self.list_all()})) or "none"
            raise NotFound(f"No {self._kind} model {home.name!r}; there: {names}")
        return used[-1]

    def _point(self, home: Path, used: list[int]) -> None:
        making = home / f".active.{os.getpid()}"
        making.write_text(json.dumps(used[-50:]), "utf-8")
        making.replace(home / "active.json")

    def _stored(self, home: Path, version: int) -> Stored:
        path = home / f"v{version:04}" / "about.json"
        try:
            about = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} cannot be read: {error}") from error
        return Stored(home.name, version, self._active(home) == version, about)
