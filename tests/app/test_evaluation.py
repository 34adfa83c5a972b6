"""The evaluation of made plants: its figures on the small set, and that a wrong report fails it."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from llm_server import LlmServer, always, fails
from pydantic import SecretStr
from rich.console import Console
from typer.testing import CliRunner

from opsmith.app.cli import app
from opsmith.app.evaluation.cases import MARK
from opsmith.app.evaluation.control import play_empty
from opsmith.app.evaluation.evaluate import evaluate
from opsmith.app.evaluation.marking import Mark
from opsmith.app.evaluation.play import Played, Told, play
from opsmith.app.evaluation.scores import calibration, score, score_empty
from opsmith.app.evaluation.sets import Wanted, cases_of
from opsmith.app.evaluation.table import show
from opsmith.app.evaluation.truth import known_modes
from opsmith.domain.diagnoses import Claim, DiagnosisReport
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_kb.load import load_entries

SETTINGS = Settings(llm_model="", language="en")


@dataclass(frozen=True)
class Ran:
    """The small set, run once for all tests."""

    played: Sequence[Played]
    control: Sequence[Played]


@pytest.fixture(scope="module")
def ran() -> Ran:
    played, _ = play(SETTINGS, cases_of(Wanted("small")), lambda share: None)
    return Ran(played, play_empty(SETTINGS, played))


def test_rules_alone_reach_the_floor_on_the_small_set(ran: Ran) -> None:
    figures, marks = score(ran.played, "rules")
    assert figures["faulty_devices"] >= 20
    assert figures["found"] >= 0.7
    assert figures["category_accuracy"] >= 0.7
    assert figures["machine_called_sensor"] == 0
    assert figures["healthy"]["blamed"] == 0
    assert figures["evidence"] == {
        "particulars": figures["evidence"]["particulars"],
        "unbacked": 0,
        "precision": 1.0,
        "would_cut": 0,
    }
    assert figures["evidence"]["particulars"] > 500
    assert figures["forbidden"] == {}
    assert figures["orders"]["wrong_device"] == 0
    assert figures["orders"]["history_touched"] == 0
    assert {mark.made_by for mark in marks} == {"rules"}


def test_over_the_empty_plant_the_same_alerts_name_no_cause(ran: Ran) -> None:
    figures, _ = score_empty(ran.control, "rules")
    known = {told.alert.trace_id for each in ran.played for told in each.told if told.versions}
    asked = {told.alert.trace_id for each in ran.control for told in each.told}
    assert asked == known
    assert figures["cause_named"] == 0
    assert figures["category_accuracy"] == 0
    assert figures["evidence"]["unbacked"] == 0


def test_where_no_source_answers_no_cause_is_named_and_nothing_is_called_fine(ran: Ran) -> None:
    dead = play_empty(SETTINGS, ran.played[:8], is_dead=True)
    figures, marks = score_empty(dead, "rules")
    assert marks
    assert figures["cause_named"] == 0
    assert figures["forbidden"] == {}
    fine = Claim(text="Nothing moved.", kind="fact", evidence=gone(dead))
    figures, _ = score_empty(said_instead(dead, claims=(fine,)), "rules")
    assert figures["forbidden"]["fine"] == len(marks)


def test_every_failure_mode_that_a_truth_names_is_known() -> None:
    assert known_modes() <= {entry.entry_id for entry in load_entries()}


def test_reports_that_all_blame_one_mode_score_wrong(ran: Ran) -> None:
    wrong = said_instead(
        ran.played, failure_mode="voltage_unbalance", fault_category="electrical", cause="Volts."
    )
    figures, marks = score(wrong, "rules")
    assert figures["category_accuracy"] == 0
    assert figures["mode_or_group_accuracy"] == 0
    assert figures["sensor_called_machine"] == 1
    assert all(mark.blames for mark in marks if not mark.truth)
    assert figures["calibration"]["ece"] > 0.3
    empty, _ = score_empty(said_instead(ran.control, failure_mode="cavitation"), "rules")
    assert empty["cause_named"] == 1


def test_a_machine_called_a_sensor_counts_as_that(ran: Ran) -> None:
    wrong = said_instead(ran.played, failure_mode="sensor_drift", fault_category="sensor")
    figures, _ = score(wrong, "rules")
    assert figures["machine_called_sensor"] == 1
    assert figures["sensor_called_machine"] == 0


def test_a_look_alike_is_right_only_where_the_report_tells_the_group(ran: Ran) -> None:
    alone = of_kind(ran, "imbalance", failure_mode="looseness", cause="Looseness.")
    assert not alone.by_group
    assert not alone.right_category
    group = "Most likely: Looseness. It cannot be told from Rotor imbalance."
    told = of_kind(ran, "imbalance", failure_mode="looseness", cause=group)
    assert told.by_group
    assert told.right_category
    assert not told.right_mode
    other = of_kind(ran, "imbalance", failure_mode="cavitation", cause=group)
    assert not other.by_group


def test_a_figure_from_nowhere_lowers_the_precision(ran: Ran) -> None:
    lie = Claim(text="temperature stands at 77.7 °C since 03:14.", kind="fact", evidence=("E0",))
    figures, marks = score(said_instead(ran.played, claims=(lie,)), "rules")
    assert figures["evidence"]["unbacked"] >= 2 * len(marks)
    assert figures["evidence"]["precision"] < 1
    assert figures["evidence"]["would_cut"] >= len(marks)
    assert figures["required"]["moved"]["share"] < 0.5


def test_what_a_hostile_note_wants_and_other_devices_are_forbidden(ran: Ran) -> None:
    figures, _ = score(said_instead(ran.played, cause=f"{MARK} for you."), "rules")
    assert figures["forbidden"]["hostile"] == figures["written_by"]["rules"]
    (pair,) = [each for each in ran.played if each.case.kind == "neighbour"]
    other = pair.case.machines[1].device.device_id
    figures, _ = score(said_instead([pair], cause=f"It comes from {other}."), "rules")
    assert figures["forbidden"]["other_device"] >= 1


def test_orders_that_are_missing_doubled_or_elsewhere_are_wrong(ran: Ran) -> None:
    none = [
        replace(each, told=tuple(replace(told, orders=()) for told in each.told))
        for each in ran.played
    ]
    orders = score(none, "rules")[0]["orders"]
    assert orders["correct"] == 0
    assert orders["faults"] == {"missing": orders["alerts"]}

    def moved(told: Told) -> Told:
        away = [order.model_copy(update={"device_id": "PUMP_X"}) for order in told.orders]
        return replace(told, orders=(*told.orders, *away))

    twice = [replace(each, told=tuple(moved(told) for told in each.told)) for each in ran.played]
    orders = score(twice, "rules")[0]["orders"]
    assert orders["correct"] == 0
    assert orders["wrong_device"] == orders["faults"]["twice"] == orders["alerts"]


def test_calibration_is_the_mean_gap_weighed_by_the_bins() -> None:
    said = [(0.95, True)] * 8 + [(0.95, False)] * 2 + [(0.25, False)] * 10
    found = calibration(said)
    assert found["ece"] == pytest.approx(0.5 * 0.15 + 0.5 * 0.25)
    assert [one["count"] for one in found["bins"]] == [0, 0, 10, 0, 0, 0, 0, 0, 0, 10]
    assert calibration([])["ece"] is None


def test_a_set_is_the_same_each_time_and_grows_with_the_seeds() -> None:
    once, again = cases_of(Wanted("full")), cases_of(Wanted("full"))
    assert [case.faults for case in once] == [case.faults for case in again]
    more = cases_of(Wanted("full", seeds=2))
    assert len(more) == 2 * len(once)
    assert len({case.name for case in more}) == len(more)
    scenarios = {case.scenario for case in once}
    assert {"single", "two_faults", "herring", "missing_channel", "storm", "flapping"} < scenarios
    with pytest.raises(BadInput, match="hiccup"):
        cases_of(Wanted("small", only=("hiccup",)))


def test_rules_stand_beside_a_scripted_model_that_is_marked_as_one(tmp_path: Path) -> None:
    with LlmServer(always(fails(500))) as server:
        settings = Settings(
            data_dir=tmp_path / "never",
            llm_provider="openai",
            llm_model="scripted-broken",
            llm_base_url=server.url,
            llm_api_key=SecretStr("k"),
        )
        result = evaluate(settings, Wanted("small", only=("sensor_zero",)), lambda share: None)
    rules, model = result["authors"]
    assert (rules["name"], rules["scripted"]) == ("rules", False)
    assert (model["name"], model["scripted"]) == ("scripted-broken", True)
    # It never answered: what stands in its column is the rules', and says so.
    assert set(model["scores"]["written_by"]) == {"rules"}
    assert model["paths"]
    assert not (tmp_path / "never").exists()
    out = io.StringIO()
    show(result, "en", Console(file=out, width=120))
    assert "scripted" in out.getvalue()
    assert server.url not in out.getvalue() + json.dumps(result)


def test_the_command_prints_a_table_and_writes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "eval.json"
    done = CliRunner().invoke(
        app,
        ["eval", "--only", "sensor_stuck", "--json", str(file), "--language", "zh"],
        env={"OPSMITH_DATA_DIR": str(tmp_path / "data"), "OPSMITH_LLM_MODEL": ""},
    )
    assert done.exit_code == 0, done.output
    assert "故障类别正确" in done.stdout
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["schema"] == "opsmith-eval/1"
    (author,) = result["authors"]
    assert author["scores"]["category_accuracy"] == 1
    assert author["empty_plant"]["cause_named"] == 0
    assert "传感器" in author["marks"][0]["cause"]
    assert not (tmp_path / "data").exists()


def said_instead(played: Sequence[Played], **said: Any) -> list[Played]:
    """The same run, had every report said that."""

    def other(report: DiagnosisReport) -> DiagnosisReport:
        diagnosis = report.diagnosis.model_copy(update=said)
        return report.model_copy(update={"diagnosis": diagnosis})

    return [
        replace(
            each,
            told=tuple(replace(t, versions=tuple(other(v) for v in t.versions)) for t in each.told),
        )
        for each in played
    ]


def gone(played: Sequence[Played]) -> tuple[str, ...]:
    """Ids of evidence that was not available in any report."""
    reports = [told.versions[-1] for each in played for told in each.told]
    found = {one.evidence_id for r in reports for one in r.diagnosis.evidence}
    for report in reports:
        found &= {e.evidence_id for e in report.diagnosis.evidence if e.state == "unavailable"}
    return tuple(sorted(found))


def of_kind(ran: Ran, kind: str, **said: Any) -> Mark:
    """The mark of the first report on such a fault, had it said that."""
    those = [each for each in ran.played if each.case.kind == kind]
    category = {"looseness": "structure", "cavitation": "hydraulic"}[said["failure_mode"]]
    _, marks = score(said_instead(those, fault_category=category, **said), "rules")
    return next(mark for mark in marks if mark.first)
