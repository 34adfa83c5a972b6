"""A report for people."""

import io

import pytest
from rich.console import Console
from simulated_plant import BEARING, SimulatedPlant

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import Language
from opsmith_agents.decision import RuleDecider
from opsmith_agents.render import render_report, report_markdown
from opsmith_agents.responder import Responder
from opsmith_agents.rules import RuleDiagnostician

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("language", "heads"),
    [
        ("en", ("Claims", "Hypotheses", "Evidence", "Coverage", "Timeline", "Decision", "Removed")),
        ("zh", ("论断", "假设", "证据", "检查范围", "时间线", "决策", "核查时删除的内容")),
    ],
)
async def test_a_report_shows_every_part_in_the_readers_language(
    plant: SimulatedPlant, language: Language, heads: tuple[str, ...]
) -> None:
    plant.run("MOTOR_01", BEARING)
    event = plant.event("MOTOR_01", level=AlertLevel.P1, minutes=50)
    async with plant.client() as client:
        respond = Responder(
            client, RuleDiagnostician(client), RuleDecider(client), language=language
        ).respond
        report = (await respond(event)).report
    assert report is not None
    cut = report.diagnosis.model_copy(update={"removed": ("[bold]not markup[/bold] | a cell",)})
    report = report.model_copy(update={"diagnosis": cut})
    cited = f"[{report.diagnosis.claims[-1].evidence[0]}]"
    console = Console(file=io.StringIO(), width=140, color_system=None)
    console.print(render_report(report, language))
    assert isinstance(console.file, io.StringIO)
    for shown in (console.file.getvalue(), report_markdown(report, language)):
        for part in (*heads, "describe_change", report.diagnosis.cause[:20], cited, "not markup"):
            assert part in shown
        assert "[bold]" in shown.replace("\\", "")
