"""A report as a page, as Markdown and in a terminal: from the data, in the plant's time, inert."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from callers import SYSTEM
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from simulated_plant import BEARING, ONSET, START, SimulatedPlant

from opsmith.app.markup import tag
from opsmith.app.report_page import page_of
from opsmith.app.reporting import dossier_in, form_of
from opsmith.domain.alerts import AlertChange, AlertLevel, Deviation
from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Claim, DiagnosisReport, Hypothesis
from opsmith.errors import BadInput, NotFound
from opsmith.settings import Settings
from opsmith.storage.database import Database
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_agents.decision import RuleDecider
from opsmith_agents.render import render_report, report_markdown
from opsmith_agents.report_dossier import dossier_of
from opsmith_agents.responder import Responder
from opsmith_agents.rules import RuleDiagnostician
from opsmith_ingest.demo_plant import demo_machines
from opsmith_kb.load import load_entries
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.client import call, connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.stores import Stores

pytestmark = pytest.mark.anyio

EVIL = (
    "</title></style></svg><script>alert('x')</script><img src=//x.example onerror=1>\x1b[2J\u202e"
)
PLAIN_TAGS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title style body main header section footer h1 h2 h3 p ul ol li dl dt dd b "
        "span div a code pre time table tr th td details summary figure figcaption svg path rect "
        "circle text",
    )
)


@dataclass
class Reported:
    """A plant in a data folder, one alert of it, and its report."""

    settings: Settings
    plant: SimulatedPlant
    report: DiagnosisReport

    async def record(self, report: DiagnosisReport, minutes: float = 1) -> DiagnosisReport:
        """Store one more version."""
        as_of = ONSET + timedelta(minutes=50 + minutes)
        server = plant_server(self.plant.stores, caller=SYSTEM)
        async with connect(server) as client:
            stored = (await call(client, AlertHistory.record_report, report, as_of)).report
        assert stored is not None
        return stored

    async def page(self) -> str:
        return page_of(await dossier_in(self.settings, self.report.trace_id, None, curves=True))


@pytest.fixture
async def reported(tmp_path: Path) -> AsyncIterator[Reported]:
    database = Database(f"sqlite:///{tmp_path / 'opsmith.db'}")
    series = EmbeddedSeriesStore(tmp_path / "series.db")
    machines = {machine.device.device_id: machine for machine in demo_machines()}
    plant = SimulatedPlant(Stores.of(database, series, lambda: plant.now[0]), machines)
    plant.stores.devices.add([machine.device for machine in machines.values()], START)
    plant.stores.entries.add(load_entries(), START)
    plant.run("MOTOR_01", BEARING)
    passed = Deviation(channel="vibration", unit="[g]", value=1.7, limit=1.5, share=1.0)
    event = plant.event("MOTOR_01", level=AlertLevel.P1, minutes=50, deviations=(passed,))
    async with plant.client() as client:
        respond = Responder(client, RuleDiagnostician(client), RuleDecider(client)).respond
        report = (await respond(event)).report
    assert report is not None
    yield Reported(Settings(data_dir=tmp_path, llm_model=""), plant, report)
    series.close()
    database.close()


@dataclass
class Seen(HTMLParser):
    """What a browser would make of a page."""

    tags: list[tuple[str, dict[str, str | None]]] = field(
        default_factory=list[tuple[str, dict[str, str | None]]]
    )
    said: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def seen(page: str) -> Seen:
    found = Seen()
    found.feed(page)
    found.close()
    return found


async def test_a_page_draws_what_moved_and_links_every_claim_to_its_evidence(
    reported: Reported,
) -> None:
    page = seen(await reported.page())
    diagnosis = reported.report.diagnosis
    moved = [
        change["channel"]
        for one in diagnosis.evidence
        if one.tool == "describe_change"
        for change in one.result["changes"]
        if change["significant"]
    ]
    charts = [svg["aria-label"] or "" for svg in page.of("svg") if svg.get("role") == "img"]
    assert "vibration" in moved
    assert all(any(label.startswith(channel) for label in charts) for channel in moved)
    classes = [attributes.get("class") for attributes in page.of("path")]
    assert classes.count("limit") > 1 and "mark onset" in classes and "mark alert" in classes
    ids = {attributes.get("id") for _, attributes in page.tags}
    links = [(attributes["href"] or "")[1:] for attributes in page.of("a")]
    assert set(links) <= ids
    assert {cited for claim in diagnosis.claims for cited in claim.evidence} <= set(links)
    for one in diagnosis.evidence:
        assert one.digest in page.said and one.tool in page.said
    for text in (diagnosis.cause, "WO-2026", *diagnosis.coverage.checked):
        assert text in page.said


async def test_charts_show_what_was_known_then_not_what_came_since(reported: Reported) -> None:
    as_of = reported.report.as_of
    assert as_of is not None
    ends = re.findall(r'aria-label="vibration from [\d: -]+ to ([\d: -]+): ', await reported.page())
    assert ends == [f"{as_of:%Y-%m-%d %H:%M}"]
    stored = reported.plant.stores.series.extent("MOTOR_01")
    assert stored is not None and stored.last > as_of


async def test_the_head_tells_the_alert_as_it_was_for_that_version(reported: Reported) -> None:
    later = ONSET + timedelta(minutes=70)
    reported.plant.stores.alerts.apply(
        "MOTOR_01",
        AlertChange(
            change="updated",
            alert_type="composite",
            alert_level=AlertLevel.P0,
            first_seen=ONSET + timedelta(minutes=5),
            last_seen=later,
            onset=later,
            count=9,
            score=2.0,
        ),
        {},
    )
    page = await reported.page()
    assert reported.plant.stores.alerts.get(reported.report.trace_id).alert_level == AlertLevel.P0
    assert "P1" in page
    assert "P0" not in page


async def test_without_readings_a_page_says_so_and_keeps_the_rest(reported: Reported) -> None:
    (reported.settings.data_dir / "series.db").rename(reported.settings.data_dir / "gone.db")
    page = seen(await reported.page())
    assert "No picture can be drawn: there are no readings of that time" in page.said
    assert not [svg for svg in page.of("svg") if svg.get("role") == "img"]
    assert all(claim.text in page.said for claim in reported.report.diagnosis.claims[2:4])


async def test_readings_that_cannot_be_reached_are_not_told_as_gone(reported: Reported) -> None:
    async with reported.plant.without_series().client() as client:
        dossier = await dossier_of(client, reported.report, (), UTC, curves=True)
    page = seen(page_of(dossier))
    assert "the readings cannot be reached now" in page.said
    assert "there are no readings" not in page.said


async def test_text_from_outside_acts_on_nothing(reported: Reported) -> None:
    diagnosis = reported.report.diagnosis
    bad = Hypothesis(
        failure_mode=EVIL, name=EVIL, fault_category=EVIL, probability=0.5,
        standing="untested", speaks_for=(EVIL,), separating_test=EVIL, evidence=("E1",),
    )  # fmt: skip
    evidence = [
        one.model_copy(update={"note": EVIL, "result": {EVIL: EVIL}, "arguments": {"a": EVIL}})
        for one in diagnosis.evidence
    ]
    update = {
        "cause": EVIL, "claims": (Claim(text=EVIL, kind="fact", evidence=("E1",)),),
        "hypotheses": (bad,), "evidence": tuple(evidence), "removed": (EVIL,), "path": EVIL,
        "immediate_action": EVIL, "made_by": EVIL,
    }  # fmt: skip
    report = reported.report.model_copy(
        update={"diagnosis": diagnosis.model_copy(update=update), "llm_model": EVIL}
    )
    stored = await reported.record(report)
    dossier = await dossier_in(reported.settings, stored.trace_id, stored.version, curves=True)
    assert dossier.alert is not None and dossier.orders
    order = dossier.orders[0].model_copy(
        update={"closing_notes": EVIL, "steps": (EVIL,), "assigned_to": EVIL, "order_no": EVIL}
    )
    alert = dossier.alert.model_copy(update={"message": EVIL})
    dossier = replace(dossier, alert=alert, device_name=EVIL, orders=(order,))
    found = seen(page_of(dossier))
    assert {name for name, _ in found.tags} <= PLAIN_TAGS
    for name, attributes in found.tags:
        for key, value in attributes.items():
            assert not key.startswith("on") and key not in ("src", "xlink:href", "action")
            assert key != "href" or re.fullmatch(r"#E\d+", value or "")
            assert key != "style" or re.fullmatch(r"width:[\d.]+%", value or "")
            assert name != "meta" or key != "http-equiv" or value == "Content-Security-Policy"
    assert found.said.count("<script>alert('x')</script>") >= 15
    assert not {"\x1b", "\u202e"} & set(page_of(dossier))
    assert not re.search(r"url\(|@import|https?:", page_of(dossier).split("</style>")[0])
    shown = report_markdown(report, "en", dossier)
    assert "<script" not in shown.replace("\\<", "") and "\x1b" not in shown
    terminal = Console(file=io.StringIO(), width=100, color_system=None)
    terminal.print(render_report(report, "en", dossier))
    assert isinstance(terminal.file, io.StringIO)
    assert not {"\x1b", "\u202e"} & set(terminal.file.getvalue())


@given(st.text())
def test_any_text_comes_out_of_the_markup_as_text(text: str) -> None:
    found = seen(tag("p", text, title=text))
    assert [name for name, _ in found.tags] == ["p"]
    assert not {"<", ">"} & set(tag("p", text)[3:-4])


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC", "UTC"), ("Asia/Shanghai", "+08:00"), ("America/New_York", "-05:00")],
)
async def test_every_form_tells_its_times_in_the_plant_s_zone(
    reported: Reported, zone: str, offset: str
) -> None:
    settings = reported.settings.model_copy(update={"timezone": zone})
    dossier = await dossier_in(settings, reported.report.trace_id, None, curves=True)
    assert dossier.alert is not None
    raised = f"{dossier.alert.first_seen.astimezone(settings.zone):%Y-%m-%d %H:%M:%S} {offset}"
    for shown in (seen(page_of(dossier)).said, report_markdown(dossier.report, "en", dossier)):
        # The heading, the first claim and the timeline say the same.
        assert shown.count(raised) >= 3
        told = shown.split("Evidence")[0]
        assert (" UTC" in re.sub(r"in UTC|UTC[+-]", "", told)) is (zone == "UTC")


async def test_versions_are_told_with_what_changed_between_them(reported: Reported) -> None:
    diagnosis = reported.report.diagnosis
    told = {"confidence": 0.31, "made_by": "glm-9", "tokens_used": 1200, "cost": 0.0125,
            "claims": (*diagnosis.claims[1:], Claim(text="It squeaks.", kind="hypothesis",
                                                    evidence=()))}  # fmt: skip
    second = reported.report.model_copy(
        update={
            "diagnosis": diagnosis.model_copy(update=told),
            "llm_model": "glm-9", "tokens_used": 1200,
        }
    )  # fmt: skip
    await reported.record(second)
    found = seen(await reported.page()).said
    assert "What changed from version 1 to 2" in found
    for said in ("glm-9 · v2", "Confidence: ", " → 31 %", "+ It squeaks.", "By: rules → glm-9",
                 "1,200", "0.0125", f"− {diagnosis.claims[0].text}"):  # fmt: skip
        assert said in found


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_version_of_record_is_the_newest_in_the_plant_s_language(
    reported: Reported, language: Language
) -> None:
    chinese = reported.report.diagnosis.model_copy(update={"language": "zh", "made_by": "glm-9"})
    await reported.record(
        reported.report.model_copy(update={"diagnosis": chinese, "llm_model": "glm-9"})
    )
    settings = reported.settings.model_copy(update={"language": language})
    dossier = await dossier_in(settings, reported.report.trace_id, None, curves=False)
    async with reported.plant.client() as client:
        view = await call(
            client, AlertHistory.get_report, reported.report.trace_id, language=language
        )
    assert view.report is not None
    assert dossier.report.diagnosis.language == view.report.diagnosis.language == language
    assert 'lang="zh-CN"' in page_of(dossier) or language == "en"


async def test_what_is_not_there_is_named(reported: Reported) -> None:
    with pytest.raises(NotFound, match="no version 7"):
        await dossier_in(reported.settings, reported.report.trace_id, 7, curves=False)
    with pytest.raises(BadInput, match="'pdf'; use text, markdown, html"):
        form_of("pdf", None)
    assert form_of(None, Path("a.md")) == "markdown"


async def test_the_command_writes_one_file_and_still_gives_json(reported: Reported) -> None:
    folder = reported.settings.data_dir
    trace, out = reported.report.trace_id, folder / "report.html"
    environment = {**os.environ, "OPSMITH_DATA_DIR": str(folder), "OPSMITH_LLM_MODEL": ""}
    command = [sys.executable, "-m", "opsmith.app.cli", "report", trace]
    for more in (["--out", str(out)], ["--json"]):
        ran = subprocess.run(
            [*command, *more], env=environment, capture_output=True, text=True, timeout=180
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        if "--json" in more:
            assert json.loads(ran.stdout)["trace_id"] == trace
        else:
            assert ran.stdout == f"{out}\n"
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and trace in seen(page).said
