"""The groups of tools, and the server that publishes some or all of them over the plant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastmcp import FastMCP

from opsmith.clock import PlantClock
from opsmith.errors import BadInput
from opsmith.ports import SeriesStore
from opsmith.storage.alerts import AlertStore
from opsmith.storage.database import Database
from opsmith.storage.devices import DeviceStore
from opsmith.storage.knowledge import KnowledgeStore
from opsmith.storage.reports import ReportStore
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.change_window import Changes
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.forecasting import Forecasting
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.server import Rights, serve
from opsmith_mcp.telemetry import Telemetry
from opsmith_mcp.work_orders import WorkOrders


@dataclass(frozen=True, slots=True)
class Stores:
    """What the tools work on."""

    devices: DeviceStore
    alerts: AlertStore
    reports: ReportStore
    orders: WorkOrderStore
    entries: KnowledgeStore
    series: SeriesStore
    clock: PlantClock

    @classmethod
    def of(cls, database: Database, series: SeriesStore, clock: PlantClock) -> "Stores":
        """All relational stores over one database."""
        return cls(
            DeviceStore(database),
            AlertStore(database),
            ReportStore(database),
            WorkOrderStore(database),
            KnowledgeStore(database),
            series,
            clock,
        )


GROUPS: dict[str, Callable[[Stores, Changes], object]] = {
    "device_registry": lambda s, _: DeviceRegistry(s.devices, s.series, s.clock),
    "telemetry": lambda s, changes: Telemetry(s.series, changes, s.devices, s.clock),
    "knowledge": lambda s, changes: Knowledge(s.entries, changes, s.devices, s.clock),
    "alert_history": lambda s, _: AlertHistory(s.alerts, s.reports, s.devices, s.clock),
    "forecasting": lambda s, _: Forecasting(s.series, s.devices, s.clock),
    "work_orders": lambda s, _: WorkOrders(s.orders, s.devices, s.alerts, s.clock),
}
"""How each group is built; their names are those of the servers."""

ALL = tuple(GROUPS)


def plant_server(
    stores: Stores, names: Sequence[str] = ALL, rights: Rights = Rights.READ
) -> FastMCP[Any]:
    """Build the server of the named groups, with the tools that the rights cover.

    Raises:
        BadInput: No group of that name.
    """
    for name in names:
        if name not in GROUPS:
            raise BadInput(f"No group of tools {name!r}; there are {', '.join(ALL)}")
    title = names[0] if len(names) == 1 else "opsmith"
    changes = Changes(stores.series)
    return serve(title, *(GROUPS[name](stores, changes) for name in names), rights=rights)
