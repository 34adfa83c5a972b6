"""Reviews of knowledge at the machine: what waits, what is decided, what was learned."""

import json
from collections.abc import Mapping
from typing import Any, cast, get_args

from opsmith.access import caller
from opsmith.clock import wall_clock
from opsmith.domain.base import Language
from opsmith.domain.learning import EntryState, EntryVersion
from opsmith.errors import BadInput
from opsmith.storage.audit import AuditLog
from opsmith_kb.learn import Learned, explained
from opsmith_mcp.reviews import Decision, Reviews, scores_of
from opsmith_mcp.stores import Stores


def waiting(stores: Stores, entry_id: str | None) -> list[EntryVersion]:
    """Candidates, or the one of that id. Raises `NotFound`."""
    versions = stores.outcomes.versions
    return [versions.candidate(entry_id)] if entry_id else versions.find(state=EntryState.CANDIDATE)


def decide(
    stores: Stores,
    entry_id: str,
    decision: str,
    reason: str,
    edit: Mapping[str, Any] | None,
    version: int | None,
) -> EntryVersion:
    """Decide on an entry, as `review_knowledge` does. Raises `BadInput`, `NotFound`, `Conflict`."""
    if decision not in get_args(Decision):
        raise BadInput(f"No decision {decision!r}; {', '.join(get_args(Decision))}")
    if not reason.strip():
        raise BadInput("Say why: --reason")
    arguments = {
        "entry_id": entry_id, "decision": decision, "reason": reason,
        "edit": dict(edit) if edit else None, "version": version,
    }  # fmt: skip
    with stores.database.write():
        view = Reviews(stores.entries, stores.outcomes).review_knowledge(
            entry_id, cast(Decision, decision), reason, dict(edit) if edit else None, version
        )
        AuditLog(stores.database).append(
            caller(),
            "review_knowledge",
            json.dumps(arguments, ensure_ascii=False, default=str),
            "done",
            wall_clock(),
        )
    found = stores.outcomes.versions.find(view.entry_id)
    return next(one for one in found if one.version == view.version)


def scored(stores: Stores) -> list[dict[str, Any]]:
    """How the diagnoses of each failure mode did, most orders first."""
    return [one.model_dump() for one in scores_of(stores.outcomes.store.find(newest=100_000))]


def learned(stores: Stores, language: Language) -> list[dict[str, Any]]:
    """What closed orders changed of the priors, and why, the largest first."""
    rows = [one for of in stores.outcomes.store.learned().values() for one in of.values()]
    rows.sort(key=lambda one: (-abs(one.offset), one.device_type, one.entry_id))
    return [
        {
            "device_type": one.device_type,
            "entry_id": one.entry_id,
            "log_odds": one.offset,
            "why": explained(Learned(one.offset, one.found, one.expected), one.orders, language),
        }
        for one in rows
    ]
