"""The figures of a run: what share was right, of what, and how sure it was."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from opsmith.app.evaluation.cases import END
from opsmith.app.evaluation.marking import Author, Mark, marks_of
from opsmith.app.evaluation.ordering import touched
from opsmith.app.evaluation.play import Played

Figures = dict[str, Any]
BINS = 10
UNTOLD = "no alert"


def score(played: Sequence[Played], author: Author) -> tuple[Figures, list[Mark]]:
    """All figures of one author over the cases that were run, and the marks they come from."""
    marks = [mark for each in played for mark in marks_of(each, author)]
    faulty = [mark for mark in marks if mark.truth]
    firsts = {mark.device_id: mark for mark in faulty if mark.first}
    devices = [
        (each, machine.device.device_id)
        for each in played
        for machine in each.case.machines
        if each.case.faults.get(machine.device.device_id)
    ]
    told = [firsts[device_id] for _, device_id in devices if device_id in firsts]
    figures: Figures = {
        "faulty_devices": len(devices),
        "told": len(told),
        "found": _share(len(told), len(devices)),
        "category_accuracy": _of(told, lambda m: m.right_category),
        "category_accuracy_untold_wrong": _share(sum(m.right_category for m in told), len(devices)),
        "every_report_category_accuracy": _of(faulty, lambda m: m.right_category),
        "mode_accuracy": _of(told, lambda m: m.right_mode),
        "mode_or_group_accuracy": _of(told, lambda m: m.right_mode or m.by_group),
        "not_established": _of(told, lambda m: m.failure_mode is None),
        "machine_called_sensor": _of(
            [m for m in faulty if not _any_sensor(m)], lambda m: m.machine_called_sensor
        ),
        "sensor_called_machine": _of(
            [m for m in faulty if _all_sensor(m)], lambda m: m.sensor_called_machine
        ),
        "healthy": _healthy(played, marks),
        "two_faults": _two_faults(played, marks),
        "evidence": _evidence(marks),
        "required": _required(faulty),
        "forbidden": dict(Counter(name for m in marks for name in m.forbidden)),
        "orders": _orders(played, marks),
        "floods": _floods(played),
        "time_ms": _times([m.latency_ms for m in marks]),
        "tokens": sum(m.tokens for m in marks),
        "cost": round(sum(m.cost for m in marks), 6),
        "calibration": calibration(
            [(m.confidence, m.right_mode) for m in marks if m.failure_mode is not None]
        ),
        "calibration_of_likeliest": calibration(
            [(m.likeliest, m.likeliest_right) for m in faulty if m.likeliest > 0]
        ),
        "written_by": dict(Counter(m.made_by for m in marks)),
        "kinds": _kinds(devices, firsts),
        "confusion": _confusion(devices, firsts),
    }
    return figures, marks


def score_empty(played: Sequence[Played], author: Author) -> tuple[Figures, list[Mark]]:
    """The figures of the control; there each cause that is named is an error."""
    marks = [mark for each in played for mark in marks_of(each, author, is_empty=True)]
    return {
        "alerts": len(marks),
        "category_accuracy": _of(marks, lambda m: m.right_category),
        "mode_accuracy": _of(marks, lambda m: m.right_mode),
        "cause_named": _of(marks, lambda m: m.failure_mode is not None),
        "evidence": _evidence(marks),
        "forbidden": dict(Counter(name for m in marks for name in m.forbidden)),
        "written_by": dict(Counter(m.made_by for m in marks)),
    }, marks


def calibration(said: Sequence[tuple[float, bool]]) -> Figures:
    """How far probabilities keep what they promise.

    Source: Naeini, Cooper and Hauskrecht (2015), AAAI, 2901-2907: expected calibration error.

    Args:
        said: Probability and whether it came true, each.

    >>> calibration([(0.75, True), (0.75, True), (0.75, True), (0.75, False)])["ece"]
    0.0
    """
    bins: list[Figures] = []
    for place in range(BINS):
        low, high = place / BINS, (place + 1) / BINS
        members = [(p, right) for p, right in said if low <= p < high or p == high == 1.0]
        if members:
            mean = float(np.mean([p for p, _ in members]))
            right = float(np.mean([r for _, r in members]))
        else:
            mean = right = None
        bins.append(
            {
                "from": low,
                "to": high,
                "count": len(members),
                "said": None if mean is None else round(mean, 4),
                "right": None if right is None else round(right, 4),
            }
        )
    gaps = [b["count"] * abs(b["said"] - b["right"]) for b in bins if b["count"]]
    return {
        "count": len(said),
        "ece": round(sum(gaps) / len(said), 4) if said else None,
        "bins": bins,
    }


def _any_sensor(mark: Mark) -> bool:
    return any(kind.startswith("sensor_") for kind in mark.truth)


def _all_sensor(mark: Mark) -> bool:
    return all(kind.startswith("sensor_") for kind in mark.truth)


def _healthy(played: Sequence[Played], marks: Sequence[Mark]) -> Figures:
    """Devices that are well throughout, and the hours of the others before their faults."""
    well = {
        machine.device.device_id
        for each in played
        for machine in each.case.machines
        if not each.case.faults.get(machine.device.device_id)
    }
    span = timedelta()
    for each in played:
        for machine in each.case.machines:
            truths = each.case.truths(machine.device.device_id)
            span += (truths[0].onset if truths else END) - each.case.start
    blamed = [mark for mark in marks if mark.blames]
    days = span / timedelta(days=1)
    return {
        "devices": len(well),
        "blamed_devices": len({m.device_id for m in blamed if m.device_id in well}),
        "blamed": _share(len({m.device_id for m in blamed if m.device_id in well}), len(well)),
        "device_days": round(days, 3),
        "reports": sum(not mark.truth for mark in marks),
        "blaming_reports": len(blamed),
        "blaming_reports_per_device_day": round(len(blamed) / days, 4) if days else None,
    }


def _two_faults(played: Sequence[Played], marks: Sequence[Mark]) -> Figures:
    made = named = at_once = cases = 0
    for each in played:
        if each.case.scenario != "two_faults":
            continue
        count = len(each.case.truths(each.case.machines[0].device.device_id))
        own = [set(m.covers) for m in marks if m.case == each.case.name and m.truth]
        cases, made = cases + 1, made + count
        named += len(set[int]().union(*own))
        at_once += any(len(one) == count for one in own)
    return {
        "cases": cases,
        "recall": _share(named, made),
        "both_in_one_report": _share(at_once, cases),
    }


def _evidence(marks: Sequence[Mark]) -> Figures:
    particulars, unbacked = sum(m.particulars for m in marks), sum(m.unbacked for m in marks)
    return {
        "particulars": particulars,
        "unbacked": unbacked,
        "precision": _share(particulars - unbacked, particulars),
        "would_cut": sum(m.would_cut for m in marks),
    }


def _required(marks: Sequence[Mark]) -> Figures:
    names = sorted({name for mark in marks for name in mark.required})
    return {
        name: {
            "asked": sum(name in m.required for m in marks),
            "said": sum(m.required.get(name, False) for m in marks),
            "share": _of([m for m in marks if name in m.required], _says(name)),
        }
        for name in names
    }


def _says(name: str) -> Callable[[Mark], bool]:
    return lambda mark: mark.required[name]


def _orders(played: Sequence[Played], marks: Sequence[Mark]) -> Figures:
    due = [mark for mark in marks if mark.order_faults is not None]
    well = {mark.trace_id for mark in marks if not mark.truth}
    return {
        "alerts": len(due),
        "correct": _of(due, lambda m: not m.order_faults),
        "faults": dict(Counter(name for m in due for name in m.order_faults or ())),
        "wrong_device": sum("wrong_device" in (m.order_faults or ()) for m in due),
        "on_healthy": sum(
            bool(set(order.trace_ids) <= well and order.trace_ids)
            for each in played
            for order in each.orders
        ),
        "history_touched": sum(touched(each) for each in played),
    }


def _floods(played: Sequence[Played]) -> dict[str, Figures]:
    """How much was made of one cause on a whole line, and of one that comes and goes."""
    return {
        name: {
            "devices": sum(len(each.case.machines) for each in those),
            "alerts": sum(len(each.told) for each in those),
            "reported": sum(bool(told.versions) for each in those for told in each.told),
            "orders": sum(bool(order.trace_ids) for each in those for order in each.orders),
        }
        for name in ("storm", "flapping")
        if (those := [each for each in played if each.case.scenario == name])
    }


def _kinds(devices: Sequence[tuple[Played, str]], firsts: dict[str, Mark]) -> list[Figures]:
    by_kind: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each, device_id in devices:
        by_kind[each.case.scenario, each.case.kind].append(device_id)
    rows: list[Figures] = []
    for (scenario, kind), members in by_kind.items():
        told = [firsts[one] for one in members if one in firsts]
        rows.append(
            {
                "scenario": scenario,
                "kind": kind,
                "devices": len(members),
                "told": len(told),
                "category": _of(told, lambda m: m.right_category),
                "mode": _of(told, lambda m: m.right_mode),
                "mode_or_group": _of(told, lambda m: m.right_mode or m.by_group),
                "said": dict(Counter(m.failure_mode or "unknown" for m in told).most_common()),
            }
        )
    return rows


def _confusion(
    devices: Sequence[tuple[Played, str]], firsts: dict[str, Mark]
) -> dict[str, dict[str, int]]:
    """By made fault: how often which category was said first."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for each, device_id in devices:
        truth = "+".join(one.kind for one in each.case.truths(device_id))
        table[truth][firsts[device_id].category if device_id in firsts else UNTOLD] += 1
    return {truth: dict(said.most_common()) for truth, said in sorted(table.items())}


def _times(values: Sequence[float]) -> Figures:
    if not values:
        return {"p50": None, "p99": None}
    return {
        "p50": round(float(np.percentile(values, 50)), 2),
        "p99": round(float(np.percentile(values, 99)), 2),
    }


def _of(marks: Sequence[Mark], is_so: Callable[[Mark], bool]) -> float | None:
    return _share(sum(is_so(mark) for mark in marks), len(marks))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
