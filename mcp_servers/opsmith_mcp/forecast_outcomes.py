"""Forecasts held against what came: by channel, and of failures for the plant as a whole.

One forecast of a channel waits at a time. When all that it foretold has come, it is compared and
the next one is made; so a day's forecasts are a day apart, and tell about as much as they seem to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from opsmith.domain.forecasts import RecordFigures
from opsmith.domain.readings import FloatArray
from opsmith.storage.forecasts import PLANT, ForecastStore, KeptRecord
from opsmith_detectors.forecast_record import FEWEST, Record, isotonic, matured
from opsmith_mcp.figures import figure
from opsmith_mcp.forecast_cache import Outlook
from opsmith_mcp.forecast_history import History, times_of

FAILURE = "failure within 7 days"
"""Instead of a channel: what was said of a device's failure."""
WEEK = 7 * 86_400
BINS = 20
LEAST_OUTCOMES, LEAST_FAILURES = 40, 5
"""Below these what was said of failures is left as it is."""

Outcomes = Mapping[str, Any]
"""JSON of all failures foretold: by bin how many, their probabilities' sum, how many came."""


def figures_of(kept: KeptRecord) -> RecordFigures | None:
    """A record as it is shown; None: nothing has come yet."""
    record = record_of(kept)
    if not record.matured:
        return None
    return RecordFigures(
        forecasts=record.matured,
        step_minutes=kept.step_s / 60,
        mae=figure(record.error) or 0.0,
        mae_to_last_value=round(record.ratio, 3),
        coverage=round(record.covered, 3),
        drifted=has_drifted(kept),
    )


def record_of(kept: KeptRecord) -> Record:
    """The record in a row."""
    known = Record.__dataclass_fields__
    return Record(**{name: x for name, x in kept.record.items() if name in known})


def has_drifted(kept: KeptRecord) -> bool:
    """Whether the methods did far worse than their backtest said."""
    return record_of(kept).is_worse_than(float(kept.record.get("backtest", np.inf)))


def correction_of(kept: KeptRecord | None) -> float:
    """Factor on the interval; 1 until enough has come."""
    record = Record() if kept is None else record_of(kept)
    return record.correction if record.matured >= FEWEST else 1.0


def waiting(
    device_id: str,
    channel: str,
    outlook: Outlook,
    last: float,
    now: datetime,
    before: KeptRecord | None,
) -> KeptRecord | None:
    """A row with a new forecast that waits; None where there is none to make."""
    c = outlook.channels.index(channel)
    median = outlook.told.median[c]
    if np.isnan(median).any() or not np.isfinite(last):
        return None
    low, high = (each[c] for each in outlook.told.interval(0.8))
    reach = correction_of(before) * (high - low) / 2
    seconds = outlook.step
    return KeptRecord(
        device_id=device_id,
        channel=channel,
        step_s=seconds,
        record={
            **(asdict(Record()) if before is None else before.record),
            "backtest": float(outlook.tested.error[c]),
        },
        pending={
            "end": outlook.end.isoformat(),
            "median": _short(median),
            "low": _short(median - reach),
            "high": _short(median + reach),
            "last": last,
        },
        due_at=outlook.end + timedelta(seconds=seconds * len(median)),
        updated_at=now,
    )


def compared(kept: KeptRecord, history: History, now: datetime) -> KeptRecord:
    """A row with its waiting forecast held against what came; it waits no longer.

    Args:
        kept: With a forecast that is due.
        history: At its step, up to now.
        now: Plant time.
    """
    pending = kept.pending
    assert pending is not None
    median = np.array(pending["median"])
    begin = np.datetime64(datetime.fromisoformat(pending["end"]).replace(tzinfo=None), "us")
    at = times_of(history)
    first = int(np.searchsorted(at, begin))
    came = np.full(len(median), np.nan)
    values = history.column(kept.channel)[first : first + len(median)]
    came[: len(values)] = values
    record = matured(
        record_of(kept),
        median,
        np.array(pending["low"]),
        np.array(pending["high"]),
        float(pending["last"]),
        came,
    )
    return kept._replace(
        record={**kept.record, **asdict(record)}, pending=None, due_at=None, updated_at=now
    )


def outcomes(store: ForecastStore) -> KeptRecord | None:
    """What came of the failures that were foretold in the plant."""
    return next((one for one in store.records(PLANT) if one.channel == FAILURE), None)


def with_outcome(kept: KeptRecord | None, said: float, came: bool, now: datetime) -> KeptRecord:
    """The plant's outcomes with one more."""
    record = dict(kept.record) if kept is not None else {}
    counts, sums, failures = (
        list(record.get(name, [0.0] * BINS)) for name in ("counts", "said", "came")
    )
    place = min(BINS - 1, int(said * BINS))
    counts[place] += 1
    sums[place] += said
    failures[place] += came
    return KeptRecord(
        PLANT,
        FAILURE,
        WEEK,
        {"counts": counts, "said": sums, "came": failures},
        None,
        None,
        now,
    )


def calibration(record: Outcomes | None) -> tuple[FloatArray, FloatArray, int] | None:
    """Said and true probabilities to interpolate between, and how many outcomes tell them.

    An equal share of "as it was said" is mixed in, worth `LEAST_OUTCOMES`: few outcomes move
    little.
    """
    if record is None or not record:
        return None
    counts = np.array(record["counts"], dtype=np.float64)
    came = np.array(record["came"], dtype=np.float64)
    number = int(counts.sum())
    if number < LEAST_OUTCOMES or came.sum() < LEAST_FAILURES:
        return None
    there = counts > 0
    said = np.array(record["said"])[there] / counts[there]
    each = counts[there].astype(np.int64)
    hits = came[there].astype(np.int64)
    many = np.repeat(said, each)
    happened = np.concatenate(
        [np.repeat([1.0, 0.0], [hit, n - hit]) for hit, n in zip(hits, each, strict=True)]
    )
    x, y = isotonic(many, happened)
    share = number / (number + LEAST_OUTCOMES)
    return np.asarray(x), np.asarray(share * y + (1 - share) * x), number


def calibrated(said: float, table: tuple[FloatArray, FloatArray, int] | None) -> float:
    """A probability corrected by what came; 0 stays 0 and 1 stays 1."""
    if table is None or said in (0.0, 1.0):
        return said
    x, y, _ = table
    known = np.interp(said, np.concatenate([[0.0], x, [1.0]]), np.concatenate([[0.0], y, [1.0]]))
    return float(known)


def due(records: Sequence[KeptRecord], now: datetime) -> list[KeptRecord]:
    """Rows whose forecast can be held against what came."""
    return [one for one in records if one.due_at is not None and one.due_at <= now]


def _short(values: FloatArray) -> list[float]:
    return [float(f"{x:.7g}") for x in values.tolist()]


def utc(text: str) -> datetime:
    """A moment from JSON."""
    return datetime.fromisoformat(text).astimezone(UTC)
