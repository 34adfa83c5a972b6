"""The light path: each channel by itself, in a few nanoseconds, for more devices than cores.

A channel's newest level (half-life of 5 readings) is held against its own slow one, in standard
deviations of that very distance. These are taken from the channel's own past, so the limit is right
for readings that depend on each other, too; for the number of channels it is corrected. A reading
that deviates is not learnt, and a single one never alerts. What takes longer, sensors, stops and
changes of load, is asked only where something deviates.

Sources: level and variance, exponentially weighted: Roberts (1959), Technometrics 1(3), 239-250;
Finch (2009), Incremental calculation of weighted mean and variance. Clipping: Huber (1964).
"""

from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.compiled import lean
from opsmith_detectors import alert_track, asking, light_states
from opsmith_detectors.asking import CHANGES, CLEAR, CLEARS, COMPOSITE, SCORES, TYPES
from opsmith_detectors.coupled import FAST_GAIN
from opsmith_detectors.light_channel import (
    CALM,
    GAINS,
    LEAST_RUN,
    LONGER,
    LOST_MANY,
    LOST_USUAL,
    ZEROS,
    deviate,
    learn_little,
    meet,
    miss,
    turn,
)
from opsmith_detectors.light_record import ENOUGH, KNOWN, LightPool, LightScratch
from opsmith_detectors.machine import RUNNING, Numbers
from opsmith_detectors.running import SAYS_NOTHING, SAYS_STARTING, SAYS_STOPPED
from opsmith_detectors.sensor_record import DROPOUT, IMPLAUSIBLE, OK, STUCK
from opsmith_detectors.stepping import HAS_LIMITS, HAS_RULES, Events, Readings

_UNCERTAIN = 1


@lean
def step(
    pool: LightPool,
    scratch: LightScratch,
    events: Events,
    readings: Readings,
    begin: int,
    scores: Numbers,
    stands: npt.NDArray[np.uint8],
) -> tuple[int, int]:
    """Judge and learn readings; see `stepping.step`."""
    found = 0
    room = len(events.row) - TYPES
    n = len(readings.row)
    far = readings.limit * readings.limit
    for i in range(begin, n):
        if found > room:
            return i, found
        row, r = readings.row[i], readings.device[i]
        machine: Any = pool.machines[r]
        if readings.times[row] <= machine.last:
            scores[row] = np.nan
            stands[row] = alert_track.stands(pool.tracks, r)
            continue
        time_us: Any = readings.times[row]
        asking.tick(machine, time_us)
        machine.seen += 1
        word = readings.words[row]
        watched = machine.state == RUNNING and word != SAYS_STOPPED and word != SAYS_STARTING
        if watched:
            worst, notable = _watch(pool, scratch, readings, row, r, far)
            if not notable and machine.active == 0 and word == SAYS_NOTHING:
                scores[row] = sqrt(worst)
                continue
        found = _look_closer(pool, scratch, events, readings, row, r, watched, found, scores)
        stands[row] = alert_track.stands(pool.tracks, r) if machine.active != 0 else 0
    return n, found


@lean
def _watch(
    pool: LightPool, scratch: LightScratch, readings: Readings, row: int, r: int, far: float
) -> tuple[float, bool]:
    """Score each channel, and learn those that are calm; whether there is more to ask."""
    c = pool.channels.shape[1]
    worst = 0.0
    book = pool.rated[r]
    notable: Any = book & HAS_RULES != 0
    for j in range(c):
        column = readings.columns[j]
        x = readings.values[row, column] if column >= 0 else np.nan
        scratch.x[j], scratch.ratio[j] = x, -1.0
        channel: Any = pool.channels[r, j]
        if x != x:
            notable |= miss(channel)
            continue
        if book & HAS_LIMITS != 0:
            notable |= x < pool.edges[r, j, 0] or x > pool.edges[r, j, 1]
        heard = np.int64(channel.heard)
        if heard == 0:
            meet(channel, x)
        value = x - channel.origin
        # As it is kept, or an equal value would seem to differ.
        kept = np.float32(value)
        change = abs(kept - channel.last)
        channel.last = kept
        if change == 0:
            channel.run = min(np.int64(channel.run) + 1, 0xFFFF)
            notable |= channel.run >= LEAST_RUN
        else:
            notable |= turn(channel, change)
        variance, mean, fast = channel.variance, channel.mean, channel.fast
        away = fast + GAINS[heard, 0] * (value - fast) - mean
        square = away * away
        ratio = square * GAINS[heard, 3] / (far * variance)
        if ratio >= CALM:
            scratch.ratio[j] = deviate(channel, x, away, variance * far / GAINS[heard, 3])
            worst = max(worst, scratch.ratio[j])
            notable = True
            continue
        worst = max(worst, ratio)
        scratch.ratio[j] = ratio
        level = 1e-4 * (channel.origin + mean)
        least = FAST_GAIN * (level * level + 0.25 * channel.step * channel.step) + 1e-12
        channel.variance = max(variance + GAINS[heard, 2] * (square - variance), least)
        channel.mean = mean + GAINS[heard, 1] * (value - mean)
        channel.fast = away + mean
        channel.heard = min(heard + 1, KNOWN)
    return worst, notable


@lean
def _look_closer(
    pool: LightPool,
    scratch: LightScratch,
    events: Events,
    readings: Readings,
    row: int,
    r: int,
    watched: bool,
    found: int,
    scores: Numbers,
) -> int:
    """Ask everything of a reading; the number of events."""
    machine: Any = pool.machines[r]
    c = pool.channels.shape[1]
    x, said, time_us = scratch.x, scratch.said, readings.times[row]
    asking.hush(said)
    word = int(readings.words[row])
    if not watched:
        for j in range(c):
            column = readings.columns[j]
            x[j] = readings.values[row, column] if column >= 0 else np.nan
            scratch.ratio[j], scratch.verdict[j] = -1.0, OK
        light_states.rest(machine, pool.channels, pool.traits, r, c, time_us, x, word)
    else:
        standing = pool.tracks[r, COMPOSITE].standing != 0
        light_states.turn(machine, pool.channels, pool.traits, r, c, time_us, x, standing, scratch)
        if machine.state == RUNNING:
            _judge(pool, scratch, readings, row, r, c, said)
    book = pool.rated[r]
    if book & HAS_LIMITS != 0:
        asking.ask_limits(pool.traits, r, c, x, said)
    rule = -1
    if book & HAS_RULES != 0:
        first, last = pool.rule_from[r], pool.rule_to[r]
        rule = asking.ask_rules(pool.rules, pool.conditions, first, last, x, time_us, said)
    asking.ask_word(word, said)
    scores[row], changed = asking.decide(
        pool.tracks, r, machine, pool.criticality[r], time_us, said
    )
    if changed > 0:
        for kind in range(TYPES):
            change = int(said[CHANGES, kind])
            if change != alert_track.NOTHING:
                _note(events, found, pool, scratch, row, r, c, kind, change, rule)
                found += 1
    return found


@lean
def _judge(
    pool: LightPool,
    scratch: LightScratch,
    readings: Readings,
    row: int,
    r: int,
    c: int,
    said: Numbers,
) -> None:
    """What the channels and their sensors say; learn what is not calm."""
    repeating = 0
    for j in range(c):
        repeating += np.int64(pool.channels[r, j].run >= LEAST_RUN)
    worst = 0.0
    for j in range(c):
        channel: Any = pool.channels[r, j]
        verdict = OK
        if repeating == 1 and channel.changes == ENOUGH:
            longest = LONGER * np.int64(channel.longest)
            if channel.run >= max(LEAST_RUN, longest):
                verdict = STUCK
        ratio = scratch.ratio[j]
        silent = channel.lost >= LOST_MANY and channel.usual_lost < LOST_USUAL
        if channel.zeros >= ZEROS or silent:
            verdict = DROPOUT
        elif ratio >= 1 and readings.quality[row, readings.columns[j]] == _UNCERTAIN:
            verdict = IMPLAUSIBLE
        scratch.verdict[j] = verdict
        if verdict != OK:
            asking.heed_sensor(pool.traits[r, j], said)
        else:
            worst = max(worst, ratio)
        if ratio >= CALM:
            learn_little(channel, ratio)
    said[SCORES, COMPOSITE] = sqrt(worst)
    said[CLEARS, COMPOSITE] = 1.0 if said[SCORES, COMPOSITE] < CLEAR else 0.0


@lean
def _note(
    events: Events,
    at: int,
    pool: LightPool,
    scratch: LightScratch,
    row: int,
    r: int,
    c: int,
    kind: int,
    change: int,
    rule: int,
) -> None:
    """Write down what changed, and what the channels said."""
    events.row[at], events.kind[at], events.change[at] = row, kind, change
    events.tracks[at, kind] = pool.tracks[r, kind]
    for j in range(c):
        channel: Any = pool.channels[r, j]
        events.x[at, j] = scratch.x[j]
        events.expected[at, j] = channel.origin + channel.mean
        away = (channel.fast - channel.mean) / sqrt(max(channel.variance, 1e-12))
        judged = scratch.ratio[j] >= 0 and scratch.verdict[j] == OK
        events.fast[at, j] = away if judged else 0.0
        events.slow[at, j] = events.residual[at, j] = 0.0
        events.held[at, j], events.verdict[at, j] = 0, scratch.verdict[j]
    outcome = events.outcome[at]
    outcome[0], outcome[1], outcome[2], outcome[3] = scratch.said[SCORES, kind], 0.0, 0.0, -1.0
    outcome[4] = outcome[5] = 0.0
    outcome[6] = rule


@lean
def fall_silent(
    pool: LightPool, r: int, due_us: int, late: float, events: Events, scratch: LightScratch
) -> int:
    """Take into account that nothing came until `due_us`; the number of events, 0 or 1."""
    machine: Any = pool.machines[r]
    change = asking.be_silent(pool.tracks, r, machine, pool.criticality[r], due_us, late)
    if change == alert_track.NOTHING:
        return 0
    c = pool.channels.shape[1]
    for j in range(c):
        scratch.x[j] = np.nan
    _note(events, 0, pool, scratch, -1, r, c, asking.SILENT, change, -1)
    return 1
