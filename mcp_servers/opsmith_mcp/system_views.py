"""What the tools of the admins answer with."""

from typing import Any

from pydantic import Field

from opsmith.domain.audit import AuditRow
from opsmith.domain.base import Model, Moment, State, ToolResult


class WorkerView(Model):
    """One process that runs one stage."""

    stage: str
    host: str
    pid: int
    started_at: Moment
    seen_at: Moment
    silent_s: float = Field(description="Seconds since it was last heard of.")
    is_late: bool = Field(description="It missed three beats or more: hung, killed, or cut off.")
    facts: dict[str, Any] = Field(description="Such as `lag`, in messages, and `failures`.")


class WorkerList(ToolResult):
    """Processes that run stages."""

    workers: tuple[WorkerView, ...]


class StoreView(Model):
    """One store."""

    store: str
    state: State
    note: str | None = None
    migration: str | None = None
    size_bytes: int | None = Field(default=None, description="None: unknown.")
    rows: dict[str, int] = Field(
        default_factory=dict[str, int], description="By table; of `series`, readings and devices."
    )
    newest: Moment | None = Field(default=None, description="Time of the newest reading.")


class StoreList(ToolResult):
    """What the plant's data lie in, and what waits to be announced."""

    stores: tuple[StoreView, ...]
    outbox: dict[str, int] = Field(description="Messages that wait to be published, by topic.")


class DeadLetterView(Model):
    """A message that could not be used. Its value is data from outside."""

    digest: str
    topic: str
    reason: str
    source: str
    created_at: Moment
    redriven_at: Moment | None
    size_bytes: int
    value: str = Field(description="The beginning; what is unprintable is escaped.")


class ReasonCount(Model):
    """How many dead letters have a reason."""

    reason: str = Field(description="Quoted parts and numbers left out.")
    count: int


class DeadLetterList(ToolResult):
    """Dead letters, the newest first."""

    total: int
    by_reason: tuple[ReasonCount, ...]
    letters: tuple[DeadLetterView, ...]
    next_cursor: str | None = None


class Redriven(ToolResult):
    """What came of putting dead letters back."""

    redriven: int = Field(description="Put back; ingest takes them as they come.")
    unusable: int = Field(description="Left: they would fail again as they are.")
    left: int = Field(description="Others that were meant, beyond at_most.")
    unusable_reasons: tuple[ReasonCount, ...] = ()


class AuditList(ToolResult):
    """Rows of the audit log, the newest first."""

    rows: tuple[AuditRow, ...]
    next_cursor: str | None = None


class AuditCheck(ToolResult):
    """Whether the audit log is whole."""

    is_whole: bool
    rows: int
    broken_at: int | None = Field(description="`seq` of the first row altered or after a gap.")
    newest_digest: str | None = Field(
        description="Keep it elsewhere: rows cut off at the end show by it alone."
    )


class KeyView(Model):
    """One API key, without the key."""

    name: str
    role: str
    factories: tuple[str, ...] | None = Field(description="None: all.")
    state: str = Field(description="active, expired or revoked.")
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None


class KeyList(ToolResult):
    """API keys, the oldest first."""

    keys: tuple[KeyView, ...]
