"""What this process counts and times, for Prometheus: every metric is defined here, once.

A label never carries what an outsider chose, such as a device's id: each has few values.
"""

import contextlib
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from opsmith.domain.alerts import Alert
from opsmith.errors import OpsmithError

REGISTRY = CollectorRegistry()
"""Of this process; whoever embeds opsmith has one of his own, and sees nothing of it."""

CONTENT_TYPE = CONTENT_TYPE_LATEST

_CALL = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_BATCH = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MODEL = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60)


def _counter(name: str, says: str, *labels: str) -> Counter:
    return Counter(f"opsmith_{name}", says, labels, registry=REGISTRY)


def _gauge(name: str, says: str, *labels: str) -> Gauge:
    return Gauge(f"opsmith_{name}", says, labels, registry=REGISTRY)


def _histogram(name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"opsmith_{name}", says, labels, registry=REGISTRY, buckets=buckets)


MESSAGES = _counter("messages_received", "Messages of readings that ingest took.")
READINGS_STORED = _counter("readings_stored", "Readings that were new, or said something else.")
READINGS_REPEATED = _counter("readings_repeated", "Readings that were there already.")
READINGS_LATE = _counter("readings_late", "Readings that came too late to be judged; stored.")
VALUES = _counter("values_marked", "Values of channels: bad (blanked) or implausible.", "quality")
DEAD_LETTERS = _counter("dead_letters", "Messages that could not be used, by reason.", "reason")
CONSUMER_LAG = _gauge("consumer_lag_messages", "Messages not committed by a stage.", "stage")
STAGE_SECONDS = _histogram(
    "stage_batch_seconds", "Time of one step of a stage's batch.", _BATCH, "stage", "step"
)
STAGE_FAILURES = _counter("stage_failures", "Batches that failed and were taken again.", "stage")
FOLLOWERS = _gauge("feed_followers", "Connections that follow the live feed of this process.")
OUTBOX = _gauge("outbox_messages", "Announcements that wait to be published.")

ALERT_CHANGES = _counter(
    "alert_changes", "Changes of alerts that were written.", "change", "level", "type"
)
SUPPRESSED = _counter("alerts_suppressed", "New alerts that were held back, by what.", "reason")
DIAGNOSES = _counter(
    "diagnoses",
    "Diagnoses made: by the rules, or by an LLM (first of the chain, or one after it).",
    "by",
    "path",
)
DIAGNOSIS_SECONDS = _histogram("diagnosis_seconds", "From event to decision.", _MODEL, "by")
REPORTS = _counter("reports_stored", "Report versions that were written.", "by")
ORDERS = _counter("work_orders_created", "Work orders that were created.", "priority")
PROPOSALS = _gauge("proposals_waiting", "Changes that wait for a person.")

LLM_REQUESTS = _counter("llm_requests", "Requests to an LLM, by what came of them.", "outcome")
LLM_SECONDS = _histogram("llm_request_seconds", "Time of a request to an LLM.", _MODEL)
LLM_TOKENS = _counter("llm_tokens", "Tokens that LLMs read (in) and wrote (out).", "direction")
LLM_COST = _counter("llm_cost", "Cost of LLMs for reports, in the currency of the settings.")
LLM_DROPPED = _counter(
    "llm_reports_dropped",
    "Times the rules' report stood: the LLM failed, or proved nothing.",
    "why",
)

STORE_SECONDS = _histogram(
    "store_operation_seconds", "Time of a store's operation.", _CALL, "store", "operation"
)
PART_UP = _gauge("part_up", "1: a server or store answers; 0: it does not.", "part")
PART_CHANGED = _gauge(
    "part_changed_timestamp_seconds", "When a part last went or came back, UNIX time.", "part"
)
TOOL_CALLS = _counter("tool_calls", "Calls of MCP tools, by what came of them.", "tool", "outcome")
TOOL_SECONDS = _histogram("tool_call_seconds", "Time of a call of an MCP tool.", _CALL, "tool")
WORKER = _gauge("worker_info", "1 for each stage that runs in this process.", "stage")
BUILD = _gauge("build_info", "1; the version of opsmith is the label.", "version")
BUILD.labels(version("opsmith")).set(1)
ProcessCollector(registry=REGISTRY)

for _direction in ("in", "out"):
    LLM_TOKENS.labels(_direction)

_REASONS = (
    ("message of ", "too_long"),
    ("channels; at most", "too_many_channels"),
    ("half of a surrogate", "bad_text"),
    ("no JSON object", "no_json"),
    ("no device_id", "no_device"),
    ("device_id is longer", "bad_device"),
    ("no timestamp", "no_time"),
    ("timestamp is more than", "ahead_of_clock"),
    ("timestamp ", "bad_time"),
)


class Timing:
    """Times one block into a histogram, also where it raises."""

    __slots__ = ("_child", "_since")

    def __init__(self, child: Histogram) -> None:
        self._child = child
        self._since = 0.0

    def __enter__(self) -> None:
        self._since = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._child.observe(time.perf_counter() - self._since)


def timed(store: str, operation: str) -> Timing:
    """Time an operation of a store, such as `timed("tables", "write")`.

    >>> with timed("tables", "read"):
    ...     pass
    """
    return Timing(operation_seconds(store, operation))


def step(stage: str, name: str) -> Timing:
    """Time a step of a stage's batch, such as `step("ingest", "parse")`."""
    return Timing(_step(stage, name))


class Tally(Protocol):
    """What came of the messages so far."""

    received: int
    stored: int
    repeated: int
    late: int
    bad_values: int
    implausible_values: int


class Followed:
    """Passes on how far a tally has gone since it was looked at last.

    Args:
        tally: It only grows.
    """

    _COUNTERS = (
        ("received", MESSAGES),
        ("stored", READINGS_STORED),
        ("repeated", READINGS_REPEATED),
        ("late", READINGS_LATE),
        ("bad_values", VALUES.labels("bad")),
        ("implausible_values", VALUES.labels("implausible")),
    )

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._told = dict.fromkeys((name for name, _ in self._COUNTERS), 0)

    def tell(self) -> None:
        """Count what has come since; once a batch."""
        for name, counter in self._COUNTERS:
            now: int = getattr(self._tally, name)
            if now > self._told[name]:
                counter.inc(now - self._told[name])
                self._told[name] = now


def count_dead(reason: str) -> None:
    """Count a message that could not be used, under the class of its reason."""
    # What a reason begins with is ours; further on it may quote the message.
    told = reason.lstrip("0123456789 ")
    known = (name for start, name in _REASONS if told.startswith(start))
    DEAD_LETTERS.labels(next(known, "other")).inc()


def count_call(tool: str, outcome: str, seconds: float) -> None:
    """Count a call of an MCP tool.

    Args:
        tool: Its name, of those that there are.
        outcome: The state of its result, or the kind of its error.
        seconds: It took.
    """
    calls, times = _call(tool, outcome)
    calls.inc()
    times.observe(seconds)


def count_alert(change: str, alert: Alert) -> None:
    """Count a change of an alert that was written; `change` as in `AlertEvent`."""
    ALERT_CHANGES.labels(change, alert.alert_level.value, alert.alert_type).inc()
    if change == "raised" and alert.held is not None:
        SUPPRESSED.labels(alert.held.value).inc()


def render(*refresh: Callable[[], object]) -> tuple[bytes, str]:
    """All metrics as text, and its content type.

    Args:
        refresh: Each sets gauges whose values are looked up, such as the outbox's; where one
            fails with an error of ours, its gauges stay as they were.
    """
    for one in refresh:
        with contextlib.suppress(OpsmithError):
            one()
    return generate_latest(REGISTRY), CONTENT_TYPE


@cache
def operation_seconds(store: str, operation: str) -> Histogram:
    """Where the times of a store's operation are gathered."""
    return STORE_SECONDS.labels(store, operation)


@cache
def _call(tool: str, outcome: str) -> tuple[Counter, Histogram]:
    return TOOL_CALLS.labels(tool, outcome), TOOL_SECONDS.labels(tool)


@cache
def _step(stage: str, name: str) -> Histogram:
    return STAGE_SECONDS.labels(stage, name)
