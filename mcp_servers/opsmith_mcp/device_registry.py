"""Device registry: what is installed, what it is rated for, whether it is heard of."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import numpy as np
from pydantic import Field

from opsmith.access import Role, scope
from opsmith.clock import PlantClock
from opsmith.domain.alerts import BY_PLAN, STANDING, Alert
from opsmith.domain.base import Moment, State
from opsmith.domain.devices import MAINTENANCE_HOURS, Device, DeviceStatus
from opsmith.domain.names import near, plain
from opsmith.domain.units import unit_of
from opsmith.errors import BadInput, Unavailable
from opsmith.ports import Extent, SeriesStore
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith_mcp.arguments import Cursor, DeviceId, Until
from opsmith_mcp.device_views import (
    DeviceLine,
    DeviceList,
    DeviceView,
    PlantTree,
    line_of,
    should_speak,
)
from opsmith_mcp.device_words import is_of_type, said_in
from opsmith_mcp.lookup import find_device
from opsmith_mcp.marks import Shown, changes
from opsmith_mcp.pages import begin_of, fitting, page_at
from opsmith_mcp.plant_tree import tree_of
from opsmith_mcp.windows import Freshness, freshness, moment, now

__all__ = ["DeviceLine", "DeviceList", "DeviceRegistry", "DeviceView", "PlantTree"]

_MOST = 100
"""Devices of one answer."""
_ALERTS = 1000
"""Alerts of one device that are counted."""

Name = Annotated[str | None, Field(max_length=64)]
MaintenanceUntil = Annotated[
    Moment | None, Field(description=f"End of MAINTENANCE; default in {MAINTENANCE_HOURS} h.")
]


class DeviceRegistry:
    """The tools of the device registry."""

    def __init__(
        self, devices: DeviceStore, series: SeriesStore, clock: PlantClock, alerts: AlertStore
    ) -> None:
        self._devices = devices
        self._series = series
        self._clock = clock
        self._alerts = alerts

    def list_devices(
        self,
        line_id: Name = None,
        device_type: Name = None,
        status: DeviceStatus | None = None,
        text: Annotated[
            str | None,
            Field(max_length=100, description="Words in id, name, type, model, maker or place."),
        ] = None,
        factory_id: Name = None,
        cursor: Cursor = None,
    ) -> DeviceList:
        """List devices with the age of each one's last reading; words English or Chinese.

        Use it to find a device's id or to see which are silent. For one device's nameplate and
        limits call `query_device_status`, for counts `show_plant_tree`.
        """
        as_of, begin = now(self._clock), begin_of(cursor)
        every = self._devices.list(status=status, factories=scope())
        found, unknown = _at(every, factory_id, line_id)
        if device_type is not None:
            found = [one for one in found if is_of_type(one, device_type)]
        if text is not None:
            found = said_in(found, text)
        extents, lost = self._extents()
        some = found[begin : begin + _MOST]
        lines = fitting([line_of(one, extents.get(one.device_id), as_of) for one in some])
        page = page_at(lines, begin, len(found), "line_id, device_type or text")
        silent = [one.device_id for one in found if should_speak(one, extents, as_of)]
        state, notes = page.state, [page.note, *unknown]
        if not found:
            notes.append("No such device; call it without arguments to see all.")
        elif silent:
            state = State.STALE if state is State.OK else state
            more = f" and {len(silent) - 10} more" if len(silent) > 10 else ""
            notes.append(f"RUNNING, but no reading lately: {', '.join(silent[:10])}{more}.")
        if lost is not None:
            state = State.UNAVAILABLE
            notes.append(f"The age of readings is not known: {lost}.")
        return DeviceList(
            state=state,
            note=_joined(notes),
            as_of=as_of,
            total=len(found),
            devices=tuple(page.rows),
            next_cursor=page.next_cursor,
        )

    def show_plant_tree(self, factory_id: Name = None, line_id: Name = None) -> PlantTree:
        """Show factories, lines and devices with counts: by status, silent, standing alerts.

        Use it for an overview. For nameplates and ages call `list_devices`.
        """
        as_of = now(self._clock)
        found, unknown = _at(self._devices.list(factories=scope()), factory_id, line_id)
        standing = self._devices.standing_alerts(scope())
        extents, lost = self._extents()
        silent = {one.device_id for one in found if should_speak(one, extents, as_of)}
        tree = tree_of(found, silent, standing, as_of)
        notes = [tree.note, *unknown]
        if lost is not None:
            notes.append(f"Which devices are silent is not known: {lost}.")
        state = tree.state if lost is None else State.UNAVAILABLE
        return tree.model_copy(update={"state": state, "note": _joined(notes)})

    def query_device_status(self, device_id: DeviceId, until: Until = None) -> DeviceView:
        """Show one device: nameplate, rated limits, status, channels that are missing.

        Use it before judging a value: it tells what is rated, what is measured and whether the
        device is silent or in maintenance. For values call `fetch_telemetry_data`.
        """
        return self._view(find_device(self._devices, device_id), until or now(self._clock))

    @changes(needs=Role.OPERATOR, confirms=Role.OPERATOR, shows="_show_update_device_status")
    def update_device_status(
        self,
        device_id: DeviceId,
        status: DeviceStatus,
        maintenance_until: MaintenanceUntil = None,
    ) -> DeviceView:
        """Say what the plant does with a device now.

        MAINTENANCE and RETIRED hold back its alerts, diagnoses and orders; what stands when the
        maintenance ends, or at RUNNING, is told then. Again with the same values: no change.
        """
        device = find_device(self._devices, device_id)
        as_of = now(self._clock)
        end = _end_of(device, status, maintenance_until, as_of)
        if (device.status, device.maintenance_until) != (status, end):
            device = self._devices.set_status(device.device_id, status, end, as_of)
        return _ending(self._view(device, as_of), maintenance_until)

    def _show_update_device_status(
        self,
        device_id: DeviceId,
        status: DeviceStatus,
        maintenance_until: MaintenanceUntil = None,
    ) -> Shown:
        device = find_device(self._devices, device_id)
        as_of = now(self._clock)
        end = _end_of(device, status, maintenance_until, as_of)
        view = self._view(device, as_of)
        known = device.maintenance_end()
        if (device.status, known) == (status, end):
            return Shown(None, _ending(view, maintenance_until), device.device_id)
        name = f" ({device.device_name})" if device.device_name else ""
        text = [f"{device.device_id}{name}: status {device.status} -> {status}"]
        if status is DeviceStatus.MAINTENANCE:
            # Where none was given it depends on when it is confirmed: no time can be shown yet.
            given = maintenance_until is not None or end == known
            ends = _told(end) if given else f"{MAINTENANCE_HOURS} h after it is confirmed"
            text.append(f"End of the maintenance: {_told(known)} -> {ends}")
        elif known is not None:
            text.append(f"End of the maintenance: {_told(known)} -> none")
        standing = self._alerts.find(device_id=device.device_id, standing=True, limit=_ALERTS)
        text += _consequences(status, standing)
        return Shown("\n".join(text), view, device.device_id)

    @changes(needs=Role.OPERATOR, confirms=Role.ENGINEER, shows="_show_renew_baseline")
    def renew_baseline(
        self,
        device_id: DeviceId,
        since: Annotated[Moment, Field(description="Repaired, or run otherwise, since.")],
    ) -> DeviceView:
        """Have what is normal for a device learnt anew, after a repair or for a new duty."""
        device, as_of = find_device(self._devices, device_id), now(self._clock)
        return self._view(self._devices.renew_baseline(device.device_id, since, as_of), as_of)

    def _show_renew_baseline(self, device_id: DeviceId, since: Moment) -> Shown:
        device, as_of = find_device(self._devices, device_id), now(self._clock)
        if since > as_of:
            raise BadInput(f"since is still to come; it is {as_of.isoformat()} in the plant")
        text = device.renewal(since) if device.baseline_at != since else None
        return Shown(text, self._view(device, as_of), device.device_id)

    def _extents(self) -> tuple[Mapping[str, Extent], Unavailable | None]:
        try:
            return self._series.extents(), None
        except Unavailable as error:
            return {}, error

    def _view(self, device: Device, as_of: datetime) -> DeviceView:
        state, note = State.OK, None
        measured: tuple[str, ...] = ()
        last = age = None
        lasts = dict[str, Moment]()
        try:
            fresh = freshness(self._series, device.device_id, as_of)
        except Unavailable as error:
            state, note = State.UNAVAILABLE, f"What is measured is not known: {error}."
            missing: tuple[str, ...] = ()
        else:
            measured, last, age = fresh.measured, fresh.last, fresh.age
            state = fresh.state(has_any=last is not None)
            note = fresh.note(device.device_id, has_any=last is not None)
            missing = tuple(sorted(set(device.channels) - set(measured)))
            lasts = _last_values(fresh)
        end = device.maintenance_end()
        if end is not None and end <= as_of:
            over = f"Its maintenance ended at {end.isoformat()}: its alerts are told again."
            note = over if note is None else f"{note} {over}"
        installed = set(device.channels)
        rated = device.rated()
        return DeviceView(
            state=state,
            note=note,
            as_of=as_of,
            device=device,
            rated=rated,
            units={one: unit_of(one) for one in sorted({*installed, *measured, *rated})},
            measured=measured,
            missing_channels=missing,
            extra_channels=tuple(sorted(set(measured) - installed)) if installed else (),
            last_values=lasts,
            last_reading=last,
            age_seconds=age,
        )


def _at(
    devices: Sequence[Device], factory_id: str | None, line_id: str | None
) -> tuple[Sequence[Device], list[str]]:
    """Those of a factory and of a line, however they are written, and what is not there."""
    notes = list[str]()
    for what, wanted in (("factory", factory_id), ("line", line_id)):
        if wanted is None:
            continue
        key = f"{what}_id"
        names = {str(getattr(one, key)) for one in devices} - {""}
        meant = {wanted} & names or {name for name in names if plain(name) == plain(wanted)}
        if len(meant) > 1:
            some = ", ".join(repr(name) for name in sorted(meant))
            raise BadInput(f"{key} {wanted!r} may be any of {some}; use one of these as it stands")
        if not meant:
            there = ", ".join(sorted(names)[:20]) or "none"
            notes.append(f"No {what} {wanted!r}{near(wanted, names) or ';'} there are: {there}.")
        devices = [one for one in devices if getattr(one, key) in meant]
    return devices, notes


def _ending(view: DeviceView, given: datetime | None) -> DeviceView:
    """The view, with the end that a maintenance was given where nobody said one."""
    end = view.device.maintenance_end()
    if given is not None or end is None:
        return view
    note = f"No end was given; the maintenance ends at {end.isoformat()}."
    return view.model_copy(update={"note": _joined([note, view.note])})


def _end_of(
    device: Device, status: DeviceStatus, until: datetime | None, as_of: datetime
) -> datetime | None:
    """When the maintenance would end. Raises `BadInput`."""
    if until is not None and status is not DeviceStatus.MAINTENANCE:
        raise BadInput("maintenance_until goes only with status MAINTENANCE")
    if until is not None and until <= as_of:
        raise BadInput(f"maintenance_until is past; it is {as_of.isoformat()} in the plant")
    if status is not DeviceStatus.MAINTENANCE or until is not None:
        return until
    known = device.maintenance_end()
    return known if known and known > as_of else as_of + timedelta(hours=MAINTENANCE_HOURS)


def _consequences(status: DeviceStatus, alerts: Sequence[Alert]) -> list[str]:
    """What becomes of the device's alerts, those that stand counted."""
    told = [one for one in alerts if one.state in STANDING and one.suppressed is None]
    held = [one for one in alerts if one.held in BY_PLAN and one.cleared_at is None]
    if status in (DeviceStatus.MAINTENANCE, DeviceStatus.RETIRED):
        end = "until then" if status is DeviceStatus.MAINTENANCE else "from now on"
        lines = [f"Its alerts, diagnoses and orders are held back {end}."]
        return [*lines, f"Standing alerts that are held back: {_counted(told)}"]
    if held:
        return [f"Alerts that were held back and stand are told: {_counted(held)}"]
    return ["Its alerts are told."]


def _counted(alerts: Sequence[Alert]) -> str:
    levels = sorted(Counter(one.alert_level.value for one in alerts).items())
    parts = ", ".join(f"{count} {level}" for level, count in levels)
    return f"{len(alerts)} ({parts})" if alerts else "none"


def _told(at: datetime | None) -> str:
    # In UTC, whoever looks: what is confirmed has to read as what was proposed.
    return "none" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _last_values(fresh: Freshness) -> dict[str, Moment]:
    there = ~np.isnan(fresh.tail.values)
    return {
        name: moment(fresh.tail.times[int(np.flatnonzero(there[:, c])[-1])])
        for c, name in enumerate(fresh.tail.channels)
        if name in fresh.measured
    }


def _joined(notes: Iterable[str | None]) -> str | None:
    return " ".join(note for note in notes if note) or None
