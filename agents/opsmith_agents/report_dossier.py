"""A report with what a reader wants beside it: alert, device, work orders, curves of its time."""

from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeVar

from fastmcp import Client
from pydantic import TypeAdapter, ValidationError

from opsmith.domain.alerts import Alert
from opsmith.domain.base import State, Window
from opsmith.domain.changes import ChannelChange
from opsmith.domain.diagnoses import DiagnosisReport
from opsmith.domain.work_orders import WorkOrder
from opsmith.errors import OpsmithError, Unavailable
from opsmith_agents.evidence import ALERT
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.client import call
from opsmith_mcp.device_registry import DeviceRegistry
from opsmith_mcp.telemetry import ChannelSeries, Telemetry
from opsmith_mcp.windows import INSTANT
from opsmith_mcp.work_orders import WorkOrders

T = TypeVar("T")

_CURVES = 8
_POINTS = 260
_ORDERS = 5
_LEAST = timedelta(minutes=15)
_MOST = timedelta(hours=2)
"""Time before the onset that is drawn: as long as the time since, within these."""
_CHANGES = TypeAdapter(tuple[ChannelChange, ...])


@dataclass(frozen=True, slots=True)
class Curve:
    """One channel around the onset, as it was stored when the dossier was made."""

    series: ChannelSeries
    change: ChannelChange | None = None
    """How it changed, as the report's evidence has it."""
    usual: tuple[float, float] | None = None
    """Its lowest and highest value in `Dossier.usual`."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """A version of a report, and what the plant's tools say beside it."""

    report: DiagnosisReport
    zone: tzinfo
    versions: tuple[DiagnosisReport, ...] = ()
    """All versions, the first first."""
    alert: Alert | None = None
    device_name: str = ""
    orders: tuple[WorkOrder, ...] = ()
    """Those that answer the alert, as they are now."""
    window: Window | None = None
    """That is drawn, up to the report's `as_of`."""
    usual: Window | None = None
    """The time before all that changed, of which `Curve.usual` is."""
    curves: tuple[Curve, ...] = ()
    still: tuple[str, ...] = ()
    """Channels that stayed as they were."""
    lost: str | None = None
    """Why there is no curve, as the tools put it; None: there are, or nothing was looked for."""
    unreached: bool = False
    """There is no curve because the readings could not be reached: they may well be there."""


def up_to(report: DiagnosisReport) -> datetime:
    """Plant time up to which the report's author looked."""
    return report.as_of or report.created_at


async def dossier_of(
    plant: Client[Any],
    report: DiagnosisReport,
    versions: Sequence[DiagnosisReport],
    zone: tzinfo,
    *,
    curves: bool,
) -> Dossier:
    """Gather what belongs to a report; what a tool cannot give is left out.

    Args:
        plant: An open client with the reading tools.
        report: The version that is shown.
        versions: All of them.
        zone: Of the times.
        curves: Read the telemetry too.
    """
    found = Dossier(report, zone, tuple(sorted(versions, key=lambda one: one.version)))
    view = await _asked(call(plant, AlertHistory.get_alert, report.trace_id))
    device = await _asked(call(plant, DeviceRegistry.query_device_status, report.device_id))
    orders = [
        await _asked(call(plant, WorkOrders.get_work_order, line.order_no))
        for line in (view.orders[:_ORDERS] if view else ())
    ]
    found = replace(
        found,
        alert=_as_it_was(report) or (view.alert if view else None),
        device_name=device.device.device_name if device else "",
        orders=tuple(one.order for one in orders if one is not None),
    )
    return await _with_curves(plant, found) if curves else found


def _as_it_was(report: DiagnosisReport) -> Alert | None:
    """The alert that the report speaks of: an event that goes on moves its onset and its level."""
    for one in report.diagnosis.evidence:
        if one.evidence_id == ALERT and "alert" in one.result:
            try:
                return Alert.model_validate(one.result["alert"])
            except ValidationError:
                # Its evidence was cut, or is of an older form: the alert as it is now will do.
                return None
    return None


async def _asked(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except OpsmithError:
        return None


async def _with_curves(plant: Client[Any], found: Dossier) -> Dossier:
    """The channels that moved or that the alert names, from before the onset to `as_of`."""
    report, alert, as_of = found.report, found.alert, up_to(found.report)
    changes, compared = _changes(report)
    onset = alert.onset if alert else as_of
    if compared is None:
        compared = onset
        told = await _asked(
            call(plant, Telemetry.describe_change, report.device_id, onset, until=as_of)
        )
        changes = told.changes if told else ()
    began = min([compared, onset, *(c.onset for c in changes if c.significant and c.onset)])
    before = min(max(as_of - began, _LEAST), _MOST)
    window = Window(start=began - before, end=as_of)
    # What creeps in is there before it is told: the time just before is no measure of the usual.
    end = began - before / 2
    usual = Window(start=end - _MOST, end=end)
    nearer = Window(start=window.start, end=began)
    moved = sorted((c for c in changes if c.significant), key=lambda c: c.order or 99)
    named = [d.channel for d in alert.deviations] if alert else []
    chosen = list(dict.fromkeys([*(c.channel for c in moved), *named]))[:_CURVES]
    if not chosen:
        chosen = [c.channel for c in changes][:_CURVES]
    series, lost, unreached = await _series(plant, report.device_id, chosen, window)
    ranges = await _ranges(plant, report.device_id, usual) if series else {}
    if series and not ranges:
        usual, ranges = nearer, await _ranges(plant, report.device_id, nearer)
    known = {c.channel: c for c in changes}
    return replace(
        found,
        window=window,
        usual=usual if ranges else None,
        curves=tuple(Curve(s, known.get(s.channel), ranges.get(s.channel)) for s in series),
        still=tuple(
            c.channel for c in changes
            if c.channel not in chosen and not c.significant and c.now is not None
        ),
        lost=None if series else lost,
        unreached=unreached and not series,
    )  # fmt: skip


async def _series(
    plant: Client[Any], device_id: str, channels: Iterable[str], window: Window
) -> tuple[list[ChannelSeries], str, bool]:
    """Those that have values; what the last that has none said, and if it could not be asked."""
    drawn: list[ChannelSeries] = []
    lost, unreached = "", False
    for channel in channels:
        try:
            one = await call(
                plant, Telemetry.read_series, device_id, channel,
                points=_POINTS, since=window.start, until=window.end + INSTANT,
            )  # fmt: skip
        except OpsmithError as error:
            lost, unreached = str(error), isinstance(error, Unavailable)
            continue
        if len(one.times) > 1:
            drawn.append(one)
        else:
            lost, unreached = one.note or "", one.state is State.UNAVAILABLE
    return drawn, lost, unreached


async def _ranges(
    plant: Client[Any], device_id: str, usual: Window
) -> dict[str, tuple[float, float]]:
    """The lowest and highest value of each channel in the time before."""
    told = await _asked(
        call(
            plant, Telemetry.fetch_telemetry_data, device_id, since=usual.start, until=usual.end
        )
    )  # fmt: skip
    return {
        one.channel: (one.low, one.high)
        for one in (told.channels if told else ())
        if one.low is not None and one.high is not None
    }


def _changes(report: DiagnosisReport) -> tuple[tuple[ChannelChange, ...], datetime | None]:
    """The changes that the report rests on, and since when; None: it rests on none."""
    for one in reversed(report.diagnosis.evidence):
        if one.tool != Telemetry.describe_change.__name__ or not one.result.get("changes"):
            continue
        try:
            since = datetime.fromisoformat(str(one.result.get("onset")))
            return _CHANGES.validate_python(one.result["changes"]), since
        except (ValidationError, ValueError):
            continue
    return (), None
