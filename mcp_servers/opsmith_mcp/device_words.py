"""Find devices by words, English or Chinese, in what their nameplates say and what they are."""

from collections.abc import Sequence

from opsmith.domain.devices import Device
from opsmith.domain.names import plain

_KINDS = (
    ("pump", "水泵", "泵"),
    ("compressor", "压缩机", "空压机"),
    ("motor", "电动机", "电机", "马达"),
    ("fan", "blower", "鼓风机", "风机"),
    ("turbine", "汽轮机", "透平"),
    ("gearbox", "gear", "齿轮箱", "减速机", "齿轮"),
    ("mixer", "agitator", "搅拌机", "搅拌器"),
    ("generator", "发电机"),
    ("conveyor", "输送机", "皮带机"),
    ("heat exchanger", "exchanger", "换热器"),
    ("valve", "阀门", "阀"),
    ("boiler", "锅炉"),
    ("chiller", "冷水机"),
    ("robot", "机器人"),
    ("furnace", "炉"),
)
"""What kinds of devices are called; the first that a text contains, tells its kind."""


def said_in(devices: Sequence[Device], text: str) -> list[Device]:
    """The devices that a text means: by id or name as it stands, however written, else by words.

    One word that is in an id may be what others are, so all that it can mean are found.
    """
    wanted = plain(text)
    named = [
        one for one in devices if wanted in plain(one.device_id) or wanted in plain(one.device_name)
    ]
    if named and len(text.split()) > 1:
        return named
    ids = {one.device_id for one in named}
    return [one for one in devices if one.device_id in ids or has_words(one, text)]


def has_words(device: Device, text: str) -> bool:
    """Whether each word of a text is somewhere in a device's nameplate, or names its kind.

    >>> pump = Device(device_id="P-01", device_type="Centrifugal pump", location="Hall 3")
    >>> [has_words(pump, text) for text in ("泵", "pumps hall", "风机", "")]
    [True, True, False, True]
    """
    said = " ".join(
        (
            device.device_id,
            device.device_name,
            device.device_type,
            device.model,
            device.manufacturer,
            device.factory_id,
            device.line_id,
            device.location,
        )
    ).casefold()
    kinds = {word for kind in _kinds(device) for word in kind}
    return all(_is_said(word, said, kinds) for word in text.casefold().split())


def is_of_type(device: Device, device_type: str) -> bool:
    """Whether a device is of that type, by its own word for it or by one that means the same.

    >>> is_of_type(Device(device_id="P-01", device_type="pump"), "水泵")
    True
    """
    asked, own = device_type.strip().casefold(), device.device_type.casefold()
    if asked == own or asked.removesuffix("s") == own:
        return True
    return any(asked in kind or asked.removesuffix("s") in kind for kind in _kinds(device))


def _kinds(device: Device) -> list[tuple[str, ...]]:
    for text in (device.device_type.casefold(), device.device_name.casefold()):
        found = [kind for kind in _KINDS if any(word in text for word in kind)]
        if found:
            return found
    return []


def _is_said(word: str, said: str, kinds: set[str]) -> bool:
    return word in said or word in kinds or (len(word) > 3 and word.removesuffix("s") in kinds)
