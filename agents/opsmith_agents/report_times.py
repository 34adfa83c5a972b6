"""Times of a report as people at the plant read them: in the plant's zone, with its offset."""

import re
from datetime import datetime, tzinfo

_STATED = re.compile(
    r"(?<![\d-])(?P<date>\d{4}-\d\d-\d\d)[ T](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?"
    r"(?: ?UTC(?![+\-\w])|Z\b|\+00:00)"
)
"""A time that says its date and that it is UTC: it means one instant, in whatever zone."""


def stamp(at: datetime, zone: tzinfo) -> str:
    """A moment to the second, with the offset of the zone at that time.

    >>> from datetime import UTC
    >>> from zoneinfo import ZoneInfo
    >>> noon = datetime(2026, 2, 28, 12, tzinfo=UTC)
    >>> stamp(noon, UTC), stamp(noon, ZoneInfo("Asia/Shanghai"))
    ('2026-02-28 12:00:00 UTC', '2026-02-28 20:00:00 +08:00')
    """
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {_offset(local) or 'UTC'}"


def zone_name(zone: tzinfo, at: datetime) -> str:
    """A zone as a heading says it.

    >>> from datetime import UTC
    >>> from zoneinfo import ZoneInfo
    >>> zone_name(ZoneInfo("Asia/Shanghai"), datetime(2026, 2, 28, tzinfo=UTC))
    'Asia/Shanghai (UTC+08:00)'
    """
    offset = _offset(at.astimezone(zone))
    name = str(zone)
    return name if name == "UTC" else f"{name} (UTC{offset})"


def is_utc(zone: tzinfo, at: datetime) -> bool:
    """Whether clocks there show UTC at that time."""
    return not _offset(at.astimezone(zone))


def localized(text: str, zone: tzinfo) -> str:
    """A sentence with the times that it states in UTC told in a zone: the same instants.

    The texts of reports are stored, and checked against their evidence, in UTC. A time without a
    date or without its zone stays as it is: which instant it means cannot be told for sure.

    >>> from zoneinfo import ZoneInfo
    >>> localized("It began at 2026-02-28 18:30:00 UTC, or 18:30.", ZoneInfo("Asia/Shanghai"))
    'It began at 2026-03-01 02:30:00 +08:00, or 18:30.'
    """
    return _STATED.sub(lambda said: _told(said, zone), text)


def _told(said: re.Match[str], zone: tzinfo) -> str:
    try:
        at = datetime.fromisoformat(f"{said['date']}T{said['clock']}+00:00").astimezone(zone)
    except (ValueError, OverflowError):
        return said.group()
    clock = "%H:%M:%S" if said["clock"].count(":") > 1 else "%H:%M"
    return at.strftime(f"%Y-%m-%d {clock} ") + (_offset(at) or "UTC")


def _offset(local: datetime) -> str:
    """Such as +08:00; empty where there is none."""
    return local.isoformat(timespec="seconds")[19:25] if local.utcoffset() else ""
