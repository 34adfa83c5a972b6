"""Answers about the work: orders, knowledge, what a shift hands over."""

import math

from opsmith.domain.work_orders import OrderStatus
from opsmith_agents import replies_work
from opsmith_agents.replies_handover import Handover, handover_text
from opsmith_agents.rule_turn import Turn
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.proposals import Proposals
from opsmith_mcp.work_orders import WorkOrders

_SHIFT = 480
"""Minutes of a shift, where no time is named."""
_LONGEST = 200
"""Characters that the knowledge is searched for."""


async def orders(turn: Turn) -> str:
    """One work order, or those of a device, a state, a time."""
    asked = turn.asked
    if asked.order_no is not None:
        one = turn.need(await turn.ledger.call(WorkOrders.get_work_order, asked.order_no))
        turn.found |= {"order_no": one.order.order_no, "devices": (one.order.device_id,)}
        return replies_work.order(one, turn.language, turn.zone)
    device = await turn.device_if_named()
    status = asked.order_status
    wanted = OrderStatus(status) if status not in (None, "UNDONE") else None
    since = until = days = None
    if asked.day is not None and not asked.by_due:
        since, end = turn.since(0)
        until = end if end < turn.now else None
    elif asked.minutes is not None and not asked.by_due:
        days = max(1, math.ceil(asked.minutes / 1440))
    seen = turn.need(
        await turn.ledger.call(
            WorkOrders.list_work_orders,
            device_id=device,
            status="UNDONE" if status == "UNDONE" else wanted,
            overdue=asked.overdue,
            since=since,
            until=until,
            days=days,
        )
    )
    if seen.total == 1:
        turn.found["order_no"] = seen.orders[0].order_no
    return replies_work.orders(seen, turn.language, turn.zone, by_due=asked.by_due)


async def knowledge(turn: Turn) -> str:
    """What the knowledge has on a trouble; of `it`, on the cause that was spoken of."""
    asked = turn.asked
    words = asked.words[:_LONGEST]
    if turn.memory.cause and (asked.has_pronoun or not words):
        words = turn.memory.cause
    # The name of a class that the plant lacks is part of the trouble, such as a valve.
    type_ = asked.device_type if asked.device_type and asked.devices else ""
    if not type_ and len(asked.devices) == 1:
        view = await turn.ledger.call(DeviceRegistry.query_device_status, asked.devices[0])
        type_ = view.result.device.device_type if view.result else ""
    hits = await turn.ledger.call(
        Knowledge.search_maintenance_kb, type_, keyword=words, language=turn.language, limit=3
    )
    return replies_work.knowledge(turn.need(hits), turn.language)


async def handover(turn: Turn) -> str:
    """What the next shift has to know."""
    call = turn.ledger.call
    start, _ = turn.since(_SHIFT)
    seen = Handover(
        start=start,
        end=turn.now,
        raised=await call(AlertHistory.list_alerts, standing=False, since=start, limit=20),
        standing=await call(AlertHistory.list_alerts, standing=True, days=3650),
        opened=await call(WorkOrders.list_work_orders, since=start, limit=20),
        closed=await call(
            WorkOrders.list_work_orders, since=start, date_field="completed", limit=20
        ),
        overdue=await call(WorkOrders.list_work_orders, overdue=True, limit=20),
        unreviewed=await call(
            WorkOrders.list_work_orders, status="UNDONE", where={"reviewed": "no"}, limit=20
        ),
        tree=await call(DeviceRegistry.show_plant_tree),
        proposals=await call(Proposals.list_proposals),
        registry=turn.registry,
    )
    return handover_text(seen, turn.why_not, turn.language, turn.zone)
