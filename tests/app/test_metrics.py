"""The page of metrics: what Prometheus's parser and linter take, and cheap to fill."""

import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY as EVERYBODYS
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from opsmith import metrics
from opsmith.bus.codec import parse
from opsmith.errors import NotFound, Unavailable
from opsmith.health import Outages
from opsmith.measured import measured
from opsmith.ports import Cooldown
from opsmith.storage.cooldown_memory import MemoryCooldown

NOW = datetime(2026, 3, 1, tzinfo=UTC)

SMALL = (
    "milliseconds", "minutes", "hours", "days", "kilobytes", "megabytes", "percent", "celsius_c",
)  # fmt: skip
"""Units that promtool tells to replace by base units."""


def value(name: str, **labels: str) -> float:
    """A sample as it stands now; 0 where there is none yet."""
    return metrics.REGISTRY.get_sample_value(f"opsmith_{name}", labels) or 0.0


def families() -> list[Any]:
    text, kind = metrics.render()
    assert kind.startswith("text/plain")
    return list(text_string_to_metric_families(text.decode()))


def test_the_page_is_what_prometheus_reads_and_its_linter_has_no_word_against() -> None:
    metrics.count_dead("no timestamp")
    ours = [one for one in families() if one.name.startswith("opsmith_")]
    assert len(ours) > 25
    for family in ours:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name), family.name
        assert family.documentation.endswith(".")
        words = family.name.split("_")
        assert not set(words) & {*SMALL, "gauge", "counter", "histogram", "summary"}, family.name
        names = {sample.name for sample in family.samples if not sample.name.endswith("_created")}
        if family.type == "counter":
            assert names <= {f"{family.name}_total"}
        else:
            assert not family.name.endswith(("_total", "_count", "_sum", "_bucket"))
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        for sample in family.samples:
            assert set(sample.labels) <= LABELS


LABELS = {
    "stage", "step", "quality", "reason", "change", "level", "type", "by", "path", "priority",
    "outcome", "direction", "why", "store", "operation", "part", "tool", "version", "le",
}  # fmt: skip
"""None of them tells of a device, a person or a text from outside."""


def test_who_embeds_opsmith_finds_nothing_of_it_among_his_own_metrics() -> None:
    assert not [one.name for one in EVERYBODYS.collect() if one.name.startswith("opsmith")]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"no json", "no_json"),
        (b"[1]", "no_json"),
        (b"\xff", "no_json"),
        (b'{"timestamp":"2026-03-01T00:00:00Z","t":1}', "no_device"),
        (b'{"device_id":"%s","timestamp":"2026-03-01T00:00:00Z"}' % (b"x" * 300), "bad_device"),
        (b'{"device_id":"P","t":1}', "no_time"),
        (b'{"device_id":"P","timestamp":"soon: no device_id"}', "bad_time"),
        (b'{"device_id":"P","timestamp":"' + b"9" * 3_000_000 + b'"}', "too_long"),
    ],
)
def test_dead_letters_are_counted_by_the_class_of_their_reason(message: bytes, reason: str) -> None:
    before = value("dead_letters_total", reason=reason)
    with pytest.raises(ValueError) as raised:
        parse(message)
    metrics.count_dead(str(raised.value))
    assert value("dead_letters_total", reason=reason) == before + 1


def test_a_reason_from_outside_makes_no_series_of_its_own() -> None:
    before = {sample.labels["reason"] for sample in _samples("opsmith_dead_letters")}
    for number in range(100):
        metrics.count_dead(f"reason {number} of an attacker")
    after = {sample.labels["reason"] for sample in _samples("opsmith_dead_letters")}
    assert after - before <= {"other"}


def _samples(name: str) -> list[Sample]:
    return [sample for one in families() if one.name == name for sample in one.samples]


def test_what_cannot_be_looked_up_leaves_the_page_as_it_was() -> None:
    metrics.OUTBOX.set(7)

    def lost() -> None:
        raise Unavailable("The database does not answer")

    text, _ = metrics.render(lost, lambda: metrics.PROPOSALS.set(3))
    assert b"opsmith_outbox_messages 7.0" in text
    assert b"opsmith_proposals_waiting 3.0" in text


@dataclass
class Counts:
    """A tally of messages."""

    received: int = 0
    stored: int = 0
    repeated: int = 0
    late: int = 0
    bad_values: int = 0
    implausible_values: int = 0


def test_a_tally_is_passed_on_as_far_as_it_has_gone() -> None:
    names = ("messages_received_total", "readings_stored_total", "readings_repeated_total")
    before = [value(name) for name in names]
    bad = value("values_marked_total", quality="bad")
    counts = Counts()
    followed = metrics.Followed(counts)
    followed.tell()
    counts.received, counts.stored, counts.repeated, counts.bad_values = 10, 7, 3, 2
    followed.tell()
    followed.tell()
    counts.received, counts.stored = 15, 12
    followed.tell()
    assert [value(name) - old for name, old in zip(names, before, strict=True)] == [15, 12, 3]
    assert value("values_marked_total", quality="bad") - bad == 2


class Failing(MemoryCooldown):
    """A cooldown that fails as the test wants."""

    error: Exception | None = None

    def claim(self, key: str, member: str, most: int, period: timedelta, now: datetime) -> bool:
        if self.error is not None:
            raise self.error
        return super().claim(key, member, most, period, now)


def test_a_measured_store_is_timed_and_its_outage_begins_and_ends_with_its_errors() -> None:
    inner, outages = Failing(), Outages()
    store: Cooldown = measured(inner, "limits", outages)
    claim = {"store": "limits", "operation": "claim"}

    def ask() -> bool:
        return store.claim("key", "a", 1, timedelta(minutes=1), NOW)

    assert ask() and not outages.standing()
    inner.error = Unavailable("It does not answer")
    with pytest.raises(Unavailable):
        ask()
    assert [one.part for one in outages.standing()] == ["limits"]
    assert value("part_up", part="limits") == 0
    # Another error may come from before the store was asked.
    inner.error = NotFound("No such key")
    with pytest.raises(NotFound):
        ask()
    assert [one.failures for one in outages.standing()] == [1]
    inner.error = None
    assert ask() and not outages.standing()
    assert value("part_up", part="limits") == 1
    assert value("store_operation_seconds_count", **claim) == 4


class Feed:
    """A source that gives what is asked for again."""

    def __init__(self) -> None:
        self.asked = 0

    async def subscribe(self) -> "Feed":
        return Feed()

    async def getmany(self) -> int:
        self.asked += 1
        return self.asked


@pytest.mark.anyio
async def test_what_a_measured_bus_opens_is_measured_too_but_not_how_long_it_waits() -> None:
    bus = measured(Feed(), "feed", Outages())
    consumer = await bus.subscribe()
    assert await consumer.getmany() == 1
    assert consumer.asked == 1
    operations = {
        sample.labels["operation"]
        for sample in _samples("opsmith_store_operation_seconds")
        if sample.labels["store"] == "feed"
    }
    assert operations == {"subscribe"}


COST = """
import timeit
from opsmith import metrics
def call():
    metrics.count_call("get_alert", "ok", 0.0005)
def block():
    with metrics.timed("tables", "read"):
        pass
print(min(timeit.repeat(call, number=2000, repeat=20)) / 2000)
print(min(timeit.repeat(block, number=2000, repeat=20)) / 2000)
"""


def test_to_count_a_call_or_time_a_block_takes_a_few_millionths_of_a_second() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", COST], capture_output=True, text=True, timeout=60, check=True
    )
    call, block = (float(line) for line in ran.stdout.split())
    assert call < 20e-6 and block < 20e-6, (call, block)
