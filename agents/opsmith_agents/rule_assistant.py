"""The assistant without an LLM: one intent, a few tool calls, an answer from what they gave."""

import math
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta, tzinfo
from typing import Any, TypeVar

from opsmith.domain.base import Language
from opsmith_agents import replies_many, replies_plant, replies_work
from opsmith_agents.answers import Answer, WatchedLedger
from opsmith_agents.evidence import Found
from opsmith_agents.grammar import Named, Question, understand
from opsmith_agents.grammar_words import Intent
from opsmith_agents.reply_words import channel, joined, listed, not_found_in_chinese, plain, say
from opsmith_agents.wording_help import CHANGE, CREATE_ORDER, HELP, NOT_UNDERSTOOD
from opsmith_mcp.alert_history import AlertHistory, ReportView
from opsmith_mcp.device_registry import DeviceList, DeviceRegistry
from opsmith_mcp.forecasting import Forecasting
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.telemetry import Telemetry, TelemetryWindow
from opsmith_mcp.work_orders import WorkOrders

T = TypeVar("T")

_MOST_MINUTES = 129_600
_MOST_COMPARED = 10
_LOOKED_BACK = 5
"""Versions of a report that are looked at for one in the language of the question."""
_ABOUT_IT = re.compile(
    r"\b(it|its|(that|this) (one|device|machine))\b|它|该设备|这台|那台|此设备", re.IGNORECASE
)


class RuleAssistant:
    """Answers what the grammar understands; it remembers which device was spoken of.

    Args:
        zone: Of the times that it shows.
    """

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._device: str | None = None

    async def answer(self, text: str, language: Language, ledger: WatchedLedger) -> Answer:
        """Answer one question; where a tool fails, the answer says so."""
        turn = _Turn(text, language, ledger, self._zone, self._device)
        try:
            said = await turn.answer()
        except _CannotSay as reason:
            said = str(reason)
        self._device = turn.device
        return Answer(text=said, language=language, chart=ledger.chart(), made_by="rules")


class _CannotSay(Exception):
    """Why a question has no answer, in words for who asked."""


class _Turn:
    """One question on its way to its answer."""

    def __init__(
        self, text: str, language: Language, ledger: WatchedLedger, zone: tzinfo, device: str | None
    ) -> None:
        self.device = device
        self._text = text
        self._language: Language = language
        self._ledger = ledger
        self._zone = zone

    async def answer(self) -> str:
        language = self._language
        match understand(self._text).intent:
            case "help":
                return HELP[language]
            case "create_order":
                return CREATE_ORDER[language]
            case "change":
                return CHANGE[language]
            case _:
                registry = self._need(await self._ledger.call(DeviceRegistry.list_devices))
        asked = understand(
            self._text,
            [Named(d.device_id, d.device_name, d.device_type) for d in registry.devices],
        )
        handlers: dict[Intent, Callable[[Question], Awaitable[str]]] = {
            "status": self._status,
            "trend": self._trend,
            "alerts": self._alerts,
            "why": self._why,
            "orders": self._orders,
            "forecast": self._forecast,
            "knowledge": self._knowledge,
            "overview": lambda _: self._overview(registry),
        }
        if asked.intent in handlers:
            return await handlers[asked.intent](asked)
        if asked.intent == "devices":
            return replies_plant.devices(replies_many.chosen(registry, asked), language)
        return joined(NOT_UNDERSTOOD[language], HELP[language])

    async def _status(self, asked: Question) -> str:
        device = await self._the_device(asked)
        view = self._need(await self._ledger.call(DeviceRegistry.query_device_status, device))
        window = await self._ledger.call(
            Telemetry.fetch_telemetry_data, device, window_mins=_window(asked)
        )
        standing = await self._ledger.call(AlertHistory.list_alerts, device_id=device)
        said = replies_plant.status(
            view, window.result, standing.result, self._language, self._zone
        )
        return joined(said, *(self._why_not(one) for one in (window, standing)))

    async def _overview(self, registry: DeviceList) -> str:
        standing = self._need(await self._ledger.call(AlertHistory.list_alerts, standing=True))
        return replies_many.overview(registry, standing, self._language, self._zone)

    async def _trend(self, asked: Question) -> str:
        if asked.are_named and len(asked.devices) > 1:
            return await self._compare(asked)
        device = await self._the_device(asked)
        when = await self._when(asked, device)
        window = self._need(await self._ledger.call(Telemetry.fetch_telemetry_data, device, **when))
        name = self._channel(asked.channel, window)
        series = await self._ledger.call(Telemetry.read_series, device, name, **when)
        return replies_plant.trend(self._need(series), window, self._language, self._zone)

    async def _compare(self, asked: Question) -> str:
        windows = [
            self._need(
                await self._ledger.call(
                    Telemetry.fetch_telemetry_data, one, **await self._when(asked, one)
                )
            )
            for one in asked.devices[:_MOST_COMPARED]
        ]
        return replies_many.comparison(windows, asked.channel, self._language, self._zone)

    async def _when(self, asked: Question, device: str) -> dict[str, Any]:
        """The window asked for; of a time of day, the last such before the plant's now."""
        when: dict[str, Any] = {"window_mins": _window(asked)}
        if asked.at is not None:
            view = self._need(await self._ledger.call(DeviceRegistry.query_device_status, device))
            now = view.as_of.astimezone(self._zone)
            until = now.replace(hour=asked.at[0], minute=asked.at[1], second=0, microsecond=0)
            when["until"] = until if until <= now else until - timedelta(days=1)
        return when

    async def _alerts(self, asked: Question) -> str:
        about_it = _ABOUT_IT.search(self._text) is not None
        if asked.devices or asked.unheard or (about_it and self.device):
            device = await self._the_device(asked)
            history = self._need(
                await self._ledger.call(AlertHistory.get_alert_history, device, days=_days(asked))
            )
            return replies_plant.alerts(history, self._language, self._zone)
        listed_ = self._need(
            await self._ledger.call(
                AlertHistory.list_alerts,
                standing=asked.minutes is None,
                level=asked.level,
                days=_days(asked),
            )
        )
        return replies_plant.alerts(
            listed_, self._language, self._zone, standing=asked.minutes is None
        )

    async def _why(self, asked: Question) -> str:
        trace_id = asked.trace_id or await self._newest_alert(asked)
        seen = await self._report(trace_id)
        said = replies_work.report(seen, self._language, self._zone)
        if seen.report is not None:
            return said
        view = self._need(await self._ledger.call(AlertHistory.get_alert, trace_id))
        return joined(said, replies_plant.deviations(view, self._language, self._zone))

    async def _report(self, trace_id: str) -> ReportView:
        """The newest report in the language of the question, else the newest of all."""
        newest = self._need(await self._ledger.call(AlertHistory.get_report, trace_id))
        seen = newest
        for line in reversed(newest.versions[:-1][-_LOOKED_BACK:]):
            if seen.report is None or seen.report.diagnosis.language == self._language:
                return seen
            seen = self._need(
                await self._ledger.call(AlertHistory.get_report, trace_id, version=line.version)
            )
        spoken = seen.report is not None and seen.report.diagnosis.language == self._language
        return seen if spoken else newest

    async def _newest_alert(self, asked: Question) -> str:
        """Of the device, else of the plant; one that stands before one that is over."""
        language = self._language
        device = None
        if asked.devices or asked.unheard or self.device:
            device = await self._the_device(asked)
        for standing in (True, False):
            seen = self._need(
                await self._ledger.call(
                    AlertHistory.list_alerts, standing=standing, device_id=device, days=30
                )
            )
            if device is None and len(seen.alerts) > 1:
                question = say(language, "Which alert do you mean?", "请问是哪个报警？")
                rows = replies_plant.alerts(seen, language, self._zone, standing=standing)
                raise _CannotSay(joined(question, rows))
            if seen.alerts:
                return seen.alerts[0].trace_id
        where = "" if device is None else say(language, f" of {plain(device)}", plain(device))
        raise _CannotSay(
            say(language, f"No alert{where} in the last 30 days.", f"{where}近 30 天没有报警。")
        )

    async def _orders(self, asked: Question) -> str:
        if asked.order_no is not None:
            one = self._need(await self._ledger.call(WorkOrders.get_work_order, asked.order_no))
            return replies_work.order(one, self._language, self._zone)
        device = None
        if asked.devices or asked.unheard or _ABOUT_IT.search(self._text):
            device = await self._the_device(asked)
        days = None if asked.minutes is None or asked.by_due else _days(asked)
        orders = await self._ledger.call(
            WorkOrders.list_work_orders, device_id=device, status=asked.order_status, days=days
        )
        return replies_work.orders(
            self._need(orders), self._language, self._zone, by_due=asked.by_due
        )

    async def _forecast(self, asked: Question) -> str:
        device = await self._the_device(asked)
        seen = self._need(await self._ledger.call(Forecasting.predict_failure, device))
        return replies_work.forecast(seen, self._language)

    async def _knowledge(self, asked: Question) -> str:
        # The name of a class that the plant lacks is part of the trouble, such as a valve.
        type_ = asked.device_type if asked.device_type and asked.devices else ""
        if not type_ and len(asked.devices) == 1:
            view = await self._ledger.call(DeviceRegistry.query_device_status, asked.devices[0])
            type_ = view.result.device.device_type if view.result else ""
        hits = await self._ledger.call(
            Knowledge.search_maintenance_kb,
            type_,
            keyword=asked.words[:200],
            language=self._language,
            limit=3,
        )
        return replies_work.knowledge(self._need(hits), self._language)

    async def _the_device(self, asked: Question) -> str:
        """The one device that is meant; what is no known id goes to the registry."""
        language = self._language
        if asked.unheard is not None:
            found = await self._ledger.call(DeviceRegistry.query_device_status, asked.unheard)
            self.device = self._need(found).device.device_id
        elif len(asked.devices) == 1:
            self.device = asked.devices[0]
        elif asked.devices:
            which = listed(language, [plain(one) for one in asked.devices])
            raise _CannotSay(say(language, f"Which device: {which}?", f"请问是哪台设备：{which}？"))
        if self.device is None:
            raise _CannotSay(
                say(
                    language,
                    "Which device do you mean? *list the devices* shows them.",
                    "请问是哪台设备？可问“有哪些设备”。",
                )
            )
        return self.device

    def _channel(self, wanted: str | None, window: TelemetryWindow) -> str:
        """The channel that was asked for, or the one that is nearest to its limit."""
        names = [one.channel for one in window.channels]
        if not names:
            raise _CannotSay(
                say(
                    self._language,
                    f"{plain(window.device_id)} has no readings in that time.",
                    f"{plain(window.device_id)} 在该时段没有读数。",
                )
            )
        if wanted is None:
            near = {
                one.channel: one.last / one.limit_high
                for one in window.channels
                if one.last is not None and one.limit_high
            }
            return max(near, key=near.__getitem__) if near else names[0]
        for name in (*(n for n in names if n == wanted), *names):
            if name.startswith(wanted):
                return name
        there = listed(self._language, [channel(self._language, name) for name in names])
        what, device = channel(self._language, wanted), plain(window.device_id)
        raise _CannotSay(
            say(
                self._language,
                f"{device} has no readings of {what}; it has {there}.",
                f"{device} 没有{what}读数；现有：{there}。",
            )
        )

    def _need(self, found: Found[T]) -> T:
        if found.result is None:
            raise _CannotSay(self._why_not(found))
        return found.result

    def _why_not(self, found: Found[Any]) -> str:
        """What a tool said instead of an answer; nothing where it answered."""
        if found.result is not None:
            return ""
        evidence = next(e for e in self._ledger.evidence if e.evidence_id == found.evidence_id)
        note = evidence.note or ""
        kind, _, message = note.partition(": ")
        said = plain(message if kind in ("NotFound", "BadInput") else note)
        if kind == "NotFound":
            return say(self._language, said, not_found_in_chinese(said))
        return say(
            self._language,
            f"`{evidence.tool}` could not answer: {said}",
            f"`{evidence.tool}` 无法应答：{said}",
        )


def _window(asked: Question) -> int:
    return min(asked.minutes or 60, _MOST_MINUTES)


def _days(asked: Question) -> int:
    return 7 if asked.minutes is None else max(1, math.ceil(asked.minutes / 1440))
