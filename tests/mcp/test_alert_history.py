"""Alerts and their reports, through their server."""

from datetime import timedelta
from typing import Any

import pytest
from fastmcp import Client
from reports import report_on

from opsmith.domain.alerts import AlertLevel, AlertState, HeldBy
from opsmith.domain.base import State
from opsmith.errors import Conflict, NotFound
from opsmith_mcp.alert_history import AlertHistory
from opsmith_mcp.client import call

from .conftest import NOW, Plant

pytestmark = pytest.mark.anyio


async def test_history_counts_by_level_and_type_within_its_window(
    plant: Plant, reader: Client[Any]
) -> None:
    plant.raise_alert(30, AlertLevel.P0)
    plant.raise_alert(90)
    plant.raise_alert(120)
    seen = await call(reader, AlertHistory.get_alert_history, "pump_01", days=1)
    assert (seen.total, seen.by_level) == (3, {"P0": 1, "P1": 2})
    assert seen.by_type == {"high_vibration": 3}
    assert seen.alerts[0].channels == ("vibration", "temperature")
    assert seen.window.end - seen.window.start == timedelta(days=1)
    none = await call(reader, AlertHistory.get_alert_history, "MOTOR_01")
    assert (none.state, none.total) == (State.EMPTY, 0)


async def test_history_up_to_a_moment_does_not_know_what_came_after(
    plant: Plant, reader: Client[Any]
) -> None:
    old = plant.raise_alert(90)
    plant.raise_alert(10)
    plant.stores.alerts.acknowledge(old.trace_id, "li", NOW)
    until = NOW - timedelta(minutes=60)
    seen = await call(reader, AlertHistory.get_alert_history, "PUMP_01", until=until)
    assert [line.trace_id for line in seen.alerts] == [old.trace_id]
    assert seen.alerts[0].state is None
    assert seen.alerts[0].cleared_at is None


async def test_a_long_list_goes_on_with_its_cursor(plant: Plant, reader: Client[Any]) -> None:
    ids = [plant.raise_alert(10 + i).trace_id for i in range(5)]
    first = await call(reader, AlertHistory.list_alerts, limit=3)
    assert (first.state, first.total) == (State.TRUNCATED, 5)
    rest = await call(reader, AlertHistory.list_alerts, limit=3, cursor=first.next_cursor)
    assert (rest.state, rest.next_cursor) == (State.OK, None)
    assert [line.trace_id for line in (*first.alerts, *rest.alerts)] == ids


async def test_what_stands_is_listed_though_the_series_store_is_down(plant: Plant) -> None:
    alert = plant.raise_alert(10)
    async with plant.without_series().client() as client:
        seen = await call(client, AlertHistory.list_alerts)
    assert [line.trace_id for line in seen.alerts] == [alert.trace_id]


async def test_acknowledging_twice_changes_nothing(plant: Plant, writer: Client[Any]) -> None:
    alert = plant.raise_alert(10)
    once = await call(writer, AlertHistory.acknowledge_alert, alert.trace_id, by="li")
    again = await call(writer, AlertHistory.acknowledge_alert, alert.trace_id, by="wang")
    assert once.alert.state is AlertState.ACKNOWLEDGED
    assert again.alert == once.alert
    assert again.alert.acknowledged_by == "li"
    assert [one.what for one in again.timeline][:2] == [
        "the deviation began",
        "raised as high_vibration",
    ]


async def test_an_alert_is_shelved_by_the_plant_clock(plant: Plant, writer: Client[Any]) -> None:
    alert = plant.raise_alert(10)
    seen = await call(writer, AlertHistory.shelve_alert, alert.trace_id, minutes=30, by="li")
    assert seen.alert.state is AlertState.SHELVED
    assert seen.alert.shelved_until == NOW + timedelta(minutes=30)


async def test_a_shelf_is_listed_and_explained_and_ended_with_zero_minutes(
    plant: Plant, writer: Client[Any]
) -> None:
    alert = plant.raise_alert(10)
    await call(writer, AlertHistory.shelve_alert, alert.trace_id, minutes=30, by="li")
    assert (await call(writer, AlertHistory.list_alerts)).total == 0
    seen = await call(writer, AlertHistory.list_alerts, include_suppressed=True)
    assert [line.held for line in seen.alerts] == [HeldBy.SHELVED]
    assert [(one.alert_type, one.shelved_by) for one in seen.shelves] == [("high_vibration", "li")]
    why = (await call(writer, AlertHistory.get_alert, alert.trace_id)).why
    assert (why.is_held_back, why.by, why.person) == (True, HeldBy.SHELVED, "li")
    assert why.until == NOW + timedelta(minutes=30)
    assert why.fingerprint == "PUMP_01/high_vibration"
    assert "li shelved the alerts of PUMP_01" in why.words["en"]
    assert "minutes=0" in why.words["en"] and "搁置" in why.words["zh"]
    back = await call(writer, AlertHistory.shelve_alert, alert.trace_id, minutes=0, by="wang")
    assert (back.alert.state, back.why.is_held_back) == (AlertState.UNACKNOWLEDGED, False)
    assert "It was held back from" in back.why.words["en"]
    seen = await call(writer, AlertHistory.list_alerts)
    assert (seen.total, seen.shelves) == (1, ())


async def test_what_does_not_stand_is_not_shelved(plant: Plant, writer: Client[Any]) -> None:
    alert = plant.raise_alert(10)
    change = plant.clearing(alert)
    plant.stores.alerts.apply(alert.device_id, change, {})
    with pytest.raises(Conflict, match="only a standing one"):
        await call(writer, AlertHistory.shelve_alert, alert.trace_id, minutes=30, by="li")


async def test_a_report_is_recorded_once_for_author_and_moment(
    plant: Plant, system: Client[Any]
) -> None:
    alert = plant.raise_alert(10)
    report = report_on(alert)
    for _ in range(2):
        stored = await call(system, AlertHistory.record_report, report, as_of=NOW)
        assert stored.report is not None and stored.report.version == 1
    second = await call(system, AlertHistory.record_report, report_on(alert, "glm-5"), as_of=NOW)
    assert second.report is not None and second.report.version == 2
    assert [line.made_by for line in second.versions] == ["rules", "glm-5"]


async def test_a_report_is_short_unless_it_is_asked_for_in_full(
    plant: Plant, system: Client[Any]
) -> None:
    alert = plant.raise_alert(10)
    await call(system, AlertHistory.record_report, report_on(alert), as_of=NOW)
    brief = await call(system, AlertHistory.get_report, alert.trace_id)
    full = await call(system, AlertHistory.get_report, alert.trace_id, full=True)
    assert brief.report is not None and full.report is not None
    assert brief.report.diagnosis.claims == full.report.diagnosis.claims
    assert brief.report.diagnosis.evidence[0].result == {}
    assert full.report.diagnosis.evidence[0].result == {"changes": [{"channel": "vibration"}]}
    with pytest.raises(NotFound, match="No version 9 .* there is 1"):
        await call(system, AlertHistory.get_report, alert.trace_id, version=9)


async def test_no_report_yet_is_empty_and_no_alert_is_an_error(
    plant: Plant, reader: Client[Any]
) -> None:
    alert = plant.raise_alert(10)
    seen = await call(reader, AlertHistory.get_report, alert.trace_id)
    assert (seen.state, seen.report) == (State.EMPTY, None)
    with pytest.raises(NotFound, match="list_alerts gives the ids"):
        await call(reader, AlertHistory.get_report, "AL-0")
