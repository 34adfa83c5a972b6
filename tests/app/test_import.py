"""Ten years of another plant, imported through its files and asked about through the tools."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from foreign_plant import CODES, ZONE, ForeignPlant, make_plant, write_xlsx

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.app.importing import Report, Request, What, guessed_mapping, run_import
from opsmith.app.lock import writing
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith.storage.audit import AuditLog
from opsmith_mcp.client import call, connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.telemetry_studies import TelemetryStudies
from opsmith_mcp.work_orders import WorkOrders

_FILES: tuple[tuple[What, str, str | None], ...] = (
    ("devices", "devices.csv", None),
    ("failure-codes", "codes.jsonl", "SAP PM"),
    ("work-orders", "orders.xlsx", "SAP PM"),
    ("alerts", "events.csv", "SCADA"),
)


def settings_of(folder: Path) -> Settings:
    return Settings(data_dir=folder / "data", timezone="Asia/Shanghai")


def do(settings: Settings, what: What, file: Path, **more: Any) -> Report:
    return run_import(settings, Request(what, file, **more), lambda share: None)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> ForeignPlant:
    return make_plant(tmp_path_factory.mktemp("foreign"), orders=2400, events=2500)


@pytest.fixture(scope="module")
def loaded(foreign: ForeignPlant) -> dict[What, Report]:
    settings = settings_of(foreign.folder)
    return {
        what: do(settings, what, foreign.folder / name, source=source)
        for what, name, source in _FILES
    }


@pytest.fixture
def plant(foreign: ForeignPlant, loaded: dict[What, Report]) -> Iterator[Plant]:
    with open_plant(settings_of(foreign.folder)) as opened:
        yield opened


def counts(report: Report) -> tuple[int, int, int, int]:
    ledger = report.ledger
    return ledger.new, ledger.changed, ledger.unchanged, ledger.refused


def test_good_rows_are_kept_and_dirty_ones_refused_each_with_its_column(
    foreign: ForeignPlant, loaded: dict[What, Report]
) -> None:
    assert counts(loaded["devices"]) == (60, 0, 0, 0)
    assert counts(loaded["failure-codes"]) == (len(CODES), 0, 0, 0)
    assert counts(loaded["work-orders"]) == (len(foreign.orders), 0, 0, foreign.bad_orders)
    assert counts(loaded["alerts"]) == (len(foreign.events), 0, 0, foreign.bad_events)
    blamed = set(loaded["work-orders"].ledger.reasons)
    dirty = {"Equipment", "Order type", "System status", "Created on", "Actual work (min)"}
    assert blamed and blamed <= dirty


def test_a_second_import_changes_nothing_and_a_dry_run_tells_so(
    foreign: ForeignPlant, loaded: dict[What, Report]
) -> None:
    settings = settings_of(foreign.folder)
    for what, name, source in _FILES:
        file = foreign.folder / name
        new, _, _, refused = counts(loaded[what])
        assert counts(do(settings, what, file, source=source, dry_run=True)) == (0, 0, new, refused)
        assert counts(do(settings, what, file, source=source)) == (0, 0, new, refused)


@pytest.mark.anyio
async def test_preventive_orders_of_a_device_in_a_year_come_out_exact(
    foreign: ForeignPlant, plant: Plant
) -> None:
    year = 2017
    mine = [o for o in foreign.orders if o["device"] == "P-009" and o["begin"].year == year]
    preventive = sum(o["class"] == "preventive" for o in mine)
    assert 0 < preventive < len(mine), "the made history has both"
    async with connect(plant_server(plant.stores)) as client:
        found = await call(
            client,
            WorkOrders.work_order_statistics,
            group_by=("work_class",),
            device_id="p 9",
            since=datetime(year, 1, 1, tzinfo=ZONE),
            until=datetime(year + 1, 1, 1, tzinfo=ZONE),
        )
    assert (found.total.orders, found.preventive) == (len(mine), preventive)


@pytest.mark.anyio
async def test_failure_codes_come_out_with_their_counts_and_names(
    foreign: ForeignPlant, plant: Plant
) -> None:
    truth = Counter(order["code"] for order in foreign.orders if order["code"])
    async with connect(plant_server(plant.stores)) as client:
        found = await call(client, WorkOrders.work_order_statistics, group_by=("failure_code",))
    told = {group.key[0]: group.orders for group in found.groups if group.key[0]}
    names = {group.key[0]: group.name_zh for group in found.groups if group.key[0]}
    assert told == dict(truth)
    assert names == CODES


def test_an_order_carries_what_its_row_says_in_our_words(
    foreign: ForeignPlant, plant: Plant
) -> None:
    truth = next(order for order in foreign.orders if order["done"] and order["code"])
    order = plant.stores.orders.get(truth["number"])
    assert (order.source, order.external_no) == ("SAP PM", truth["number"])
    assert order.device_id == truth["device"]
    assert order.created_at == truth["begin"].replace(second=0)
    assert order.failure_code == truth["code"] and order.done == "密封已更换; OK"
    assert (order.status, order.work_class, order.actual_hours) == ("COMPLETED", "corrective", 1.5)
    assert order.costs is not None
    assert (order.costs.services, order.costs.currency) == (1234.5, "EUR")
    assert [(part.part, part.quantity) for part in order.materials] == [
        ("轴承 6205", 2),
        ("Seal", 1),
    ]


def test_a_nameplate_comes_with_its_limits_in_our_units(plant: Plant) -> None:
    device = plant.stores.devices.get("P-006")
    assert (device.device_name, device.device_type, device.line_id) == ("6号离心泵", "离心泵", "L2")
    assert device.install_date == date(2013, 7, 5) and device.criticality == 1
    assert device.rated_temp_max == pytest.approx(90.0)
    assert device.rated_pressure_max == pytest.approx(1.25)
    assert device.rated()["vibration_velocity"].high == pytest.approx(7.1)
    assert device.rated()["current"].high == 32


def test_events_stand_in_the_log_without_being_told_to_anybody(
    foreign: ForeignPlant, plant: Plant
) -> None:
    truth = [e for e in foreign.events if e["device"] == "P-006"]
    found = plant.stores.alerts.find("P-006", limit=10_000)
    assert Counter(alert.code for alert in found) == Counter(e["code"] for e in truth)
    assert {alert.alert_type for alert in found} == {"imported"}
    assert plant.stores.alerts.find(standing=True) == []
    assert {alert.source for alert in found} == {"SCADA"}


def test_each_run_leaves_one_row_in_the_audit_log_and_a_dry_run_none(
    tmp_path: Path, foreign: ForeignPlant
) -> None:
    settings = settings_of(tmp_path)
    do(settings, "devices", foreign.folder / "devices.csv", dry_run=True)
    do(settings, "devices", foreign.folder / "devices.csv")
    with open_plant(settings) as opened:
        log = AuditLog(opened.stores.database)
        rows = list(log.all())
        assert log.broken_at() is None
    assert [(row.action, row.outcome) for row in rows] == [("import devices", "done")]
    assert rows[0].detail.startswith("60 new, 0 changed, 0 unchanged, 0 refused")


def test_the_refused_rows_can_be_mended_in_their_file_and_imported(
    tmp_path: Path, foreign: ForeignPlant
) -> None:
    settings = settings_of(tmp_path)
    do(settings, "devices", foreign.folder / "devices.csv")
    rejects = tmp_path / "rejects.csv"
    orders = foreign.folder / "orders.xlsx"
    do(settings, "work-orders", orders, source="SAP PM", rejects=rejects)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == foreign.bad_orders
    for row in rows:
        assert row["refused_because"]
        row |= {"Equipment": "P6", "Order type": "PM02", "System status": "TECO"}
        row |= {"Created on": row["Actual start"], "Actual work (min)": "90"}
    with rejects.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    again = do(settings, "work-orders", rejects, source="SAP PM")
    assert counts(again) == (foreign.bad_orders, 0, 0, 0)


def test_devices_that_nobody_registered_are_refused_or_adopted(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    file = tmp_path / "orders.csv"
    file.write_text(
        "工单号,设备,创建时间\n1,泵 07,2017-01-02\n2,泵-7,2017-01-03\n", encoding="gb18030"
    )
    refused = do(settings, "work-orders", file)
    assert counts(refused) == (0, 0, 0, 2)
    assert "--adopt" in refused.ledger.first[0].reason
    assert counts(do(settings, "work-orders", file, adopt=True)) == (2, 0, 0, 0)
    with open_plant(settings) as opened:
        (device,) = opened.stores.devices.list()
    assert (device.device_id, device.adopted) == ("泵 07", False)


def test_an_id_whose_numbers_part_elsewhere_is_another_device(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    (tmp_path / "d.csv").write_text("id,name\nP-11,a\nP-1-1,b\n")
    (tmp_path / "o.csv").write_text(
        "no,device,date\n1,P1-1,2017-01-02\n2,p 011,2017-01-02\n3,P-111,2017-01-02\n"
    )
    do(settings, "devices", tmp_path / "d.csv")
    report = do(settings, "work-orders", tmp_path / "o.csv")
    assert counts(report) == (2, 0, 0, 1)
    with open_plant(settings) as opened:
        devices = {o.external_no: o.device_id for o in opened.stores.orders.find()}
    assert devices == {"1": "P-1-1", "2": "P-11"}


def test_a_mapping_file_says_what_the_names_and_words_do_not(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    (tmp_path / "d.csv").write_text("id,name\nPUMP_01,x\n")
    do(settings, "devices", tmp_path / "d.csv")
    file = tmp_path / "o.csv"
    file.write_text("A|B|C|D|E\n7|BA-PUMP 1-X|03/04/2017|schon fertig|vorbeugend\n")
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "source: Altsystem\nzone: Europe/Berlin\ndates: '%d/%m/%Y'\n"
        "columns: {external_no: A, device_id: B, created_at: C, status: D, work_class: E}\n"
        "values:\n  status: {schon fertig: COMPLETED}\n  work_class: {vorbeugend: PM}\n"
        "constants: {currency: EUR}\n"
        "devices: {pattern: '^BA-(.+)-X$'}\n",
        encoding="utf-8",
    )
    assert counts(do(settings, "work-orders", file, mapping=mapping)) == (1, 0, 0, 0)
    with open_plant(settings) as opened:
        (order,) = opened.stores.orders.find()
    assert (order.device_id, order.status, order.work_class) == (
        "PUMP_01",
        "COMPLETED",
        "preventive",
    )
    assert order.created_at == datetime(2017, 4, 2, 22, tzinfo=UTC)
    assert order.source == "Altsystem"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("columns: {devise_id: B}", "did you mean 'device_id'"),
        ("columns: {device_id: Z}", "no column 'Z'"),
        ("values: {status: {done: FINI}}", "'FINI' is none of"),
        ("zone: Mars/Olympus", "Mars/Olympus"),
        ("devices: {pattern: '('}", "no regular expression"),
        ("colums: {}", "colums"),
    ],
)
def test_a_mapping_file_that_does_not_fit_is_named_in_one_line(
    text: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "o.csv").write_text("no,device,date\n1,P1,2017-01-02\n")
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(BadInput, match=r"(?s).*") as caught:
        do(settings_of(tmp_path), "work-orders", tmp_path / "o.csv", mapping=tmp_path / "m.yaml")
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_the_guessed_mapping_is_one_that_imports_the_same(
    tmp_path: Path, foreign: ForeignPlant
) -> None:
    settings = settings_of(tmp_path)
    do(settings, "devices", foreign.folder / "devices.csv")
    request = Request("work-orders", foreign.folder / "orders.xlsx", source="SAP PM")
    text = guessed_mapping(settings, request)
    assert "PM02: preventive" in text and "???: null" in text
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    report = do(settings, "work-orders", request.file, mapping=tmp_path / "m.yaml")
    assert counts(report) == (len(foreign.orders), 0, 0, foreign.bad_orders)


@pytest.mark.anyio
async def test_readings_of_a_day_are_counted_with_first_last_and_the_missing_channel(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path)
    (tmp_path / "d.csv").write_text("id,channels,type\nPUMP_01,temperature;pressure;flow,pump\n")
    do(settings, "devices", tmp_path / "d.csv")
    day = datetime(2019, 6, 15, tzinfo=ZONE)
    lines = ["时间,设备,温度(°F),压力[bar]"]
    for step in range(100):
        at = day + timedelta(minutes=5 * step)
        lines.append(f"{at:%Y-%m-%d %H:%M:%S},pump 1,{140 + step % 3},5.5")
    lines += [f"{day:%Y-%m-%d} 23:00:00,PX-1,1,1", "soon,pump 1,1,1"]
    file = tmp_path / "wide.csv"
    file.write_text("\n".join(lines), encoding="gb18030")
    assert counts(do(settings, "readings", file, dry_run=True)) == (100, 0, 0, 2)
    assert counts(do(settings, "readings", file)) == (100, 0, 0, 2)
    assert counts(do(settings, "readings", file)) == (0, 0, 100, 2)
    with open_plant(settings) as opened:
        assert opened.stores.alerts.find() == [], "history is stored, not judged"
        async with connect(plant_server(opened.stores)) as client:
            found = await call(
                client,
                TelemetryStudies.count_readings,
                "PUMP_01",
                since=day,
                until=day + timedelta(days=1),
            )
        stored = opened.stores.series.read("PUMP_01", day, day + timedelta(days=1))
    assert (found.readings, found.first, found.last) == (100, day, day + timedelta(minutes=495))
    assert found.missing_channels == ("flow",)
    at = dict(zip(stored.channels, stored.values[0].tolist(), strict=True))
    assert at == pytest.approx({"temperature": 60.0, "pressure": 0.55})


def test_long_readings_are_laid_side_by_side(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    rows = [["timestamp", "tag", "parameter", "value", "unit"]]
    for minute in range(3):
        at = f"2019-06-15T00:0{minute}:00Z"
        rows += [[at, "P-1", "Temperature", "60", "°C"], [at, "P-1", "Druck", "5.5", "bar"]]
    write_xlsx(tmp_path / "long.xlsx", rows)
    report = do(settings, "readings", tmp_path / "long.xlsx", adopt=True)
    assert counts(report) == (3, 0, 0, 0)
    with open_plant(settings) as opened:
        start = datetime(2019, 6, 15, tzinfo=UTC)
        stored = opened.stores.series.read("P-1", start, start + timedelta(hours=1))
    assert stored.channels == ("pressure", "temperature")
    assert stored.values.tolist() == [[0.55, 60.0]] * 3


def test_readings_wait_for_the_plant_to_stop_and_orders_do_not(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    settings.data_dir.mkdir()
    (tmp_path / "r.csv").write_text("time,temperature\n" + "2019-06-15T00:00:00Z,40\n" * 3)
    (tmp_path / "o.csv").write_text("no,device,date\n1,P1,2017-01-02\n")
    with writing(settings.data_dir):
        with pytest.raises(BadInput, match="Another opsmith"):
            do(settings, "readings", tmp_path / "r.csv", device="P1", adopt=True)
        assert counts(do(settings, "work-orders", tmp_path / "o.csv", adopt=True)) == (1, 0, 0, 0)


def test_knowledge_of_a_vendor_is_found_by_its_words(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    file = tmp_path / "kb.csv"
    file.write_text(
        "设备类型,故障模式,故障现象,原因,解决方案,预防措施\n"
        "离心泵,机封漏水,泵壳下方滴水,机封磨损,更换机封,每季度检查\n"
        "离心泵,,x,y,z,\n",
        encoding="utf-8",
    )
    assert counts(do(settings, "knowledge", file)) == (1, 0, 0, 1)
    assert counts(do(settings, "knowledge", file)) == (0, 0, 1, 1)
    file.write_text(file.read_text(encoding="utf-8").replace("每季度", "每月"), encoding="utf-8")
    assert counts(do(settings, "knowledge", file)) == (0, 1, 0, 1)
    with open_plant(settings) as opened:
        entries = [e for e in opened.stores.entries.all() if e.source == "VENDOR"]
    assert [entry.text["zh"].prevention for entry in entries] == ["每月检查"]
    assert entries[0].device_types == ("pump",)


def test_an_entry_of_ours_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "kb.jsonl"
    entry = {"id": "seal_leak", "name": "x", "symptoms": "y"}
    file.write_text(json.dumps(entry), encoding="utf-8")
    report = do(settings_of(tmp_path), "knowledge", file)
    assert counts(report) == (0, 0, 0, 1)
    assert "opsmith itself" in report.ledger.first[0].reason
