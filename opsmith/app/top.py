"""`opsmith top`: the plant in one plain frame, for scripts and for a look in between."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastmcp import Client

from opsmith.access import Role
from opsmith.app.bootstrap import open_plant
from opsmith.app.cli_common import at_the_machine
from opsmith.domain.alerts import AlertLevel, AlertState, AlertType, Deviation
from opsmith.domain.base import Model, Moment, State
from opsmith.domain.devices import DeviceStatus
from opsmith.errors import OpsmithError, Unavailable
from opsmith.settings import Settings
from opsmith_mcp.alert_history import AlertHistory, AlertLine
from opsmith_mcp.client import PATH, connect
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.device_views import TreeLine
from opsmith_mcp.groups import EVERY, plant_server
from opsmith_mcp.system import System
from opsmith_mcp.work_orders import WorkOrders
from opsmith_tui.feed import feed_url
from opsmith_tui.plant import Plant

T = TypeVar("T")

LONGEST = 3650
"""Days before now in which an alert that stands may have been raised."""
PAGES = 100
WHOLE = 40
"""Alerts whose values are asked for; of the others the channel alone is told."""


class TopAlert(Model):
    """One alert that stands."""

    trace_id: str
    alert_level: AlertLevel
    device_id: str
    alert_type: AlertType
    state: AlertState | None
    first_seen: Moment
    age_seconds: float
    channel: str | None
    """That deviates the most."""
    deviation: Deviation | None
    """Of that channel; None: of an alert far down it is not asked for."""


class TopStore(Model):
    """One store."""

    store: str
    state: State
    note: str | None


class TopModel(Model):
    """One LLM that the stages may ask."""

    model: str
    circuit: str
    """`open`: it failed lately and is left alone; `half-open`: the next request decides."""


class Top(Model):
    """The plant at one moment."""

    as_of: Moment
    devices: int
    by_status: dict[DeviceStatus, int]
    silent: int | None
    """RUNNING devices without a reading lately; None: the readings cannot be reached."""
    silent_devices: tuple[str, ...]
    standing: int
    by_level: dict[AlertLevel, int]
    alerts: tuple[TopAlert, ...]
    """That stand, the most urgent first, there the newest first."""
    orders_open: int
    orders_overdue: int
    stores: tuple[TopStore, ...] | None
    """None: they are told to admins alone."""
    llm: tuple[TopModel, ...] | None
    """In the order in which they are asked; empty: none is; None: as of `stores`."""

    @property
    def is_whole(self) -> bool:
        """Whether everything answered that was asked."""
        stores = self.stores or ()
        return self.silent is not None and all(one.state != State.UNAVAILABLE for one in stores)


def run_top(settings: Settings, url: str = "", key: str = "") -> Top:
    """Ask for one frame, of the plant of the settings or of one elsewhere.

    Args:
        settings: Where the plant is.
        url: Of an `opsmith serve`; empty: the plant of the settings.
        key: Of opsmith, for the URL.

    Raises:
        BadInput: The URL is none.
        OpsmithError: A tool refused.
        Unavailable: No answer.
    """
    if url:
        feed_url(url)
        return asyncio.run(_of(connect(url.rstrip("/") + PATH, key)))
    with open_plant(settings) as plant:
        who = at_the_machine(Role.ADMIN)
        server = plant_server(plant.stores, EVERY, caller=who, zone=settings.zone)
        return asyncio.run(_of(connect(server)))


async def _of(client: Client[Any]) -> Top:
    plant = Plant(lambda: client)
    try:
        return await top_of(plant)
    finally:
        await plant.close()


async def top_of(plant: Plant) -> Top:
    """The plant as it is now. Raises `OpsmithError`."""
    tree = await plant.ask(DeviceRegistry.show_plant_tree)
    lines = [(factory.factory_id, line) for factory in tree.factories for line in factory.lines]
    is_known = tree.state is not State.UNAVAILABLE
    statuses = Counter[DeviceStatus]()
    for _, line in lines:
        statuses.update(line.by_status)
    alerts, total = await _alerts(plant)
    undone = await plant.ask(WorkOrders.list_work_orders, status="UNDONE", limit=1)
    overdue = await plant.ask(WorkOrders.list_work_orders, overdue=True, limit=1)
    return Top(
        as_of=tree.as_of,
        devices=tree.total,
        by_status=dict(sorted(statuses.items())),
        silent=sum(line.silent for _, line in lines) if is_known else None,
        silent_devices=await _silent(plant, lines) if is_known else (),
        standing=total,
        by_level=dict(sorted(Counter(one.alert_level for one in alerts).items())),
        alerts=await _told(plant, alerts, tree.as_of),
        orders_open=undone.total,
        orders_overdue=overdue.total,
        stores=await _stores(plant),
        llm=await _llm(plant),
    )


async def _alerts(plant: Plant) -> tuple[Sequence[AlertLine], int]:
    found, cursor, total = list[AlertLine](), None, 0
    for _ in range(PAGES):
        page = await plant.ask(AlertHistory.list_alerts, days=LONGEST, limit=100, cursor=cursor)
        found += page.alerts
        total, cursor = page.total, page.next_cursor
        if cursor is None:
            break
    return sorted(found, key=lambda one: (one.alert_level, -one.first_seen.timestamp())), total


async def _told(plant: Plant, alerts: Sequence[AlertLine], as_of: Moment) -> tuple[TopAlert, ...]:
    told = list[TopAlert]()
    for at, line in enumerate(alerts):
        deviation = None
        if at < WHOLE:
            view = await plant.ask(AlertHistory.get_alert, line.trace_id)
            most = sorted(view.alert.deviations, key=lambda one: -one.share)
            deviation = most[0] if most else None
        told.append(
            TopAlert(
                trace_id=line.trace_id,
                alert_level=line.alert_level,
                device_id=line.device_id,
                alert_type=line.alert_type,
                state=line.state,
                first_seen=line.first_seen,
                age_seconds=max(0.0, (as_of - line.first_seen).total_seconds()),
                channel=line.channels[0] if line.channels else None,
                deviation=deviation,
            )
        )
    return tuple(told)


async def _silent(plant: Plant, lines: Sequence[tuple[str, TreeLine]]) -> tuple[str, ...]:
    """Which devices are silent; of a line that the tree did not show whole, asked for itself."""
    found = list[str]()
    for factory_id, line in lines:
        named = [one.device_id for one in line.shown if one.silent]
        if len(named) < line.silent and line.line_id:
            tree = await plant.ask(DeviceRegistry.show_plant_tree, factory_id or None, line.line_id)
            named = [
                one.device_id
                for factory in tree.factories
                if factory.factory_id == factory_id
                for its in factory.lines
                for one in its.shown
                if one.silent
            ]
        found += named
    return tuple(found)


async def _stores(plant: Plant) -> tuple[TopStore, ...] | None:
    found = await _of_admins(plant, System.list_stores)
    if found is None:
        return None
    return tuple(TopStore(store=one.store, state=one.state, note=one.note) for one in found.stores)


async def _llm(plant: Plant) -> tuple[TopModel, ...] | None:
    found = await _of_admins(plant, System.list_workers)
    if found is None:
        return None
    asking = (one.facts["llm_models"] for one in found.workers if "llm_models" in one.facts)
    models = next(asking, ())
    return tuple(TopModel(model=one["model"], circuit=one["circuit"]) for one in models)


async def _of_admins(plant: Plant, tool: Callable[[System], T]) -> T | None:
    """What a tool of the admins answers; None: who asks is none."""
    if not await plant.has(tool):
        return None
    try:
        return await plant.ask(tool)
    except Unavailable:
        raise
    except OpsmithError:
        # An admin of some factories: opsmith itself belongs to none of them.
        return None
