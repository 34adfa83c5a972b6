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
    """An aware datetime as numpy's, UTC, `datetime64[us]`."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
