"""What the overview knows of the plant: asked for in few calls, the heavy ones seldom."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from opsmith.domain.alerts import AlertLevel
from opsmith.domain.base import State
from opsmith.domain.devices import DeviceStatus
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.device_registry import DeviceLine, DeviceRegistry
from opsmith_mcp.device_views import PlantTree, TreeDevice, TreeLine
from opsmith_tui.plant import Plant

SELDOM = 5.0
"""Seconds between two lists of all devices at least."""
REST = 25.0
"""Times as long as a list took, it is not asked for again."""
PAUSE = 12.0
"""Likewise the tree."""
PAGES = 100
"""Of a list at most."""
LONGEST = 3650
"""Days before now in which an alert that stands may have been raised."""

Where = tuple[str, str]
"""Factory and line."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One device as the board shows it."""

    device: DeviceLine
    status: DeviceStatus
    silent: bool
    alerts: tuple[tuple[AlertLevel, int], ...]
    """That stand, by level, the worst first."""

    @property
    def device_id(self) -> str:
        """Its id."""
        return self.device.device_id

    @property
    def level(self) -> AlertLevel | None:
        """Of its worst alert."""
        return self.alerts[0][0] if self.alerts else None

    @property
    def state(self) -> str:
        """Its status, or that it is silent; a key of `STATUSES`."""
        return "SILENT" if self.silent else self.status.value


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its devices, the worst first."""

    where: Where
    devices: int
    by_status: tuple[tuple[DeviceStatus, int], ...]
    silent: int
    alerts: tuple[tuple[AlertLevel, int], ...]
    cells: tuple[Cell, ...]


class PlantBoard:
    """The lines of a plant, kept from one look to the next.

    The tree is asked for again and again: it counts exactly, and shows the first devices one by
    one. All devices, with the age of their last reading, come from the list, which is long.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._devices: dict[str, DeviceLine] = {}
        self._alerts: dict[str, Counter[AlertLevel]] = {}
        self._treed = self._listed = self._told = 0.0
        self._counted: object = None
        self._cells: dict[str, Cell] = {}
        self.lines: Sequence[Line] = ()
        self.as_of: datetime | None = None
        self.is_whole = True
        """False: the readings could not be reached."""

    def forget(self) -> None:
        """Ask for all of it at the next look."""
        self._treed = self._listed = self._told = 0.0
        self._counted = None

    async def look(self) -> None:
        """Ask for what may have changed, where it is time to. Raises `OpsmithError`."""
        began = time.monotonic()
        if began < self._treed:
            return
        tree = await self._plant.ask(DeviceRegistry.show_plant_tree)
        ended = time.monotonic()
        self._treed = ended + PAUSE * (ended - began)
        shown = {
            one.device_id: one
            for factory in tree.factories
            for line in factory.lines
            for one in line.shown
        }
        if self._is_outdated(tree, shown) or time.monotonic() >= self._listed:
            began = time.monotonic()
            await self._list_devices()
            ended = time.monotonic()
            self._listed = ended + max(SELDOM, REST * (ended - began))
        if len(shown) < tree.total:
            await self._list_alerts(tree)
        self.as_of, self.is_whole = tree.as_of, tree.state is not State.UNAVAILABLE
        self.lines = self._arranged(tree, shown)

    def _is_outdated(self, tree: PlantTree, shown: Mapping[str, TreeDevice]) -> bool:
        return tree.total != len(self._devices) or any(
            known is None or known.status is not one.status
            for one in shown.values()
            for known in [self._devices.get(one.device_id)]
        )

    async def _list_devices(self) -> None:
        found, cursor = dict[str, DeviceLine](), None
        for _ in range(PAGES):
            page = await self._plant.ask(DeviceRegistry.list_devices, cursor=cursor)
            found |= {one.device_id: one for one in page.devices}
            cursor = page.next_cursor
            if cursor is None:
                break
        self._devices = found

    async def _list_alerts(self, tree: PlantTree) -> None:
        """What stands on the devices that the tree does not show, where its counts changed."""
        counted = [
            (factory.factory_id, line.line_id, line.alerts)
            for factory in tree.factories
            for line in factory.lines
        ]
        if counted == self._counted or time.monotonic() < self._told:
            return
        began = time.monotonic()
        found, cursor = dict[str, Counter[AlertLevel]](), None
        for _ in range(PAGES):
            page = await self._plant.ask(
                AlertHistory.list_alerts, days=LONGEST, limit=100, cursor=cursor
            )
            for one in page.alerts:
                found.setdefault(one.device_id, Counter())[one.alert_level] += 1
            cursor = page.next_cursor
            if cursor is None:
                break
        self._alerts, self._counted = found, counted
        ended = time.monotonic()
        self._told = ended + REST * (ended - began)

    def _arranged(self, tree: PlantTree, shown: Mapping[str, TreeDevice]) -> Sequence[Line]:
        counted = {
            (factory.factory_id, line.line_id): line
            for factory in tree.factories
            for line in factory.lines
        }
        devices = sorted(self._devices.values(), key=_where)
        lines = [
            self._line(where, list(theirs), counted.get(where), shown)
            for where, theirs in groupby(devices, key=_where)
        ]
        self._cells = {cell.device_id: cell for line in lines for cell in line.cells}
        return sorted(lines, key=lambda line: (_urgency(line.alerts), -line.silent, line.where))

    def _line(
        self,
        where: Where,
        devices: Sequence[DeviceLine],
        counted: TreeLine | None,
        shown: Mapping[str, TreeDevice],
    ) -> Line:
        told = {one.device_id for one in counted.shown if one.silent} if counted else set[str]()
        rest = [one for one in devices if one.device_id not in shown]
        # How many are silent is counted exactly; of those that the tree does not show, it is
        # those that were not heard of for the longest time.
        more = (counted.silent if counted else 0) - len(told)
        running = [
            one
            for one in rest
            if one.status is DeviceStatus.RUNNING and one.last_reading is not None
        ]
        running.sort(key=lambda one: -(one.age_seconds or 0.0))
        silent = told | {one.device_id for one in running[: max(0, more)]}
        cells = [
            self._cell(one, shown.get(one.device_id), one.device_id in silent) for one in devices
        ]
        cells.sort(key=lambda cell: (_urgency(cell.alerts), not cell.silent, cell.device_id))
        if counted is not None:
            statuses, alerts = Counter(counted.by_status), Counter(counted.alerts)
        else:
            statuses = Counter(cell.status for cell in cells)
            alerts = Counter[AlertLevel]()
            for cell in cells:
                alerts.update(dict(cell.alerts))
        return Line(
            where,
            len(devices),
            tuple(sorted(statuses.items())),
            counted.silent if counted is not None else 0,
            tuple(sorted(alerts.items())),
            tuple(cells),
        )

    def _cell(self, device: DeviceLine, shown: TreeDevice | None, silent: bool) -> Cell:
        alerts = shown.alerts if shown else self._alerts.get(device.device_id, Counter())
        status = shown.status if shown else device.status
        cell = Cell(device, status, silent, tuple(sorted(alerts.items())))
        # What did not change stays the same object, so that it is not drawn anew.
        known = self._cells.get(device.device_id)
        return known if known is not None and known == cell else cell


def _where(device: DeviceLine) -> Where:
    return (device.factory_id, device.line_id)


def _urgency(alerts: Sequence[tuple[AlertLevel, int]]) -> tuple[str, int]:
    """The worst level first, there the most first; what has none comes last."""
    return (alerts[0][0].value, -alerts[0][1]) if alerts else ("P9", 0)
