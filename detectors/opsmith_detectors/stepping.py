"""One reading after the other through all detectors and the alert logic, as machine code."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from opsmith.compiled import lean
from opsmith_detectors import (
    alert_track,
    coupled,
    drift,
    event,
    learning,
    load_change,
    rules,
    running,
    sensor_faults,
    univariate,
    univariate_events,
)
from opsmith_detectors.alert_levels import ALERT_TYPES
from opsmith_detectors.machine import DRIVEN, RUNNING, SPOILT, STOPPED, Numbers, Records

_COMPOSITE = ALERT_TYPES.index("composite")
_SENSOR = ALERT_TYPES.index("sensor_fault")
_REPORTED = ALERT_TYPES.index("device_reported")
_SILENT = ALERT_TYPES.index("no_data")
_DRIFT = ALERT_TYPES.index("drift")
_RULE = ALERT_TYPES.index("composite_rule")
TYPES = len(ALERT_TYPES)

DEADBAND = 0.05
"""Part of the span that a channel has to come back before its rated limit's alert can clear."""
FAR = 0.10
"""Part of the span beyond a rated limit that raises at once, without on-delay."""
_CLEAR = 0.8
"""Score below which the learned detectors are content (deadband below 1)."""
_AT_ONCE = 2.0
"""Score of the learned detectors that raises without on-delay."""
_DRIFT_CLEAR = 0.7
_PAUSES = 5.0
"""Usual intervals that a gap counts for at most in the usual interval."""

SCORES, CLEARS, AT_ONCE, BEYOND, FLAGS = range(5)
"""Rows of what one reading says of each type of alert, shape (5, T)."""


class Pool(NamedTuple):
    """The state of N devices with the same c channels; a device is a row of each array."""

    machines: Records
    channels: Records
    matrices: Numbers
    inverses: Numbers
    sensors: Records
    drifts: Records
    drift_days: Records
    tracks: Records
    univariate: Records
    """Of devices with one channel; else empty."""
    traits: Records
    """Registered, not learnt; so with the next."""
    criticality: npt.NDArray[np.uint8]
    rated: npt.NDArray[np.uint8]
    """Whether any channel has a rated limit."""
    rules: Records
    """Of all devices, one device's behind another's; so with the next."""
    conditions: Records
    rule_from: npt.NDArray[np.int64]
    rule_to: npt.NDArray[np.int64]


class Scratch(NamedTuple):
    """What one reading needs while it is judged; see `coupled` for `work` and `out`."""

    x: Numbers
    quality: npt.NDArray[np.uint8]
    verdict: npt.NDArray[np.uint8]
    driven: npt.NDArray[np.uint8]
    work: Numbers
    out: Numbers
    square: Numbers
    alone: Numbers
    said: Numbers


class Events(NamedTuple):
    """What changed, and what the channels said then; one row an event."""

    row: npt.NDArray[np.int64]
    """Of the reading in its frame."""
    kind: npt.NDArray[np.int64]
    change: npt.NDArray[np.int64]
    tracks: Records
    x: Numbers
    """Shape (m, c), in the channels' units; so `expected`."""
    expected: Numbers
    fast: Numbers
    """Shape (m, c), in standard deviations; so `slow` and `residual`."""
    slow: Numbers
    residual: Numbers
    held: npt.NDArray[np.uint8]
    verdict: npt.NDArray[np.uint8]
    outcome: Numbers
    """Shape (m, 7): score; statistic that it comes from; drifting channel; univariate kind; frozen
    level of the drifting channel, and the distance from it; place of the device's rule."""


class Readings(NamedTuple):
    """Readings of one pool's devices, in their order; n of them."""

    row: npt.NDArray[np.int64]
    """In the frame."""
    device: npt.NDArray[np.int64]
    """Row in the pool."""
    times: npt.NDArray[np.int64]
    """Microseconds since 1970; of the whole frame, so as the next three."""
    values: Numbers
    quality: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint8]
    columns: npt.NDArray[np.int64]
    """Shape (c,): column of each channel in `values`; -1 where the frame has none."""
    limit: float
    accepted: float
    together: bool


@lean
def step(
    pool: Pool,
    scratch: Scratch,
    events: Events,
    readings: Readings,
    begin: int,
    scores: Numbers,
    stands: npt.NDArray[np.uint8],
) -> tuple[int, int]:
    """Judge and learn readings, from the one numbered `begin` on, while there is room for events.

    Args:
        pool: Changed.
        scratch: Overwritten.
        events: Written from the first row on.
        readings: What came.
        begin: Number of the first reading to take.
        scores: Of the whole frame, written; NaN for a reading not later than the last one.
        stands: The same; 1 where an alert of the device stands.

    Returns:
        The number of the next reading to take, and the number of events.
    """
    found = 0
    room = len(events.row) - TYPES
    n = len(readings.row)
    for i in range(begin, n):
        if found > room:
            return i, found
        row, r = readings.row[i], readings.device[i]
        machine: Any = pool.machines[r]
        if readings.times[row] <= machine.last:
            scores[row] = np.nan
            stands[row] = alert_track.stands(pool.tracks, r)
            continue
        found = _one(pool, scratch, events, readings, row, r, found, scores)
        stands[row] = alert_track.stands(pool.tracks, r) if machine.active != 0 else 0
    return n, found


@lean
def _one(
    pool: Pool,
    scratch: Scratch,
    events: Events,
    readings: Readings,
    row: int,
    r: int,
    found: int,
    scores: Numbers,
) -> int:
    machine = pool.machines[r]
    c = pool.channels.shape[1]
    time_us = readings.times[row]
    x, said = scratch.x, scratch.said
    for j in range(c):
        column = readings.columns[j]
        x[j] = readings.values[row, column] if column >= 0 else np.nan
        scratch.quality[j] = readings.quality[row, column] if column >= 0 else 3
    _tick(machine, time_us)
    _hush(said)
    if pool.rated[r] != 0:
        _ask_limits(pool.traits, r, c, x, said)
    rule = _ask_rules(pool, r, x, time_us, said) if pool.rule_to[r] > pool.rule_from[r] else -1
    if readings.words[row] == running.SAYS_FAULT:
        said[SCORES, _REPORTED], said[CLEARS, _REPORTED] = 1.0, 0.0
    word = int(readings.words[row])
    if c == 1:
        _ask_alone(pool, scratch, r, time_us, word, readings.accepted)
        ruling = 0
    else:
        ruling = _ask_coupled(pool, scratch, r, c, time_us, word, readings)
    score = 0.0
    standing = pool.tracks[r, _COMPOSITE].standing
    for kind in range(TYPES):
        score = max(score, said[SCORES, kind])
        bit = 1 << kind
        if said[SCORES, kind] < 0.5 and machine.active & bit == 0:
            continue
        change = alert_track.advance(
            pool.tracks,
            r,
            kind,
            time_us,
            int(machine.interval),
            said[SCORES, kind],
            said[CLEARS, kind] != 0,
            said[AT_ONCE, kind] != 0,
            said[BEYOND, kind],
            int(said[FLAGS, kind]),
            pool.criticality[r],
        )
        track = pool.tracks[r, kind]
        if track.standing or track.hits or track.flapping or track.onset:
            machine.active |= bit
        else:
            machine.active &= ~bit
        if change != alert_track.NOTHING:
            _note(events, found, pool, scratch, row, r, c, kind, change, rule)
            found += 1
    scores[row] = score
    if ruling > 0:
        _learn(pool, scratch, r, c, standing, ruling == 2, readings.together)
    return found


@lean
def _hush(said: Numbers) -> None:
    for kind in range(TYPES):
        said[SCORES, kind], said[CLEARS, kind], said[AT_ONCE, kind] = 0.0, 1.0, 0.0
        said[BEYOND, kind], said[FLAGS, kind] = 0.0, 0.0


@lean
def _tick(machine: Any, time_us: int) -> None:
    """Follow the device's usual interval; pauses are none."""
    if machine.last != 0:
        passed = float(time_us - machine.last)
        if machine.seen >= 10:
            passed = min(passed, _PAUSES * machine.interval)
        machine.interval += max(1 / max(machine.seen, 1), 0.02) * (passed - machine.interval)
    machine.last = time_us


@lean
def _ask_limits(traits: Records, r: int, c: int, x: Numbers, said: Numbers) -> None:
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
def _ask_rules(pool: Pool, r: int, x: Numbers, time_us: int, said: Numbers) -> int:
    """What the operator's rules say; the place among the device's of the one that does, or -1."""
    first = pool.rule_from[r]
    found, which = rules.judge(pool.rules, pool.conditions, first, pool.rule_to[r], x, time_us)
    if found == rules.CLEAR:
        return -1
    said[CLEARS, _RULE] = 0.0
    if found == rules.MET:
        said[SCORES, _RULE] = said[AT_ONCE, _RULE] = 1.0
    said[FLAGS, _RULE] = pool.rules[which].level
    return which - first


@lean
def _ask_alone(
    pool: Pool, scratch: Scratch, r: int, time_us: int, word: int, accepted: float
) -> None:
    """What the univariate detector says of a device with one channel."""
    alone, said, machine = scratch.alone, scratch.said, pool.machines[r]
    machine.seen += 1
    machine.state = STOPPED if word == running.SAYS_STOPPED else RUNNING
    value = scratch.x[0] if machine.state == RUNNING else np.nan
    univariate.step(pool.univariate, r, time_us, value, accepted, alone)
    kind = _SENSOR if int(alone[3]) == univariate_events.STUCK else _COMPOSITE
    said[SCORES, kind] = alone[0]
    if alone[4] != 0:
        said[CLEARS, kind], said[AT_ONCE, kind] = 0.0, 1.0
        said[SCORES, kind] = max(alone[0], 1.0)
    _ask_drift(pool, scratch, r, 1, time_us, machine.state == RUNNING)


@lean
def _ask_drift(pool: Pool, scratch: Scratch, r: int, c: int, time_us: int, usable: bool) -> None:
    said = scratch.said
    for j in range(c):
        scratch.driven[j] = 1 if pool.traits[r, j].nature & DRIVEN != 0 else 0
    score = drift.step(
        pool.drifts, pool.drift_days, r, c, time_us, scratch.x, usable, scratch.driven
    )
    if score > 0:
        said[SCORES, _DRIFT], said[AT_ONCE, _DRIFT] = score, 1.0
        said[CLEARS, _DRIFT] = 1.0 if score < _DRIFT_CLEAR else 0.0


@lean
def _ask_coupled(
    pool: Pool,
    scratch: Scratch,
    r: int,
    c: int,
    time_us: int,
    word: int,
    readings: Readings,
) -> int:
    """What sensors, state and the learned normal say; 0: nothing to learn, 1: learn, 2: blank."""
    machine, channels, said = pool.machines[r], pool.channels, scratch.said
    x, work, out, verdict = scratch.x, scratch.work, scratch.out, scratch.verdict
    state = running.infer(machine, channels, pool.traits, r, c, x, word)
    moving = state == RUNNING
    doubt = sensor_faults.judge(pool.sensors, r, c, x, scratch.quality, moving, verdict)
    sensor_faults.learn(pool.sensors, r, c, x, moving, verdict)
    if doubt:
        _heed_sensors(pool.traits, r, c, verdict, said)
    if state == STOPPED:
        _stand_still(machine, channels, r, c, time_us)
        _ask_drift(pool, scratch, r, c, time_us, moving)
        return 0
    coupled.take(machine, channels, r, c, x, verdict, work)
    event.settle(channels, r, c, work)
    load_change.warm_up(machine, pool.traits, r, c, time_us, work)
    coupled.score(
        machine,
        channels,
        pool.matrices,
        pool.inverses,
        r,
        c,
        readings.limit,
        readings.together,
        work,
        out,
    )
    event.age(channels, r, c, work)
    stands = pool.tracks[r, _COMPOSITE].standing != 0
    blank = load_change.excuse(machine, channels, pool.traits, r, c, time_us, stands, work, out)
    if not blank:
        _ask_event(pool, r, c, stands, work, out, said)
    if doubt:
        for j in range(c):
            if verdict[j] != sensor_faults.OK:
                x[j] = np.nan
    _ask_drift(pool, scratch, r, c, time_us, moving and machine.warm_from == 0 and not blank)
    return 2 if blank else 1


@lean
def _heed_sensors(
    traits: Records, r: int, c: int, verdict: npt.NDArray[np.uint8], said: Numbers
) -> None:
    for j in range(c):
        if verdict[j] > sensor_faults.SUSPECT:
            said[SCORES, _SENSOR], said[CLEARS, _SENSOR] = 1.0, 0.0
            trait: Any = traits[r, j]
            if trait.low == trait.low or trait.high == trait.high:
                said[FLAGS, _SENSOR] = 1.0


@lean
def _stand_still(machine: Any, channels: Records, r: int, c: int, time_us: int) -> None:
    """Nothing of this reading is of the running machine: keep what is known, start afresh."""
    machine.level_led = machine.waited = 0
    machine.spoilt = 1
    for j in range(c):
        channel: Any = channels[r, j]
        channel.marks |= SPOILT
        channel.wait = 0
    load_change.stop(machine, time_us)


@lean
def _ask_event(
    pool: Pool, r: int, c: int, stands: bool, work: Numbers, out: Numbers, said: Numbers
) -> None:
    """What the learned normal says, and whether an event that stands goes on."""
    score = out[coupled.SCORE]
    said[SCORES, _COMPOSITE] = score
    said[CLEARS, _COMPOSITE] = 1.0 if score < _CLEAR else 0.0
    # One reading that was not foreseen may be the first of a change of load.
    lasts = out[coupled.WORST] != 2 * c + 1
    said[AT_ONCE, _COMPOSITE] = 1.0 if score >= _AT_ONCE and lasts else 0.0
    if not stands:
        return
    goes_on = event.go_on(pool.machines[r], pool.channels, pool.traits, r, c, work, out)
    if goes_on >= 0:
        said[CLEARS, _COMPOSITE] = 1.0 - goes_on
    if goes_on == 1:
        said[SCORES, _COMPOSITE] = max(score, 1.0)


@lean
def _learn(
    pool: Pool, scratch: Scratch, r: int, c: int, stood: int, blank: bool, together: bool
) -> None:
    """Begin or end the event by what became of the alert, then learn the reading."""
    machine, work, out = pool.machines[r], scratch.work, scratch.out
    stands = pool.tracks[r, _COMPOSITE].standing
    if stands != 0 and stood == 0:
        event.begin(machine, pool.channels, r, c, work, out)
    elif stands == 0 and stood != 0:
        event.end(machine, pool.channels, r, c, work)
    learning.learn(
        machine,
        pool.channels,
        pool.matrices,
        pool.inverses,
        r,
        c,
        stands != 0,
        blank,
        together,
        work,
        out,
        scratch.square,
    )


@lean
def _note(
    events: Events,
    at: int,
    pool: Pool,
    scratch: Scratch,
    row: int,
    r: int,
    c: int,
    kind: int,
    change: int,
    rule: int,
) -> None:
    """Write down what changed, and what the channels said."""
    work, out = scratch.work, scratch.out
    events.row[at], events.kind[at], events.change[at] = row, kind, change
    events.tracks[at, kind] = pool.tracks[r, kind]
    for j in range(c):
        channel = pool.channels[r, j]
        events.x[at, j] = scratch.x[j]
        events.expected[at, j] = channel.origin + channel.mean
        events.fast[at, j] = work[coupled.OFF_FAST, j]
        events.slow[at, j] = work[coupled.OFF_SLOW, j]
        events.residual[at, j] = work[coupled.SURPRISE, j]
        events.held[at, j] = channel.marks & 1
        events.verdict[at, j] = scratch.verdict[j]
    if c == 1:
        events.expected[at, 0] = scratch.alone[1]
        events.fast[at, 0] = events.slow[at, 0] = scratch.alone[2]
    events.outcome[at, 0], events.outcome[at, 1] = out[coupled.SCORE], out[coupled.WORST]
    creeping = pool.drift_days[r].channel
    drifting = pool.drifts[r, creeping]
    events.outcome[at, 2], events.outcome[at, 3] = creeping, scratch.alone[3]
    events.outcome[at, 4] = drifting.origin + drifting.level
    events.outcome[at, 5], events.outcome[at, 6] = drifting.means[0], rule


@lean
def fall_silent(
    pool: Pool, r: int, due_us: int, late: float, events: Events, scratch: Scratch
) -> int:
    """Take into account that nothing came until `due_us`; the number of events, 0 or 1."""
    machine = pool.machines[r]
    change = alert_track.advance(
        pool.tracks, r, _SILENT, due_us, int(machine.interval), late, False, True, 0.0, 0,
        pool.criticality[r],
    )  # fmt: skip
    machine.active |= 1 << _SILENT
    if change == alert_track.NOTHING:
        return 0
    _note(events, 0, pool, scratch, -1, r, pool.channels.shape[1], _SILENT, change, -1)
    return 1
