"""Floods of alerts: the same as counted minute by minute, whatever the times."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsmith_detectors.flood import FEWEST, MOST, SPAN, floods

NOON = datetime(2026, 2, 28, 12, tzinfo=UTC)


@given(st.lists(st.integers(0, 120), max_size=80))
def test_a_flood_is_what_counting_at_every_minute_finds(minutes: list[int]) -> None:
    # An alert at second 30 of its minute, counted at the full minutes between.
    times = [NOON + timedelta(minutes=m, seconds=30) for m in sorted(minutes)]
    found = floods(times)
    on = False
    for minute in range(140):
        now = NOON + timedelta(minutes=minute)
        # Several alerts in one minute count one by one, as they come.
        for arrived in [t for t in times if now - timedelta(minutes=1) < t <= now]:
            since = [t for t in times if arrived - SPAN < t <= arrived]
            on = on or len(since) > MOST
        recent = sum(now - SPAN < t <= now for t in times)
        on = on and recent >= FEWEST
        assert on == any(flood.start <= now < flood.end for flood in found), minute


def test_ten_alerts_in_ten_minutes_are_no_flood_and_eleven_are() -> None:
    times = [NOON + timedelta(seconds=59 * i) for i in range(11)]
    assert floods(times[:10]) == []
    (flood,) = floods(times)
    assert flood.start == times[10]
    # Four are left in the last ten minutes once the fifth newest has grown too old.
    assert flood.end == times[6] + SPAN
