"""Knowledge: failure modes of a device class, how they show and what to do."""

from typing import Literal

from pydantic import Field

from opsmith.domain.alerts import Direction, Kind
from opsmith.domain.base import Language, Model, Moment

Category = Literal[
    "bearing", "rotor", "seal", "hydraulic", "process", "cooling", "lubrication", "motor",
    "electrical", "structure", "sensor", "control", "unknown",
]  # fmt: skip
"""A failure mode's fault category: where the plant's trades would look."""


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
    signs: tuple[Sign, ...]
    separable_from: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Look-alike entry -> the test that tells them apart (English).",
    )
    parts: tuple[str, ...] = ()
    hours: float = Field(ge=0, description="Planned labour hours of the remedy.")
    lockout: bool = Field(default=True, description="The remedy needs isolation (lock-out).")
    text: dict[Language, Prose]
    source: Literal["MANUAL", "AI_GENERATED", "VENDOR"] = "MANUAL"
    reference: str = Field(default="", description="Where the knowledge comes from.")
    created_at: Moment | None = None
