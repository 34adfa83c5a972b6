"""Find what a caller means, though it is written otherwise; say what is near where it is not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from opsmith.access import scope
from opsmith.domain.devices import Device
from opsmith.domain.names import near, plain
from opsmith.errors import BadInput, NotFound

if TYPE_CHECKING:
    from opsmith.storage.devices import DeviceStore

_NAMED = 10
"""Ids that a message names."""


def find_device(devices: DeviceStore, device_id: str) -> Device:
    """The device of that id or name, however it is written, among those that the caller may see.

    Raises:
        NotFound: There is none; the message names one that is most alike.
        BadInput: Several are meant.
    """
    seen = scope()
    exact = devices.find(device_id)
    if exact is not None and (seen is None or exact.factory_id in seen):
        return exact
    every = devices.names(seen)
    wanted = plain(device_id)
    meant = [one for one, _ in every if plain(one) == wanted]
    meant = meant or [one for one, name in every if plain(name) == wanted]
    if len(meant) == 1:
        return devices.get(meant[0])
    if meant:
        names = ", ".join(repr(one) for one in meant[:_NAMED])
        more = f" and {len(meant) - _NAMED} more" if len(meant) > _NAMED else ""
        raise BadInput(
            f"{device_id!r} may be any of {names}{more}; use one of these ids as it stands"
        )
    if not every:
        raise NotFound(f"No device {device_id!r}; the registry is empty: import devices first")
    hint = near(device_id, [one for one, _ in every])
    raise NotFound(f"No device {device_id!r}{hint or '; list_devices names them'}")


def find_channel(channel: str, known: Iterable[str], device_id: str) -> str:
    """The channel of that name, however it is written. Raises `NotFound`."""
    names = sorted(known)
    if channel in names:
        return channel
    meant = [name for name in names if plain(name) == plain(channel)]
    if len(meant) == 1:
        return meant[0]
    there = ", ".join(names) or "none"
    raise NotFound(
        f"No channel {channel!r} of {device_id}{near(channel, names) or ';'} its channels: {there}"
    )
