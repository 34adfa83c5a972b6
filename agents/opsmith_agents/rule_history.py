"""What a device's work orders say for and against a failure mode, beside its readings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from opsmith.domain.work_orders import UNDONE, OrderStatus
from opsmith_mcp.knowledge import RankedMode, Ranking
from opsmith_mcp.order_views import OrderLine

LATELY = timedelta(days=14)
"""Work on a device this long ago may be why it is out of order now."""
RENEWED = timedelta(days=60)
"""What was remedied this long ago is hardly worn again."""
_BEFORE = timedelta(days=730)
"""Orders older than this say nothing of today's device."""
_AGAIN = 0.4
"""Log odds for each earlier order of the same failure mode: what failed once fails rather again."""
_FOUND = 0.6
"""Log odds where an order that is not done, and that a person made or looked at, names the mode:
somebody has found it already."""
_MOST = 1.2
"""Log odds that history may add or take away in all: it never outweighs clear readings."""

Reason = Literal["history_again", "history_worked", "history_renewed", "history_found"]


@dataclass(frozen=True, slots=True)
class Shift:
    """What history does to one failure mode."""

    entry_id: str
    name: str
    log_odds: float
    reason: Reason
    """The reason that weighs most; a key of the sentences."""
    order_no: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """A ranking, weighed by history."""

    ranked: tuple[RankedMode, ...] = ()
    """The likeliest first, and those that the channels cannot tell from it beside it."""
    established: bool = False
    shifts: tuple[Shift, ...] = ()
    """The greatest first."""


def weigh(ranking: Ranking | None, orders: Sequence[OrderLine], now: datetime) -> Weighed:
    """Weigh a ranking by what was done to the device before.

    Args:
        ranking: By the readings; None: there is none.
        orders: Of the device, those that it had at `now`.
        now: Plant time.
    """
    if ranking is None:
        return Weighed()
    shifts = [one for mode in ranking.ranked if (one := _shift(mode, orders, now)) is not None]
    if not shifts:
        return Weighed(ranking.ranked, ranking.established)
    by_id = {one.entry_id: one.log_odds for one in shifts}
    odds = [mode.probability * math.exp(by_id.get(mode.entry_id, 0.0)) for mode in ranking.ranked]
    # What is not told keeps its share beside those that are.
    rest = 1.0 - sum(mode.probability for mode in ranking.ranked)
    total = sum(odds) + max(rest, 0.0)
    ranked = sorted(
        (
            mode.model_copy(update={"probability": round(one / total, 4)})
            for mode, one in zip(ranking.ranked, odds, strict=True)
        ),
        key=lambda mode: -mode.probability,
    )
    group = {ranked[0].entry_id, *ranked[0].group}
    together = sum(mode.probability for mode in ranked if mode.entry_id in group)
    established = (
        ranked[0].standing == "supported"
        and ranking.none_probability / total < together
        and (ranking.established or together > 0.5)
    )
    shifts.sort(key=lambda one: -abs(one.log_odds))
    return Weighed(tuple(ranked), established, tuple(shifts))


def _shift(mode: RankedMode, orders: Sequence[OrderLine], now: datetime) -> Shift | None:
    found: list[tuple[float, Reason, str]] = []
    again = 0
    for order in orders:
        same = order.failure_mode == mode.entry_id
        if order.status in UNDONE:
            # One that opsmith wrote on another alert of the same event would only echo.
            of_person = order.reviewed_by is not None or not order.trace_ids
            if same and of_person:
                found.append((_FOUND, "history_found", order.order_no))
            continue
        done = order.completed_at
        if order.status is not OrderStatus.COMPLETED or done is None or not done <= now:
            continue
        age = now - done
        if same and age <= RENEWED and mode.renewed:
            found.append((mode.renewed, "history_renewed", order.order_no))
        elif same and age <= _BEFORE and again < 2:
            again += 1
            found.append((_AGAIN, "history_again", order.order_no))
        told = any(reason == "history_worked" for _, reason, _ in found)
        if not same and not told and age <= LATELY and mode.after_work:
            found.append((mode.after_work, "history_worked", order.order_no))
    if not found:
        return None
    total = min(max(sum(one for one, _, _ in found), -_MOST), _MOST)
    _, reason, order_no = max(found, key=lambda one: abs(one[0]))
    return Shift(mode.entry_id, mode.name, total, reason, order_no) if total else None
