"""The arrays in which the state of all devices with the same channels is kept, of either path."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.domain.devices import Limits
from opsmith.domain.rules import CompositeRule
from opsmith_detectors import asking, coupled, limits, profile, sensor_faults
from opsmith_detectors.alert_levels import ALERT_TYPES
from opsmith_detectors.alert_track import TRACK
from opsmith_detectors.drift import DRIFTS
from opsmith_detectors.drift_days import DRIFT
from opsmith_detectors.light_record import (
    LIGHT_CHANNEL,
    LIGHT_MACHINE,
    LightPool,
    LightScratch,
)
from opsmith_detectors.machine import (
    CHANNEL,
    MACHINE,
    TRAITS,
    Records,
    band_of,
    flags_of,
    matrix_numbers,
    triangle,
)
from opsmith_detectors.rules import CONDITION, RULE, compile_rules
from opsmith_detectors.sensor_faults import SENSOR
from opsmith_detectors.stepping import HAS_LIMITS, HAS_RULES, Events, Pool, Scratch
from opsmith_detectors.univariate import OUT, UNIVARIATE

TYPES = len(ALERT_TYPES)
STATE = (
    "machines", "channels", "matrices", "inverses", "sensors", "drifts", "drift_days", "tracks",
    "univariate",
)  # fmt: skip
"""What is learnt, and goes into a device's snapshot, in this order."""
LIGHT_STATE = ("machines", "channels", "tracks")
"""The same of the light path."""
_DAYS, _WEEKS = 3, 2
"""Days of which a time of the day, and weeks of which an hour, is known before it is expected."""

AnyPool = Pool | LightPool


def new_pool(c: int, n: int, *, light: bool = False) -> AnyPool:
    """Room for `n` devices of `c` channels; all zero: nothing known."""
    return _light_pool(c, n) if light else _pool(c, n)


def state_of(pool: AnyPool) -> tuple[str, ...]:
    """The names of the arrays that go into a snapshot, in their order."""
    return LIGHT_STATE if isinstance(pool, LightPool) else STATE


def _light_pool(c: int, n: int) -> LightPool:
    return LightPool(
        machines=_records(n, LIGHT_MACHINE),
        channels=_records((n, c), LIGHT_CHANNEL),
        tracks=_records((n, TYPES), TRACK),
        edges=np.tile([-np.inf, np.inf], (n, c, 1)),
        traits=_records((n, c), TRAITS),
        criticality=np.zeros(n, np.uint8),
        rated=np.zeros(n, np.uint8),
        rules=_records(0, RULE),
        conditions=_records(0, CONDITION),
        rule_from=np.zeros(n, np.int64),
        rule_to=np.zeros(n, np.int64),
    )


def _pool(c: int, n: int) -> Pool:
    return Pool(
        machines=_records(n, MACHINE),
        channels=_records((n, c), CHANNEL),
        matrices=np.zeros((n, matrix_numbers(c)), np.float32),
        inverses=np.zeros((n, 2 * triangle(c) if c > 1 else 0), np.int16),
        sensors=_records((n, c), SENSOR),
        drifts=_records((n, c), DRIFT),
        drift_days=_records(n, DRIFTS),
        tracks=_records((n, TYPES), TRACK),
        univariate=_records(n if c == 1 else 0, UNIVARIATE),
        traits=_records((n, c), TRAITS),
        criticality=np.zeros(n, np.uint8),
        rated=np.zeros(n, np.uint8),
        rules=_records(0, RULE),
        conditions=_records(0, CONDITION),
        rule_from=np.zeros(n, np.int64),
        rule_to=np.zeros(n, np.int64),
    )


def _records(shape: int | tuple[int, ...], fields: Any) -> Records:
    """As numpy gives them to Python too, should the loops run as Python."""
    return np.zeros(shape, np.dtype((np.record, np.dtype(fields))))


def grown(pool: AnyPool, n: int) -> AnyPool:
    """The same with room for `n` devices."""
    larger = new_pool(pool.channels.shape[1], n, light=isinstance(pool, LightPool))
    for old, new in zip(pool, larger, strict=True):
        new[: len(old)] = old[: len(new)]
    return larger._replace(rules=pool.rules, conditions=pool.conditions)


def bytes_a_device(c: int, *, light: bool = False) -> int:
    """Bytes of state that a device of `c` channels takes.

    >>> bytes_a_device(8) <= 4096, bytes_a_device(8, light=True) <= 1024
    (True, True)
    """
    pool = new_pool(c, 1, light=light)
    return sum(getattr(pool, name).nbytes for name in state_of(pool))


def begin(
    pool: AnyPool,
    rows: npt.NDArray[np.int64],
    names: Sequence[str],
    rated: Sequence[Mapping[str, Limits]],
    criticality: Sequence[int],
) -> None:
    """Make rows ready for new devices with these channels."""
    for name in (*state_of(pool), "rule_from", "rule_to"):
        array = getattr(pool, name)
        if len(array):
            array[rows] = np.zeros((), array.dtype)
    if isinstance(pool, Pool):
        pool.sensors[rows] = sensor_faults.fresh(names)
    else:
        pool.edges[rows] = [-np.inf, np.inf]
    pool.traits[rows] = _traits(names)
    pool.criticality[rows] = criticality
    pool.rated[rows] = 0
    for row, limits_of_one, weight in zip(rows.tolist(), rated, criticality, strict=True):
        if limits_of_one:
            register(pool, row, names, limits_of_one, weight)


def _traits(names: Sequence[str]) -> Records:
    """What the names of channels say of them; without rated limits."""
    traits = _records(len(names), TRAITS)
    for j, name in enumerate(names):
        traits[j] = (np.nan, np.nan, 1.0, band_of(name), flags_of(name), 0, 0)
    return traits


def register(
    pool: AnyPool,
    r: int,
    names: Sequence[str],
    rated: Mapping[str, Limits],
    criticality: int,
) -> None:
    """Write what is known of a device beforehand; what was learnt stays."""
    pool.criticality[r] = criticality
    checks = limits.checks(rated, tuple(names))
    pool.rated[r] = pool.rated[r] & HAS_RULES | (HAS_LIMITS if checks else 0)
    traits = pool.traits[r]
    traits[:] = _traits(names)
    for check in checks:
        side = "high" if check.high else "low"
        traits[check.place][side] = check.limit
        traits[check.place]["span"] = check.span
        traits[check.place][f"{side}_kind"] = ALERT_TYPES.index(check.alert_type)
    if isinstance(pool, LightPool):
        room = asking.DEADBAND * traits["span"]
        pool.edges[r, :, 0] = np.nan_to_num(traits["low"] + room, nan=-np.inf)
        pool.edges[r, :, 1] = np.nan_to_num(traits["high"] - room, nan=np.inf)


def with_rules(
    pool: AnyPool, r: int, names: Sequence[str], rules: Sequence[CompositeRule]
) -> AnyPool:
    """The same, with a device's rules behind those of the others."""
    made, conditions = compile_rules(rules, names)
    made["first"] += len(pool.conditions)
    pool.rule_from[r], pool.rule_to[r] = len(pool.rules), len(pool.rules) + len(made)
    pool.rated[r] |= HAS_RULES
    return pool._replace(
        rules=np.concatenate([pool.rules, made.astype(pool.rules.dtype)]),
        conditions=np.concatenate([pool.conditions, conditions.astype(pool.conditions.dtype)]),
    )


def move(
    old: AnyPool, r: int, names: Sequence[str], new: AnyPool, into: int, new_names: Sequence[str]
) -> None:
    """Take a device over that has more channels now; `begin` made its new row ready."""
    place = np.array([new_names.index(name) for name in names], dtype=np.intp)
    if isinstance(old, LightPool) or isinstance(new, LightPool):
        new.channels[into, place] = old.channels[r]
        new.machines[into], new.tracks[into] = old.machines[r], old.tracks[r]
        return
    c, larger = len(names), len(new_names)
    for name in ("channels", "drifts"):
        getattr(new, name)[into, place] = getattr(old, name)[r]
    for field in SENSOR.names or ():
        if field != "peer":
            new.sensors[into][field][place] = old.sensors[r][field]
    for name in ("machines", "drift_days", "tracks"):
        getattr(new, name)[into] = getattr(old, name)[r]
    machine = new.machines[into : into + 1]
    if c == 1:
        # What one channel alone had learnt was learnt otherwise.
        machine["seen"] = 0
        new.channels[into] = np.zeros(larger, CHANNEL)
        return
    # The channels together are as new as the newest.
    machine["fitted"] = machine["judged"] = machine["learnt"] = 0
    machine["together_spread"] = machine["surprise_spread"] = 0
    for part in range(3):
        start, new_start = part * triangle(c), part * triangle(larger)
        full = np.zeros((larger, larger), np.float32)
        full[np.ix_(place, place)] = _unpacked(old.matrices[r], start, c)
        new.matrices[into, new_start : new_start + triangle(larger)] = full[np.tril_indices(larger)]
    crossed = np.zeros((larger, larger), np.float32)
    at = 3 * triangle(c)
    crossed[np.ix_(place, place)] = old.matrices[r, at : at + c * c].reshape(c, c)
    at = 3 * triangle(larger)
    new.matrices[into, at : at + larger * larger] = crossed.ravel()


def _unpacked(numbers: Any, start: int, c: int) -> Any:
    full = np.zeros((c, c), np.float32)
    full[np.tril_indices(c)] = numbers[start : start + triangle(c)]
    return np.maximum(full, full.T) if c == 1 else full + np.tril(full, -1).T


def dump(pool: AnyPool, r: int) -> bytes:
    """The state of a device."""
    parts = [np.asarray(getattr(pool, name)[r : r + 1]).tobytes() for name in state_of(pool)]
    return b"".join(parts)


def load(pool: AnyPool, r: int, state: bytes) -> None:
    """Restore the state of a device, exactly; `state` is of `bytes_a_device` bytes."""
    at = 0
    for name in state_of(pool):
        array: Records = getattr(pool, name)
        if not len(array):
            continue
        shape = array.shape[1:]
        length = int(np.prod(shape)) * array.dtype.itemsize
        array[r] = np.frombuffer(state, array.dtype, int(np.prod(shape)), at).reshape(shape)
        at += length


def expected(pool: AnyPool, r: int, names: Sequence[str], time_us: int) -> Mapping[str, float]:
    """What each channel of a running device should read, in its unit; none where it is unknown.

    Args:
        pool: Of the device.
        r: Its row.
        names: Its channels.
        time_us: Microseconds since 1970, UTC.
    """
    if isinstance(pool, LightPool) or len(names) > 1:
        if int(pool.machines[r]["seen"]) < coupled.GRACE:
            return {}
        channels = pool.channels[r]
        level = channels["origin"].astype(np.float64) + channels["mean"]
        return dict(zip(names, level.tolist(), strict=True))
    alone = pool.univariate[r]
    hour, quarter = profile.week_bin_of(time_us), profile.day_bin_of(time_us)
    origin = float(alone["origin"])
    if int(alone["week_visits"][hour]) >= _WEEKS:
        return {names[0]: origin + float(alone["week"][hour])}
    if int(alone["day_visits"][quarter]) >= _DAYS:
        return {names[0]: origin + float(alone["day"][quarter])}
    return {}


def new_scratch(c: int, *, light: bool = False) -> Scratch | LightScratch:
    """Working memory for devices of `c` channels."""
    if light:
        return LightScratch(np.zeros(c), np.zeros(c), np.zeros(c, np.uint8), asking.at_rest())
    return Scratch(
        x=np.zeros(c),
        quality=np.zeros(c, np.uint8),
        verdict=np.zeros(c, np.uint8),
        driven=np.zeros(c, np.uint8),
        work=np.zeros((coupled.ROWS, c)),
        out=np.zeros(6),
        square=np.zeros((2, c, c)),
        alone=np.zeros(OUT),
        said=asking.at_rest(),
    )


def new_events(c: int, room: int = 256) -> Events:
    """Room for changes of devices of `c` channels."""
    return Events(
        row=np.zeros(room, np.int64),
        kind=np.zeros(room, np.int64),
        change=np.zeros(room, np.int64),
        tracks=_records((room, TYPES), TRACK),
        x=np.zeros((room, c)),
        expected=np.zeros((room, c)),
        fast=np.zeros((room, c)),
        slow=np.zeros((room, c)),
        residual=np.zeros((room, c)),
        held=np.zeros((room, c), np.uint8),
        verdict=np.zeros((room, c), np.uint8),
        outcome=np.zeros((room, 7)),
    )
