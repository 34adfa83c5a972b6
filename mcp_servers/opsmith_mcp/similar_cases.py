"""Past alerts whose channels moved alike: what they turned out to be, and what helped.

The symptoms of two alerts are compared by the cosine of their shares by channel and direction,
less where the kinds of change differ.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta

from pydantic import Field

from opsmith.access import scope
from opsmith.domain.alert_filter import AlertFilter
from opsmith.domain.alerts import Alert, Deviation
from opsmith.domain.base import Model, Moment
from opsmith.domain.diagnoses import Diagnosis
from opsmith.domain.work_orders import OrderStatus, WorkOrder
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.reports import ReportStore
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_kb.classes import infer_device_type
from opsmith_mcp.order_outcomes import Outcomes

_NEWEST = 500
"""Alerts of a class that are compared."""
_LEAST = 0.5
_PROVEN = timedelta(days=30)
"""Work that no alert like it follows so long has helped."""
_OTHER_KIND = 0.7
"""What is left of a channel's likeness where it changed in another way."""


class SimilarCase(Model):
    """A past alert on the same class of device that showed itself alike."""

    trace_id: str
    device_id: str
    first_seen: Moment
    likeness: float = Field(description="Of the symptoms, 0 to 1.")
    symptoms: tuple[str, ...] = Field(description="Channel and direction, the largest first.")
    diagnosed: str | None = Field(description="By its newest report.")
    found: str | None = Field(description="As its order turned out: entry_id, none or other.")
    order_no: str | None
    done: str | None = Field(description="What was done about it, in the technician's words.")
    helped: bool | None = Field(
        description="No alert like it in the 30 days after; None: not known yet."
    )


class SimilarCases:
    """Finds cases among what the caller may see."""

    def __init__(
        self,
        alerts: AlertStore,
        reports: ReportStore,
        orders: WorkOrderStore,
        devices: DeviceStore,
        outcomes: Outcomes,
    ) -> None:
        self._alerts = alerts
        self._reports = reports
        self._orders = orders
        self._devices = devices
        self._outcomes = outcomes

    def like(self, trace_id: str, limit: int) -> list[SimilarCase]:
        """The cases most like an alert, best first; those that something was found of first.

        Raises:
            NotFound: No such alert.
        """
        alert = self._alerts.get(trace_id, scope())
        class_ = self._class(alert.device_id)
        others = [
            one
            for device_type in self._types(class_)
            for one in self._alerts.queries.page(
                AlertFilter(device_type=device_type, factories=scope()), _NEWEST, 0
            )
            if one.trace_id != alert.trace_id and one.first_seen <= alert.first_seen
        ]
        profile = _profile(alert.deviations)
        scored = [(_cosine(profile, _profile(one.deviations)), one) for one in others]
        alike = [(score, one) for score, one in scored if score >= _LEAST]
        # Of those that are about as like, the newest: how things are done changes.
        alike.sort(key=lambda pair: (round(pair[0], 1), pair[1].first_seen), reverse=True)
        after = [alert, *(one for _, one in alike)]
        found = [self._case(one, score, after) for score, one in alike[: 4 * limit]]
        found.sort(key=lambda one: (one.done is None and one.found is None, -one.likeness))
        return found[:limit]

    def diagnosis(self, trace_id: str) -> Diagnosis | None:
        """The newest diagnosis of an alert, or None."""
        versions = self._reports.versions(trace_id)
        return versions[-1].diagnosis if versions else None

    def _case(self, alert: Alert, score: float, after: Sequence[Alert]) -> SimilarCase:
        order = self._order(alert.trace_id)
        outcome = self._outcomes.store.get(order.order_no) if order else None
        outlines = self._reports.outlines(alert.trace_id)
        return SimilarCase(
            trace_id=alert.trace_id,
            device_id=alert.device_id,
            first_seen=alert.first_seen,
            likeness=round(score, 3),
            symptoms=tuple(f"{one.channel} {one.direction}" for one in _largest(alert))[:6],
            diagnosed=outlines[-1].failure_mode if outlines else None,
            found=outcome.found if outcome else None,
            order_no=order.order_no if order else None,
            done=(order.done or "")[:300] or None if order else None,
            helped=_helped(order, alert, after),
        )

    def _order(self, trace_id: str) -> WorkOrder | None:
        """The order that answers an alert."""
        found = self._orders.find(trace_id=trace_id, limit=1)
        return found[0] if found else None

    def _class(self, device_id: str) -> str:
        device = self._devices.find(device_id)
        return infer_device_type(device.channels, device.device_type) if device else "unknown"

    def _types(self, class_: str) -> list[str]:
        """Types of devices, as they are registered, that are of a class."""
        return sorted(
            {
                one.device_type
                for one in self._devices.list(factories=scope())
                if infer_device_type(one.channels, one.device_type) == class_
            }
        )


def _largest(alert: Alert) -> list[Deviation]:
    return sorted(alert.deviations, key=lambda one: -one.share)


def _profile(deviations: Sequence[Deviation]) -> dict[tuple[str, str], tuple[float, str]]:
    """By channel and direction: share and kind."""
    return {(one.channel, one.direction): (one.share, one.kind) for one in deviations}


def _cosine(
    one: Mapping[tuple[str, str], tuple[float, str]],
    other: Mapping[tuple[str, str], tuple[float, str]],
) -> float:
    dot = 0.0
    for key, (share, kind) in one.items():
        if key in other:
            kinds = {kind, other[key][1]}
            same = len(kinds - {"unknown"}) <= 1
            dot += share * other[key][0] * (1.0 if same else _OTHER_KIND)
    norm = math.sqrt(
        sum(share**2 for share, _ in one.values()) * sum(share**2 for share, _ in other.values())
    )
    return min(1.0, dot / norm) if norm else 0.0


def _helped(order: WorkOrder | None, alert: Alert, after: Sequence[Alert]) -> bool | None:
    """Whether no alert like it came on the device within 30 days of the work."""
    if order is None or order.status is not OrderStatus.COMPLETED or order.completed_at is None:
        return None
    done = order.completed_at
    since = [one.first_seen - done for one in after if one.device_id == alert.device_id]
    if any(timedelta(0) < one < _PROVEN for one in since):
        return False
    # The first is the alert that is asked about: as of then the time may not be over.
    return True if after[0].first_seen - done >= _PROVEN else None
