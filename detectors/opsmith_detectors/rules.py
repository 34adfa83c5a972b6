"""The operator's rules over several channels, judged at every reading."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import ValidationError

from opsmith.compiled import compiled
from opsmith.domain.alerts import Deviation
from opsmith.domain.readings import FloatArray
from opsmith.domain.rules import CompositeRule, RuleBook
from opsmith.domain.units import unit_of
from opsmith.errors import BadInput
from opsmith_detectors.alert_levels import LEVELS

Records = npt.NDArray[Any]

RULE = np.dtype(
    [
        ("for_us", "i8"),
        ("since", "i8"),
        ("first", "i4"),
        ("count", "i2"),
        ("any", "u1"),
        ("level", "u1"),
        ("open", "u1"),
    ],
    align=True,
)
"""One rule of one device. `first` and `count`: its conditions; `since`: when they began to hold, 0
if they do not; `open`: it has alerted and is not back inside its deadbands yet."""
CONDITION = np.dtype(
    [("value", "f8"), ("deadband", "f8"), ("channel", "i2"), ("above", "u1")], align=True
)

MET, KEPT, CLEAR = range(3)
"""What `judge` found: a rule is met; none is, but one is not back inside its deadbands; neither."""


def read_rules(path: Path) -> RuleBook:
    """The rules of a YAML file: `rules:`, then a list of `CompositeRule`.

    Raises:
        BadInput: It cannot be read, or a rule is not right.
    """
    try:
        return RuleBook.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"Cannot read the rules of {path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}, {place}: {first['msg']}") from error


def compile_rules(
    rules: Sequence[CompositeRule], channels: Sequence[str]
) -> tuple[Records, Records]:
    """A device's rules as records.

    Args:
        rules: Those meant for the device.
        channels: The device's, in the order of its readings.

    Returns:
        Shape (k,) of `RULE`, in the order of `rules`, and (m,) of `CONDITION`. A channel that the
        device has not got is never beyond anything.
    """
    place = {name: j for j, name in enumerate(channels)}
    made = np.zeros(len(rules), RULE)
    conditions: list[tuple[float, float, int, int]] = []
    for i, rule in enumerate(rules):
        made[i] = (
            round(rule.for_seconds * 1e6),
            0,
            len(conditions),
            len(rule.conditions),
            rule.match == "any",
            LEVELS.index(rule.level),
            0,
        )
        conditions += [
            (each.value, each.deadband, place.get(each.channel, -1), each.side == "above")
            for each in rule.conditions
        ]
    return made, np.array(conditions, dtype=CONDITION)


@compiled
def judge(
    rules: Records, conditions: Records, first: int, last: int, x: FloatArray, time_us: int
) -> tuple[int, int]:
    """Judge one reading of one device by its rules.

    A channel that did not arrive leaves a rule as it is: its time runs on, and it does not clear.

    Args:
        rules: Shape (K,), of `RULE`; several devices' may stand behind each other.
        conditions: Shape (M,), of `CONDITION`, to which `rules.first` points.
        first: Place of the device's first rule.
        last: Place behind its last.
        x: Shape (c,), each in its channel's unit; NaN where absent.
        time_us: Microseconds since 1970, UTC.

    Returns:
        `MET`, `KEPT` or `CLEAR`, and the place of the rule: the most urgent that is met, else the
        most urgent that is kept, else -1. For `advance`: score 1 if met, cleared if clear, the
        flag is the rule's level.
    """
    worst, which = CLEAR, -1
    for i in range(first, last):
        found = _judge_one(rules[i], conditions, x, time_us)
        if found < worst or (found == worst < CLEAR and rules[i].level < rules[which].level):
            worst, which = found, i
    return worst, which


@compiled
def _judge_one(rule: Any, conditions: Records, x: FloatArray, time_us: int) -> int:
    beyond, back, unknown = _sides(conditions, rule, x)
    if rule.any != 0:
        holds, may_hold, is_back = beyond > 0, unknown > 0, back == rule.count
    else:
        holds, is_back = beyond == rule.count, back > 0
        may_hold = beyond + unknown == rule.count
    if holds and rule.since == 0:
        rule.since = time_us
    if not (holds or may_hold):
        rule.since = 0
    if holds and time_us - rule.since >= rule.for_us:
        rule.open = 1
        return MET
    if is_back:
        rule.open = 0
    return KEPT if rule.open != 0 else CLEAR


@compiled
def _sides(conditions: Records, rule: Any, x: FloatArray) -> tuple[int, int, int]:
    """How many conditions are beyond their value, back inside their deadband, and unknown."""
    beyond = back = unknown = 0
    for k in range(rule.first, rule.first + rule.count):
        condition = conditions[k]
        place = condition.channel
        value = x[place] if 0 <= place < len(x) else np.nan
        past = value - condition.value if condition.above != 0 else condition.value - value
        if past != past:
            unknown += 1
        elif past > 0:
            beyond += 1
        elif past <= -condition.deadband:
            back += 1
    return beyond, back, unknown


def deviations_of(
    rule: CompositeRule, channels: Sequence[str], x: FloatArray
) -> tuple[Deviation, ...]:
    """The channels by which a rule is met, each with an equal share."""
    values = dict(zip(channels, x.tolist(), strict=True))
    past = [
        (each, values[each.channel])
        for each in rule.conditions
        if each.channel in values
        and (
            values[each.channel] > each.value
            if each.side == "above"
            else values[each.channel] < each.value
        )
    ]
    return tuple(
        Deviation(
            channel=each.channel,
            unit=unit_of(each.channel),
            value=value,
            limit=each.value,
            share=1 / len(past),
            direction="up" if each.side == "above" else "down",
        )
        for each, value in past
    )
