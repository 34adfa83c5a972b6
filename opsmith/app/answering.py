"""From alerts to reports and orders: who answers them, and the stages that do."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fastmcp import Client

from opsmith.access import SYSTEM
from opsmith.app.bootstrap import Plant
from opsmith.bus.consume import Stage, Work
from opsmith.domain.events import ALERTS, REPORTS, AlertEvent, ReportEvent
from opsmith.errors import BadInput
from opsmith.ports import Message
from opsmith_agents.decision import RuleDecider
from opsmith_agents.models import shown_chain
from opsmith_agents.policy import default_policy, read_policy
from opsmith_agents.refiner import Refiner
from opsmith_agents.responder import Responder
from opsmith_agents.rules import RuleDiagnostician
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER

PATIENCE = 60.0
"""Seconds that an alert waits for a store that does not answer."""

ALERTS_AT_ONCE = 5
"""Alerts in a batch: whoever takes over after a crash does as many again, and commits as soon."""

DIAGNOSING = 0.7
"""Share of the LLM's time for the diagnosis; the rest is for the decision."""

Facts = Callable[[], dict[str, Any]]
"""What a stage says of itself."""


class Respond(Work):
    """Alerts become reports and orders, by rules."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder

    async def do(self, messages: Sequence[Message]) -> None:
        """See `Work`."""
        for message in messages:
            await self.responder.respond(AlertEvent.model_validate_json(message.value))


class Refine(Work):
    """Reports are thought through by the LLM."""

    def __init__(self, refiner: Refiner) -> None:
        self.refiner = refiner

    async def do(self, messages: Sequence[Message]) -> None:
        """See `Work`."""
        for message in messages:
            await self.refiner.refine(ReportEvent.model_validate_json(message.value))


@contextlib.asynccontextmanager
async def answering(
    plant: Plant, *, live: bool
) -> AsyncGenerator[tuple[Responder, list[tuple[Stage, Facts]]]]:
    """The stage that takes the alerts, and one more where there is an LLM.

    That one is in a group of its own: no alert waits for its model. The model sees the plant with
    reading rights.

    Raises:
        BadInput: The policy is not right; the model cannot be built.
    """
    async with contextlib.AsyncExitStack() as stack:
        server = plant_server(plant.stores, caller=SYSTEM)
        tools = await stack.enter_async_context(connect(server))
        responder = responder_of(plant, tools, live=live)
        respond = Stage("responder", (ALERTS,), Respond(responder), max_records=ALERTS_AT_ONCE)
        stages: list[tuple[Stage, Facts]] = [(respond, dict)]
        if plant.settings.llm_model:
            server = plant_server(plant.stores, caller=READER)
            refiner = refiner_of(plant, tools, await stack.enter_async_context(connect(server)))
            names = shown_chain(plant.settings)
            refine = Stage("refiner", (REPORTS,), Refine(refiner), max_records=1)
            stages.append((refine, lambda: {"llm": names, **refiner.facts}))
        yield responder, stages


def responder_of(plant: Plant, tools: Client[Any], *, live: bool) -> Responder:
    """The responder, over an open client of the tools with the system's rights.

    Raises:
        BadInput: The policy is not right.
    """
    return Responder(
        tools,
        RuleDiagnostician(tools),
        _decider(plant, tools),
        language=plant.settings.language,
        patience=PATIENCE if live else 0.0,
    )


def refiner_of(plant: Plant, tools: Client[Any], eyes: Client[Any]) -> Refiner:
    """The LLM's part, over two open clients: one to write with, one that only reads.

    Raises:
        BadInput: The policy is not right; the model cannot be built.
    """
    # The LLM's libraries take a second to import, and are not needed without a model.
    from opsmith_agents.llm import Effort, LlmDiagnostician, Price
    from opsmith_agents.llm_decision import LlmDecider
    from opsmith_agents.llm_probe import Abilities
    from opsmith_agents.llm_steady import facts_of
    from opsmith_agents.models import model_from

    settings = plant.settings
    model = model_from(settings)
    if model is None:
        raise BadInput("No LLM is configured; set OPSMITH_LLM_MODEL")
    price = Price(settings.llm_price_in, settings.llm_price_out)
    effort = Effort(
        seconds=DIAGNOSING * settings.llm_seconds,
        tool_calls=settings.llm_tool_calls,
        tokens=settings.llm_tokens,
        money=settings.llm_money,
        price=price,
    )
    rules, deciding = _decider(plant, tools), (1 - DIAGNOSING) * settings.llm_seconds
    return Refiner(
        tools,
        LlmDiagnostician(model, eyes, effort, Abilities(settings.llm_mode)),
        LlmDecider(model, rules, deciding, price),
        rules,
        language=settings.language,
        seconds=settings.llm_seconds,
        outages=plant.outages,
        models=partial(facts_of, model),
    )


def _decider(plant: Plant, tools: Client[Any]) -> RuleDecider:
    file = plant.settings.policy_file
    policy = read_policy(Path(file)) if file else default_policy()
    return RuleDecider(tools, policy, plant.settings.zone)
