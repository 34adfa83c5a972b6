"""What one reading says of each type of alert, and what becomes of the alerts: of either path."""

from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.compiled import lean
from opsmith_detectors import alert_track, rules, running
from opsmith_detectors.alert_levels import ALERT_TYPES
from opsmith_detectors.machine import Numbers, Records

TYPES = len(ALERT_TYPES)
COMPOSITE = ALERT_TYPES.index("composite")
SENSOR = ALERT_TYPES.index("sensor_fault")
SILENT = ALERT_TYPES.index("no_data")
DRIFTS = ALERT_TYPES.index("drift")
_REPORTED = ALERT_TYPES.index("device_reported")
_RULE = ALERT_TYPES.index("composite_rule")

DEADBAND = 0.05
"""Part of the span that a channel has to come back before its rated limit's alert can clear."""
FAR = 0.10
"""Part of the span beyond a rated limit that raises at once, without on-delay."""
CLEAR = 0.8
"""Score below which the learned detectors are content (deadband below 1)."""
_PAUSES = 5.0
"""Usual intervals that a gap counts for at most in the usual interval."""

SCORES, CLEARS, AT_ONCE, BEYOND, FLAGS, CHANGES = range(6)
"""Rows of what one reading says of each type of alert, shape (6, T), and of what it changes."""


@lean
def hush(said: Numbers) -> None:
    """Say nothing of any type."""
    for kind in range(TYPES):
        said[SCORES, kind], said[CLEARS, kind], said[AT_ONCE, kind] = 0.0, 1.0, 0.0
        said[BEYOND, kind], said[FLAGS, kind] = 0.0, 0.0


@lean
def tick(machine: Any, time_us: int) -> None:
    """Follow the device's usual interval; pauses are none."""
    if machine.last != 0:
        passed = float(time_us - machine.last)
        if machine.seen >= 10:
            passed = min(passed, _PAUSES * machine.interval)
        machine.interval += max(1 / max(machine.seen, 1), 0.02) * (passed - machine.interval)
    machine.last = time_us


@lean
def ask_limits(traits: Records, r: int, c: int, x: Numbers, said: Numbers) -> None:
    """What the rated limits say: raise beyond the limit, clear only inside a deadband.

    A channel that did not arrive neither raises nor clears.
    """
    for j in range(c):
        trait = traits[r, j]
        if trait.high == trait.high:
            _ask_limit((x[j] - trait.high) / trait.span, trait.high_kind, said)
        if trait.low == trait.low:
            _ask_limit((trait.low - x[j]) / trait.span, trait.low_kind, said)


@lean
def _ask_limit(beyond: float, kind: int, said: Numbers) -> None:
    # Written so that NaN, which is not inside, holds.
    if beyond <= -DEADBAND:
        return
    said[CLEARS, kind] = 0.0
    if beyond > 0 and beyond > said[BEYOND, kind]:
        said[BEYOND, kind] = beyond
        said[SCORES, kind] = 1 + beyond
        said[AT_ONCE, kind] = 1.0 if beyond >= FAR else 0.0


@lean
def ask_rules(
    book: Records,
    conditions: Records,
    first: int,
    last: int,
    x: Numbers,
    time_us: int,
    said: Numbers,
) -> int:
    """What the operator's rules say; the place among the device's of the one that does, or -1."""
    found, which = rules.judge(book, conditions, first, last, x, time_us)
    if found == rules.CLEAR:
        return -1
    said[CLEARS, _RULE] = 0.0
    if found == rules.MET:
        said[SCORES, _RULE] = said[AT_ONCE, _RULE] = 1.0
    said[FLAGS, _RULE] = book[which].level
    return which - first


@lean
def ask_word(word: int, said: Numbers) -> None:
    """What the device says itself; `word` as of `running.said`."""
    if word == running.SAYS_FAULT:
        said[SCORES, _REPORTED], said[CLEARS, _REPORTED] = 1.0, 0.0


@lean
def heed_sensor(trait: Any, said: Numbers) -> None:
    """A sensor is at fault; it counts for more where a rated limit depends on it."""
    said[SCORES, SENSOR], said[CLEARS, SENSOR] = 1.0, 0.0
    if trait.low == trait.low or trait.high == trait.high:
        said[FLAGS, SENSOR] = 1.0


@lean
def decide(
    tracks: Records, r: int, machine: Any, criticality: int, time_us: int, said: Numbers
) -> tuple[float, int]:
    """Take what was said into account.

    Args:
        tracks: Shape (N, T), of `TRACK`.
        r: The device's row.
        machine: The device: its `interval`, and `active`, one bit for each type not at rest.
        criticality: Of the device, 1 to 3.
        time_us: Of the reading, microseconds since 1970, UTC.
        said: Shape (6, T); `CHANGES` is written where a type changed, valid in this reading.

    Returns:
        The greatest score, and how many types changed: those whose `CHANGES` are not 0.
    """
    score = 0.0
    changed = 0
    for kind in range(TYPES):
        said[CHANGES, kind] = 0.0
        score = max(score, said[SCORES, kind])
        bit = 1 << kind
        if said[SCORES, kind] < 0.5 and machine.active & bit == 0:
            continue
        change = alert_track.advance(
            tracks,
            r,
            kind,
            time_us,
            int(machine.interval),
            said[SCORES, kind],
            said[CLEARS, kind] != 0,
            said[AT_ONCE, kind] != 0,
            said[BEYOND, kind],
            int(said[FLAGS, kind]),
            criticality,
        )
        track = tracks[r, kind]
        if track.standing or track.hits or track.flapping or track.onset:
            machine.active |= bit
        else:
            machine.active &= ~bit
        if change != alert_track.NOTHING:
            said[CHANGES, kind] = change
            changed += 1
    return score, changed


@lean
def be_silent(
    tracks: Records, r: int, machine: Any, criticality: int, due_us: int, late: float
) -> int:
    """Take into account that nothing came until `due_us`; what became of the alert."""
    machine.active |= 1 << SILENT
    return alert_track.advance(
        tracks, r, SILENT, due_us, int(machine.interval), late, False, True, 0.0, 0, criticality
    )


def at_rest() -> npt.NDArray[np.float64]:
    """Room for what one reading says."""
    return np.zeros((6, TYPES))
