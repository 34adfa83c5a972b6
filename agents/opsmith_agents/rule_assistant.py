"""The assistant without an LLM: one intent, a few tool calls, an answer from what they gave."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, tzinfo

from opsmith.domain.base import Language
from opsmith_agents import rule_alerts, rule_drafts, rule_readings, rule_reviews, rule_work
from opsmith_agents.answers import Answer, WatchedLedger
from opsmith_agents.grammar import Named, Question, understand
from opsmith_agents.grammar_words import Intent
from opsmith_agents.memory import Memory
from opsmith_agents.reply_words import joined, plain
from opsmith_agents.rule_turn import CannotSay, Turn
from opsmith_agents.wording_help import CHANGE, FORGOTTEN, HELP, NOT_UNDERSTOOD
from opsmith_mcp.device_registry import DeviceList, DeviceRegistry

_ANSWERS: Mapping[Intent, Callable[[Turn], Awaitable[str]]] = {
    "overview": rule_readings.overview,
    "devices": rule_readings.devices,
    "status": rule_readings.status,
    "trend": rule_readings.trend,
    "compare": rule_readings.compare,
    "forecast": rule_readings.forecast,
    "alerts": rule_alerts.alerts,
    "why": rule_alerts.why,
    "held": rule_alerts.held,
    "diagnose": rule_alerts.diagnose,
    "orders": rule_work.orders,
    "knowledge": rule_work.knowledge,
    "handover": rule_work.handover,
    "create_order": rule_drafts.create_order,
    "change_order": rule_drafts.change_order,
    "acknowledge": rule_drafts.acknowledge,
    "shelve": rule_drafts.shelve,
    "maintenance": rule_drafts.maintenance,
    "review": rule_reviews.review,
}
_ALONE: Mapping[Intent, Mapping[Language, str]] = {
    "help": HELP,
    "forget": FORGOTTEN,
    "change": CHANGE,
}
"""Answers that need no tool."""


class RuleAssistant:
    """Answers what the grammar understands.

    Args:
        zone: Of the times that it shows.
    """

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._zone = zone

    async def answer(
        self, text: str, language: Language, ledger: WatchedLedger, memory: Memory
    ) -> tuple[Answer, Memory]:
        """Answer one question; where a tool fails, the answer says so.

        Returns:
            The answer, and what the conversation is about after it.
        """
        asked = understand(text)
        if asked.intent in _ALONE:
            return _answer(_ALONE[asked.intent][language], language, ledger), memory.after(asked)
        found = await ledger.call(DeviceRegistry.list_devices)
        if found.result is None:
            said = next(e.note or "" for e in ledger.evidence if e.evidence_id == found.evidence_id)
            return _answer(_unanswered(said, language), language, ledger), memory
        asked = recalled(text, found.result, memory)
        if asked.intent not in _ANSWERS:
            said = joined(NOT_UNDERSTOOD[language], HELP[language])
            return _answer(said, language, ledger), memory
        turn = Turn(asked, text, language, ledger, self._zone, found.result, memory)
        try:
            said = await _ANSWERS[asked.intent](turn)
        except CannotSay as reason:
            said = str(reason)
        answer = _answer(said, language, ledger).model_copy(
            update={
                "chart": ledger.chart(asked.channel),
                "proposal": turn.proposal,
                "more": tuple(turn.more),
                "evidence": turn.cited or ledger.evidence,
            }
        )
        return answer, memory.after(asked, **turn.found)


def recalled(text: str, registry: DeviceList, memory: Memory) -> Question:
    """What a question asks for, in its conversation."""
    names = [Named(one.device_id, one.device_name, one.device_type) for one in registry.devices]
    return memory.recall(understand(text, names), names)


def _answer(said: str, language: Language, ledger: WatchedLedger) -> Answer:
    return Answer(text=said, language=language, made_by="rules", evidence=ledger.evidence)


def _unanswered(note: str, language: Language) -> str:
    if language == "zh":
        return f"`list_devices` 无法应答，不能视为正常：{plain(note)}"
    return f"`list_devices` could not answer: {plain(note)}"
