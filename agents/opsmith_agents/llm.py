"""The diagnostician that leads: an LLM that plans its own investigation through the tools."""

from dataclasses import dataclass, field
from typing import Any

import anyio
from fastmcp import Client
from pydantic_ai import Agent, PromptedOutput
from pydantic_ai.exceptions import (
    ModelAuthenticationError,
    ModelHTTPError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)
from pydantic_ai.models import Model
from pydantic_ai.toolsets import CombinedToolset
from pydantic_ai.usage import RunUsage

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Diagnosis
from opsmith.domain.events import AlertEvent
from opsmith.errors import LlmUnavailable
from opsmith.metrics import DIAGNOSES
from opsmith_agents.check import CORE
from opsmith_agents.evidence import EvidenceLedger
from opsmith_agents.llm_budget import Effort, Limits, Price
from opsmith_agents.llm_draft import DraftDiagnosis, diagnosis_of
from opsmith_agents.llm_guess import RANKING, FirstGuess
from opsmith_agents.llm_limits import WrongLanguage, in_turn
from opsmith_agents.llm_mending import Mending
from opsmith_agents.llm_paths import Path, pack, path_text
from opsmith_agents.llm_probe import Abilities
from opsmith_agents.llm_prompts import ANSWER_ONLY, instructions, question
from opsmith_agents.llm_scope import Windows
from opsmith_agents.llm_tools import EvidenceToolset, reading_tools

__all__ = ["Effort", "LlmDiagnostician", "Price"]

_HIDDEN = frozenset(
    (
        "get_report", "get_job", "show_plant_tree", "assess_alert_system", "bundle_work_orders",
        "work_order_calendar", "work_order_kpis", "work_order_statistics", "count_alerts",
    )
)  # fmt: skip
"""An LLM must not cite an earlier report on the alert, which may be its own; and what serves the
keeping of books alone would be paid for with each request."""
_LOOKING = 0.65
"""Share of an LLM's time for looking; in the rest it judges what was seen, if it came to no end."""
_TRYING = 0.3
"""Share of an LLM's time for finding out what it can do, once."""


@dataclass(slots=True)
class _Case:
    """One diagnosis, whichever LLMs work on it."""

    event: AlertEvent
    language: Language
    rules: Diagnosis | None
    ledger: EvidenceLedger
    usage: RunUsage = field(default_factory=RunUsage)

    @property
    def looks(self) -> int:
        """Tool calls that were made for it."""
        return len(self.ledger.evidence) - 1


class LlmDiagnostician:
    """Asks an LLM, which calls the tools it wants; see `Diagnostician`.

    It guesses first and is then shown what the rules think. An LLM that calls no tools, or comes
    to no end, is asked once more to judge the evidence: what was gathered by then, and what code
    adds to it. Of a chain, the next LLM goes on with the evidence of the one before.

    Args:
        model: See `opsmith_agents.models.build_model`.
        plant: An open client of a server with read rights.
        effort: What one diagnosis may cost.
        abilities: What each LLM can do; None: all call tools.
    """

    def __init__(
        self,
        model: Model,
        plant: Client[Any],
        effort: Effort | None = None,
        abilities: Abilities | None = None,
    ) -> None:
        self._model = model
        self._plant = plant
        self._effort = effort or Effort()
        self._abilities = abilities or Abilities("tools")
        self._tools = reading_tools(plant, hidden=_HIDDEN)

    async def diagnose(
        self, event: AlertEvent, language: Language = "en", *, draft: Diagnosis | None = None
    ) -> Diagnosis:
        """See `Diagnostician`."""
        case = _Case(event, language, draft, EvidenceLedger(self._plant, event))

        async def ask(model: Model, seconds: float) -> tuple[DraftDiagnosis, Path, str]:
            return await self._ask(model, seconds, case)

        (found, path, name), failed = await in_turn(self._model, self._effort.seconds, ask)
        DIAGNOSES.labels("llm_fallback" if failed else "llm", path).inc()
        diagnosis = diagnosis_of(
            found,
            event,
            case.ledger,
            language,
            # By our own name of it: its server could call itself anything, `rules` too.
            made_by=name[:100],
            path=path_text(path, failed, language),
            rules=draft,
        )
        spent = {
            "tokens_used": case.usage.total_tokens,
            "input_tokens": case.usage.input_tokens,
            "output_tokens": case.usage.output_tokens,
            "cost": self._effort.price.cost(case.usage),
        }
        return diagnosis.model_copy(update=spent)

    async def _ask(
        self, model: Model, seconds: float, case: _Case
    ) -> tuple[DraftDiagnosis, Path, str]:
        """Have one LLM do what it can. Raises `AgentRunError` and `LlmUnavailable`."""
        ends = anyio.current_time() + seconds
        try:
            ability = await self._abilities.of(model, _TRYING * seconds)
        except TimeoutError as error:
            raise ModelTimeoutError(model.model_name, "The trial took too long") from error
        if ability.mode == "none":
            raise LlmUnavailable(f"{model.model_name}: {ability.why}")
        found, path = None, "evidence"
        if ability.mode == "tools":
            found, path = await self._lead(model, _LOOKING * (ends - anyio.current_time()), case)
        if found is None:
            found = await self._judge(model, case, full=path not in ("endless", "late"))
            if path in ("clumsy", "refused"):
                self._abilities.demote(model)
        return found, path, model.model_name

    async def _lead(
        self, model: Model, seconds: float, case: _Case
    ) -> tuple[DraftDiagnosis | None, Path]:
        """Let an LLM call the tools that it wants; None: it has to judge what was seen by then."""
        answered = case.usage.requests
        guess = FirstGuess(case.rules)
        try:
            with anyio.fail_after(seconds):
                found = await self._investigate(model, case, guess)
        except TimeoutError as error:
            if case.usage.requests == answered:
                raise ModelTimeoutError(model.model_name, "It gave no answer in time") from error
            return None, "late"
        except UsageLimitExceeded:
            return None, "endless"
        except WrongLanguage:
            raise
        except UnexpectedModelBehavior:
            return None, "clumsy"
        except ModelHTTPError as error:
            # A server that knows no tools refuses the whole request.
            if error.status_code not in (400, 404, 422) or isinstance(
                error, ModelAuthenticationError
            ):
                raise
            return None, "refused"
        if not case.looks:
            return None, "idle"
        return found, "led" if guess.is_made else "unguessed"

    async def _investigate(self, model: Model, case: _Case, guess: FirstGuess) -> DraftDiagnosis:
        opened = self._tools.filtered(lambda _, tool: guess.is_made or tool.name != RANKING)
        seen = {one.evidence_id for one in case.ledger.evidence}
        tools = EvidenceToolset(
            opened,
            case.ledger,
            case.event.as_of,
            most=max(self._effort.tool_calls - case.looks, len(CORE)),
            kept=CORE,
            fixed={(RANKING, "onset"): Windows(case.event, case.rules).onset},
            asked={one.tool for one in case.ledger.evidence},
            told=seen,
        )
        guesses = not guess.is_made
        agent = Agent(
            model,
            output_type=DraftDiagnosis,
            deps_type=type(None),
            instructions=instructions(case.language, self._effort.tool_calls, guesses=guesses),
            toolsets=[CombinedToolset([guess.tools, tools]) if guesses else tools],
            retries={"tools": 2, "output": 3},
        )
        mending = Mending(case.ledger, case.event, case.language, case.rules, guess)
        agent.output_validator(mending.validate)
        run = await agent.run(
            question(case.ledger.evidence),
            usage=case.usage,
            usage_limits=Limits(self._effort, 0.8, case.usage.requests + self._effort.requests),
            infer_name=False,
        )
        return run.output

    async def _judge(self, model: Model, case: _Case, *, full: bool) -> DraftDiagnosis:
        """Gather the evidence by code, and let an LLM answer once.

        Args:
            model: Who answers.
            case: What about.
            full: All that the rules looked at; else only what nothing can be said without.
        """
        wanted = pack(case.event, case.language, case.rules)
        if not full:
            asked = {one.tool for one in case.ledger.evidence}
            # Of several calls of a tool the last one: the rules look closer as they go.
            core = {tool: given for tool, given in wanted if tool in CORE - asked}
            wanted = list(core.items())
        for tool, arguments in wanted:
            if case.looks < self._effort.tool_calls:
                await case.ledger.ask(tool, arguments)
        agent = Agent(
            model,
            # In words: an LLM that calls no tools does not answer through one either.
            output_type=PromptedOutput(DraftDiagnosis),
            deps_type=type(None),
            instructions=[self._told(case), ANSWER_ONLY],
            retries=2,
        )
        agent.output_validator(Mending(case.ledger, case.event, case.language, case.rules).validate)
        run = await agent.run(
            question(case.ledger.evidence),
            usage=case.usage,
            usage_limits=Limits(self._effort, 1.0, case.usage.requests + 3),
            infer_name=False,
        )
        return run.output

    def _told(self, case: _Case) -> str:
        return instructions(case.language, self._effort.tool_calls, guesses=False)
