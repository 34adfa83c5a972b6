"""The assistant without an LLM: one intent, a few tool calls, an answer whose numbers are theirs."""

import math
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, tzinfo

from opsmith.domain.base import Language
from opsmith_agents import replies_plant, replies_work
from opsmith_agents.answers import Answer, WatchedLedger
from opsmith_agents.evidence import Found
from opsmith_agents.grammar import Intent, Named, Question, understand
from opsmith_agents.reply_words import channel as channel_word
from opsmith_agents.reply_words import joined, listed, plain, say
from opsmith_agents.wording_help import CREATE_ORDER, HELP, NOT_UNDERSTOOD
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.forecasting import Forecasting
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.telemetry import Telemetry, TelemetryWindow
from opsmith_mcp.work_orders import WorkOrders

_MOST_MINUTES = 129_600
_ABOUT_IT = re.compile(
    r"\b(it|its|that (one|device|machine)|this (one|device|machine))\b"
    r"|它|该设备|这台|那台|此设备",
    re.IGNORECASE,
)


class RuleAssistant:
    """Answers what the grammar understands; it remembers which device was spoken of.

    Args:
        zone: Of the times that it shows.
    """

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._last: str | None = None

    async def answer(self, text: str, language: Language, ledger: WatchedLedger) -> Answer:
        """Answer one question; a tool that fails is told in the answer."""
        turn = _Turn(text, language, ledger, self._zone, self._last)
        said = await turn.answer()
        self._last = turn.device or self._last
        return Answer(text=said, language=language, chart=turn.chart(), made_by="rules")


class _Turn:
    """One question on its way to its answer."""

    def __init__(
        self, text: str, language: Language, ledger: WatchedLedger, zone: tzinfo, last: str | None
    ) -> None:
        self.device: str | None = None
        self._text = text
        self._language: Language = language
        self._ledger = ledger
        self._zone = zone
        self._last = last
        self._charted = False

    def chart(self):
        return self._ledger.chart() if self._charted else None

    async def answer(self) -> str:
        asked = understand(self._text)
        if asked.intent not in ("help", "create_order") and asked.order_no is None:
            found = await self._ledger.call(DeviceRegistry.list_devices)
            if found.result is None:
                return self._failure(found)
            known = [
                Named(one.device_id, one.device_name, one.device_type)
                for one in found.result.devices
            ]
            asked = understand(self._text, known)
            if asked.intent == "devices":
                return replies_plant.devices(found.result, self._language)
        by_intent: dict[Intent, Callable[[Question], Awaitable[str]]] = {
            "status": self._status,
            "trend": self._trend,
            "alerts": self._alerts,
            "why": self._why,
            "orders": self._orders,
            "forecast": self._forecast,
            "knowledge": self._knowledge,
        }
        if (handle := by_intent.get(asked.intent)) is not None:
            try:
                return await handle(asked)
            except _CannotSay as reason:
                return str(reason)
        said = {"help": HELP, "create_order": CREATE_ORDER}.get(asked.intent)
        return (said or joined(NOT_UNDERSTOOD[self._language]) and {
            language: joined(NOT_UNDERSTOOD[language], HELP[language]) for language in HELP
        })[self._language]
