"""What the tables must do, in SQLite and in MySQL alike."""

import math
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from opsmith.domain.devices import Device, Limits
from opsmith.domain.work_orders import FailureCode
from opsmith.errors import BadInput
from opsmith.storage.database import Database
from opsmith.storage.detector_states import DetectorStates, KeptState
from opsmith.storage.devices import DeviceStore
from opsmith.storage.failure_codes import FailureCodeStore
from opsmith.storage.plant import PlantFacts
from opsmith.storage.tables import forecast_record, metadata, plant
from opsmith.storage.workers import WorkerStore

NOW = datetime(2026, 2, 28, 12, 0, 0, 123456, tzinfo=UTC)
ONE_FOR_ALL = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=64)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


def test_the_schema_is_that_of_the_code(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@ONE_FOR_ALL
@given(
    record=st.dictionaries(st.text(max_size=8), JSON), moment=st.datetimes(timezones=st.just(UTC))
)
def test_json_and_moments_come_back_as_they_went_in(
    database: Database, record: dict[str, Any], moment: datetime
) -> None:
    table, at = forecast_record, moment
    with database.write() as connection:
        connection.execute(table.delete())
        row = {"device_id": "P", "channel": "c", "step_s": 1, "record": record, "updated_at": at}
        connection.execute(insert(table).values(**row, pending=None, due_at=None))
        query = select(table.c.record, table.c.pending, table.c.due_at, table.c.updated_at)
        found, pending, due, updated = connection.execute(query).one()
    # Not by ==: 1, 1.0 and True are equal, and the order of keys is of no account to it.
    assert repr(found) == repr(record)
    assert (pending, due, updated) == (None, None, at)


@ONE_FOR_ALL
@given(text=TEXTS, numbers=st.tuples(NUMBERS, NUMBERS, st.none() | NUMBERS))
def test_texts_and_numbers_come_back_to_the_last_bit(
    database: Database, text: str, numbers: tuple[float, float, float | None]
) -> None:
    device = Device(
        device_id="P", device_name=text, rated_temp_max=numbers[0], rated_vibration_max=numbers[1],
        rated_pressure_max=numbers[2], limits={"flow": Limits(low=numbers[0])},
    )  # fmt: skip
    devices = DeviceStore(database)
    devices.put([device], NOW)
    found = devices.get("P")
    kept = (found.rated_temp_max, found.rated_vibration_max, found.rated_pressure_max)
    assert (found.device_name, kept, found.limits) == (text, numbers, device.limits)


def test_keys_are_equal_where_every_sign_is(database: Database) -> None:
    ids = ["Pump", "pump", "PUMP", "pump ", "Pümp", "Pu\u0308mp", "泵", "泵1", "🔥", "🚒"]
    devices = DeviceStore(database)
    assert devices.put([Device(device_id=one) for one in ids if one.strip()], NOW)[0] == len(ids)
    assert [devices.get(one).device_id for one in ids] == ids
    assert [one.device_id for one in devices.list()] == sorted(ids)
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(plant), [{"name": "a", "value": "1"}, {"name": "a", "value": ""}])


def test_a_text_is_looked_for_as_it_is_in_any_case(database: Database) -> None:
    devices = DeviceStore(database)
    names = {"A": "100% Feed_Pump", "B": "100 feed pump", "C": r"C:\pump", "D": "给水泵 %"}
    devices.put([Device(device_id=one, device_name=name) for one, name in names.items()], NOW)
    found = {
        text: "".join(device.device_id for device in devices.list(text=text))
        for text in ("PUMP", "100%", "_", "\\", "水泵", "'", "%")
    }
    assert found == {
        "PUMP": "ABC", "100%": "A", "_": "A", "\\": "C", "水泵": "D", "'": "", "%": "AD",
    }  # fmt: skip


def test_codes_are_found_in_any_case_and_kept_in_theirs(database: Database) -> None:
    codes = FailureCodeStore(database)
    codes.put([FailureCode(code="Vib-1", name="x"), FailureCode(code="VIB-1 ", name="y")])
    found = codes.find("vib-1")
    assert found is not None and found.code == "Vib-1"


def test_what_does_not_fit_is_refused_by_name_and_nothing_is_written(database: Database) -> None:
    devices = DeviceStore(database)
    good = Device(device_id="P0", location="泵" * 200)
    for bad, said in (
        (Device(device_id="P1", location="泵" * 201), "device_registry.location: 201 characters"),
        (Device(device_id="P1", rated_temp_max=math.inf), "rated_temp_max: inf"),
        (Device(device_id="P1", limits={"flow": Limits(low=math.nan)}), "JSON"),
    ):
        with pytest.raises(BadInput, match=said):
            devices.put([good, bad], NOW)
        assert devices.find("P0") is None
    assert devices.put([good], NOW) == (1, 0)
    assert devices.find("P" * 1000) is None, "what is looked for may be anything"
    long = good.model_copy(update={"model": "m" * 101})
    with pytest.raises(BadInput, match=r"device_registry.model: 101 characters, 100 at most"):
        devices.put([long], NOW)


def test_big_states_of_many_devices_are_kept_whole(database: Database) -> None:
    states = DetectorStates(database)
    kept = {f"P{i}": KeptState(bytes([i, 0, 39, 92, 255]) * 200_000, None) for i in range(12)}
    states.save(kept)
    kept["P3"] = KeptState(b"anew", NOW)
    states.save({"P3": kept["P3"], "Q": KeptState(b"", NOW)})
    assert states.find([*kept, "none"]) == kept


def test_a_writer_sees_all_that_the_one_before_it_wrote(database: Database) -> None:
    facts, rounds, writers = PlantFacts(database), 25, 4
    facts.set("n", "0")

    def count() -> None:
        for _ in range(rounds):
            with database.write():
                facts.set("n", str(int(facts.get("n") or 0) + 1))

    threads = [threading.Thread(target=count) for _ in range(writers)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert facts.get("n") == str(rounds * writers)


def test_a_snapshot_is_of_one_state_while_others_write(database: Database) -> None:
    facts, elsewhere = PlantFacts(database), Database(database.url)
    facts.set("clock", "wall")
    with database.snapshot():
        before = facts.get("clock")
        PlantFacts(elsewhere).set("clock", "newest")
        assert (before, facts.get("clock")) == ("wall", "wall")
    assert facts.get("clock") == "newest"
    elsewhere.close()


def test_a_worker_beats_on_and_is_forgotten_when_it_is_long_silent(database: Database) -> None:
    workers = WorkerStore(database)
    workers.beat("ingest", NOW, {"lag": 5})
    workers.beat("ingest", NOW + timedelta(seconds=10), {"lag": 5})
    (one,) = workers.all()
    assert (one.started_at, one.seen_at) == (NOW, NOW + timedelta(seconds=10))
    workers.beat("respond", NOW + timedelta(days=8), {})
    assert [one.stage for one in workers.all()] == ["respond"]
    workers.gone("respond")
    assert workers.all() == []


def test_a_write_apart_takes_no_write_in_turn_into_it(database: Database) -> None:
    with pytest.raises(RuntimeError, match="in turn"), database.write(apart=True):
        PlantFacts(database).set("clock", "wall")
    assert PlantFacts(database).get("clock") is None
