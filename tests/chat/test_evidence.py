import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from opsmith.domain.base import State, Window
from opsmith.domain.diagnoses import Evidence
from opsmith_chat.evidence import cited, sheet
from opsmith_chat.steps import pretty
from opsmith_chat.tables import as_csv, tables

NOON = datetime(2026, 2, 28, 12, tzinfo=UTC)


def evidence(evidence_id: str, **result: object) -> Evidence:
    return Evidence(
        evidence_id=evidence_id,
        tool="read_series",
        arguments={"device_id": "PUMP_01"},
        state=State.OK,
        window=Window(start=NOON, end=NOON),
        digest="ab12",
        result=result,
    )


def test_only_ids_that_stand_for_something_become_links() -> None:
    text = "It rose (E1, E12), see E9; LINE1, WO-E1 and `E1` are no evidence."
    marked, sent = cited(text, [evidence("E1"), evidence("E12"), evidence("E2")], "en")
    assert marked == "It rose (▸E1, ▸E12), see E9; LINE1, WO-E1 and `E1` are no evidence."
    assert [one.evidence_id for one in sent] == ["E1", "E12"]


def test_an_answer_that_cites_nothing_names_what_it_rests_on() -> None:
    marked, sent = cited("一切正常。", [evidence("E1"), evidence("E2")], "zh")
    assert marked == "一切正常。\n\n*依据：▸E1 ▸E2。*"
    assert len(sent) == 2


def test_a_sheet_tells_the_window_in_the_plants_zone() -> None:
    said = sheet(evidence("E1", last=3.5), "en", ZoneInfo("Asia/Shanghai"))
    assert "2026-02-28 20:00:00 CST" in said
    assert '{"last": 3.5}' in said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.lists(st.floats(allow_nan=False) | st.integers(), min_size=50))
def test_json_is_written_for_people_and_stays_the_same(value: object, numbers: list[float]) -> None:
    shown = pretty({"value": value, "numbers": numbers})
    assert json.loads(shown) == {"value": value, "numbers": numbers}
    assert max(len(line) for line in pretty(numbers).split("\n")) <= 100


@given(st.text())
def test_no_text_in_a_result_closes_its_block(text: str) -> None:
    said = sheet(evidence("E1", note=text, rows=[text] * 9), "en", UTC)
    fences = [line for line in said.split("\n") if line.lstrip(" ").startswith("```")]
    assert len(fences) == 4


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\n\r")), min_size=1)))
def test_no_cell_of_a_file_is_a_formula(rows: list[list[str]]) -> None:
    for line in as_csv(rows).decode("utf-8-sig").split("\r\n"):
        assert not line.lstrip('"').startswith(("=", "+", "-", "@"))


def test_each_table_of_an_answer_is_found() -> None:
    text = "| A | B |\n| --- | --- |\n| 1 | x \\| y |\n\nThen:\n\n| C |\n| --- |\n| 2 |"
    assert list(tables(text)) == [[["A", "B"], ["1", "x | y"]], [["C"], ["2"]]]
