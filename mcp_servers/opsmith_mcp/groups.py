"""The groups of tools, and the server that publishes some or all of them over the plant."""

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fastmcp import FastMCP

from opsmith.access import Caller, Role
from opsmith.errors import BadInput
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.change_window import Changes
from opsmith_mcp.completion import add_completion
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.forecasting import Forecasting
from opsmith_mcp.guard import Guard
from opsmith_mcp.jobs import JobBook
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.marks import marked_tools
from opsmith_mcp.prompts import add_prompts
from opsmith_mcp.proposals import Proposals
from opsmith_mcp.resources import (
    Shelf,
    add_resources,
    alert_shelf,
    device_shelf,
    manual_shelf,
    report_shelf,
)
from opsmith_mcp.server import READER, serve
from opsmith_mcp.similar_cases import SimilarCases
from opsmith_mcp.stores import Stores, sources_of
from opsmith_mcp.system import System
from opsmith_mcp.telemetry import Telemetry
from opsmith_mcp.together import Together
from opsmith_mcp.work_orders import WorkOrders

GROUPS: dict[str, Callable[[Stores, Changes], object]] = {
    "device_registry": lambda s, _: DeviceRegistry(s.devices, s.series, s.clock, s.alerts),
    "telemetry": lambda s, changes: Telemetry(s.series, changes, s.devices, s.clock),
    "knowledge": lambda s, changes: Knowledge(
        s.entries, changes, s.devices, s.clock, s.outcomes, s.manuals, s.meaning
    ),
    "alert_history": lambda s, _: AlertHistory(s.alerts, s.reports, s.devices, s.clock),
    "forecasting": lambda s, _: Forecasting(sources_of(s)),
    "work_orders": lambda s, _: WorkOrders(
        s.orders,
        s.devices,
        s.alerts,
        s.clock,
        s.outcomes,
        SimilarCases(s.alerts, s.reports, s.orders, s.devices, s.outcomes),
    ),
    "system": lambda s, _: System(s.database, s.series),
}
"""How each group is built; their names are those of the servers."""

SHELVES: dict[str, Callable[[Stores], tuple[Shelf, ...]]] = {
    "device_registry": lambda s: (device_shelf(s.devices, s.alerts, s.series),),
    "alert_history": lambda s: (
        alert_shelf(s.alerts, s.reports, s.database),
        report_shelf(s.alerts, s.reports, s.database),
    ),
    "knowledge": lambda s: (manual_shelf(s.entries, s.manuals),),
}
"""The documents that come with a group."""

EVERY = tuple(GROUPS)
"""All groups; of `system` there is nothing for who is no admin."""

ALL = EVERY[:-1]
"""What the plant is worked with: all but `system`."""


def plant_server(
    stores: Stores,
    names: Sequence[str] = ALL,
    caller: Caller | Callable[[], Caller] = READER,
    zone: ZoneInfo | None = None,
) -> FastMCP[Any]:
    """Build the server of the named groups, with the tools that are for the caller.

    Args:
        stores: What the tools work on.
        names: Of groups.
        caller: Who calls; or what says so within a call.
        zone: The plant's, for people and their clients; None: UTC.

    Raises:
        BadInput: No group of that name.
    """
    for name in names:
        if name not in GROUPS:
            raise BadInput(f"No group of tools {name!r}; there are {', '.join(EVERY)}")
    changes = Changes(stores.series)
    groups = {name: build(stores, changes) for name, build in GROUPS.items()}
    guard = Guard(stores.database)
    guard.know(groups.values())
    published = [groups[name] for name in names]
    if any(mark.confirms is not None for one in published for _, mark in marked_tools(one)):
        published.append(Proposals(guard, stores.devices))
    if isinstance(caller, Caller) and caller.role is Role.SYSTEM:
        published.append(Together(published, stores.database))
    title = names[0] if len(names) == 1 else "opsmith"
    server = serve(title, *published, caller=caller, guard=guard, jobs=JobBook(), zone=zone)
    who = (lambda: caller) if isinstance(caller, Caller) else caller
    shelves = [shelf for name in names for shelf in SHELVES.get(name, lambda _: ())(stores)]
    add_resources(server, shelves, who, zone, wake=stores.wake)
    add_completion(server, shelves, add_prompts(server, names), who)
    return server
