"""Many alerts through rules and a scripted model, on one plant, as the stages do it."""

import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, cast

from callers import READER, SYSTEM
from fastmcp import Client
from llm_server import LlmServer, Script
from pump_plant import PumpPlant
from sqlalchemy import select

from opsmith.access import Caller
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.events import ReportEvent
from opsmith.storage.tables import metadata
from opsmith_agents.decision import RuleDecider
from opsmith_agents.llm import Effort, LlmDiagnostician
from opsmith_agents.llm_decision import LlmDecider
from opsmith_agents.llm_probe import Abilities
from opsmith_agents.llm_steady import SteadyModel
from opsmith_agents.models import build_model
from opsmith_agents.refiner import Refiner
from opsmith_agents.responder import Responder
from opsmith_agents.rules import RuleDiagnostician
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.stores import Stores


class Counting:
    """Counts the tool calls of a client."""

    def __init__(self, client: Client[Any]) -> None:
        self.count = 0
        inner = client.call_tool_mcp

        async def counted(name: str, arguments: dict[str, Any], **rest: Any) -> Any:
            self.count += 1
            return await inner(name, arguments, **rest)

        setattr(client, "call_tool_mcp", counted)  # noqa: B010  what is counted is the method itself


@dataclass(frozen=True)
class Trial:
    """What came of one alert."""

    rules: DiagnosisReport
    led: DiagnosisReport | None
    """Of the model; None: the rules' report stands."""
    why: str
    """It stands."""
    seconds: float
    """From the report of the rules on."""
    calls: int
    """Tool calls of the model."""
    before: Any
    """What was looked at before the model began."""


_STARTS = count()
"""So that no two trials on a plant are of the same moment."""


class Trials:
    """Runs one alert after the other, each as of another moment."""

    def __init__(
        self,
        plant: PumpPlant,
        server: LlmServer,
        system: Client[Any],
        eyes: Client[Any],
        counting: Counting,
        seconds: float,
        key: str | None,
    ) -> None:
        self._plant = plant
        self._server = server
        self._system = system
        self._eyes = eyes
        self._counting = counting
        self._seconds = seconds
        built = build_model("scripted", base_url=server.url, provider="openai", api_key=key)
        assert isinstance(built, SteadyModel)
        self._inner = built.wrapped
        self._number = 0
        self._apart = timedelta(milliseconds=next(_STARTS))

    async def run(self, script: Script, before: Callable[[], Any] = lambda: None) -> Trial:
        """One alert with a model that was never asked before.

        Args:
            script: The model.
            before: Looks at the plant when the rules have reported and the model has not begun.
        """
        self._server.use(script)
        self._number += 1
        event = self._plant.event
        earlier = timedelta(seconds=self._number) + self._apart
        event = event.model_copy(update={"as_of": event.as_of - earlier})
        rules = RuleDecider(self._system)
        first = await Responder(self._system, RuleDiagnostician(self._system), rules).respond(event)
        assert first.report is not None
        # One that was never asked, over the connections of those before.
        model = SteadyModel(self._inner)
        llm = LlmDiagnostician(
            model, self._eyes, Effort(seconds=0.7 * self._seconds), Abilities("auto")
        )
        decider = LlmDecider(model, rules, 0.3 * self._seconds)
        refiner = Refiner(self._system, llm, decider, rules, seconds=self._seconds)
        self._counting.count, seen = 0, before()
        began = time.perf_counter()
        outcome = await refiner.refine(ReportEvent(as_of=event.as_of, report=first.report))
        return Trial(
            first.report,
            outcome.report,
            outcome.skipped or "",
            time.perf_counter() - began,
            self._counting.count,
            seen,
        )


@asynccontextmanager
async def trials(
    plant: PumpPlant,
    server: LlmServer,
    seconds: float = 20,
    eyes: Caller = READER,
    key: str | None = None,
) -> AsyncGenerator[Trials]:
    """Open what the trials need.

    Args:
        plant: They are run on.
        server: Of the model.
        seconds: The model has for an alert.
        eyes: With whose rights the model looks; more than it should have, to see what holds.
        key: Of the model's server.
    """
    own, looked_at = (plant_server(plant.stores, caller=one) for one in (SYSTEM, eyes))
    async with connect(own) as system, connect(looked_at) as seen:
        yield Trials(plant, server, system, seen, Counting(seen), seconds, key)


def texts_of(report: DiagnosisReport) -> list[str]:
    """All that a reader of a report is told, and the order with it; not what it rests on."""
    told = report.model_dump(mode="json")
    del told["diagnosis"]["evidence"]
    told["decision"].pop("evidence", None)
    return [one for one in _strings(told) if " " in one or re.search(r"[一-鿿]", one)]


def strange_numbers(report: DiagnosisReport, texts: list[str]) -> list[str]:
    """Numbers of these texts that are nowhere in the stored evidence, simply looked for.

    A number of the evidence may be rounded, told without its sign, as per cent, in another unit of
    time, or as difference, ratio or change of two levels of one object; whatever a tool said in
    words may be repeated, and nothing that it was asked for. Identifiers and dates are left out.
    """
    held, said = set[float](), list[str]()
    for one in (*report.diagnosis.evidence, *getattr(report.decision, "evidence", ())):
        held |= {abs(number) for number in _numbers([one.result, one.arguments])}
        said += _strings([one.result, one.note])
    known = {n for text in said for n in _DIGITS.findall(_ascii(text))}
    return [
        number
        for text in texts
        for number in _DIGITS.findall(_NAMES.sub(" ", _ascii(text)))
        if number not in known and not _derived(number, held)
    ]


_NAMES = re.compile(r"\b[A-Za-z][\w-]*\d[\w-]*|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?")
_LEVELS = ("before", "now", "first", "last", "low", "high", "mean", "limit", "limit_high", "value")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


def _ascii(text: str) -> str:
    return text.translate({ord("０") + i: str(i) for i in range(10)} | {ord("．"): "."})


def _derived(number: str, held: set[float]) -> bool:
    places = len(number.partition(".")[2])
    room, value = 0.5 * 10.0**-places + 1e-9, float(number)
    return any(abs(one - value) <= room for one in held)


def _numbers(value: Any) -> Iterator[float]:
    match value:
        case bool() | None | str():
            pass
        case int() | float():
            one = float(value)
            yield from (one, 100 * one, one / 60, one / 3600, 60 * one)
        case Mapping():
            items = cast(Mapping[str, Any], value)
            own = [float(items[name]) for name in _LEVELS if _is_number(items.get(name))]
            for a in own:
                for b in own:
                    yield b - a
                    if a:
                        yield from (b / a, 100 * b / a, 100 * (b - a) / a)
            for one in items.values():
                yield from _numbers(one)
        case list():
            items = cast(list[Any], value)
            yield float(len(items))
            for one in items:
                yield from _numbers(one)
        case _:
            pass


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for one in cast(Mapping[str, Any], value).values():
                yield from _strings(one)
        case list():
            for one in cast(list[Any], value):
                yield from _strings(one)
        case _:
            pass


def rows_of(stores: Stores) -> dict[str, dict[Any, dict[str, Any]]]:
    """Every table's rows by their primary key."""
    found: dict[str, dict[Any, dict[str, Any]]] = {}
    with stores.database.read() as connection:
        for name, table in metadata.tables.items():
            keys = [column.name for column in table.primary_key.columns]
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
            found[name] = {tuple(row[key] for key in keys): dict(row) for row in rows}
    return found
