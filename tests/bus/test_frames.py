"""Frames from messages: the fast way and the codec's come to the same."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsmith.bus import codec
from opsmith.bus.frames import FrameParser
from opsmith.bus.scalars import number_at
from opsmith.domain.readings import Frame, Quality, ReadingBatch

PARSER = FrameParser()
"""Kept over all examples, so that names met in one of them are known in the next."""


def told(messages: Sequence[bytes]) -> tuple[dict[str, Any], list[codec.Dead]]:
    """What the codec makes of each message by itself, laid over each other device by device."""
    readings: dict[str, dict[datetime, codec.Reading]] = {}
    dead: list[codec.Dead] = []
    places: dict[str, tuple[str, str]] = {}
    for index, message in enumerate(messages):
        try:
            reading = codec.parse(message)
        except ValueError as error:
            dead.append(codec.Dead(index, str(error)))
            continue
        factory, line = places.get(reading.device_id, ("", ""))
        places[reading.device_id] = (reading.factory_id or factory, reading.line_id or line)
        at = readings.setdefault(reading.device_id, {})
        before = at.get(reading.time)
        if before is not None:
            reading = codec.Reading(
                reading.device_id,
                reading.time,
                reading.status or before.status,
                "",
                "",
                {**before.values, **reading.values},
                (before.bad - reading.values.keys()) | reading.bad,
            )
        at[reading.time] = reading
    return {
        device: (
            places[device],
            [
                (time.astimezone(UTC).replace(tzinfo=None), at[time].status, cells(at[time]))
                for time in sorted(at)
            ],
        )
        for device, at in readings.items()
    }, dead


def cells(reading: codec.Reading) -> dict[str, tuple[str, Quality]]:
    found: dict[str, tuple[str, Quality]] = {}
    for name, value in reading.values.items():
        known = codec.measurement_of(name)
        mark = Quality.BAD if name in reading.bad else Quality.GOOD
        if known is not None and not math.isnan(value) and not known.low <= value <= known.high:
            mark = Quality.UNCERTAIN
        found[name] = (value.hex(), mark)
    return found


def seen(frames: Sequence[Frame]) -> dict[str, Any]:
    """The same of frames."""
    found: dict[str, Any] = {}
    for frame in frames:
        places = list(zip(frame.factory_ids, frame.line_ids, strict=True))
        assert frame.channels == tuple(sorted(frame.channels))
        for place, batch in zip(places, frame.batches(), strict=True):
            assert batch.device_id not in found
            found[batch.device_id] = (place, [rows_of(batch, row) for row in range(len(batch))])
    return found


def rows_of(batch: ReadingBatch, row: int) -> Any:
    return (
        batch.times[row].item(),
        batch.statuses[row],
        {
            name: (float(batch.values[row, column]).hex(), Quality(batch.quality[row, column]))
            for column, name in enumerate(batch.channels)
            if batch.quality[row, column] != Quality.ABSENT
        },
    )


PLAIN = '{"device_id": "P-1", "timestamp": "2026-02-28T12:00:00.5Z", "temperature": 45.25}'
NUMBERS = st.one_of(
    st.floats().map(repr),
    st.floats(-1000, 1000).map(lambda x: f"{x:.3f}"),
    st.integers().map(str),
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(
        ["NaN", "Infinity", "-Infinity", "-0", "-0.0", "01", "1.", ".5", "+1", "1e", "0x1", "1_0"]
        + ["1e400", "-1e-400", "9007199254740993", "8.41e21", "123456789012345678e-5", "1E5"]
        + ["1772280000", "1772280000123", "1" * 400]
    ),
)
TEXTS = st.one_of(
    st.text(max_size=8).map(json.dumps),
    st.text(max_size=8).map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(
        ['"NORMAL"', '"ANOMALY"', '""', '" "', '"F1"', '"\\ud800"', '"\\u0000"', '"a\\"b"', '"\t"']
        + ['"泵-7"', '"\x7f"', '"' + "x" * 65 + '"', '"' + "泵" * 100 + '"', '"a', "'a'"]
    ),
)
TIMES = st.one_of(
    st.integers(-31_536_000_000_000, 7_258_118_400_000_000).map(
        lambda micros: f'"{np.datetime64(micros, "us")}Z"'
    ),
    st.from_regex(
        r'"(19|20|21)[0-9]{2}-[01][0-9]-[0-3][0-9][T t][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?'
        r'([.,][0-9]{0,8})?(Z|z|[+-][0-2][0-9]:?[0-6][0-9](:30)?|)"',
        fullmatch=True,
    ),
    st.sampled_from(['"2026-02-28"', '"2024-02-29T00:00:00Z"', '"2100-02-29T00:00:00Z"', '""']),
    st.sampled_from([f'"2026-02-28T12:00:0{second}Z"' for second in range(4)]),
    NUMBERS,
)
SCALARS = st.one_of(NUMBERS, TEXTS, st.sampled_from(["null", "true", "false", "nul", "[1]", "{}"]))
KEYS = st.one_of(
    st.sampled_from(["device_id", "timestamp", "status", "factory_id", "line_id", "warmup"]),
    st.sampled_from(["temperature", "vibration2", "x07", "流量", "", "note"]),
    st.text(max_size=3),
).map(lambda key: json.dumps(key, ensure_ascii=False))
BLANK = st.sampled_from(["", "", "", " ", "\n\t "])


@st.composite
def texts_of_messages(draw: st.DrawFn) -> bytes:
    """A message that is right but for what chance spoils."""
    pairs = [
        ('"device_id"', draw(st.one_of(st.sampled_from(['"A"', '"B"', '"泵"']), TEXTS))),
        ('"timestamp"', draw(TIMES)),
    ]
    pairs += draw(st.lists(st.tuples(KEYS, SCALARS), max_size=4))
    pairs = draw(st.permutations(pairs))
    if draw(st.booleans()):
        pairs = [pair for pair in pairs if pair[1] != "{}"]
    between = [draw(BLANK) for _ in range(4)]
    body = ",".join(f"{between[0]}{k}{between[1]}:{between[2]}{v}{between[3]}" for k, v in pairs)
    message = (between[3] + "{" + body + "}" + between[0]).encode("utf-8", "surrogatepass")
    match draw(st.integers(0, 9)):
        case 0:
            return message[: draw(st.integers(0, len(message)))]
        case 1:
            at = draw(st.integers(0, len(message)))
            return message[:at] + draw(st.binary(max_size=2)) + message[at:]
        case 2:
            return message + draw(st.sampled_from([b"}", b"\0", b"x", b",", b"{}", b" \n"]))
        case _:
            return message


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.lists(texts_of_messages(), max_size=6))
@example([])
@example([b"", b"\0", b"{}", b"{", b'{"', PLAIN.encode()[:-1], PLAIN.encode() + b"\0"])
@example([PLAIN.replace("P-1", "P\udcff1").encode("utf-8", "surrogateescape")])
@example([PLAIN.replace("45.25", "45.25,").encode(), PLAIN.replace("{", "{,").encode()])
@example([PLAIN.replace("T", "T").encode(), PLAIN.replace("45.25", '1, "temperature": 2').encode()])
@example([("{" + ",".join(f'"c{i}":1' for i in range(300)) + "," + PLAIN[1:]).encode()])
@example([PLAIN.encode() + b" " * 64_000])
@example([PLAIN.replace("45.25", "1" * 400).encode()])
def test_any_messages_come_to_what_the_codec_says_of_each(messages: list[bytes]) -> None:
    parsed = PARSER.parse(messages)
    expected, dead = told(messages)
    assert parsed.dead == dead
    assert seen(parsed.frames) == expected


@settings(derandomize=True, max_examples=1500, deadline=None)
@given(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.tuples(st.integers(0, 10**18), st.integers(-22, 22)).map(lambda p: f"{p[0]}e{p[1]}"),
        # Near the middle between two neighbours, where rounding is hardest.
        st.tuples(st.integers(2**53, 2**59), st.integers(0, 17)).map(
            lambda p: f"{p[0] / 2:.1f}"[:19] + f"e-{p[1]}"
        ),
    )
)
def test_a_number_that_the_scanner_takes_is_the_nearest_float(text: str) -> None:
    value, end = number_at(np.frombuffer(text.encode() + b",", np.uint8), 0)
    assert end == -1 or (end == len(text) and value.hex() == float(text).hex())


def test_plain_numbers_of_full_length_are_taken() -> None:
    rng = np.random.default_rng(1)
    texts = [repr(float(x)) for x in rng.normal(50, 10, 2000)]
    ends = [number_at(np.frombuffer(f"{text},".encode(), np.uint8), 0)[1] for text in texts]
    assert ends == [len(text) for text in texts]


def message(device: str, second: int, **fields: Any) -> bytes:
    time = f"2026-02-28T12:00:{second:02d}Z"
    return json.dumps({"device_id": device, "timestamp": time, **fields}).encode()


def test_devices_of_one_set_of_channels_share_a_frame_in_the_order_they_came() -> None:
    frames = (
        FrameParser()
        .parse(
            [
                message("A", 1, temperature=20.0, x=1, status="NORMAL"),
                message("B", 1, x=2, temperature=900.0),
                message("C", 1, flow=3.0),
                message("A", 2, temperature=21.0, x=4),
            ]
        )
        .frames
    )
    assert [frame.devices for frame in frames] == [("A", "B"), ("C",)]
    assert frames[0].channels == ("temperature", "x")
    assert frames[0].device.tolist() == [0, 1, 0]
    assert frames[0].values.tolist() == [[20, 1], [900, 2], [21, 4]]
    assert frames[0].quality[:, 0].tolist() == [Quality.GOOD, Quality.UNCERTAIN, Quality.GOOD]
    assert [frames[0].statuses[code] for code in frames[0].status] == ["NORMAL", "", ""]


def test_a_device_whose_messages_differ_has_all_its_channels_in_one_frame() -> None:
    (frame,) = (
        FrameParser()
        .parse([message("A", 1, flow=1.0), message("A", 3, x=2.0), message("A", 1, x=3.0)])
        .frames
    )
    assert frame.channels == ("flow", "x")
    np.testing.assert_array_equal(frame.values, [[1.0, 3.0], [math.nan, 2.0]])
    assert frame.quality[1, 0] == Quality.ABSENT


def test_more_names_than_are_kept_are_forgotten_and_met_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("opsmith.bus.names._MOST_NAMES", 100)
    parser = FrameParser()
    for first in range(0, 2000, 50):
        (frame,) = parser.parse(
            [message(f"D{number}", 1, x=1.0) for number in range(first, first + 50)]
        ).frames
        assert frame.devices == tuple(f"D{number}" for number in range(first, first + 50))


def test_a_frame_of_batches_gives_them_back() -> None:
    batches = FrameParser().parse([message("A", 1, x=1.0), message("B", 1, y=None)]).frames
    one = Frame.of(*(batch for frame in batches for batch in frame.batches()))
    assert one.channels == ("x", "y")
    assert seen_rows(one) == {"A": {"x": 1.0}, "B": {"y": None}}


def seen_rows(frame: Frame) -> dict[str, dict[str, float | None]]:
    return {
        batch.device_id: {
            name: None if math.isnan(batch.values[0, column]) else batch.values[0, column]
            for column, name in enumerate(batch.channels)
        }
        for batch in frame.batches()
    }
