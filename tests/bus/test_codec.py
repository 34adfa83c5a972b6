import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsmith.bus import codec
from opsmith.bus.frames import FrameParser
from opsmith.domain.readings import Quality, ReadingBatch

READING = {
    "device_id": "PUMP_01",
    "timestamp": "2026-02-28T12:00:00.000Z",
    "temperature": 45.3,
    "vibration": 0.52,
    "flow": 320,
    "status": "NORMAL",
    "line_id": "L003",
}


def message(**fields: Any) -> bytes:
    return json.dumps({**READING, **fields}).encode()


def batches(messages: list[bytes]) -> list[ReadingBatch]:
    return [batch for frame in FrameParser().parse(messages).frames for batch in frame.batches()]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"not json", "no JSON object"),
        (b"[1, 2]", "no JSON object"),
        (b"\xff\xfe\x00", "no JSON object"),
        (b"[" * 5000, "no JSON object"),
        (message(device_id=None), "no device_id"),
        (message(device_id="  "), "no device_id"),
        (message(device_id="x" * 65), "longer than 64"),
        (message(device_id="PUMP\x00"), "unprintable"),
        (message(timestamp=None), "no timestamp"),
        (message(timestamp="yesterday"), "'yesterday' is no ISO 8601 time"),
        (message(timestamp=1e300), "is no ISO 8601 time"),
        (message(timestamp="1900-01-01T00:00:00Z"), "out of range"),
        (message(note="x" * 70_000), "at most 64000"),
        (message(**{f"c{i}": i for i in range(300)}), "at most 256"),
        (message(status="\ud800"), "surrogate"),
        (message(**{"\udfff": 1}), "surrogate"),
    ],
)
def test_a_message_without_device_time_or_structure_is_dead_with_its_reason(
    bad: bytes, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        codec.parse(bad)


@pytest.mark.parametrize(
    "value", [None, "12", "n/a", True, math.nan, math.inf, 10**400, [1], {"a": 1}]
)
def test_a_bad_value_blanks_its_channel_and_spares_the_rest(value: Any) -> None:
    (batch,) = batches([message(temperature=value)])
    temperature, vibration = (batch.channels.index(c) for c in ("temperature", "vibration"))
    assert math.isnan(batch.values[0, temperature])
    assert batch.quality[0, temperature] == Quality.BAD
    assert batch.values[0, vibration] == 0.52
    assert batch.quality[0, vibration] == Quality.GOOD


def test_an_implausible_value_is_kept_and_marked() -> None:
    (batch,) = batches([message(temperature=950.0)])
    index = batch.channels.index("temperature")
    assert batch.values[0, index] == 950.0
    assert batch.quality[0, index] == Quality.UNCERTAIN


def test_any_numeric_key_is_a_channel_and_unknown_text_is_none() -> None:
    reading = codec.parse(message(x07=1.5, remark="leaks a little"))
    assert set(reading.values) == {"temperature", "vibration", "flow", "x07"}
    assert (reading.status, reading.line_id) == ("NORMAL", "L003")


def test_times_with_any_offset_and_as_epoch_come_out_in_utc() -> None:
    times = [
        codec.parse(message(timestamp=stamp)).time.isoformat()
        for stamp in ("2026-02-28T20:00:00+08:00", "2026-02-28 12:00:00", 1772280000, 1772280000000)
    ]
    assert times == ["2026-02-28T12:00:00+00:00"] * 4


rows = st.lists(
    st.tuples(
        st.sampled_from(["A", "B"]),
        st.integers(0, 5),
        st.dictionaries(
            st.sampled_from(["temperature", "x1"]),
            st.one_of(st.none(), st.floats(-1e6, 1e6)),
            min_size=1,
        ),
    ),
    min_size=1,
    max_size=12,
)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(rows)
def test_what_is_encoded_parses_to_the_same_columns(
    rows: list[tuple[str, int, dict[str, float | None]]],
) -> None:
    sent = [
        {"device_id": device, "timestamp": f"2026-02-28T12:00:0{second}Z", **values}
        for device, second, values in rows
    ]
    for batch in batches([json.dumps(fields).encode() for fields in sent]):
        again = batches([value for _, value in codec.encode(batch)])
        assert len(again) == 1
        assert again[0].channels == batch.channels
        assert (again[0].times == batch.times).all()
        np.testing.assert_array_equal(again[0].values, batch.values)
        np.testing.assert_array_equal(again[0].quality, batch.quality)
        assert (np.diff(batch.times).astype(int) > 0).all()
