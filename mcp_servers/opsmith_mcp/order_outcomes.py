"""What closed orders teach: the diagnosis is scored, priors are learned, entries are drafted."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, cast

from opsmith.access import caller
from opsmith.clock import wall_clock
from opsmith.domain.diagnoses import Diagnosis
from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.learning import (
    NOTHING,
    OTHER,
    DraftEvidence,
    EntryState,
    LearnedPrior,
    OrderOutcome,
)
from opsmith.domain.names import near
from opsmith.domain.work_orders import OrderStatus, WorkOrder
from opsmith.errors import BadInput
from opsmith.storage.alerts import AlertStore
from opsmith.storage.audit import AuditLog
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore
from opsmith.storage.knowledge import KnowledgeStore
from opsmith.storage.knowledge_versions import EntryVersions
from opsmith.storage.order_outcomes import OutcomeStore
from opsmith.storage.reports import ReportStore
from opsmith_kb.classes import applies_to, infer_device_type
from opsmith_kb.findings import draft, is_telling, likeness, mode_of
from opsmith_kb.learn import Judged, explained, learn, unlearned, verdict_of
from opsmith_kb.matrix import NOT_ESTABLISHED, SHARPNESS

LEARNS = "learn_from_order"
"""What a change of priors is called in the audit log."""
_ALIKE = 0.5
"""Two findings with so many words in common are one candidate."""


class Outcomes:
    """Holds diagnoses against what closed orders found, and the knowledge against both.

    Args:
        database: Where everything is.
        entries: The plant's knowledge.
        clock: The time of people: what somebody teaches a day goes by it.
    """

    def __init__(
        self,
        database: Database,
        entries: KnowledgeStore,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self.store = OutcomeStore(database)
        self.versions = EntryVersions(database)
        self._database = database
        self._entries = entries
        self._reports = ReportStore(database)
        self._alerts = AlertStore(database)
        self._devices = DeviceStore(database)
        self._audit = AuditLog(database)
        self._clock = clock
        self._weighed: dict[str, tuple[object, object, tuple[KnowledgeEntry, ...]]] = {}
        self._lock = Lock()

    def meant(self, failure_mode: str | None) -> str | None:
        """The entry, `none` or `other` that was given, as it is written. Raises `BadInput`."""
        if failure_mode is None:
            return None
        wanted = failure_mode.strip().lower()
        known = {NOTHING, OTHER, *(one.entry_id for one in self._entries.all())}
        if wanted not in known:
            hint = near(wanted, known)
            raise BadInput(
                f"No knowledge entry {failure_mode!r}{hint}; or {NOTHING} (no fault) or {OTHER} "
                "(none of them)"
            )
        return wanted

    def score(self, order: WorkOrder, told: str | None) -> OrderOutcome:
        """The outcome of an order that is closed, as far as it can be told; nothing is kept.

        Args:
            order: With what was found and done.
            told: What it turned out to be, as `meant` gives it; None: only its words tell.
        """
        class_ = self._class(order.device_id)
        diagnosis = self._diagnosis(order)
        found = told
        if found is None:
            mine = [one for one in self._entries.all() if applies_to(one, class_)]
            found = mode_of(order.found or "", mine)
        diagnosed = diagnosis.failure_mode if diagnosis else None
        also = diagnosis.also if diagnosis else ()
        names = [one.failure_mode for one in diagnosis.hypotheses] if diagnosis else []
        return OrderOutcome(
            order_no=order.order_no,
            trace_id=diagnosis.trace_id if diagnosis else order.trace_id,
            device_id=order.device_id,
            device_type=class_,
            diagnosed=diagnosed,
            also=also,
            made_by=diagnosis.made_by[:100] if diagnosis else "",
            found=found,
            told="id" if told else "words" if found else "nothing",
            words=order.found or "",
            verdict=verdict_of(diagnosed, also, names, found) if diagnosis else "unknown",
            ranked=_ranked(diagnosis) if diagnosis else {},
            by=caller().name[:100],
            at=self._clock(),
        )

    def closed(self, order: WorkOrder, told: str | None) -> OrderOutcome | None:
        """Keep the outcome of a completed order, and learn from it; None: it was not done."""
        if order.status is not OrderStatus.COMPLETED:
            return None
        with self._database.write():
            outcome = self.score(order, told)
            before = self.store.get(order.order_no)
            if before is not None and _same(before, outcome):
                return before
            self.store.put(outcome)
            self._learn(outcome)
            if outcome.found in (None, OTHER) and (told == OTHER or is_telling(outcome.words)):
                self._draft(order, outcome)
        return outcome

    def reopened(self, order_no: str) -> None:
        """Forget what an order taught that is taken up again."""
        with self._database.write():
            before = self.store.drop(order_no)
            if before is not None:
                self._learn(before, gone=True)

    def settle(self, order_no: str, found: str) -> OrderOutcome:
        """Say what a closed order found, where its words did not tell or told it wrong.

        Raises:
            BadInput: No such outcome or entry.
        """
        with self._database.write():
            before = self.store.get(order_no)
            if before is None:
                raise BadInput(f"No outcome of {order_no!r}; only a completed order has one")
            meant = self.meant(found)
            names = sorted(before.ranked, key=lambda name: -before.ranked[name])
            modes = [name for name in names if name != NOT_ESTABLISHED]
            verdict = verdict_of(before.diagnosed, before.also, modes, meant)
            after = before.model_copy(
                update={
                    "found": meant,
                    "told": "id",
                    "verdict": verdict if before.made_by else "unknown",
                    "by": caller().name[:100],
                    "at": self._clock(),
                }
            )
            self.store.put(after)
            self._learn(after)
        return after

    def entries_of(self, class_: str) -> Sequence[KnowledgeEntry]:
        """All entries, with what was learned of a class in their priors."""
        entries, learned = self._entries.all(), self.store.learned()
        mine = learned.get(class_)
        if not mine:
            return entries
        with self._lock:
            kept = self._weighed.get(class_)
            if kept is None or kept[0] is not entries or kept[1] is not learned:
                weighed = tuple(
                    one.model_copy(update={"prior": one.prior + mine[one.entry_id].offset})
                    if one.entry_id in mine
                    else one
                    for one in entries
                )
                kept = self._weighed[class_] = (entries, learned, weighed)
            return kept[2]

    def offsets(self, class_: str) -> Mapping[str, float]:
        """What is added to the prior of each mode on a class, in log odds."""
        return {name: one.offset for name, one in self.store.learned().get(class_, {}).items()}

    def _learn(self, outcome: OrderOutcome, *, gone: bool = False) -> None:
        """Work out the priors of the outcome's class anew, and note what changed and why."""
        now, class_ = self._clock(), outcome.device_type
        judged = [
            Judged(one.order_no, one.ranked, one.found, one.by, one.at)
            for one in self.store.find(class_)
            if one.found is not None and one.ranked
        ]
        found = learn(judged, now, SHARPNESS)
        before = self.offsets(class_)
        self.store.learn(
            class_,
            [
                LearnedPrior(
                    device_type=class_,
                    entry_id=name,
                    offset=one.offset,
                    found=one.found,
                    expected=one.expected,
                    orders=len(judged),
                    updated_at=now,
                )
                for name, one in found.items()
                if name != NOT_ESTABLISHED
            ],
        )
        after = {name: one.offset for name, one in found.items()}
        changed = {
            name: [before.get(name, 0.0), after.get(name, 0.0)]
            for name in sorted({*before, *after})
            if before.get(name, 0.0) != after.get(name, 0.0)
        }
        if not changed and outcome.verdict == "unknown":
            return
        arguments = {
            "order_no": outcome.order_no,
            "device_type": class_,
            "diagnosed": outcome.diagnosed,
            "found": outcome.found,
            "verdict": outcome.verdict,
            "taken_back": gone,
            "priors": changed,
        }
        own = found.get(outcome.found or "")
        why = explained(own, len(judged), "en") if own else ""
        told = json.dumps(arguments, ensure_ascii=False)
        self._audit.append(caller(), LEARNS, told, "done", now, why)

    def _draft(self, order: WorkOrder, outcome: OrderOutcome) -> None:
        """Draft an entry from the finding, or add it to a candidate that says the same."""
        evidence = DraftEvidence(
            order_no=order.order_no,
            device_id=order.device_id,
            trace_id=outcome.trace_id,
            found=outcome.words[:2000],
            done=(order.done or "")[:2000],
            by=outcome.by,
            at=outcome.at,
        )
        for one in self.versions.find(state=EntryState.CANDIDATE):
            if outcome.device_type in one.entry.device_types and any(
                likeness(outcome.words, other.found) >= _ALIKE for other in one.evidence
            ):
                rest = [each for each in one.evidence if each.order_no != order.order_no]
                self.versions.draft(one.entry, [*rest, evidence], outcome.by, outcome.at)
                return
        entry_id = "draft_" + "".join(c if c.isalnum() else "_" for c in order.order_no.lower())
        if any(one.entry_id == entry_id for one in self._entries.all()):
            return
        alert = self._alerts.find_one(outcome.trace_id) if outcome.trace_id else None
        entry = draft(
            entry_id,
            outcome.device_type,
            outcome.words or order.done or order.description,
            order.done or "",
            alert.deviations if alert else (),
            order.actual_hours or 0.0,
            f"{order.order_no}, {order.device_id}",
        )
        self.versions.draft(entry, [evidence], outcome.by, outcome.at)

    def _diagnosis(self, order: WorkOrder) -> Diagnosis | None:
        """The newest report on the alert that an order was made for, else of those it answers."""
        for trace_id in dict.fromkeys(filter(None, (order.trace_id, *order.trace_ids))):
            versions = self._reports.versions(trace_id)
            if versions:
                return versions[-1].diagnosis
        return None

    def _class(self, device_id: str) -> str:
        device = self._devices.find(device_id)
        return infer_device_type(device.channels, device.device_type) if device else "unknown"


def _ranked(diagnosis: Diagnosis) -> dict[str, float]:
    """The probabilities by the readings, what was learned then taken out of them."""
    for one in diagnosis.evidence:
        if one.tool == "match_failure_modes" and one.result.get("ranked"):
            rows = cast("list[dict[str, Any]]", one.result["ranked"])
            told = {str(row["entry_id"]): float(row["probability"]) for row in rows}
            told[NOT_ESTABLISHED] = float(one.result.get("none_probability", 0.0))
            learned = {str(row["entry_id"]): float(row.get("learned", 0.0)) for row in rows}
            return unlearned(told, learned, SHARPNESS)
    told = {one.failure_mode: one.probability for one in diagnosis.hypotheses}
    if told:
        told[NOT_ESTABLISHED] = max(0.0, 1.0 - sum(told.values()))
    return told


def _same(before: OrderOutcome, after: OrderOutcome) -> bool:
    """Whether two outcomes say the same, whoever said it when."""
    free = {"by", "at"}
    return before.model_dump(exclude=free) == after.model_dump(exclude=free)
