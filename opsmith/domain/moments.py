"""Moments of plant time, between Python's and numpy's."""

from datetime import UTC, datetime

import numpy as np


def to_moment(time: np.datetime64) -> datetime:
    """A numpy time, which is UTC, as an aware datetime.

    >>> to_moment(np.datetime64("2026-02-28T12:00:00", "us")).isoformat()
    '2026-02-28T12:00:00+00:00'
    """
    moment: datetime = time.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def to_time(moment: datetime) -> np.datetime64:
    """A moment, UTC where it says no zone, as numpy's `datetime64[us]`."""
    utc = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(utc, "us")
