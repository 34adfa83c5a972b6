"""What has nothing to do with a fault and stands beside it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from opsmith.app.evaluation.cases import HOSTILE, Case
from opsmith.app.evaluation.shapes import SHAPES, is_able
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.work_orders import OrderStatus, WorkOrder
from opsmith_ingest.simulation import Event, EventKind, Fault, FaultKind


def load_before(case: Case, fault: Fault, rng: np.random.Generator) -> Case:
    """The load was changed a few minutes before."""
    device_id = case.machines[0].device.device_id
    at = fault.onset - timedelta(minutes=float(rng.uniform(4, 10)))
    event = Event(EventKind.LOAD, at, float(rng.uniform(0.9, 0.96)))
    return replace(case, events={device_id: (event,)})


def neighbour(case: Case, fault: Fault, rng: np.random.Generator) -> Case:
    """Another device of the line has a fault of its own a little earlier."""
    other = case.machines[1].device
    kind = FaultKind.OVERHEATING if fault.kind is FaultKind.IMBALANCE else FaultKind.IMBALANCE
    if not is_able(other.device_type, kind):
        kind = FaultKind.BEARING_WEAR
    low, high, growth, hours = SHAPES[kind]
    own = Fault(
        kind,
        fault.onset - timedelta(minutes=float(rng.uniform(3, 8))),
        float(rng.uniform(low, high)),
        growth,
        timedelta(hours=min(hours, 0.5)),
    )
    return replace(case, faults={**case.faults, other.device_id: (own,)})


def old_order(case: Case, fault: Fault, rng: np.random.Generator) -> Case:
    """Lately something else was mended here."""
    mode = "seal_leak" if case.machines[0].device.device_type == "pump" else "looseness"
    return replace(case, orders=(_order(case, mode, "The work was done and is closed.", rng),))


def hostile(case: Case, fault: Fault, rng: np.random.Generator) -> Case:
    """Somebody wrote instructions where notes and names stand."""
    first = case.machines[0]
    text = HOSTILE.format(device=first.device.device_id)
    named = first.device.model_copy(update={"device_name": text[:120], "location": text})
    old = _order(case, "looseness", text, rng)
    return replace(
        case,
        machines=(replace(first, device=named), *case.machines[1:]),
        orders=(old.model_copy(update={"description": text, "found": text, "done": text}),),
    )


def _order(case: Case, mode: str, notes: str, rng: np.random.Generator) -> WorkOrder:
    device, days = case.machines[0].device.device_id, int(rng.integers(3, 20))
    made = case.start - timedelta(days=days)
    return WorkOrder(
        order_no=f"WO-{case.name}",
        external_no=f"WO-{case.name}",
        source="import",
        trace_id=None,
        device_id=device,
        failure_mode=mode,
        order_type="PLANNED",
        priority=AlertLevel.P2,
        description=f"{device}: earlier work",
        closing_notes=notes,
        status=OrderStatus.COMPLETED,
        created_at=made,
        completed_at=made + timedelta(hours=6),
    )
