"""Maintenance knowledge: which failure modes there are, how they show, what to do."""

from typing import Annotated, Literal

from pydantic import Field

from opsmith.clock import PlantClock
from opsmith.domain.base import Language, Model, Moment, ToolResult, Window
from opsmith.domain.knowledge import Category, Sign
from opsmith.ports import SeriesStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.knowledge import KnowledgeStore
from opsmith_mcp.arguments import DeviceId, Onset, Until

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]


class KnowledgeHit(Model):
    """One entry that was found."""

    entry_id: str
    name: str
    category: Category
    severity: Severity
    symptoms: str = Field(description="The beginning.")
    solution: str = Field(description="The beginning.")
    matched: tuple[str, ...] = Field(description="Words of the keyword that it has.")


class KnowledgeHits(ToolResult):
    """Entries that were found, the best first."""

    device_type: str = Field(description="Class that was searched for.")
    language: Language
    total: int
    hits: tuple[KnowledgeHit, ...]


class EntryView(ToolResult):
    """One failure mode in one language."""

    entry_id: str
    language: Language
    device_types: tuple[str, ...]
    category: Category
    iso_code: str = Field(description="ISO 14224 failure mode, such as VIB.")
    severity: Severity
    name: str
    fault_pattern: str
    symptoms: str
    root_cause: str
    solution: str
    prevention: str
    immediate_action: str
    confirm_by: str = Field(description="The check that settles it.")
    signs: tuple[Sign, ...]
    separable_from: dict[str, str] = Field(description="Look-alike -> the test between them.")
    parts: tuple[str, ...]
    hours: float = Field(description="Planned labour hours of the remedy.")
    lockout: bool = Field(description="The remedy needs isolation (lock-out).")
    source: str
    reference: str


class RankedMode(Model):
    """One failure mode, as far as the channels speak of it."""

    entry_id: str
    name: str
    category: Category
    severity: Severity
    probability: float = Field(ge=0, le=1)
    standing: Literal["supported", "refuted", "untested"]
    speaks_for: tuple[str, ...] = Field(description="Sentences, the strongest first.")
    speaks_against: tuple[str, ...] = Field(description="Sentences, the strongest first.")
    untested: tuple[str, ...] = Field(description="Channels it would show in; none measured.")
    unexplained: tuple[str, ...] = Field(description="Channels that moved without its leave.")
    separating_test: str | None = Field(description="What tells it from its group.")
    group: tuple[str, ...] = Field(description="Entries the channels cannot tell from it.")
    about: str | None = Field(description="Channel whose sensor a sensor's failure is about.")


class Ranking(ToolResult):
    """Failure modes that could explain a deviation, the likeliest first."""

    device_id: str
    device_type: str = Field(description="Class used; guessed from the channels if unknown.")
    onset: Moment
    as_of: Moment
    window: Window = Field(description="What was looked at, before and since the onset.")
    measured: tuple[str, ...]
    established: bool = Field(
        description="False: none of the modes is likelier than none of them; do not name a cause."
    )
    none_probability: float = Field(ge=0, le=1, description="That it is none of these.")
    ranked: tuple[RankedMode, ...]


class Knowledge:
    """The tools of the maintenance knowledge."""

    def __init__(
        self,
        entries: KnowledgeStore,
        series: SeriesStore,
        devices: DeviceStore,
        clock: PlantClock,
    ) -> None:
        self._entries = entries
        self._series = series
        self._devices = devices
        self._clock = clock

    def search_maintenance_kb(
        self,
        device_type: Annotated[
            str, Field(max_length=64, description="Such as pump; `` or `*` for all.")
        ],
        keyword: Annotated[
            str, Field(max_length=200, description="Words, English or Chinese; empty for all.")
        ] = "",
        language: Language = "en",
        limit: Annotated[int, Field(ge=1, le=20)] = 5,
    ) -> KnowledgeHits:
        """Search failure modes of a device class by symptom, cause or remedy.

        Use it with words. From an alert, `match_failure_modes` ranks by the readings instead.
        For the whole of one call `get_kb_entry`.
        """
        raise NotImplementedError

    def get_kb_entry(
        self,
        entry_id: Annotated[str, Field(min_length=1, max_length=64)],
        language: Language = "en",
    ) -> EntryView:
        """Show one failure mode: symptoms, cause, remedy, parts, hours, lock-out, look-alikes."""
        raise NotImplementedError

    def match_failure_modes(
        self,
        device_id: DeviceId,
        onset: Onset,
        until: Until = None,
        language: Language = "en",
    ) -> Ranking:
        """Rank the failure modes that explain how the channels changed since an onset.

        Gives what speaks for and against each, what no channel tests, and the test that tells
        look-alikes apart. Use it to diagnose; the changes themselves are in `describe_change`.
        """
        raise NotImplementedError
