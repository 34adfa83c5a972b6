"""The tree of factory, line and device, with what of it needs a look."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import State
from opsmith.domain.devices import Device
from opsmith_mcp.device_views import PlantTree, TreeDevice, TreeFactory, TreeLine

_LINES = 60
_DEVICES = 80
"""Devices that are shown one by one; the counts are of all."""

Standing = Mapping[str, Mapping[AlertLevel, int]]


def tree_of(
    devices: Sequence[Device], silent: Collection[str], standing: Standing, as_of: datetime
) -> PlantTree:
    """Build the tree.

    Args:
        devices: Those to be counted.
        silent: Ids of those that should have been heard of.
        standing: Alerts that stand, by device and level.
        as_of: The present.
    """
    ordered = sorted(devices, key=lambda one: (one.factory_id, one.line_id, one.device_id))
    room, lines = _DEVICES, 0
    factories = list[TreeFactory]()
    for factory_id, of_factory in groupby(ordered, key=lambda one: one.factory_id):
        theirs = list(of_factory)
        told = list[TreeLine]()
        for line_id, of_line in groupby(theirs, key=lambda one: one.line_id):
            if lines == _LINES:
                break
            line = _line(line_id, list(of_line), silent, standing, room)
            room -= len(line.shown)
            lines += 1
            told.append(line)
        factories.append(TreeFactory(factory_id=factory_id, devices=len(theirs), lines=tuple(told)))
        if lines == _LINES:
            break
    shown = _DEVICES - room
    state, note = (State.OK, None) if devices else (State.EMPTY, "No such device.")
    if shown < len(devices):
        state = State.TRUNCATED
        note = (
            f"{shown} of {len(devices)} devices are shown; narrow by factory_id or line_id, or "
            "page through list_devices."
        )
    return PlantTree(
        state=state, note=note, as_of=as_of, total=len(devices), factories=tuple(factories)
    )


def _line(
    line_id: str,
    devices: Sequence[Device],
    silent: Collection[str],
    standing: Standing,
    room: int,
) -> TreeLine:
    nodes = [
        TreeDevice(
            device_id=one.device_id,
            device_type=one.device_type,
            status=one.status,
            silent=one.device_id in silent,
            alerts=dict(standing.get(one.device_id, {})),
        )
        for one in devices
    ]
    alerts = Counter[AlertLevel]()
    for node in nodes:
        alerts.update(node.alerts)
    # The most urgent level first; P0 is less than P1 as text.
    nodes.sort(key=lambda one: (min(one.alerts, default="P9"), not one.silent, one.device_id))
    return TreeLine(
        line_id=line_id,
        devices=len(nodes),
        by_status=dict(sorted(Counter(node.status for node in nodes).items())),
        silent=sum(node.silent for node in nodes),
        alerts=dict(sorted(alerts.items())),
        shown=tuple(nodes[:room]),
    )
