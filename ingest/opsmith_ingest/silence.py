"""A line that falls silent as a whole is one alert: its collector is down, not every device."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from opsmith.domain.alerts import Alert, HeldBy, Hold
from opsmith.domain.devices import Device
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore

DEVICES = 3
"""Devices of a line, and more than half of it, that are silent together: its collector is."""

RETURNING = timedelta(minutes=1)
"""Time that the other devices of a silent line get to return after the first has."""


class SilentLines:
    """Groups the `no_data` alerts of a line under the first of them.

    Args:
        alerts: The alert log.
        devices: The registry.
    """

    def __init__(self, alerts: AlertStore, devices: DeviceStore) -> None:
        self._alerts = alerts
        self._holds = alerts.holds
        self._devices = devices
        self._returning: dict[str, datetime] = {}
        """When the head of a silent line was first seen to have returned, by trace_id."""

    def hold(self, device: Device, at: datetime, others: Sequence[str]) -> Hold | None:
        """What a device's silence is grouped under, where most of its line is silent.

        Alerts of the line that came out before it was clear that they are one join the group too.

        Args:
            device: Which has gone quiet.
            at: When it should have been heard of.
            others: Devices that were found silent in the same moment.
        """
        if not device.line_id:
            return None
        standing = self._holds.silent(device)
        together = {one.device_id for one in standing} | {device.device_id}
        together |= {other for other in others if self._is_on_line(other, device)}
        if not _are_most(len(together), self._holds.running_on_line(device)):
            return None
        head = next((one.grouped_under for one in standing if one.grouped_under), None)
        head = head or next((one.trace_id for one in standing if one.held is None), None)
        if head is None:
            return None
        hold = _grouped(len(together), device, head, at)
        for one in standing:
            if one.trace_id != head and one.held is None:
                self._holds.hold_back(one.trace_id, hold)
        return hold

    def judge_anew(self, alert: Alert, device: Device, now: datetime) -> None:
        """Bring out a device that stays silent after the group's head has returned.

        Where most of the line stays silent, the first of them heads the group from there on.
        """
        key = alert.grouped_under or ""
        head = self._alerts.find_one(key)
        if head is not None and head.cleared_at is None and head.held is None:
            return
        if now - self._returning.setdefault(key, now) < RETURNING:
            return
        standing = self._holds.silent(device)
        lead = next((one.trace_id for one in standing if one.held is None), None)
        if lead is None or not _are_most(len(standing), self._holds.running_on_line(device)):
            self._holds.bring_out(alert.trace_id, now)
        else:
            self._holds.hold_back(alert.trace_id, _grouped(len(standing), device, lead, now))

    def forget(self, heads: Collection[str | None]) -> None:
        """Keep what is known of these groups only: the others are over."""
        self._returning = {key: at for key, at in self._returning.items() if key in heads}

    def _is_on_line(self, device_id: str, device: Device) -> bool:
        other = self._devices.find(device_id)
        line = (device.factory_id, device.line_id)
        return other is not None and (other.factory_id, other.line_id) == line


def _are_most(silent: int, running: int) -> bool:
    return silent >= DEVICES and 2 * silent > running


def _grouped(silent: int, device: Device, head: str, since: datetime) -> Hold:
    reason = f"{silent} devices of line {device.line_id} fell silent together: grouped under {head}"
    return Hold(by=HeldBy.COLLECTOR, reason=reason, since=since, under=head)
