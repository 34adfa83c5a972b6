"""Files of machines that ran to failure, as lives to learn from."""

import csv
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from opsmith.domain.readings import FloatArray
from opsmith.errors import BadInput
from opsmith_detectors.rul_training import Life

MACHINE = ("unit", "device_id", "device", "machine", "engine", "id")
ORDER = ("cycle", "timestamp", "time", "datetime", "date")
CONDITION = re.compile(r"(op|op_?setting|setting|condition)_?\d*", re.IGNORECASE)
SETTINGS = 3
"""Settings in a table without a header: machine, cycle, then these, then the sensors."""


@dataclass(frozen=True, slots=True)
class Histories:
    """What the files hold."""

    lives: list[Life]
    channels: tuple[str, ...]
    conditions: tuple[str, ...]
    files: list[dict[str, Any]]
    """Of each: name, sha256, bytes, machines, readings."""
    step_hours: float | None = None
    """Between two readings, the median; None: the files count cycles."""


def read_histories(
    paths: Sequence[Path], machine: str | None, conditions: Sequence[str] | None
) -> Histories:
    """Read run-to-failure files: each machine's readings in order, the last one at its failure.

    Args:
        paths: CSV with a header, or a table without one, its columns parted by spaces: machine,
            cycle, three settings (op1...), sensors (s1...).
        machine: Column that says which machine; default: unit, device_id, ...; without one a file
            is one machine.
        conditions: Channels that say how the machine is run; default: those named op..., setting...

    Raises:
        BadInput: A file cannot be read, or the files do not have the same columns.
    """
    tables = [_table(path) for path in paths]
    columns = tables[0][0]
    for path, (found, _) in zip(paths, tables, strict=True):
        if found != columns:
            raise BadInput(f"{path} has other columns than {paths[0]}")
    if machine is not None and machine not in columns:
        raise BadInput(f"No column {machine!r}; there: {', '.join(columns)}")
    key = machine or next((each for each in MACHINE if each in columns), None)
    order = next((each for each in ORDER if each in columns), None)
    rest = [each for each in columns if each not in (key, order)]
    wanted = (
        [each for each in rest if CONDITION.fullmatch(each)] if conditions is None else conditions
    )
    for each in wanted:
        if each not in rest:
            raise BadInput(f"No channel {each!r}; there: {', '.join(rest)}")
    channels = tuple(each for each in rest if each not in wanted)
    lives: list[Life] = []
    files: list[dict[str, Any]] = []
    for path, (_, rows) in zip(paths, tables, strict=True):
        names = rows[key] if key is not None else np.full(len(rows[rest[0]]), path.stem)
        found = list(dict.fromkeys(names.tolist()))
        for name in found:
            at = np.flatnonzero(names == name)
            if order is not None:
                at = at[np.argsort(rows[order][at], kind="stable")]
            lives.append(
                Life(
                    machine=f"{path.name}:{name}",
                    values=_numbers(rows, channels, at, path),
                    conditions=_numbers(rows, tuple(wanted), at, path),
                )
            )
        data = path.read_bytes()
        files.append(
            {
                "name": path.name,
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
                "machines": len(found),
                "readings": len(names),
            }
        )
    return Histories(lives, channels, tuple(wanted), files, _step_hours(tables, order))


def _step_hours(tables: "list[tuple[list[str], Columns]]", order: str | None) -> float | None:
    if order is None or order == "cycle":
        return None
    steps: list[float] = []
    for _, rows in tables:
        try:
            times = [datetime.fromisoformat(str(each)).timestamp() for each in rows[order]]
        except ValueError:
            return None
        gaps: FloatArray = np.diff(np.array(times)) / 3600
        steps += gaps[gaps > 0].tolist()
    return float(np.median(steps)) if steps else None


Columns = dict[str, np.ndarray[Any, np.dtype[Any]]]


def _table(path: Path) -> tuple[list[str], Columns]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    first = text.split("\n", 1)[0]
    if not first.strip():
        raise BadInput(f"{path} is empty")
    parted = next((each for each in (";", "\t", ",") if each in first.strip()), None)
    if parted is None:
        rows = [line.split() for line in text.splitlines() if line.strip()]
        sensors = len(rows[0]) - 2 - SETTINGS
        if sensors < 1:
            raise BadInput(
                f"{path}: a table without commas needs machine, cycle, 3 settings, sensors"
            )
        settings = [f"op{i + 1}" for i in range(SETTINGS)]
        header = ["unit", "cycle", *settings, *(f"s{i + 1}" for i in range(sensors))]
    else:
        header, *rows = (row for row in csv.reader(text.splitlines(), delimiter=parted) if row)
        header = [each.strip() for each in header]
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise BadInput(f"{path}: row {number} has {len(row)} columns, not {len(header)}")
    if not rows:
        raise BadInput(f"{path} has no readings")
    columns = {
        name: np.array(each) for name, each in zip(header, zip(*rows, strict=True), strict=True)
    }
    for name in ("cycle",):
        if name in columns:
            columns[name] = _floats(columns[name], name, path)
    return header, columns


def _numbers(rows: Columns, names: tuple[str, ...], at: Any, path: Path) -> FloatArray:
    if not names:
        return np.zeros((len(at), 0))
    return np.stack([_floats(rows[name][at], name, path) for name in names], axis=1)


def _floats(texts: np.ndarray[Any, np.dtype[Any]], name: str, path: Path) -> FloatArray:
    try:
        return np.where(texts == "", "nan", texts).astype(np.float64)
    except ValueError as error:
        raise BadInput(f"{path}: column {name!r} is not all numbers: {error}") from error
