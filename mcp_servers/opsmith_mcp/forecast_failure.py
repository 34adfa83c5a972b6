"""How likely a device fails by when: limits passed and its life, calibrated by what came."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsmith.clock import PlantClock
from opsmith.domain.alerts import AlertLevel
from opsmith.domain.devices import Device, DeviceStatus
from opsmith.domain.forecasts import Chances, RecordFigures, RemainingLife, TimeToLimit
from opsmith.ports import SeriesStore
from opsmith.storage.alerts import AlertStore
from opsmith.storage.devices import DeviceStore
from opsmith.storage.forecasts import ForecastStore
from opsmith.storage.models import ModelStore
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_detectors.survival import either
from opsmith_mcp import forecast_lives
from opsmith_mcp.figures import figure
from opsmith_mcp.forecast_cache import ForecastCache
from opsmith_mcp.forecast_health import health_of
from opsmith_mcp.forecast_limits import DeviceOutlook, LimitOutlook, look_ahead
from opsmith_mcp.forecast_model import LearnedLife, Models
from opsmith_mcp.forecast_outcomes import calibrated, calibration, figures_of, outcomes
from opsmith_mcp.forecast_views import FailureForecast
from opsmith_mcp.windows import Freshness

LINE = (
    "robust straight line (Theil-Sen) through one-minute means of the longest recent stretch that "
    "is straight; interval from the spread of the residuals and the error of the slope"
)
MIXTURE = "where there is no trend, methods that competed on hourly means of 12 days"
_NAMES = ("within_1h", "within_8h", "within_24h", "within_7d", "within_30d")


@dataclass(frozen=True, slots=True)
class Sources:
    """What the forecasts rest on."""

    series: SeriesStore
    devices: DeviceStore
    alerts: AlertStore
    orders: WorkOrderStore
    records: ForecastStore
    cache: ForecastCache
    models: ModelStore | None
    clock: PlantClock


def foretell(
    sources: Sources, device: Device, fresh: Freshness, as_of: datetime, *, quick: bool
) -> tuple[FailureForecast, DeviceOutlook]:
    """All that is foretold of a device.

    Args:
        sources: What it rests on.
        device: Which.
        fresh: Of its readings.
        as_of: Nothing later is looked at.
        quick: Ask only what is known or cheap: an alert waits for it.

    Raises:
        Unavailable: The readings cannot be reached.
    """
    look = look_ahead(sources.series, sources.cache, device, as_of, quick=quick)
    lives = forecast_lives.lives_of(
        sources.orders, sources.devices, sources.cache, device, as_of, quick=quick
    )
    learned = Models(sources.models, sources.cache).life(
        sources.series,
        device.device_id,
        look.minutes.channels,
        lives.renewed.get(device.device_id) if lives is not None else None,
        as_of,
        quick=quick,
    )
    if learned is not None and learned.is_strange:
        strange, learned = learned, None
    else:
        strange = None
    told = tuple(_as_others_did(one, learned) for one in look.told)
    by_limit = _likeliest(told)
    life, by_life = _life(device, lives, learned, as_of)
    table = calibration(_outcomes(sources, as_of))
    failure = _together(by_limit, by_life, is_learned=learned is not None)
    corrected = [None if each is None else calibrated(each, table) for each in failure]
    in_a_week = corrected[3]
    health, parts = None, dict[str, float]()
    if told and not quick:
        health, parts = health_of(look.minutes, told, _alerts(sources, device, as_of), in_a_week)
    has_any = bool(told) or life is not None
    seen = FailureForecast(
        state=fresh.state(has_any=has_any),
        note=_note(device, fresh, has_any),
        device_id=device.device_id,
        as_of=as_of,
        window=look.window,
        minutes=_minutes(look),
        channels=tuple(one.forecast for one in told),
        probability_24h=by_limit[2],
        probability_7d=by_limit[3],
        failure=Chances(
            **{
                name: None if x is None else round(x, 4)
                for name, x in zip(_NAMES, corrected, strict=True)
            }
        ),
        calibrated_on=table[2] if table is not None else 0,
        remaining_life=life,
        health=health,
        health_parts=parts,
        method=f"{LINE}; {MIXTURE}" if look.mixed else LINE,
        records=_records(sources, device, quick),
        reasons=(
            *(one.reason for one in told),
            *look.silent,
            *_of_life(life),
            *_unlike(strange),
            *_standing_reason(device, look),
        ),
    )
    return seen, look


def _minutes(look: DeviceOutlook) -> int:
    return int(look.minutes.there.sum())


def _likeliest(told: tuple[LimitOutlook, ...]) -> list[float | None]:
    """Of passing a limit within each time, of the likeliest channel."""
    out: list[float | None] = []
    for name in _NAMES:
        known = [x for one in told if (x := getattr(one.forecast.chances, name)) is not None]
        out.append(max(known, default=None))
    return out


def _as_others_did(one: LimitOutlook, learned: LearnedLife | None) -> LimitOutlook:
    """The time to the limit as the machines took that a model was learned from."""
    forecast = one.forecast
    if learned is None or forecast.hours == 0:
        return one
    upward = forecast.limit > forecast.now
    found = learned.crossing(forecast.channel, forecast.limit, upward)
    if found is None:
        return one
    median, low, high = (figure(round(x, 2)) for x in found)
    changed: TimeToLimit = forecast.model_copy(
        update={
            "hours": median,
            "hours_low": low,
            "hours_high": high,
            "by": f"machines' lives in {learned.served.name}",
        }
    )
    reason = (
        f"{forecast.channel}: limit {forecast.limit:g} passed in {median} h (80 % interval {low} h "
        f"to {high} h), as the machines of {learned.served.name} did."
    )
    return LimitOutlook(changed, reason, one.trend)


def _life(
    device: Device,
    lives: forecast_lives.Lives | None,
    learned: LearnedLife | None,
    as_of: datetime,
) -> tuple[RemainingLife | None, tuple[float, ...] | None]:
    if learned is not None:
        return learned.life, learned.within
    if lives is None:
        return None, None
    return (
        forecast_lives.remaining(lives, device.device_id, as_of),
        forecast_lives.fails_within(lives, device.device_id, as_of),
    )


def _together(
    by_limit: list[float | None], by_life: tuple[float, ...] | None, *, is_learned: bool
) -> list[float | None]:
    """A learned life knows of the wear that drives a channel to its limit; a class's does not."""
    if by_life is None:
        return by_limit
    join = max if is_learned else either
    return [
        life if limit is None else join(limit, life)
        for limit, life in zip(by_limit, by_life, strict=True)
    ]


def _alerts(sources: Sources, device: Device, as_of: datetime) -> dict[AlertLevel, int]:
    found: dict[AlertLevel, int] = {}
    for one in sources.alerts.standing_at(device.device_id, as_of):
        if one.suppressed is None:
            found[one.alert_level] = found.get(one.alert_level, 0) + 1
    return found


def _outcomes(sources: Sources, as_of: datetime) -> dict[str, Any] | None:
    """What came of earlier forecasts of failures; looked up now and then."""
    key = ("outcomes",)
    known = sources.cache.recent(key, as_of, forecast_lives.LASTS)
    if known is None:
        kept = outcomes(sources.records)
        known = kept.record if kept is not None else {}
        sources.cache.keep(key, as_of, known)
    return known or None


def _records(sources: Sources, device: Device, quick: bool) -> dict[str, RecordFigures]:
    if quick:
        return {}
    found = ((one.channel, figures_of(one)) for one in sources.records.records(device.device_id))
    return {name: figures for name, figures in found if figures is not None}


def _of_life(life: RemainingLife | None) -> tuple[str, ...]:
    if life is None:
        return ()
    median = "longer than can be told" if life.hours is None else f"{life.hours:g} h"
    high = "open" if life.hours_high is None else f"{life.hours_high:g} h"
    return (
        f"Remaining life {median} (80 % interval {life.hours_low:g} h to {high}), by {life.by}, "
        f"{life.age_hours or 0:g} h after its renewal; {life.failures} failures.",
    )


def _unlike(strange: LearnedLife | None) -> tuple[str, ...]:
    if strange is None:
        return ()
    return (f"Its readings are unlike all that {strange.served.name} was learned from: not used.",)


def _standing_reason(device: Device, look: DeviceOutlook) -> tuple[str, ...]:
    if device.status is not DeviceStatus.RUNNING:
        return (f"The device is {device.status}: what it reads now may not go on when it runs.",)
    if look.at_rest:
        return ("It stands still now: this is how it would go on running.",)
    return ()


def _note(device: Device, fresh: Freshness, has_any: bool) -> str | None:
    if has_any:
        return fresh.note(device.device_id, has_any=True)
    if not device.rated():
        return f"{device.device_id} has no rated limit registered: nothing to forecast against."
    if fresh.last is None:
        return fresh.note(device.device_id, has_any=False)
    return "Too few readings for a forecast; see the reasons."
