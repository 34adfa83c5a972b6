"""Knowledge: failure modes of a device class, how they show and what to do."""

from typing import Literal, cast

from pydantic import Field, field_validator

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.base import Language, Model, Moment

Category = Literal[
    "bearing", "rotor", "seal", "hydraulic", "process", "cooling", "lubrication", "motor",
    "electrical", "structure", "sensor", "control", "unknown",
]  # fmt: skip
"""A failure mode's fault category: where the plant's trades would look."""


Skill = Literal[
    "mechanic", "electrician", "instrument_technician", "automation_technician",
    "vibration_analyst", "lubrication_technician", "operator",
]  # fmt: skip
"""A trade that the work on a device needs."""


class Sign(Model):
    """How a failure mode shows in one channel: a cell of the fault x symptom matrix."""

    channel: str = Field(
        description=(
            "Measurement, such as vibration; a trailing number matches too. `*`, `@all`, `@twin` "
            "and `@load` are explained in `opsmith_kb.signs`."
        )
    )
    direction: Direction | Literal["any"] = "any"
    kinds: tuple[Kind, ...] = Field(default=(), description="Kinds of change it may have; () any.")
    weight: float = Field(
        ge=-3,
        le=3,
        description="Log odds it adds where seen; what it takes away where it is refuted.",
    )
    against: float | None = Field(
        default=None,
        ge=0,
        le=3,
        description="Log odds it takes away where the channel did not move; None: as `weight`.",
    )
    at_least: float | None = Field(
        default=None, gt=0, description="Least change: K of a temperature, else share of `before`."
    )
    at_most: float | None = Field(default=None, gt=0, description="Greatest change, likewise.")
    order: int | None = Field(
        default=None, ge=1, le=9, description="1: it shows first; the same number: together."
    )
    note: str = Field(default="", description="Why, from the physics.")


class Prose(Model):
    """An entry's text in one language."""

    name: str
    fault_pattern: str
    symptoms: str
    root_cause: str
    solution: str
    prevention: str
    immediate_action: str = Field(max_length=300, description="What to do now, safely.")
    confirm_by: str = Field(max_length=300, description="The check that settles it.")


class KnowledgeEntry(Model):
    """One failure mode of one or more device classes, in both languages."""

    entry_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    device_types: tuple[str, ...] = Field(
        description="Classes it holds for; `rotating` any machine with a rotor, `*` anything."
    )
    category: Category
    iso_code: str = Field(default="", description="ISO 14224 failure mode, such as VIB.")
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
    prior: float = Field(default=0.0, ge=-3, le=3, description="Log odds against the other modes.")
    after_work: float = Field(
        default=0.0,
        ge=-1.5,
        le=1.5,
        description="Log odds to add where the device was worked on in the last two weeks.",
    )
    renewed: float = Field(
        default=0.0,
        ge=-1.5,
        le=0,
        description="Log odds to add where this very mode was remedied in the last two months.",
    )
    signs: tuple[Sign, ...]
    separable_from: dict[str, dict[Language, str]] = Field(
        default_factory=dict[str, dict[Language, str]],
        description="Look-alike entry -> the test that tells them apart, by language.",
    )
    parts: tuple[str, ...] = Field(default=(), description="In English.")
    parts_zh: tuple[str, ...] = Field(default=(), description="The same, in the same order.")
    hours: float = Field(ge=0, description="Planned labour hours of the remedy.")
    skills: tuple[Skill, ...] = Field(default=(), description="Trades, who leads first.")
    lockout: bool = Field(default=True, description="The remedy needs isolation (lock-out).")
    text: dict[Language, Prose]
    also: dict[Language, tuple[str, ...]] = Field(
        default_factory=dict[Language, tuple[str, ...]],
        description="How people also call it, or say that they have it; for the search.",
    )
    source: Literal["MANUAL", "AI_GENERATED", "VENDOR"] = "MANUAL"
    reference: str = Field(default="", description="Where the knowledge comes from.")
    created_at: Moment | None = None

    @field_validator("separable_from", mode="before")
    @classmethod
    def _in_english_alone(cls, value: object) -> object:
        """Entries of plants may tell their tests in English alone."""
        if not isinstance(value, dict):
            return value
        tests = cast("dict[object, object]", value)
        return {
            other: {"en": test} if isinstance(test, str) else test for other, test in tests.items()
        }

    def test_from(self, other: str, language: Language) -> str | None:
        """What tells it from a look-alike; in English where it is not told otherwise."""
        told = self.separable_from.get(other, {})
        return told.get(language) or told.get("en")

    def parts_in(self, language: Language) -> tuple[str, ...]:
        """The parts that the remedy may need, in English where they are not told otherwise."""
        return self.parts_zh if language == "zh" and self.parts_zh else self.parts
