"""The controls: the same alerts' identities where nothing can be found, or nothing answers."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, cast

from opsmith.access import SYSTEM
from opsmith.app.answering import refiner_of, responder_of
from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.evaluation.play import Played, Told, apart
from opsmith.domain.alerts import Alert, AlertChange, trace_id_of
from opsmith.domain.devices import Device
from opsmith.domain.events import AlertEvent, ReportEvent
from opsmith.errors import Unavailable
from opsmith.ports import SeriesStore
from opsmith.settings import Settings
from opsmith_mcp.client import connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.server import READER


class _DeadSeries:
    """A series store whose server is down."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*args: object, **kwargs: object) -> NoReturn:
            raise Unavailable("The series store does not answer")

        return refuse


def play_empty(
    settings: Settings, played: Sequence[Played], *, is_dead: bool = False
) -> list[Played]:
    """Answer the alerts again where no tool finds a reading or a nameplate.

    What is left of an alert is its device's name, its type, its level and its times. Whoever
    names a cause here does not have it from the plant.

    Args:
        settings: Of the run.
        played: The alerts that were reported on.
        is_dead: The series store does not answer at all, which no report may call fine.
    """
    with (
        tempfile.TemporaryDirectory(prefix="opsmith-eval-") as folder,
        open_plant(apart(settings, Path(folder)), "newest") as plant,
    ):
        if is_dead:
            stores = replace(plant.stores, series=cast(SeriesStore, _DeadSeries()))
            plant = replace(plant, stores=stores)
        return asyncio.run(_run(plant, played))


async def _run(plant: Plant, played: Sequence[Played]) -> list[Played]:
    found: list[Played] = []
    async with (
        connect(plant_server(plant.stores, caller=SYSTEM)) as tools,
        connect(plant_server(plant.stores, caller=READER)) as eyes,
    ):
        responder = responder_of(plant, tools, live=False)
        refiner = refiner_of(plant, tools, eyes) if plant.settings.llm_model else None
        for one in played:
            told: list[Told] = []
            for known in one.told:
                if not known.versions:
                    continue
                as_of = known.versions[0].as_of or known.versions[0].created_at
                alert = _identity(plant, known.alert)
                event = AlertEvent(change="raised", as_of=as_of, alert=alert)
                outcome = await responder.respond(event)
                if refiner is not None and outcome.report is not None:
                    await refiner.refine(ReportEvent(as_of=as_of, report=outcome.report))
                told.append(_told(plant, alert))
            orders = tuple(order for each in told for order in each.orders)
            found.append(Played(one.case, tuple(told), orders))
    return found


def _identity(plant: Plant, alert: Alert) -> Alert:
    """The alert without what was measured."""
    if plant.stores.devices.find(alert.device_id) is None:
        bare = Device(device_id=alert.device_id, adopted=False)
        plant.stores.devices.add([bare], alert.first_seen)
    change = AlertChange(
        change="raised",
        alert_type=alert.alert_type,
        alert_level=alert.alert_level,
        first_seen=alert.first_seen,
        last_seen=alert.first_seen,
        onset=alert.onset,
        count=1,
        score=1.0,
    )
    made = plant.stores.alerts.apply(alert.device_id, change, {})
    assert made is not None, "each event is written once"
    assert made.trace_id == trace_id_of(alert.device_id, alert.alert_type, alert.first_seen)
    return made


def _told(plant: Plant, alert: Alert) -> Told:
    stores = plant.stores
    versions = sorted(stores.reports.versions(alert.trace_id), key=lambda one: one.version)
    orders = stores.orders.find(trace_id=alert.trace_id)
    return Told(stores.alerts.get(alert.trace_id), tuple(versions), tuple(orders))
