"""Studies of a device's readings: counted, judged, compared, correlated."""

from typing import Annotated

from pydantic import Field

from opsmith.access import scope
from opsmith.clock import PlantClock
from opsmith.domain.base import Moment, State
from opsmith.domain.devices import Device
from opsmith.errors import BadInput, Unavailable
from opsmith.ports import SeriesStore
from opsmith.storage.devices import DeviceStore
from opsmith_mcp import compare, correlate, peers, quality
from opsmith_mcp.arguments import DeviceId, Since, Until, WindowMins, a_time
from opsmith_mcp.compare import WindowComparison
from opsmith_mcp.correlate import Correlations
from opsmith_mcp.coverage import GAPS, ReadingCount, count_of
from opsmith_mcp.lookup import find_channel, find_device
from opsmith_mcp.peers import Among, PeerComparison
from opsmith_mcp.quality import DataQuality
from opsmith_mcp.telemetry_results import lost, stated
from opsmith_mcp.windows import INSTANT, Freshness, Span, freshness, now, span_of

Channel = Annotated[str, Field(min_length=1, max_length=64)]
MaxLagMins = Annotated[int, Field(ge=0, le=1440)]
AgainstSince = Annotated[
    Moment | None, a_time("Start of the other window; default as long, just before.")
]
AgainstUntil = Annotated[Moment | None, a_time("Its end.")]

_CHANNELS = 60


class TelemetryStudies:
    """Those of the telemetry tools that work through a whole window."""

    def __init__(self, series: SeriesStore, devices: DeviceStore, clock: PlantClock) -> None:
        self._series = series
        self._devices = devices
        self._clock = clock

    def count_readings(
        self,
        device_id: DeviceId,
        since: Since = None,
        until: Until = None,
        window_mins: WindowMins = 1440,
    ) -> ReadingCount:
        """Count the readings of a window exactly: how many, first, last, channels missing, gaps.

        Use it for "how many readings on a day, from when to when, what is missing".
        """
        device, span = self._asked(device_id, window_mins, until, since)
        try:
            fresh = self._fresh(device, span)
            found = count_of(self._series, device, span, now(self._clock), _CHANNELS)
        except Unavailable as error:
            return lost(ReadingCount, error, device.device_id, span)
        state, note = stated(
            fresh, device.device_id, found.readings > 0, found.gap_count, GAPS, "gaps"
        )
        return found.model_copy(update={"state": state, "note": note})

    def check_data_quality(
        self,
        device_id: DeviceId,
        window_mins: WindowMins = 1440,
        until: Until = None,
        since: Since = None,
    ) -> DataQuality:
        """Judge how far readings can be trusted: missing, bad, flat, repeated, beyond rated, clock.

        Use it before relying on a channel, and for sensor or collector faults.
        """
        device, span = self._asked(device_id, window_mins, until, since)
        try:
            fresh = self._fresh(device, span)
            found = quality.quality_of(self._series, device, span, now(self._clock))
        except Unavailable as error:
            return lost(DataQuality, error, device.device_id, span)
        state, note = stated(fresh, device.device_id, found.readings > 0, 0, 0)
        if found.looked_at is not None and state is State.OK:
            state = State.TRUNCATED
            note = "Only the newest readings were judged, see looked_at; ask for a shorter window."
        return found.model_copy(update={"state": state, "note": note})

    def compare_windows(
        self,
        device_id: DeviceId,
        window_mins: WindowMins = 60,
        until: Until = None,
        since: Since = None,
        against_since: AgainstSince = None,
        against_until: AgainstUntil = None,
    ) -> WindowComparison:
        """Compare a window of all channels with another: level, spread, extremes, effect size.

        Use it for before and after a repair, or today and a week ago. For what changed at an
        alert call `describe_change`.
        """
        device, span = self._asked(device_id, window_mins, until, since)
        against = _against(span, against_since, against_until)
        try:
            fresh = self._fresh(device, span)
            found = compare.compare(self._series, device.device_id, span, against)
        except Unavailable as error:
            other = against.window
            return lost(WindowComparison, error, device.device_id, span, against=other)
        sides = [
            any(getattr(one, side).count for one in found.channels) for side in ("now", "against")
        ]
        state, note = stated(
            fresh, device.device_id, all(sides), found.channel_count, compare.CHANNELS
        )
        if sides[0] and not sides[1]:
            note = "No reading in the window that it is held against; name another against_since."
        return found.model_copy(update={"state": state, "note": note})

    def compare_with_peers(
        self,
        device_id: DeviceId,
        window_mins: WindowMins = 60,
        among: Among = "factory",
        until: Until = None,
        since: Since = None,
    ) -> PeerComparison:
        """Compare a device's levels with devices of its class: median, spread, rank, robust z.

        Use it to tell one bad device from a condition that all share.
        """
        device, span = self._asked(device_id, window_mins, until, since)
        alike = peers.peers_of(device, self._devices.list(factories=scope()), among)
        try:
            fresh = self._fresh(device, span)
            found = peers.beside(self._series, device, alike, span, among)
        except Unavailable as error:
            return lost(PeerComparison, error, device.device_id, span, among=among)
        state, note = stated(
            fresh, device.device_id, bool(found.channels), len(alike), peers.PEERS, "peers"
        )
        if found.channels and not found.peers:
            state = State.EMPTY
            wider = {"line": "factory", "factory": "all"}.get(among)
            none = f"No other {found.device_class} with readings in the window ({among})"
            note = f"{none}; ask among={wider}." if wider else f"{none}."
        return found.model_copy(update={"state": state, "note": note})

    def correlate_channels(
        self,
        device_id: DeviceId,
        channel: Channel | None = None,
        window_mins: WindowMins = 240,
        max_lag_mins: MaxLagMins = 30,
        until: Until = None,
        since: Since = None,
    ) -> Correlations:
        """Correlate a channel, or all, with the others of a device: strength, certainty, lag.

        Use it to see what moves together and which leads. It is no proof of a cause.
        """
        device, span = self._asked(device_id, window_mins, until, since)
        try:
            fresh = self._fresh(device, span)
            known = {*fresh.tail.channels, *device.channels, *device.rated()}
            name = None if channel is None else find_channel(channel, known, device.device_id)
            found = correlate.correlate(
                self._series, device.device_id, name, span, 60.0 * max_lag_mins
            )
        except Unavailable as error:
            return lost(Correlations, error, device.device_id, span)
        state, note = stated(
            fresh,
            device.device_id,
            found.pair_count > 0,
            found.pair_count,
            correlate.PAIRS,
            "pairs",
        )
        if fresh.last is not None and not found.pairs:
            note = "No two channels have enough readings in common here; widen the window."
        return found.model_copy(update={"state": state, "note": note})

    def _asked(
        self, device_id: str, window_mins: int, until: Until, since: Since
    ) -> tuple[Device, Span]:
        device = find_device(self._devices, device_id)
        return device, span_of(window_mins, until, since, now(self._clock))

    def _fresh(self, device: Device, span: Span) -> Freshness:
        return freshness(self._series, device.device_id, span.end - INSTANT)


def _against(span: Span, since: Moment | None, until: Moment | None) -> Span:
    """The window that another is held against: as named, as long from `since`, or just before."""
    length = span.window.end - span.window.start
    if since is None:
        if until is not None:
            raise BadInput("against_until goes only with against_since")
        # It begins after its start and ends with its end, as the other does, where that is so.
        begin = span.start - length
        return Span(
            type(span.window)(start=span.window.start - length, end=span.window.start),
            begin,
            span.start,
        )
    return span_of(0, until or since + length, since, span.window.end)
