"""A device beside its peers: the same channels of devices of its class, in the same window."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from opsmith.domain.base import Model
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.readings import FloatArray
from opsmith.domain.units import unit_of
from opsmith.ports import SeriesStore
from opsmith_kb.classes import infer_device_type
from opsmith_mcp.figures import figure
from opsmith_mcp.series_view import View, load
from opsmith_mcp.telemetry_results import OfWindow
from opsmith_mcp.windows import Span

CHANNELS = 60
PEERS = 30
"""Peers that are read; of more, those of its line, then of its factory, then by id."""

Among = Literal["line", "factory", "all"]

_LEAST = 4
"""Peers without which a spread of them tells nothing."""
_OUTLIER = 3.5
"""Source: Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers, modified z-score."""


class PeerChannel(Model):
    """One channel of the device, beside the same one of its peers; all in its unit."""

    channel: str
    unit: str | None = Field(description="UCUM; None: unknown.")
    level: float | None = Field(description="Median of the device; None: no value.")
    peers: int = Field(description="Peers that had values.")
    peer_median: float | None = Field(description="Of the peers' medians.")
    peer_spread: float | None = Field(
        description="1.4826 median absolute deviations of the peers' medians."
    )
    peer_low: float | None
    peer_high: float | None
    rank: int | None = Field(description="1: the highest of it and its peers.")
    robust_z: float | None = Field(
        description=f"From the peers' median, in spreads; None: under {_LEAST} peers or no spread."
    )
    unusual: bool = Field(description=f"|robust_z| of {_OUTLIER} or more.")


class PeerComparison(OfWindow):
    """A device beside its peers."""

    device_class: str = ""
    among: Among
    peers: tuple[str, ...] = Field(default=(), description="Devices that it was compared with.")
    silent_peers: tuple[str, ...] = Field(
        default=(), description="Peers without a reading in the window; left out."
    )
    peer_count: int = Field(default=0, description="Peers that there are, RETIRED ones not.")
    channels: tuple[PeerChannel, ...] = Field(default=(), description="The farthest off first.")


def class_of(device: Device) -> str:
    """The class by which devices are peers."""
    return infer_device_type(device.channels, device.device_type)


def peers_of(device: Device, every: Sequence[Device], among: Among) -> list[Device]:
    """Devices of its class, the nearest first: of its line, of its factory, by id."""

    def farness(other: Device) -> int:
        if (other.factory_id, other.line_id) == (device.factory_id, device.line_id):
            return 0
        return 1 if other.factory_id == device.factory_id else 2

    reach = {"line": 0, "factory": 1, "all": 2}[among]
    class_ = class_of(device)
    found = [
        other
        for other in every
        if other.device_id != device.device_id
        and other.status is not DeviceStatus.RETIRED
        and farness(other) <= reach
        and class_of(other) == class_
    ]
    return sorted(found, key=lambda other: (farness(other), other.device_id))


def beside(
    series: SeriesStore, device: Device, peers: Sequence[Device], span: Span, among: Among
) -> PeerComparison:
    """Compare a device with its peers. Raises `Unavailable`."""
    own = load(series, device.device_id, span)
    views = {peer.device_id: load(series, peer.device_id, span) for peer in peers[:PEERS]}
    heard = {one: view for one, view in views.items() if len(view.times)}
    found = [_channel(name, own, list(heard.values())) for name in own.channels]
    found.sort(key=lambda one: (-abs(one.robust_z or 0.0), one.channel))
    return PeerComparison(
        device_id=device.device_id,
        as_of=span.window.end,
        window=span.window,
        device_class=class_of(device),
        among=among,
        peers=tuple(heard),
        silent_peers=tuple(one for one in views if one not in heard),
        peer_count=len(peers),
        channels=tuple(found[:CHANNELS]),
    )


def _channel(name: str, own: View, others: Sequence[View]) -> PeerChannel:
    level = _median(own.values(name))
    medians = [_median(view.values(name)) for view in others]
    theirs = np.array([one for one in medians if one is not None])
    middle = width = z = None
    if len(theirs):
        middle = float(np.median(theirs))
        width = 1.4826 * float(np.median(np.abs(theirs - middle)))
        if level is not None and len(theirs) >= _LEAST and width > 0:
            z = (level - middle) / width
    return PeerChannel(
        channel=name,
        unit=unit_of(name),
        level=None if level is None else figure(level),
        peers=len(theirs),
        peer_median=None if middle is None else figure(middle),
        peer_spread=None if width is None else figure(width),
        peer_low=figure(float(theirs.min())) if len(theirs) else None,
        peer_high=figure(float(theirs.max())) if len(theirs) else None,
        rank=None if level is None or not len(theirs) else 1 + int((theirs > level).sum()),
        robust_z=None if z is None else figure(z),
        unusual=z is not None and abs(z) >= _OUTLIER,
    )


def _median(values: FloatArray) -> float | None:
    return float(np.median(values)) if len(values) else None
