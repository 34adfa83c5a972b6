"""Names in InfluxDB: text that cannot leave its place, in lines and in queries alike.

Everything but letters, digits, `_`, `.` and `-` becomes the `%XX` of its UTF-8 bytes, so that no
quote, comma, space or line break is left that either language could take for its own.

>>> encode('temp "1"'), decode(encode('temp "1"'))
('temp%20%221%22', 'temp "1"')
>>> encode("温度"), encode("time"), encode("")
('温度', '%74ime', '%')
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_ODD = re.compile(r"[^\w.-]")


def _hex(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode(errors="surrogatepass"))


@lru_cache(65_536)
def encode(name: str) -> str:
    """A name as InfluxDB gets it; names that it keeps for itself are written otherwise."""
    if not name:
        return "%"
    name = _ODD.sub(lambda odd: _hex(odd[0]), name)
    if name in ("time", "device_id") or name.startswith("_"):
        name = _hex(name[0]) + name[1:]
    return name


@lru_cache(65_536)
def decode(name: str) -> str:
    """The name that `encode` encoded."""
    return unquote_to_bytes(name).decode(errors="surrogatepass") if name != "%" else ""


class Table(NamedTuple):
    """A measurement in a retention policy, which is a bucket in InfluxDB 2."""

    policy: str
    measurement: str

    def __str__(self) -> str:
        return f'"{self.policy}"."{self.measurement}"'


class Kind(NamedTuple):
    """Where readings of one kind are, with what is counted of them."""

    rows: Table
    minutes: Table
    hours: Table


LIVE = Kind(
    Table("sensor_raw", "sensor_raw"),
    Table("sensor_agg_1m", "sensor_agg_1m"),
    Table("history", "sensor_raw_1h"),
)
IMPORTED = Kind(
    Table("history", "history"),
    Table("history", "history_agg_1m"),
    Table("history", "history_1h"),
)
EVENTS = Table("anomaly_events", "anomaly_events")
KEPT_EVENTS = Table("history", "history_events")
"""Events around imported history, which outlive the others."""
ROLLED = Table("history", "rolled")
"""Until when each device's live minutes and hours are counted; one point a device, at time 0."""
DIRTY = Table("history", "dirty")
"""Hours that changed after they were counted; `n` is 0 again once they are counted anew."""
BLANKED = Table("history", "blanked")
"""Minutes in which a stored number was taken back: the server would count it still."""

PRESENT = "!n"
"""Field of every reading, 1: readings that carry no channel are readings too."""
STATUS = "!status"
DOUBT = "!q."
"""What the field of a channel's quality begins with."""
