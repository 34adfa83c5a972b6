import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from opsmith.domain.readings import Quality, ReadingBatch
from opsmith.errors import BadInput
from opsmith_ingest.mapping import Basis, MappingOptions, Reason, describe
from opsmith_ingest.replay import DeadRow, Recording, open_recording

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_text(text: str, name: str = "log.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write_text


def only(recording: Recording) -> ReadingBatch:
    batches = list(recording.chunks())
    assert len(batches) == 1
    return batches[0]


def channels(recording: Recording) -> dict[str, str]:
    return {column.name: column.channel for column in recording.mapping.columns}


def utc(text: str) -> np.datetime64:
    return np.datetime64(datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None), "us")


def test_every_skab_run_is_read_whole_with_its_channels_and_no_labels(shared_data: Path) -> None:
    files = sorted((shared_data / "skab" / "data").glob("*/*.csv"))
    assert len(files) == 17
    for file in files:
        recording = open_recording(file, "PUMP_01")
        assert channels(recording) == {
            "Accelerometer1RMS": "vibration",
            "Accelerometer2RMS": "vibration2",
            "Current": "current",
            "Pressure": "pressure",
            "Temperature": "temperature",
            "Thermocouple": "fluid_temperature",
            "Voltage": "voltage",
            "Volume Flow RateRMS": "flow",
        }
        assert {out.name: out.reason for out in recording.mapping.left_out} == {
            "anomaly": Reason.LABEL,
            "changepoint": Reason.LABEL,
        }
        # Its pressure falls below a vacuum if it is MPa, so that it must be bar.
        pressure = next(c for c in recording.mapping.columns if c.channel == "pressure")
        assert (pressure.unit, pressure.basis) == ("bar", Basis.VALUES)
        rows = len(file.read_text().splitlines()) - 1
        batches = list(recording.chunks(rows=200))
        assert sum(map(len, batches)) == rows
        assert recording.dead_count == 0
        assert recording.position == recording.size == file.stat().st_size


def test_a_header_without_units_is_shown_as_an_assumption_that_an_option_settles(
    write: Write,
) -> None:
    path = write("time,Pressure,Temp\n2026-01-01T00:00:00Z,2.5,40\n2026-01-01T00:00:01Z,2.6,41\n")
    assumed = open_recording(path, "P")
    assert {column.basis for column in assumed.mapping.columns} == {Basis.OWN}
    assert only(assumed).values[0].tolist() == [2.5, 40.0]
    assert "ASSUMED" in " ".join(describe(assumed.mapping))
    assert "假定" in " ".join(describe(assumed.mapping, "zh"))
    told = open_recording(path, "P", MappingOptions(units=("pressure=bar", "temperature=Cel")))
    assert told.mapping.assumed() == ()
    assert only(told).values[0].tolist() == [0.25, 40.0]


@pytest.mark.parametrize(
    ("header", "channel", "cell", "value"),
    [
        ("Temp [°C]", "temperature", "40", 40.0),
        ("Bearing temp (°F)", "temperature", "212", 100.0),
        ("temperature_K", "temperature", "300", 26.85),
        ("Öltemperatur in °C", "fluid_temperature", "40", 40.0),
        ("油温(℃)", "fluid_temperature", "40", 40.0),
        ("轴承温度", "temperature", "40", 40.0),
        ("Pressure (bar)", "pressure", "5", 0.5),
        ("压力/kPa", "pressure", "500", 0.5),
        ("Druck [mbar]", "pressure", "500", 0.05),
        ("discharge_pressure_psi", "pressure", "100", 0.6894757),
        ("振动(m/s²)", "vibration", "9.80665", 1.0),
        ("Schwinggeschwindigkeit [mm/s]", "vibration_velocity", "4.5", 4.5),
        ("vib DE mm/s", "vibration_velocity", "4.5", 4.5),
        ("Acc X [g]", "vibration", "1.5", 1.5),
        ("电流", "current", "12", 12.0),
        ("Motorstrom (mA)", "current", "1500", 1.5),
        ("Volumenstrom m³/h", "flow", "6", 100.0),
        ("Durchfluss (l/min)", "flow", "6", 6.0),
        ("Drehzahl [1/min]", "speed", "1480", 1480.0),
        ("Rotational speed [rpm]", "speed", "1480", 1480.0),
        ("Leistung kW", "power", "7.5", 7.5),
        ("Room temperature", "ambient_temperature", "20", 20.0),
        ("Torque [Nm]", "torque_nm", "42", 42.0),
        ("HUFL", "hufl", "5.8", 5.8),
        ("vibration2", "vibration2", "0.4", 0.4),
    ],
)
def test_headers_of_several_languages_and_units_are_understood(
    write: Write, header: str, channel: str, cell: str, value: float
) -> None:
    path = write(f"timestamp;{header}\n2026-01-01T00:00:00Z;{cell}\n2026-01-01T00:00:01Z;{cell}\n")
    batch = only(open_recording(path, "P"))
    assert batch.channels == (channel,)
    assert batch.values[0, 0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("first", "second", "zone"),
    [
        ("2026-02-28T12:00:00.000Z", "2026-02-28T12:00:01.000Z", "UTC"),
        ("2026-02-28T20:00:00+08:00", "2026-02-28T20:00:01+08:00", "UTC"),
        ("2026-02-28 20:00:00", "2026-02-28 20:00:01", "Asia/Shanghai"),
        ("1772280000", "1772280001", "Asia/Shanghai"),
        ("1772280000000", "1772280001000", "UTC"),
        ("28.02.2026 13:00:00", "28.02.2026 13:00:01", "Europe/Berlin"),
        ("28/02/2026 12:00:00", "28/02/2026 12:00:01", "UTC"),
        ("02/28/2026 12:00:00 PM", "02/28/2026 12:00:01 PM", "UTC"),
        ("2026/2/28 12:00:00", "2026/2/28 12:00:01", "UTC"),
        ("2026年2月28日 12时00分00秒", "2026年2月28日 12时00分01秒", "UTC"),
        ("20260228120000", "20260228120001", "UTC"),
    ],
)
def test_the_same_moment_is_read_however_it_is_written(
    write: Write, first: str, second: str, zone: str
) -> None:
    path = write(f"time,temperature\n{first},40\n{second},41\n")
    batch = only(open_recording(path, "P", MappingOptions(zone=zone)))
    assert batch.times.tolist() == [
        datetime(2026, 2, 28, 12, 0, 0),  # noqa: DTZ001  numpy's times have no zone
        datetime(2026, 2, 28, 12, 0, 1),  # noqa: DTZ001
    ]


def test_date_and_time_of_day_in_two_columns_are_one_time(write: Write) -> None:
    path = write("Datum;Uhrzeit;Druck [bar]\n28.02.2026;12:00:00;1,5\n28.02.2026;12:00:01;1,25\n")
    recording = open_recording(path, "P")
    batch = only(recording)
    assert recording.mapping.time == ("Datum", "Uhrzeit")
    assert batch.times[1] == utc("2026-02-28T12:00:01+00:00")
    assert batch.values[:, 0].tolist() == [0.15, 0.125]


def test_day_and_month_that_could_be_either_are_told_as_an_assumption(write: Write) -> None:
    path = write("time,temperature\n01/02/2026 00:00:00,40\n02/02/2026 00:00:00,41\n")
    recording = open_recording(path, "P")
    assert recording.mapping.time_is_assumed
    assert np.diff(only(recording).times)[0] == np.timedelta64(1, "D")


def test_bad_values_blank_their_channel_and_say_why(write: Write) -> None:
    lines = [",0.5", "NaN,0.5", "bad,0.5", "inf,0.5", "40,0.5", "41,0.5", "42,0.5", "43,0.5"]
    rows = "\n".join(f"2026-01-01T00:00:0{at}Z,{cells}" for at, cells in enumerate(lines))
    batch = only(open_recording(write(f"time,temperature,vibration\n{rows}\n"), "P"))
    bad, good = Quality.BAD, Quality.GOOD
    assert batch.quality[:, 0].tolist() == [Quality.ABSENT, bad, bad, bad, good, good, good, good]
    assert np.isnan(batch.values[:4, 0]).all()
    assert (batch.values[:, 1] == 0.5).all()


def test_a_row_that_cannot_be_used_is_a_dead_row_with_its_line_and_reason(write: Write) -> None:
    good = [f"2026-01-01T00:00:{second:02}Z,40,0.5" for second in range(10)]
    text = "\n".join(["time,temperature,vibration", *good, "yesterday,40,0.5", ",40,0.5", "2026-"])
    seen: list[DeadRow] = []
    recording = open_recording(write(text), "P")
    assert sum(len(batch) for batch in recording.chunks(on_dead=seen.append)) == 10
    assert [dead.line for dead in seen] == [14, 12, 13]
    assert [dead.reason for dead in seen] == [
        "1 cells, the header has 3",
        "time 'yesterday' is not ISO 8601",
        "no time",
    ]
    assert recording.dead == seen


def test_a_quote_that_is_never_closed_costs_no_other_file_and_is_told(write: Write) -> None:
    good = [f"2026-01-01T00:00:{second:02}Z,40,x" for second in range(10)]
    text = "\n".join(["time,temperature,note", *good, f'2026-01-02,"{"long " * 40_000}'])
    recording = open_recording(write(text), "P")
    assert sum(len(batch) for batch in recording.chunks()) == 10
    assert [dead.reason for dead in recording.dead] == ["a cell without end"]


def test_late_and_repeated_rows_are_kept_and_the_last_of_a_time_comes_last(write: Write) -> None:
    rows = [(0, 40), (2, 42), (1, 41), (2, 99), (3, 43), (5, 45), (4, 44)]
    text = "\n".join(f"2026-01-01T00:00:0{at}Z,{value}" for at, value in rows)
    first, second = open_recording(write(f"time,temperature\n{text}\n"), "P").chunks()
    assert first.values[:, 0].tolist() == [40, 41, 42, 43, 44, 45]
    assert (np.diff(first.times) > np.timedelta64(0)).all()
    assert second.values[:, 0].tolist() == [99]
    assert second.times[0] == utc("2026-01-01T00:00:02+00:00")


def test_a_file_with_the_newest_row_first_is_read_oldest_first(write: Write) -> None:
    rows = [f"2026-01-01T00:{at // 60:02}:{at % 60:02}Z,{at}" for at in reversed(range(100))]
    text = "\n".join(["time,temperature", *rows])
    batches = list(open_recording(write(text), "P").chunks(rows=7))
    assert np.concatenate([batch.values[:, 0] for batch in batches]).tolist() == list(range(100))


def test_json_lines_in_the_settled_schema_give_each_device_its_readings(write: Write) -> None:
    def line(device: str, second: int, **more: object) -> str:
        at = f"2026-02-28T12:00:0{second}.000Z"
        return json.dumps(
            {"device_id": device, "timestamp": at, "status": "NORMAL", "factory_id": "F001"} | more
        )

    text = "\n".join(
        [
            line("PUMP_01", 0, temperature=45.3, pressure=2.1),
            line("PUMP_02", 0, temperature=50.0, pressure=None),
            line("PUMP_01", 1, temperature=45.4, pressure=float("nan"), flow=12),
            '{"device_id": "PUMP_01"',
            line("PUMP_02", 1, temperature=50.1),
            "[1, 2]",
            line("", 2, temperature=1.0),
        ]
    )
    recording = open_recording(write(text, "log.jsonl"))
    one, two = recording.chunks()
    assert (one.device_id, two.device_id) == ("PUMP_01", "PUMP_02")
    assert one.channels == ("flow", "pressure", "temperature")
    assert one.values[:, 2].tolist() == [45.3, 45.4]
    assert one.quality[:, :2].tolist() == [
        [Quality.ABSENT, Quality.GOOD],
        [Quality.GOOD, Quality.BAD],
    ]
    assert two.quality[:, 1].tolist() == [Quality.BAD, Quality.ABSENT]
    assert one.statuses == ("NORMAL", "NORMAL")
    assert sorted(dead.line for dead in recording.dead) == [4, 6, 7]


def test_a_key_that_comes_late_in_json_lines_becomes_a_channel(write: Write) -> None:
    start = 1772280000
    lines = [json.dumps({"timestamp": start + at, "temperature": 40 + at}) for at in range(2500)]
    lines.append(json.dumps({"timestamp": start + 2500, "temperature": 1, "Volume Flow": 7}))
    recording = open_recording(write("\n".join(lines), "log.jsonl"), "P")
    last = list(recording.chunks())[-1]
    assert last.channels == ("flow", "temperature")
    assert last.values[-1].tolist() == [7.0, 1.0]


def test_options_map_leave_out_and_choose_one_device(write: Write) -> None:
    path = write(
        "when,device,T1,Temp,Spare\n"
        "2026-01-01T00:00:00Z,A,300,40,1\n2026-01-01T00:00:00Z,B,310,50,2\n"
    )
    options = MappingOptions(maps=("T1=fluid_temperature:K", "Spare="), time="when")
    recording = open_recording(path, "B", options)
    batch = only(recording)
    assert batch.device_id == "B"
    assert batch.channels == ("fluid_temperature", "temperature")
    assert batch.values[0] == pytest.approx([36.85, 50.0])
    assert recording.skipped == 1
    assert [out.reason for out in recording.mapping.left_out] == [Reason.OPTION]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_header_is_read_in_any_usual_encoding(write: Write, encoding: str) -> None:
    text = "时间,压力(kPa),状态\n2026-01-01 00:00:00,500,正常\n2026-01-01 00:00:01,510,正常\n"
    batch = only(open_recording(write(text, encoding=encoding), "P"))
    assert batch.channels == ("pressure",)
    assert batch.values[:, 0].tolist() == [0.5, 0.51]
    assert batch.statuses == ("正常", "正常")


def test_a_western_degree_sign_is_not_taken_for_chinese(write: Write) -> None:
    text = "Zeit;Temp [°C]\n01.01.2026 00:00:00;40,5\n13.01.2026 00:00:01;41\n"
    batch = only(open_recording(write(text, encoding="cp1252"), "P"))
    assert batch.channels == ("temperature",)
    assert batch.values[:, 0].tolist() == [40.5, 41.0]


def test_a_packed_file_is_read_like_the_plain_one_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    text = "time,temperature\n" + "".join(
        f"2026-01-01T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}Z,{at % 97}\n"
        for at in range(40_000)
    )
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert sum(len(batch) for batch in open_recording(path, "P").chunks()) == 40_000
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(BadInput, match="damaged"):
        list(open_recording(path, "P").chunks())


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", MappingOptions(), "is empty"),
        (" \n \n", MappingOptions(), "is empty"),
        ("\0\1\2\3", MappingOptions(), "binary file"),
        ("PK\x03\x04....", MappingOptions(), "Excel workbook"),
        ("just some words\nand more of them\n", MappingOptions(), "is no table"),
        ("time,temperature\n", MappingOptions(), "no rows"),
        ("a,b\n1,2\n3,4\n", MappingOptions(), "No time column.*it has a, b; name it with --time"),
        ("a,b\n1,2\n3,4\n", MappingOptions(time="a"), "column 'a' holds '1', which is no time"),
        ("a,b\n1,2\n", MappingOptions(time="x"), "no column 'x'; it has a, b"),
        ("time,b\n2026-01-01,x\n2026-01-02,y\n", MappingOptions(), "no column of numbers"),
        ("time,Temp [furlong]\n2026-01-01,1\n", MappingOptions(), "Unknown unit 'furlong'"),
        ("time,p\n2026-01-01,1\n", MappingOptions(maps=("p=pressure:ell",)), "Unknown unit 'ell'"),
        ("time,Pressure [V]\n2026-01-01,1\n", MappingOptions(), "cannot be converted"),
        ("time,p\n2026-01-01,1\n", MappingOptions(maps=("q=pressure",)), "no column 'q'"),
        ("time,p\n2026-01-01,1\n", MappingOptions(maps=("nonsense",)), "Cannot use --map"),
        ("time,p\n2026-01-01,1\n", MappingOptions(units=("bar",)), "Cannot use --unit"),
        ("time,p\n2026-01-01,1\n", MappingOptions(zone="Mars/Base"), "No time zone 'Mars/Base'"),
        ("time,p\n2026-01-01,1\n", MappingOptions(encoding="utf-99"), "No encoding 'utf-99'"),
        ("time,p\n2026-01-01,ä\n", MappingOptions(encoding="ascii"), "not ascii text"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_way_out(
    write: Write, text: str, options: MappingOptions, message: str
) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        open_recording(write(text), "P", options)
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_an_unnamed_device_are_refused(
    write: Write, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="No file"):
        open_recording(tmp_path / "none.csv", "P")
    with pytest.raises(BadInput, match="is a folder"):
        open_recording(tmp_path, "P")
    with pytest.raises(BadInput, match="--device"):
        open_recording(write("time,temperature\n2026-01-01,1\n"))
    two = write("time,device,temperature\n2026-01-01,A,1\n2026-01-01,B,1\n")
    with pytest.raises(BadInput, match="A, B, not of 'C'"):
        open_recording(two, "C")
