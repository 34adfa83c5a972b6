"""One question on its way to its answer: the tools it may ask, and what it may not find."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, TypeVar

from opsmith.domain.base import Language
from opsmith.domain.diagnoses import Evidence
from opsmith_agents.answers import WatchedLedger
from opsmith_agents.evidence import Found
from opsmith_agents.grammar import Question
from opsmith_agents.memory import Memory
from opsmith_agents.proposed import ProposedCall
from opsmith_agents.reply_words import channel, listed, moment, not_found_in_chinese, plain, say
from opsmith_mcp.device_registry import DeviceList, DeviceRegistry
from opsmith_mcp.telemetry import TelemetryWindow

T = TypeVar("T")

MOST_MINUTES = 129_600
_DAY = timedelta(days=1)


class CannotSay(Exception):
    """Why a question has no answer, in words for who asked."""


@dataclass(slots=True)
class Turn:
    """One question, with what it needs to be answered."""

    asked: Question
    text: str
    language: Language
    ledger: WatchedLedger
    zone: tzinfo
    registry: DeviceList
    memory: Memory
    found: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the answer is about, for the memory."""
    proposal: ProposedCall | None = None
    more: list[ProposedCall] = field(default_factory=list[ProposedCall])
    """Further cards of the same answer."""
    cited: tuple[Evidence, ...] = ()
    """What the ids in the answer stand for, where that is not what the ledger calls so."""

    @property
    def now(self) -> datetime:
        """Plant time."""
        return self.registry.as_of

    def say(self, en: str, zh: str) -> str:
        """The one of the two that the language wants."""
        return say(self.language, en, zh)

    def need(self, found: Found[T]) -> T:
        """What a tool answered. Raises `CannotSay`."""
        if found.result is None:
            raise CannotSay(self.why_not(found))
        return found.result

    def why_not(self, found: Found[Any]) -> str:
        """What a tool said instead of an answer; nothing where it answered."""
        if found.result is not None:
            return ""
        evidence = next(e for e in self.ledger.evidence if e.evidence_id == found.evidence_id)
        note = evidence.note or ""
        kind, _, message = note.partition(": ")
        said = plain(message if kind in ("NotFound", "BadInput") else note)
        if kind == "NotFound":
            return self.say(said, not_found_in_chinese(said))
        return self.say(
            f"`{evidence.tool}` could not answer: {said}",
            f"`{evidence.tool}` 无法应答，不能视为正常：{said}",
        )

    async def device(self) -> str:
        """The one device that is meant; what is no known id goes to the registry."""
        asked = self.asked
        if asked.unheard is not None:
            seen = await self.ledger.call(DeviceRegistry.query_device_status, asked.unheard)
            return self._about(self.need(seen).device.device_id)
        if len(asked.devices) == 1:
            return self._about(asked.devices[0])
        if asked.devices:
            which = listed(self.language, [plain(one) for one in asked.devices])
            raise CannotSay(self.say(f"Which device: {which}?", f"请问是哪台设备：{which}？"))
        raise CannotSay(
            self.say(
                "Which device do you mean? *list the devices* shows them.",
                "请问是哪台设备？可问“有哪些设备”。",
            )
        )

    async def device_if_named(self) -> str | None:
        """The device that is meant, where one is."""
        return await self.device() if self.asked.devices or self.asked.unheard else None

    def window(self, default: int = 60) -> dict[str, Any]:
        """The window asked for, as the telemetry tools take it.

        Of a time of day, what led up to the last such before the plant's now; of a day, that day in
        the plant's zone as far as it is past.
        """
        asked, now = self.asked, self.now
        minutes = min(asked.minutes or default, MOST_MINUTES)
        if asked.at is not None:
            local = now.astimezone(self.zone)
            until = local.replace(hour=asked.at[0], minute=asked.at[1], second=0, microsecond=0)
            until += _DAY * (asked.day or 0)
            return {"window_mins": minutes, "until": until if until <= now else until - _DAY}
        if asked.day is not None:
            start, end = self.day(asked.day)
            return {"since": start, **({"until": end} if end < now else {})}
        return {"window_mins": minutes}

    def day(self, day: int) -> tuple[datetime, datetime]:
        """When a day of the plant's calendar begins and ends."""
        today = self.now.astimezone(self.zone).date() + _DAY * day
        midnight, tomorrow = (
            datetime.combine(one, time(), self.zone) for one in (today, today + _DAY)
        )
        return midnight, tomorrow

    def since(self, default: int) -> tuple[datetime, datetime]:
        """From when to when alerts or orders are asked for."""
        if self.asked.day is not None:
            start, end = self.day(self.asked.day)
            return start, min(end, self.now)
        return self.now - timedelta(minutes=self.asked.minutes or default), self.now

    def channel_of(self, wanted: str | None, window: TelemetryWindow) -> str:
        """The channel that was asked for, or the one that is nearest to its limit."""
        names = [one.channel for one in window.channels]
        device = plain(window.device_id)
        if not names:
            start, end = (moment(at, self.zone) for at in (window.window.start, window.window.end))
            raise CannotSay(
                self.say(
                    f"{device} has no readings from {start} to {end}.",
                    f"{device} 在 {start} 至 {end} 没有读数。",
                )
            )
        if wanted is None:
            near = {
                one.channel: one.last / one.limit_high
                for one in window.channels
                if one.last is not None and one.limit_high
            }
            return max(near, key=near.__getitem__) if near else names[0]
        known = matching(wanted, names)
        if known is not None:
            return known
        there = listed(self.language, [channel(self.language, name) for name in names])
        what = channel(self.language, wanted)
        raise CannotSay(
            self.say(
                f"{device} has no readings of {what}; it has {there}.",
                f"{device} 没有{what}读数；现有：{there}。",
            )
        )

    def _about(self, device: str) -> str:
        self.found["devices"] = (device,)
        return device


def matching(wanted: str, names: Sequence[str]) -> str | None:
    """The channel of that name, else the first of its kind."""
    if wanted in names:
        return wanted
    return next((name for name in names if name.startswith(wanted)), None)
