"""The fault x symptom matrix: what is concluded from which changes."""

from importlib.resources import files
from pathlib import Path

import pytest

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.changes import ChannelChange
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.units import unit_of
from opsmith_kb.classes import device_class, infer_device_type
from opsmith_kb.load import load_entries, parse_entry
from opsmith_kb.matrix import NOT_ESTABLISHED, Ranked, categorise, rank

ENTRIES = load_entries()
PUMP = ("current", "flow", "fluid_temperature", "pressure", "temperature", "vibration", "voltage")
CHANNELS = {
    "pump": PUMP,
    "motor": ("bearing_temperature", "current", "speed", "temperature", "vibration", "voltage"),
    "compressor": ("current", "flow", "oil_temperature", "pressure", "temperature", "vibration"),
}


def change(
    channel: str, direction: Direction = "none", kind: Kind = "unknown", size: float = 0.3
) -> ChannelChange:
    """A change of 30 %, or as many K as `size` says; unmoved where the kind is unknown."""
    moved = kind != "unknown"
    sign = {"up": 1, "down": -1, "none": 0}[direction] * moved
    step = size if unit_of(channel) == "Cel" else size * 50
    return ChannelChange(
        channel=channel,
        unit=unit_of(channel),
        before=50.0,
        now=50.0 + sign * step,
        sigmas=10.0 * sign,
        spread_ratio=10.0 if kind in ("variance", "oscillation") else 1.0,
        direction=direction,
        kind=kind,
        significant=moved,
        missing_share=0.0,
    )


def symptoms(
    moved: dict[str, tuple[Direction, Kind, float]], channels: tuple[str, ...] = PUMP
) -> list[ChannelChange]:
    still: tuple[Direction, Kind, float] = ("none", "unknown", 0.0)
    return [change(name, *moved.get(name, still)) for name in sorted({*channels, *moved})]


def ideal(entry: KnowledgeEntry, channels: tuple[str, ...]) -> list[ChannelChange]:
    """What the entry's own signs ask for, the weaker signs left out."""
    moved: dict[str, tuple[Direction, Kind, float]] = {}
    for sign in sorted(entry.signs, key=lambda sign: sign.weight):
        if sign.direction == "none" or sign.weight < 0.5:
            continue
        way, kind, size = moved.get(sign.channel, ("none", "step", 0.0))
        if sign.direction != "any":
            way = sign.direction
        size = max(size, 1.2 * (sign.at_least or 0.05))
        least = 5.0 if unit_of(sign.channel) == "Cel" and sign.at_most is None else size
        size = max(size, least) if sign.at_most is None else min(size, 0.9 * sign.at_most)
        moved[sign.channel] = (way, sign.kinds[0] if sign.kinds else kind, size)
    for special in [name for name in moved if name[0] in "*@"]:
        kind = moved.pop(special)[1]
        match special:
            case "*":
                moved["pressure"] = ("up" if kind == "implausible" else "none", kind, 5.0)
            case "@all":
                moved |= {name: ("none", kind, 0.0) for name in channels}
            case "@load":
                moved |= {name: ("up", "step", 0.1) for name in ("speed", "flow", "current")}
            case _:
                moved["temperature2"] = ("up", "ramp", 3.0)
    directed: dict[str, tuple[Direction, Kind, float]] = {
        name: ("up" if way == "none" and kind in ("step", "ramp") else way, kind, size)
        for name, (way, kind, size) in moved.items()
    }
    return symptoms(directed, channels)


def classes_of(entry: KnowledgeEntry) -> list[str]:
    if {"*", "rotating"} & set(entry.device_types):
        return ["pump"]
    return [class_ for class_ in entry.device_types if class_ in CHANNELS]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.entry_id)
def test_the_symptoms_of_the_book_lead_to_the_entry_or_its_look_alike(
    entry: KnowledgeEntry,
) -> None:
    for class_ in classes_of(entry):
        first = rank(ideal(entry, CHANNELS[class_]), class_, ENTRIES)[0]
        named = {first.entry_id, *(first.inseparable or {})}
        assert entry.entry_id in named, (class_, first.entry_id)
        assert first.entry_id != NOT_ESTABLISHED


def first_of(moved: dict[str, tuple[Direction, Kind, float]]) -> Ranked:
    return rank(symptoms(moved), "pump", ENTRIES)[0]


def test_no_change_and_no_channel_leave_the_cause_unestablished() -> None:
    assert rank([], "pump", ENTRIES)[0].entry_id == NOT_ESTABLISHED
    assert categorise(symptoms({}), PUMP, ENTRIES) is None
    assert rank(symptoms({}), "pump", ENTRIES)[0].probability > 0.8
    assert rank([], "pump", ())[0].entry_id == NOT_ESTABLISHED


def test_a_change_that_no_failure_mode_makes_leaves_the_cause_unestablished() -> None:
    assert first_of({"temperature": ("down", "step", 5.0)}).entry_id == NOT_ESTABLISHED


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("flat", "sensor_stuck"),
        ("dropout", "sensor_dropout"),
        ("implausible", "sensor_implausible"),
    ],
)
def test_one_odd_sensor_beside_a_calm_machine_is_the_sensor(kind: Kind, expected: str) -> None:
    for channel in PUMP:
        first = first_of({channel: ("down", kind, 20.0)})
        assert (first.entry_id, first.about) == (expected, channel)


def test_a_stuck_sensor_does_not_hide_what_the_others_say() -> None:
    ranked = rank(
        symptoms({"voltage": ("none", "flat", 0.0), "vibration": ("up", "step", 2.0)}),
        "pump",
        ENTRIES,
    )
    ids = [one.entry_id for one in ranked]
    assert ids[0] == "rotor_imbalance"
    assert ids.index("sensor_stuck") < ids.index(NOT_ESTABLISHED)


def test_when_most_channels_stop_at_once_it_is_the_collector() -> None:
    gone: dict[str, tuple[Direction, Kind, float]] = {
        name: ("none", "dropout", 0.0) for name in PUMP
    }
    assert first_of(gone).entry_id == "collector_down"


def test_what_a_scalar_vibration_cannot_separate_is_named_with_the_test_that_can() -> None:
    first = first_of({"vibration": ("up", "step", 1.0)})
    assert first.entry_id == "rotor_imbalance"
    assert first.inseparable is not None
    assert {"misalignment", "bearing_wear"} <= set(first.inseparable)
    assert "2x" in first.inseparable["misalignment"]["en"]
    assert "联轴器" in first.inseparable["misalignment"]["zh"]


def test_heat_beside_the_vibration_turns_it_to_the_bearing() -> None:
    warm = first_of({"vibration": ("up", "ramp", 1.0), "temperature": ("up", "ramp", 8.0)})
    assert warm.entry_id == "bearing_wear"
    assert [f.sign.channel for f in warm.speaks_for[:2]] == ["vibration", "temperature"]


def test_the_second_of_two_sensors_counts_as_the_same_measurement() -> None:
    first = first_of({"vibration2": ("up", "step", 1.0)})
    assert first.entry_id == "rotor_imbalance"
    assert first.speaks_for[0].change is not None
    assert first.speaks_for[0].change.channel == "vibration2"


def test_what_is_not_measured_is_untested_and_what_stands_still_refutes() -> None:
    pair = [change("flow", "down", "step", 0.9), change("pressure", "down", "step", 0.9)]
    (dry,) = [one for one in rank(pair, "pump", ENTRIES) if one.entry_id == "dry_running"]
    assert "current" in {sign.channel for sign in dry.untested}
    with_current = [*pair, change("current")]
    (still,) = [one for one in rank(with_current, "pump", ENTRIES) if one.entry_id == "dry_running"]
    assert [finding.sign.channel for finding in still.speaks_against] == ["current"]
    assert still.log_odds < dry.log_odds


def test_a_small_loss_of_flow_does_not_explain_a_vibration_that_tripled() -> None:
    first = first_of({"vibration": ("up", "step", 2.0), "flow": ("down", "ramp", 0.02)})
    assert first.entry_id == "rotor_imbalance"
    assert "flow" in {finding.sign.channel for finding in first.speaks_against}
    assert first.also in ((), ("leak_or_level_change",))


def test_flow_current_and_pressure_that_rise_with_the_speed_are_load_not_a_fault() -> None:
    moved: dict[str, tuple[Direction, Kind, float]] = {
        "speed": ("up", "step", 0.1),
        "flow": ("up", "step", 0.1),
        "pressure": ("up", "step", 0.2),
        "current": ("up", "step", 0.3),
        "vibration": ("up", "step", 0.2),
    }
    first = first_of(moved)
    assert first.entry is not None
    assert (first.entry_id, first.entry.category) == ("load_change", "control")


def test_an_unregistered_pump_is_judged_as_the_pump_that_its_channels_make_it() -> None:
    changes = symptoms({"flow": ("down", "step", 0.2)})
    nearest = categorise(changes, PUMP, ENTRIES)
    assert nearest is not None and nearest.entry_id == "valve_restriction"
    other = categorise(changes, ("flow", "vibration"), ENTRIES)
    assert other is None or other.entry_id != "valve_restriction"


@pytest.mark.parametrize(
    ("moved", "worse", "other"),
    [
        (
            {
                "vibration": ("up", "step", 1.0),
                "flow": ("down", "ramp", 0.2),
                "pressure": ("down", "ramp", 0.2),
                "current": ("up", "ramp", 0.1),
            },
            "rotor_imbalance",
            "discharge_leak",
        ),
        (
            {"vibration": ("up", "step", 1.0), "voltage": ("none", "flat", 0.0)},
            "rotor_imbalance",
            "sensor_stuck",
        ),
    ],
)
def test_two_faults_that_explain_what_neither_does_alone_are_both_named(
    moved: dict[str, tuple[Direction, Kind, float]], worse: str, other: str
) -> None:
    ranked = rank(symptoms(moved), "pump", ENTRIES)
    assert {ranked[0].entry_id, *ranked[0].also} == {worse, other}
    assert next(one for one in ranked if one.entry_id == other).standing == "supported"
    assert sum(one.probability for one in ranked) == pytest.approx(1)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.entry_id)
def test_one_fault_by_the_book_is_not_called_two(entry: KnowledgeEntry) -> None:
    for class_ in classes_of(entry):
        assert rank(ideal(entry, CHANNELS[class_]), class_, ENTRIES)[0].also == ()


def test_less_power_for_each_turn_is_thin_air_and_not_a_leak() -> None:
    changes = symptoms(
        {"speed": ("up", "ramp", 0.2), "current": ("up", "ramp", 0.04)}, CHANNELS["compressor"]
    )
    odds = {one.entry_id: one.log_odds for one in rank(changes, "compressor", ENTRIES)}
    assert odds["inlet_filter_blocked"] > odds["air_leak"]
    alike = symptoms(
        {"speed": ("up", "ramp", 0.2), "current": ("up", "ramp", 0.2)}, CHANNELS["compressor"]
    )
    odds = {one.entry_id: one.log_odds for one in rank(alike, "compressor", ENTRIES)}
    assert odds["air_leak"] > odds["inlet_filter_blocked"]


def test_a_speed_that_nothing_follows_is_its_sensor() -> None:
    changes = symptoms({"speed": ("up", "ramp", 0.2)}, CHANNELS["motor"])
    first = rank(changes, "motor", ENTRIES)[0]
    assert (first.entry_id, first.about) == ("sensor_drift", "speed")


def test_what_a_channels_past_can_hardly_explain_counts_in_part() -> None:
    def odds(sureness: float) -> float:
        hinted = change("flow").model_copy(
            update={"sureness": sureness, "now": 49.0, "sigmas": -1.0}
        )
        others = symptoms({"temperature": ("down", "ramp", 3.0)})
        ranked = rank([hinted, *(c for c in others if c.channel != "flow")], "pump", ENTRIES)
        return next(one.log_odds for one in ranked if one.entry_id == "valve_restriction")

    assert odds(0.0) == odds(-1.9) < odds(-3.0) < odds(-4.5)
    assert odds(3.0) < odds(0.0)


def test_a_failure_mode_is_added_by_adding_a_file(tmp_path: Path) -> None:
    folder = files("opsmith_kb") / "entries"
    for name in ("valve_restriction", "leak_or_level_change", "impeller_wear", "seal_leak"):
        (tmp_path / f"{name}.yaml").write_text(
            (folder / f"{name}.yaml").read_text("utf-8"), "utf-8"
        )
    added = (folder / "machine_stopped.yaml").read_text("utf-8").split("signs:")[0]
    prose = (folder / "machine_stopped.yaml").read_text("utf-8").split("text:")[1]
    (tmp_path / "belt_slip.yaml").write_text(
        added.replace("machine_stopped", "belt_slip").replace("control", "rotor")
        + "signs:\n"
        + '  - {channel: speed, direction: down, weight: 2.5, note: "The belt gives way."}\n'
        + '  - {channel: belt_wear, direction: up, weight: 1.5, note: "Its dust."}\n'
        + "hours: 1\ntext:"
        + prose,
        "utf-8",
    )
    known = [parse_entry(file.name, file.read_text("utf-8")) for file in sorted(tmp_path.iterdir())]
    changes = symptoms({"speed": ("down", "step", 0.2), "belt_wear": ("up", "ramp", 0.5)})
    first = rank(changes, "pump", known)[0]
    assert first.entry_id == "belt_slip"
    assert {f.sign.channel for f in first.speaks_for} == {"speed", "belt_wear"}


def test_probabilities_sum_to_one() -> None:
    ranked = rank(symptoms({"flow": ("down", "step", 0.2)}), "pump", ENTRIES)
    assert sum(one.probability for one in ranked) == pytest.approx(1)
    assert len({one.entry_id for one in ranked}) == len(ranked)


@pytest.mark.parametrize(
    ("device_type", "channels", "expected"),
    [
        ("unknown", ("flow", "pressure", "vibration2"), "pump"),
        ("unknown", ("current", "temperature", "voltage"), "motor"),
        ("unknown", ("vibration", "temperature"), "rotating"),
        ("unknown", ("x07",), "unknown"),
        ("螺杆空压机", ("flow", "pressure"), "compressor"),
        ("Water Pump", ("current",), "pump"),
    ],
)
def test_the_class_is_the_registered_one_or_what_the_channels_suggest(
    device_type: str, channels: tuple[str, ...], expected: str
) -> None:
    assert infer_device_type(channels, device_type) == expected


def test_a_machine_of_no_known_class_is_judged_by_what_holds_for_any_rotor() -> None:
    changes = symptoms({"vibration": ("up", "step", 1.0)}, ("vibration", "temperature"))
    ids = {one.entry_id for one in rank(changes, "centrifuge", ENTRIES)}
    assert device_class("centrifuge") == "centrifuge"
    assert "rotor_imbalance" in ids and "cavitation" not in ids and "sensor_stuck" in ids


def test_looseness_is_told_beside_imbalance_where_only_vibration_moved() -> None:
    first = first_of({"vibration": ("up", "ramp", 0.4)})
    assert first.inseparable is not None
    assert "looseness" in {first.entry_id, *first.inseparable}
    assert len(first.inseparable) <= 3


def test_a_flow_that_is_gone_did_not_stand_still_though_its_past_wandered() -> None:
    changes = [
        change("temperature", "up", "ramp", 15.0),
        *(
            change(name, "down", "step", share).model_copy(
                update={"significant": False, "kind": "unknown", "direction": "none",
                        "sureness": -1.8, "sigmas": -100.0}
            )
            for name, share in (("flow", 1.0), ("pressure", 0.65), ("current", 0.46))
        ),
        change("vibration"),
    ]  # fmt: skip
    assert rank(changes, "pump", ENTRIES)[0].entry_id == "dry_running"


def test_a_current_that_moves_nothing_else_is_the_sensor_before_it_is_an_overload() -> None:
    channels = ("current", "pressure", "speed", "temperature", "vibration")
    ranked = rank(symptoms({"current": ("up", "ramp", 0.12)}, channels), "compressor", ENTRIES)
    assert ranked[0].entry_id == "sensor_drift"
    hot: dict[str, tuple[Direction, Kind, float]] = {
        "current": ("up", "ramp", 0.12),
        "temperature": ("up", "ramp", 6.0),
    }
    assert rank(symptoms(hot, channels), "compressor", ENTRIES)[0].entry_id == "motor_overload"


def test_a_degree_more_is_no_lost_cooling() -> None:
    assert first_of({"temperature": ("up", "ramp", 1.0)}).entry_id == NOT_ESTABLISHED
    assert first_of({"temperature": ("up", "ramp", 5.0)}).entry_id == "overheating_cooling_lost"
