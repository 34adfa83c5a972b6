"""What `lint` finds in entries that load but are not right, and what the packaged ones have."""

from importlib.resources import files

import pytest

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith_kb.classes import CLASSES, applies_to, device_class, infer_device_type
from opsmith_kb.counts import statistics
from opsmith_kb.lint import lint, lint_files
from opsmith_kb.load import load_entries

ENTRIES = load_entries()
BY_ID = {entry.entry_id: entry for entry in ENTRIES}


def text_of(name: str) -> str:
    return (files("opsmith_kb") / "entries" / f"{name}.yaml").read_text(encoding="utf-8")


def test_the_packaged_entries_agree_with_each_other_and_with_the_matrix_they_make() -> None:
    assert [str(finding) for finding in lint(ENTRIES)] == []


def test_each_main_class_has_at_least_eight_failure_modes_in_both_languages() -> None:
    counted = statistics(ENTRIES)
    rows = {row.class_: row for row in counted.classes}
    assert counted.entries >= 120 and set(rows) == set(CLASSES)
    assert {name for name, row in rows.items() if row.all < 8} == set()
    assert all(row.own >= 6 and row.own == row.en == row.zh for row in rows.values())


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "why"),
    [
        ("hx_fouling", "channel: flow,", "channel: flwo,", "signs.3.channel", "'flwo'"),
        ("hx_fouling", "channel: flow, direction: none, weight: 0.5, against: 0.5",
         "channel: hot_outlet_temperature, direction: down, weight: 0.5, against: 0.5",
         "signs.3.direction", "up and down at once"),
        ("hx_fouling", "device_types: [heat_exchanger]", "device_types: [heatexchanger]",
         "device_types", "no class 'heatexchanger'"),
        ("hx_fouling", "iso_code: IHT", "iso_code: HOT", "iso_code", "ISO 14224"),
        ("hx_fouling", "reference: TEMA standards; ISO 14224", "reference: ''",
         "reference", "no source"),
        ("hx_fouling", "name: 换热器结垢", "name: fouling", "text.zh.name", "not in Chinese"),
        ("hx_fouling", "name: Fouled heat exchanger", "name: Oil cooler 换热器",
         "text.en.name", "not in English"),
        ("hx_fouling", "  hx_bypass:", "  hx_bypas:", "separable_from", "no entry 'hx_bypas'"),
        ("hx_fouling", "parts_zh: [", "not_parts: [", "not_parts", "Extra inputs"),
        ("hx_fouling", "name: 换热器结垢", "name: 换热器积气", "text.zh.name", "hx_air_bound"),
        ("hx_fouling", "severity: MEDIUM", "severity: [", "not YAML", "while parsing"),
        ("hx_fouling", 'order: 1, note: "A deposit adds', 'order: 1, note: "", x: "A deposit adds',
         "signs.0.x", "Extra inputs"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_file_field_and_reason(
    name: str, old: str, new: str, where: str, why: str
) -> None:
    text = text_of(name)
    assert old in text
    found = lint_files([(f"{name}.yaml", text.replace(old, new, 1))], ENTRIES)
    assert any(
        one.file == f"{name}.yaml" and one.field == where and why in one.why for one in found
    ), [str(one) for one in found]


def test_two_modes_that_show_the_same_need_a_test_that_tells_them_apart() -> None:
    seen = BY_ID["optical_fibre_bend"]
    twin = seen.model_copy(update={"entry_id": "optical_twin", "separable_from": {}})
    (same, *_) = [one for one in lint([twin], ENTRIES) if one.field == "separable_from"]
    assert "shows the same, and no test tells them apart" in same.why
    tested = {other: {"en": "Look.", "zh": "查看。"} for other in BY_ID}
    apart = twin.model_copy(update={"separable_from": tested})
    assert not [one for one in lint([apart], ENTRIES) if "shows the same" in one.why]


def test_an_entry_whose_own_symptoms_lead_elsewhere_is_found() -> None:
    lost = BY_ID["hx_coolant_lost"]
    new: dict[str, object] = {"entry_id": "hx_twin", "prior": -3.0, "separable_from": {}}
    found = [one for one in lint([lost.model_copy(update=new)], ENTRIES) if one.field == "signs"]
    assert [one.file for one in found] == ["hx_twin.yaml"]
    assert "its own symptoms lead to hx_coolant_lost" in found[0].why


def test_an_id_that_two_entries_have_is_found_once() -> None:
    entry = BY_ID["hx_fouling"]
    found = [one for one in lint([entry, entry], ()) if one.field == "entry_id"]
    assert [one.why for one in found] == ["2 entries have it"]


@pytest.mark.parametrize(
    ("named", "class_"),
    [
        ("Fan coil unit", "air_handler"), ("引风机", "fan"), ("减速机", "gearbox"),
        ("板式换热器", "heat_exchanger"), ("调节阀", "valve"), ("皮带输送机", "conveyor"),
        ("油浸式变压器", "transformer"), ("离心式冷水机组", "chiller"),
        ("液压站", "hydraulic_station"),
        ("液压泵", "pump"), ("数控车床", "machine_tool"), ("SFP28", "optical_transceiver"),
        ("三相电能表", "energy_meter"), ("Gear pump", "pump"), ("fan motor", "motor"),
        ("flow meter", "flow meter"),
    ],
)  # fmt: skip
def test_a_class_is_known_by_its_names_in_both_languages(named: str, class_: str) -> None:
    assert device_class(named) == class_


def test_what_has_no_rotor_has_no_faults_of_a_rotor() -> None:
    unbalanced = BY_ID["rotor_imbalance"]
    still = {class_ for class_ in CLASSES if not applies_to(unbalanced, class_)}
    assert still == {
        "heat_exchanger", "valve", "transformer", "optical_transceiver", "energy_meter",
    }  # fmt: skip
    assert applies_to(unbalanced, "centrifuge")


@pytest.mark.parametrize(
    ("channels", "class_"),
    [
        (("temperature", "voltage", "bias_current", "tx_power", "rx_power"), "optical_transceiver"),
        (("oil_temperature", "current", "voltage", "hydrogen", "acetylene"), "transformer"),
        (("current", "voltage", "power", "energy"), "energy_meter"),
        (("flow", "pressure", "vibration1", "vibration2", "current", "voltage"), "pump"),
    ],
)
def test_a_device_without_a_class_gets_the_one_that_its_channels_tell(
    channels: tuple[str, ...], class_: str
) -> None:
    assert infer_device_type(channels) == class_


def test_the_order_of_symptoms_is_told_of_what_moves() -> None:
    ordered = [sign for entry in ENTRIES for sign in entry.signs if sign.order is not None]
    assert len(ordered) > 250 and all(sign.direction != "none" for sign in ordered)
    laser = KnowledgeEntry.model_validate(BY_ID["optical_laser_ageing"].model_dump())
    by_order = {sign.channel: sign.order for sign in laser.signs if sign.order}
    assert by_order == {"bias_current": 1, "tx_power": 2}
