"""What a conversation spoke of last, so that `and yesterday?` is understood."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from opsmith.domain.base import Language, Model
from opsmith.domain.diagnoses import Evidence
from opsmith_agents.grammar import Named, Question, understand
from opsmith_agents.grammar_words import Intent
from opsmith_agents.proposed import ProposedCall

TURNS = 8
"""Questions with their answers that are kept."""
_KEPT = 1500
"""Characters of an answer that are kept."""

_OF_ONE: frozenset[Intent] = frozenset(
    ("status", "trend", "why", "diagnose", "forecast", "create_order", "knowledge", "maintenance")
)
"""Intents that are about the device spoken of unless they name another."""
_OF_WINDOW: frozenset[Intent] = frozenset(("trend", "compare", "alerts", "orders", "handover"))
_OF_ALERT: frozenset[Intent] = frozenset(
    ("why", "held", "diagnose", "acknowledge", "shelve", "create_order")
)
_NO_TOPIC: frozenset[Intent] = frozenset(("help", "forget", "unknown", "change", "review"))


class Turn(Model):
    """A question and what was answered."""

    question: str
    answer: str
    made_by: str
    language: Language


class Memory(Model):
    """Device, channel, window, alert and order of the last turns."""

    intent: Intent | None = None
    devices: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    minutes: int | None = None
    day: int | None = None
    at: tuple[int, int] | None = None
    against: str | None = None
    trace_id: str | None = None
    order_no: str | None = None
    cause: str = Field(default="", description="Name of the failure mode that was spoken of.")
    turns: tuple[Turn, ...] = Field(default=(), description="The newest last.")
    cards: tuple[ProposedCall, ...] = Field(default=(), description="That wait for a person.")

    @property
    def device(self) -> str | None:
        """The device that was spoken of, where it was one."""
        return self.devices[0] if len(self.devices) == 1 else None

    def recall(self, asked: Question, devices: Sequence[Named] = ()) -> Question:
        """Fill in what a question leaves to the turns before it.

        Args:
            asked: What was understood of it alone.
            devices: Of the plant; for `the other pump`.
        """
        asked = self._about_what(asked)
        if asked.has_other and not asked.are_named:
            asked = self._the_other(asked, devices)
        asked = self._of_which_device(asked)
        return self._of_what_window(asked)

    def after(self, asked: Question, **found: Any) -> "Memory":
        """The memory after a question that was answered.

        Args:
            asked: As `recall` gave it.
            **found: What the answer was about besides: `devices`, `trace_id`, `order_no`, `cause`.
        """
        if asked.intent == "forget":
            return Memory()
        if asked.intent in _NO_TOPIC:
            return self
        known: dict[str, Any] = {"intent": asked.intent}
        if asked.devices and (asked.are_named or len(asked.devices) == 1):
            known["devices"] = asked.devices
        for name in ("channels", "trace_id", "order_no"):
            if value := getattr(asked, name):
                known[name] = value
        if asked.intent in _OF_WINDOW:
            known |= {name: getattr(asked, name) for name in ("minutes", "day", "at", "against")}
        known |= {name: value for name, value in found.items() if value}
        if known.get("devices", self.devices) != self.devices:
            # An alert or order of another device is not what `it` means any more.
            known = {"trace_id": None, "order_no": None, "cause": "", **known}
        if asked.intent not in ("trend", "compare") and not asked.channels:
            known["channels"] = ()
        return self.model_copy(update=known)

    def after_calls(self, text: str, evidence: Sequence[Evidence]) -> "Memory":
        """The memory after a question that an LLM answered, by the tools that it called."""

        def given(name: str) -> list[str]:
            values = [one.arguments.get(name) for one in evidence if one.result]
            return list(dict.fromkeys(value for value in values if isinstance(value, str)))

        devices = [*given("device_id"), *self.devices]
        asked = self.recall(understand(text, [Named(one) for one in devices]))
        called = given("device_id")
        about = () if asked.are_named or len(called) != 1 else tuple(called)
        last = {name: (given(name) or [None])[-1] for name in ("trace_id", "order_no")}
        if asked.intent == "unknown" and not (about or any(last.values())):
            return self
        if asked.intent in _NO_TOPIC:
            asked = replace(asked, intent=self.intent or "status")
        channels = tuple(given("channel"))
        return self.after(asked, devices=about, channels=channels, **last)

    def told(self, question: str, answer: str, made_by: str, language: Language) -> "Memory":
        """The memory with one more turn."""
        turn = Turn(
            question=question[:_KEPT], answer=answer[:_KEPT], made_by=made_by, language=language
        )
        return self.model_copy(update={"turns": (*self.turns, turn)[-TURNS:]})

    def _about_what(self, asked: Question) -> Question:
        """What it asks for, where it only says of what."""
        if asked.intent == "status" and asked.is_said and not (asked.devices or asked.unheard):
            # `How is ...` is asked of all the world.
            if not (asked.has_pronoun or asked.is_bare or asked.has_other):
                return replace(asked, intent="unknown")
            return asked
        before = self.intent
        if asked.is_said or before is None:
            return asked
        if asked.channels:
            if before in ("compare", "forecast"):
                return replace(asked, intent=before)
            return asked
        names = bool(asked.devices or asked.unheard or asked.has_other)
        if (names and (asked.follows or asked.has_other)) or (asked.is_bare and asked.has_time):
            return replace(asked, intent=before)
        return asked

    def _the_other(self, asked: Question, devices: Sequence[Named]) -> Question:
        spoken = next((one for one in devices if one.device_id == self.device), None)
        wanted = asked.device_type or (spoken.device_type if spoken else None)
        others = [
            one.device_id
            for one in devices
            if one.device_type == wanted and one.device_id != self.device
        ]
        if spoken is None or not others:
            return asked
        return replace(asked, devices=tuple(others), are_named=len(others) == 1)

    def _of_which_device(self, asked: Question) -> Question:
        goes_on = asked.has_pronoun or asked.follows or (asked.is_bare and not asked.is_said)
        names = bool(asked.devices or asked.unheard or asked.line)
        if asked.intent in _OF_ALERT and not asked.trace_id and not names and self.trace_id:
            asked = replace(asked, trace_id=self.trace_id)
        if asked.intent == "orders" and asked.has_pronoun and not names and not asked.order_no:
            asked = replace(asked, order_no=None if self.device else self.order_no)
        if asked.intent == "compare":
            asked = self._compared(asked)
            if not (asked.devices or asked.unheard) and asked.words:
                # What tells two troubles apart is asked of the knowledge.
                return replace(asked, intent="knowledge")
            return asked
        if names or asked.trace_id or asked.order_no or not self.devices:
            return asked
        is_of_one = asked.intent in _OF_ONE and not (
            asked.intent == "forecast" and "first" in asked.words
        )
        if asked.intent == "knowledge" and not asked.has_pronoun and asked.words:
            is_of_one = False
        inherits = not asked.is_said and asked.intent == self.intent
        if is_of_one or goes_on or inherits:
            return replace(asked, devices=self.devices, are_named=True)
        return asked

    def _compared(self, asked: Question) -> Question:
        """One that is named is compared with the one spoken of, where nothing else is said."""
        told: dict[str, Any] = {}
        if not asked.devices and not asked.unheard and self.devices:
            told = {"devices": self.devices, "are_named": True}
        elif (
            len(asked.devices) == 1
            and not asked.against
            and len(asked.channels) < 2
            and (asked.is_said or not self.against)
        ):
            device = self.device
            if device is not None and device not in asked.devices:
                told = {"devices": (device, *asked.devices), "are_named": True}
        if told and not asked.channels:
            told["channels"] = self.channels
        if not asked.is_said and not asked.against:
            told["against"] = self.against
        return replace(asked, **told)

    def _of_what_window(self, asked: Question) -> Question:
        if asked.intent != self.intent or asked.is_said:
            return asked
        told: dict[str, Any] = {}
        if not asked.channels:
            told["channels"] = self.channels
        if not asked.has_time:
            told |= {"minutes": self.minutes, "day": self.day, "at": self.at}
        return replace(asked, **told)
