"""The packaged knowledge, and what is refused."""

from importlib.resources import files
from pathlib import Path

import pytest

from opsmith.errors import BadInput
from opsmith_kb.load import load_entries, parse_entry

ENTRIES = load_entries()
KNOWN = {entry.entry_id for entry in ENTRIES}


def good(name: str) -> str:
    folder = files("opsmith_kb") / "entries"
    return (folder / f"{name}.yaml").read_text(encoding="utf-8")


def test_every_class_has_knowledge_in_both_languages() -> None:
    for class_ in ("pump", "motor", "compressor", "transformer", "optical_transceiver", "*"):
        assert any(class_ in entry.device_types for entry in ENTRIES)
    for entry in ENTRIES:
        assert set(entry.text) == {"en", "zh"}
        for field, text in entry.text["zh"]:
            assert any("\u4e00" <= sign <= "\u9fff" for sign in text), (entry.entry_id, field)
        assert all(text.strip() for _, text in entry.text["en"]), entry.entry_id


def test_the_circuit_faults_of_a_pump_are_known_by_their_names() -> None:
    assert {
        "valve_restriction", "rotor_imbalance", "leak_or_level_change", "level_increase",
        "cavitation", "hot_fluid",
    } <= KNOWN  # fmt: skip


def test_every_sign_says_why() -> None:
    assert all(sign.note for entry in ENTRIES for sign in entry.signs)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("severity: CRITICAL", "severity: AWFUL", "severity"),
        ("entry_id: cavitation", "entry_id: cavitatoin", "must be the file's name"),
        ("\n  zh:", "\n  fr:", "text"),
        ('    zh: "检查', '    # "检查', "separable_from.dry_running lacks zh"),
        ("parts_zh: [", "parts_zh: [多, ", "same parts"),
        ("hours: 4", "hours: [4", "not YAML"),
        ("weight: 2.0", "weight: 9.0", "signs.0.weight"),
    ],
)
def test_a_bad_entry_is_refused_with_its_file_and_the_reason(
    old: str, new: str, reason: str
) -> None:
    text = good("cavitation")
    assert old in text
    with pytest.raises(BadInput, match=r"cavitation\.yaml: .*" + reason):
        parse_entry("cavitation.yaml", text.replace(old, new, 1))


def test_a_look_alike_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cavitation.yaml").write_text(good("cavitation"), encoding="utf-8")
    with pytest.raises(BadInput, match="names no entry 'dry_running'"):
        load_entries(tmp_path)
