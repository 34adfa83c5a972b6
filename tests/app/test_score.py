"""The scoring protocol: one reading a line in, one verdict a line out."""

import io
import json
from typing import Any

import numpy as np
import pytest

from opsmith.app.score import score
from opsmith.errors import BadInput


def readings(device_id: str, n: int, seed: int, fault: int | None = None) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = rng.normal([15.0, 120.0], [0.1, 0.8], (n, 2))
    if fault is not None:
        rows[fault:, 1] -= 10.0
    return [
        {
            "device_id": device_id,
            "timestamp": f"2026-01-01 00:{i // 60:02}:{i % 60:02}",
            "warmup": i < 400,
            "status": "running",
            "current": x,
            "flow": y,
            "type": "M",
        }
        for i, (x, y) in enumerate(rows.tolist())
    ]


def verdicts(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    out = io.StringIO()
    score((json.dumps(reading).encode() for reading in given), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_reading_gets_one_verdict_and_a_fault_stands() -> None:
    found = verdicts(readings("a", 700, 1, fault=600))
    assert len(found) == 700
    assert {"score", "is_anomaly", "category"} <= set(found[0])
    assert not any(verdict["is_anomaly"] for verdict in found[:600])
    assert all(verdict["is_anomaly"] for verdict in found[650:])


def test_the_verdict_comes_before_the_next_reading_is_read() -> None:
    out = io.StringIO()
    seen: list[int] = []

    def lines() -> Any:
        for reading in readings("a", 5, 1):
            seen.append(out.getvalue().count("\n"))
            yield json.dumps(reading)

    score(lines(), out)
    assert seen == [0, 1, 2, 3, 4]


def test_interleaved_devices_do_not_change_each_other() -> None:
    a, b = readings("a", 300, 1, fault=250), readings("b", 300, 2)
    mixed = verdicts([reading for pair in zip(a, b, strict=True) for reading in pair])
    assert mixed[::2] == verdicts(a)
    assert mixed[1::2] == verdicts(b)


def test_limits_in_a_reading_are_rated_limits() -> None:
    given = readings("a", 5, 1)
    for reading in given:
        reading["limits"] = {"current": 10.0, "flow": {"low": 50.0}}
    assert all(verdict["is_anomaly"] for verdict in verdicts(given))


def test_a_line_that_is_no_reading_is_named() -> None:
    with pytest.raises(BadInput, match="Line 2"):
        score(
            ['{"device_id": "a", "timestamp": "2026-01-01 00:00:00", "x": 1}', "[1]"], io.StringIO()
        )
