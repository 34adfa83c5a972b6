"""Find what a caller means, though it is written otherwise, and say what is near where it is not.

>>> plain("pump 1") == plain("PUMP_01")
True
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from opsmith.domain.devices import Device
from opsmith.errors import BadInput, NotFound
from opsmith.storage.devices import DeviceStore


def plain(name: str) -> str:
    """A name without case, separators and leading zeros."""
    return re.sub(r"0+(?=\d)", "", re.sub(r"[\s_\-.]+", "", name.casefold()))


def near(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'X'?` for the name that is most alike, or nothing."""
    known = {plain(one): one for one in names}
    found = get_close_matches(plain(name), known, n=1, cutoff=0.6)
    return f"; did you mean {known[found[0]]!r}?" if found else ""


def find_device(devices: DeviceStore, device_id: str) -> Device:
    """The device of that id or name, however it is written.

    Raises:
        NotFound: There is none; the message names one that is most alike.
        BadInput: Several are meant.
    """
    exact = devices.find(device_id)
    if exact is not None:
        return exact
    every = devices.list()
    wanted = plain(device_id)
    meant = [device for device in every if plain(device.device_id) == wanted]
    meant = meant or [device for device in every if plain(device.device_name) == wanted]
    if len(meant) == 1:
        return meant[0]
    if meant:
        names = ", ".join(repr(device.device_id) for device in meant)
        raise BadInput(f"{device_id!r} may be any of {names}; use one of these ids as it stands")
    if not every:
        raise NotFound(f"No device {device_id!r}; the registry is empty: import devices first")
    hint = near(device_id, [device.device_id for device in every])
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
