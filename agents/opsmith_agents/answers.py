"""What a question brings: the tool calls as they happen, then the answer."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from fastmcp import Client
from pydantic import Field

from opsmith.domain.base import Language, Model, State
from opsmith.domain.diagnoses import Evidence
from opsmith_agents.charting import chart_of
from opsmith_agents.charts import Chart
from opsmith_agents.evidence import ALERT, EvidenceLedger
from opsmith_agents.proposed import ProposedCall
from opsmith_mcp.telemetry import Telemetry

_POINTS = 120
"""As many points of a series as evidence keeps, so that a chart is never cut short."""


class Step(Model):
    """One tool call; it comes twice, when it starts and when it has ended."""

    number: int = Field(ge=1, description="The same for both.")
    tool: str
    arguments: dict[str, Any]
    state: State | Literal["running"]
    note: str | None = Field(default=None, description="Why the state is not ok.")
    seconds: float | None = Field(default=None, description="None while it runs.")
    result: dict[str, Any] = Field(default_factory=dict[str, Any])


class SoFar(Model):
    """What stands of an answer that still comes: whole sentences that were held to the evidence."""

    text: str = Field(description="Markdown; empty: what was told so far was no answer.")


class Usage(Model):
    """What an answer of an LLM took."""

    requests: int = Field(description="Times that the LLM was asked.")
    input_tokens: int
    output_tokens: int
    cost: float | None = Field(
        default=None, description="In the currency of the prices; None: no price is set."
    )


class Answer(Model):
    """What is said in the end."""

    text: str = Field(description="Markdown.")
    language: Language
    chart: Chart | None = None
    made_by: str = Field(description="Name of the LLM, or `rules`.")
    note: str = Field(default="", description="Why this one answered, where another should have.")
    evidence: tuple[Evidence, ...] = Field(
        default=(), description="What the ids that its text cites stand for."
    )
    usage: Usage | None = Field(default=None, description="None: no LLM answered.")
    proposal: ProposedCall | None = Field(
        default=None,
        description="A change that was drafted: nothing is done until a person confirms it.",
    )
    more: tuple[ProposedCall, ...] = Field(
        default=(), description="Further such changes; its text shows the first one alone."
    )


class WatchedLedger(EvidenceLedger):
    """A ledger that tells of each call when it starts and when it has ended.

    Args:
        plant: An open MCP client.
        watch: Gets each step.
    """

    def __init__(self, plant: Client[Any], watch: Callable[[Step], None]) -> None:
        super().__init__(plant)
        self._watch = watch
        self._calls = 0

    @property
    def plant(self) -> Client[Any]:
        """The client that it calls the tools of."""
        return self._plant

    async def ask(self, tool: str, arguments: Mapping[str, Any]) -> Evidence:
        """See `EvidenceLedger.ask`."""
        given = dict(arguments)
        if tool == Telemetry.read_series.__name__ and int(given.get("points", 0)) > _POINTS:
            given["points"] = _POINTS
        self._calls += 1
        step = Step(number=self._calls, tool=tool, arguments=given, state="running")
        self._watch(step)
        began = time.perf_counter()
        evidence = await super().ask(tool, given)
        ended = {
            "state": evidence.state,
            "note": evidence.note,
            "seconds": time.perf_counter() - began,
            "result": evidence.result,
        }
        self._watch(step.model_copy(update=ended))
        return evidence

    def adopt(self, evidence: Iterable[Evidence]) -> None:
        """Tell of calls that another ledger made, which are over."""
        for one in evidence:
            if one.evidence_id == ALERT:
                continue
            self._calls += 1
            step = Step(number=self._calls, tool=one.tool, arguments=one.arguments, state="running")
            self._watch(step)
            ended = {"state": one.state, "note": one.note, "result": one.result}
            self._watch(step.model_copy(update=ended))
            self.record(one.tool, one.arguments, one.result or None, one.note)

    def chart(self, wanted: str | None = None) -> Chart | None:
        """Of what was looked at last; see `opsmith_agents.charting.chart_of`."""
        return chart_of(self.evidence, wanted)
