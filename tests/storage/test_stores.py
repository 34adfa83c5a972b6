"""The tables: natural keys, what an operator does to an alert, one undone order for each fault."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from opsmith.domain.alerts import AlertChange, AlertLevel, AlertState, HeldBy, Hold
from opsmith.domain.devices import Device
from opsmith.domain.events import ALERTS, AlertEvent
from opsmith.domain.work_orders import OrderStatus, Plan
from opsmith.errors import BadInput, Conflict, NotFound
from opsmith.storage.alerts import AlertStore
from opsmith.storage.database import Database
from opsmith.storage.dead_letters import DeadLetterStore, Letter
from opsmith.storage.devices import DeviceStore
from opsmith.storage.knowledge import KnowledgeStore
from opsmith.storage.migrations import config
from opsmith.storage.outbox import Outbox
from opsmith.storage.tables import metadata
from opsmith.storage.work_orders import WorkOrderStore
from opsmith_kb.load import load_entries

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)
RATE_LIMITED = Hold(by=HeldBy.RATE_LIMIT, reason="too many at once", since=NOW)


@pytest.fixture
def database(tables_url: str) -> Generator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


def change(
    kind: str = "raised", minutes: float = 0, level: AlertLevel = AlertLevel.P2, count: int = 1
) -> AlertChange:
    return AlertChange.model_validate(
        {
            "change": kind,
            "alert_type": "composite",
            "alert_level": level,
            "first_seen": NOW,
            "last_seen": NOW + timedelta(minutes=minutes),
            "onset": NOW,
            "count": count,
            "score": 1.5,
        }
    )


def announced(database: Database) -> list[AlertEvent]:
    waiting = Outbox(database).waiting()
    return [AlertEvent.model_validate_json(a.value) for a in waiting if a.topic == ALERTS]


def test_the_migrations_make_the_schema_that_the_code_has(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_alerts_of_an_older_database_are_taken_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, "0001")
        reason = "device is in MAINTENANCE until 2026-02-28T13:00:00+00:00"
        moments = dict.fromkeys(("onset", "first_seen", "last_seen", "created_at"), "2026-02-28")
        values = {
            "trace_id": "T-1", "device_id": "PUMP_01", "alert_level": "P1", "score": 1.5,
            "alert_type": "composite", "raw_payload": "{}", "status": "IGNORED", "count": 3,
            "state": "suppressed_by_design", "deviations": "[]", "suppressed": reason,
            **{name: f"{day} 12:00:00.000000" for name, day in moments.items()},
        }  # fmt: skip
        columns = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        connection.execute(text(f"INSERT INTO alert_log ({columns}) VALUES ({marks})"), values)
    engine.dispose()
    database = Database(url)
    (alert,) = AlertStore(database).holds.held()
    database.close()
    assert (alert.held, alert.count, alert.raises) == (HeldBy.MAINTENANCE, 3, 1)
    assert (alert.holds, alert.flapping, alert.grouped) == ((), False, 0)


def test_a_change_that_comes_again_is_neither_written_nor_announced(database: Database) -> None:
    alerts = AlertStore(database)
    story = [
        change(),
        change("updated", 2, AlertLevel.P1, 8),
        change("cleared", 5, AlertLevel.P1, 9),
    ]
    for _ in range(2):
        for each in story:
            alerts.apply("PUMP_01", each, {"temperature": 40.0})
    (alert,) = alerts.find()
    assert [event.change for event in announced(database)] == ["raised", "updated", "cleared"]
    assert (alert.alert_level, alert.count, alert.temperature) == (AlertLevel.P1, 9, 40.0)
    assert alert.state == AlertState.RTN_UNACKNOWLEDGED
    assert alert.cleared_at == NOW + timedelta(minutes=5)


def test_an_event_that_comes_back_has_a_new_onset_and_one_row(database: Database) -> None:
    alerts = AlertStore(database)
    alerts.apply("PUMP_01", change(), {})
    alerts.apply("PUMP_01", change("updated", 1, count=2), {})
    alerts.apply("PUMP_01", change("cleared", 2, count=2), {})
    later = NOW + timedelta(minutes=4)
    back = change("updated", 5, count=9).model_copy(update={"onset": later})
    alerts.apply("PUMP_01", back, {})
    (alert,) = alerts.find(standing=True)
    assert (alert.first_seen, alert.onset, alert.cleared_at) == (NOW, later, None)


def test_what_an_operator_did_outlives_later_readings(database: Database) -> None:
    alerts = AlertStore(database)
    alert = alerts.apply("PUMP_01", change(), {})
    assert alert is not None
    alerts.acknowledge(alert.trace_id, "li", NOW)
    alerts.apply("PUMP_01", change("updated", 1, count=5), {})
    assert alerts.get(alert.trace_id).state == AlertState.ACKNOWLEDGED
    alerts.apply("PUMP_01", change("cleared", 2, count=5), {})
    assert alerts.get(alert.trace_id).state == AlertState.NORMAL
    with pytest.raises(Conflict, match="only a standing one"):
        alerts.shelve(alert.trace_id, NOW + timedelta(hours=1), "li", NOW)
    with pytest.raises(NotFound, match="'AL-none'"):
        alerts.acknowledge("AL-none", "li", NOW)


def test_a_suppressed_alert_is_listed_but_not_announced_until_its_level_rises(
    database: Database,
) -> None:
    alerts = AlertStore(database)
    alerts.apply("PUMP_01", change(), {}, RATE_LIMITED)
    assert announced(database) == []
    assert [alert.suppressed for alert in alerts.find(suppressed=True)] == [RATE_LIMITED.reason]
    assert alerts.find(standing=True, suppressed=False) == []
    assert len(alerts.find(standing=True)) == 1
    alerts.apply("PUMP_01", change("updated", 1, AlertLevel.P1), {})
    assert [event.alert.alert_level for event in announced(database)] == [AlertLevel.P1]
    assert len(alerts.find(standing=True)) == 1


def test_alerts_that_stood_at_a_moment_are_those_known_then(database: Database) -> None:
    alerts = AlertStore(database)
    alerts.apply("PUMP_01", change(), {})
    alerts.apply("PUMP_01", change("cleared", 10), {})
    stood = {
        minutes: len(alerts.standing_at("PUMP_01", NOW + timedelta(minutes=minutes)))
        for minutes in (0, 1, 10, 11)
    }
    assert stood == {0: 0, 1: 1, 10: 1, 11: 0}


def plan(priority: AlertLevel = AlertLevel.P2, description: str = "Look at the bearing") -> Plan:
    return Plan(order_type="PLANNED", priority=priority, description=description)


def test_an_alert_gets_one_order_however_often_it_is_asked_for(database: Database) -> None:
    orders = WorkOrderStore(database)
    first, new = orders.create("PUMP_01", plan(), NOW, "T-1", "bearing_wear")
    again, newer = orders.create("PUMP_01", plan(), NOW, "T-1", "bearing_wear")
    assert (new, newer) == (True, False)
    assert first == again == orders.get("WO-20260228-001")


def test_the_same_fault_is_added_to_the_undone_order_and_raises_it(database: Database) -> None:
    orders = WorkOrderStore(database)
    orders.create("PUMP_01", plan(), NOW, "T-1", "bearing_wear")
    order, new = orders.create("PUMP_01", plan(AlertLevel.P0), NOW, "T-2", "bearing_wear")
    assert not new
    assert (order.trace_ids, order.priority) == (("T-1", "T-2"), AlertLevel.P0)
    assert order.description == "Look at the bearing"
    other, new = orders.create("PUMP_01", plan(), NOW, "T-3", "cavitation")
    assert new and other.order_no == "WO-20260228-002"
    elsewhere, new = orders.create("PUMP_02", plan(), NOW, "T-4", "bearing_wear")
    assert new and elsewhere.order_no == "WO-20260228-003"
    assert [o.order_no for o in orders.find(trace_id="T-2")] == ["WO-20260228-001"]
    assert len(orders.find(statuses=[OrderStatus.OPEN])) == 3


def test_a_raised_order_is_due_as_soon_as_its_most_urgent_alert_asks(database: Database) -> None:
    orders = WorkOrderStore(database)
    week, hours = NOW + timedelta(days=7), NOW + timedelta(hours=4)
    later = plan().model_copy(update={"due_at": week})
    sooner = plan(AlertLevel.P0).model_copy(update={"due_at": hours})
    orders.create("PUMP_01", later, NOW, "T-1", "cavitation")
    raised, _ = orders.create("PUMP_01", sooner, NOW, "T-2", "cavitation")
    assert (raised.priority, raised.due_at) == (AlertLevel.P0, hours)
    again, _ = orders.create("PUMP_01", later, NOW, "T-1", "cavitation")
    assert again.due_at == hours


def test_what_one_alert_makes_an_emergency_stays_one_for_the_order_that_answers_it(
    database: Database,
) -> None:
    orders = WorkOrderStore(database)
    hours = NOW + timedelta(hours=4)
    urgent = Plan(order_type="EMERGENCY", priority=AlertLevel.P0, description="Now", due_at=hours)
    orders.create("PUMP_01", plan(), NOW, "T-1", "cavitation")
    added, _ = orders.create("PUMP_01", urgent, NOW, "T-2", "cavitation")
    assert added.order_type == "EMERGENCY"
    again, _ = orders.create("PUMP_01", plan(), NOW, "T-1", "cavitation")
    assert again.order_type == "EMERGENCY"
    orders.create("PUMP_02", plan(), NOW, "T-3", "seal_leak")
    orders.create("PUMP_02", urgent, NOW, "T-4", "impeller_wear")
    kept, _ = orders.create("PUMP_02", plan(AlertLevel.P0), NOW, "T-4", "seal_leak")
    assert (kept.order_no, kept.order_type, kept.due_at) == (
        "WO-20260228-002", "EMERGENCY", hours,
    )  # fmt: skip


def test_an_unreviewed_order_follows_a_sharper_diagnosis_of_its_alert(database: Database) -> None:
    orders = WorkOrderStore(database)
    orders.create("PUMP_01", plan(description="Cause unknown"), NOW, "T-1", None)
    order, new = orders.create("PUMP_01", plan(AlertLevel.P3, "Bearing"), NOW, "T-1", "bearing")
    assert not new
    assert (order.description, order.failure_mode) == ("Bearing", "bearing")
    assert order.priority == AlertLevel.P2, "a priority is raised, never lowered by code"


def test_an_alert_without_a_cause_joins_the_order_that_is_open_and_leaves_it_once_it_has_one(
    database: Database,
) -> None:
    orders = WorkOrderStore(database)
    orders.create("PUMP_01", plan(), NOW, "T-1", "cavitation")
    joined, new = orders.create("PUMP_01", plan(AlertLevel.P0), NOW, "T-2", None)
    assert (new, joined.order_no, joined.failure_mode) == (False, "WO-20260228-001", "cavitation")
    stays, new = orders.create("PUMP_01", plan(AlertLevel.P0), NOW, "T-2", "cavitation")
    assert (new, stays.trace_ids) == (False, ("T-1", "T-2"))
    own, new = orders.create("PUMP_01", plan(AlertLevel.P0), NOW, "T-2", "seal_leak")
    assert (new, own.order_no, own.trace_ids) == (True, "WO-20260228-002", ("T-2",))
    assert orders.get("WO-20260228-001").trace_ids == ("T-1",)
    again, new = orders.create("PUMP_01", plan(AlertLevel.P0), NOW, "T-2", "seal_leak")
    assert (new, again) == (False, own)


def test_two_orders_that_turn_out_to_be_of_one_fault_become_one(database: Database) -> None:
    orders = WorkOrderStore(database)
    orders.create("PUMP_01", plan(), NOW, "T-1", "seal_leak")
    orders.create("PUMP_01", plan(AlertLevel.P1), NOW, "T-2", "impeller_wear")
    orders.create("PUMP_01", plan(), NOW, "T-1", "cavitation")
    kept, new = orders.create("PUMP_01", plan(), NOW, "T-2", "cavitation")
    assert (new, kept.order_no, kept.trace_ids) == (False, "WO-20260228-001", ("T-1", "T-2"))
    assert kept.priority == AlertLevel.P1
    other = orders.get("WO-20260228-002")
    assert (other.status, other.merged_into) == (OrderStatus.CANCELLED, kept.order_no)
    again, new = orders.create("PUMP_01", plan(), NOW, "T-2", "cavitation")
    assert (new, again) == (False, kept)
    assert orders.get("WO-20260228-001") == kept


def test_orders_that_people_write_stand_alone(database: Database) -> None:
    orders = WorkOrderStore(database)
    orders.create("PUMP_01", plan(description="Paint it"), NOW)
    orders.create("PUMP_01", plan(description="Oil it"), NOW)
    assert {order.description for order in orders.find()} == {"Paint it", "Oil it"}


def test_a_device_heard_of_becomes_registered_and_keeps_its_nameplate(database: Database) -> None:
    devices = DeviceStore(database)
    devices.add([Device(device_id="PUMP_01", adopted=False)], NOW)
    named = Device(device_id="PUMP_01", device_type="pump", rated_temp_max=90.0)
    devices.add([named], NOW)
    devices.add([Device(device_id="PUMP_01", device_type="fan")], NOW)
    assert devices.get("PUMP_01").device_type == "pump"
    assert devices.get("PUMP_01").rated()["temperature"].high == 90.0


def test_a_dead_letter_is_kept_once_with_any_bytes(database: Database) -> None:
    letters = DeadLetterStore(database)
    for _ in range(2):
        letter = Letter(b"\xff\x00 not text", "no JSON object", "PUMP_01")
        letters.add("raw_sensor_data", [letter], NOW)
    (letter,) = letters.newest()
    assert letter.value == b"\xff\x00 not text"
    assert len(Outbox(database).waiting()) == 1


def test_a_database_that_cannot_be_used_is_named_with_the_way_out(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"this is no database at all, but long enough to be looked at" * 20)
    for url in (f"sqlite:///{garbage}", "sqlite:////proc/none/opsmith.db", "nonsense"):
        with pytest.raises(BadInput, match="OPSMITH_DATA_DIR|such as sqlite"):
            Database(url)
    assert garbage.read_bytes().startswith(b"this is no database")


def test_knowledge_that_another_process_adds_is_seen(database: Database) -> None:
    first, *others = load_entries()
    store = KnowledgeStore(database)
    store.add([first], NOW)
    assert [one.entry_id for one in store.all()] == [first.entry_id]
    elsewhere = Database(database.url)
    KnowledgeStore(elsewhere).add(others, NOW)
    elsewhere.close()
    assert [one.entry_id for one in store.all()] == sorted(e.entry_id for e in (first, *others))
    assert store.all() is store.all()
