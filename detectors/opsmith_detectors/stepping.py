"""One reading after the other through all detectors and the alert logic, as machine code."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from opsmith.compiled import lean
from opsmith_detectors import (
    alert_track,
    asking,
    coupled,
    drift,
    event,
    learning,
    load_change,
    running,
    sensor_faults,
    univariate,
    univariate_events,
)
from opsmith_detectors.asking import AT_ONCE, CHANGES, CLEAR, CLEARS, COMPOSITE, SCORES, TYPES
from opsmith_detectors.machine import DRIVEN, RUNNING, SPOILT, STOPPED, Numbers, Records

_AT_ONCE = 2.0
"""Score of the learned detectors that raises without on-delay."""
_DRIFT_CLEAR = 0.7


HAS_LIMITS, HAS_RULES = 1, 2
"""Marks of `rated`."""


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
    """Whether any channel has a rated limit (1), and the device rules (2)."""
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
    """Shape (m, 7): score; statistic that it comes from; drifting channel; univariate kind, -1
    where it was not judged so; frozen level of the drifting channel, and the distance from it;
    place of the device's rule."""


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
    asking.tick(machine, time_us)
    asking.hush(said)
    book = pool.rated[r]
    if book & HAS_LIMITS != 0:
        asking.ask_limits(pool.traits, r, c, x, said)
    rule = -1
    if book & HAS_RULES != 0:
        first, last = pool.rule_from[r], pool.rule_to[r]
        rule = asking.ask_rules(pool.rules, pool.conditions, first, last, x, time_us, said)
    word = int(readings.words[row])
    asking.ask_word(word, said)
    if c == 1:
        _ask_alone(pool, scratch, r, time_us, word, readings.accepted)
        ruling = 0
    else:
        ruling = _ask_coupled(pool, scratch, r, c, time_us, word, readings.limit)
    standing = pool.tracks[r, COMPOSITE].standing
    scores[row], changed = asking.decide(
        pool.tracks, r, machine, pool.criticality[r], time_us, said
    )
    if changed > 0:
        for kind in range(TYPES):
            change = int(said[CHANGES, kind])
            if change != alert_track.NOTHING:
                _note(events, found, pool, scratch, row, r, c, kind, change, rule)
                found += 1
    if ruling > 0:
        _learn(pool, scratch, r, c, standing, ruling == 2)
    return found


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
    kind = asking.SENSOR if int(alone[3]) == univariate_events.STUCK else COMPOSITE
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
        said[SCORES, asking.DRIFTS], said[AT_ONCE, asking.DRIFTS] = score, 1.0
        said[CLEARS, asking.DRIFTS] = 1.0 if score < _DRIFT_CLEAR else 0.0


@lean
def _ask_coupled(
    pool: Pool,
    scratch: Scratch,
    r: int,
    c: int,
    time_us: int,
    word: int,
    limit: float,
) -> int:
    """What sensors, state and the learned normal say; 0: nothing to learn, 1: learn, 2: blank."""
    machine, channels, said = pool.machines[r], pool.channels, scratch.said
    x, work, out, verdict = scratch.x, scratch.work, scratch.out, scratch.verdict
    state = running.infer(machine, channels, pool.traits, r, c, x, word)
    moving = state == RUNNING
    doubt = sensor_faults.judge(pool.sensors, r, c, x, scratch.quality, moving, verdict)
    sensor_faults.learn(pool.sensors, r, c, x, moving, verdict)
    if doubt:
        for j in range(c):
            if verdict[j] > sensor_faults.SUSPECT:
                asking.heed_sensor(pool.traits[r, j], said)
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
        limit,
        work,
        out,
    )
    event.age(channels, r, c, work)
    stands = pool.tracks[r, COMPOSITE].standing != 0
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
    said[SCORES, COMPOSITE] = score
    said[CLEARS, COMPOSITE] = 1.0 if score < CLEAR else 0.0
    # One reading that was not foreseen may be the first of a change of load.
    lasts = out[coupled.WORST] != 2 * c + 1
    said[AT_ONCE, COMPOSITE] = 1.0 if score >= _AT_ONCE and lasts else 0.0
    if not stands:
        return
    goes_on = event.go_on(pool.machines[r], pool.channels, pool.traits, r, c, work, out)
    if goes_on >= 0:
        said[CLEARS, COMPOSITE] = 1.0 - goes_on
    if goes_on == 1:
        said[SCORES, COMPOSITE] = max(score, 1.0)


@lean
def _learn(pool: Pool, scratch: Scratch, r: int, c: int, stood: int, blank: bool) -> None:
    """Begin or end the event by what became of the alert, then learn the reading."""
    machine, work, out = pool.machines[r], scratch.work, scratch.out
    stands = pool.tracks[r, COMPOSITE].standing
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
    change = asking.be_silent(pool.tracks, r, machine, pool.criticality[r], due_us, late)
    if change == alert_track.NOTHING:
        return 0
    _note(events, 0, pool, scratch, -1, r, pool.channels.shape[1], asking.SILENT, change, -1)
    return 1
