"""Times as files write them: which way a column does, and what each cell means in UTC."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_DATES = ["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%Y.%m.%d", "%d-%m-%Y",
          "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y", "%Y%m%d", "%Y年%m月%d日"]  # fmt: skip
_CLOCKS = [" %H:%M:%S", " %H:%M:%S.%f", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "T%H:%M:%S",
           " %H:%M:%S,%f", " %H%M%S", " %H时%M分%S秒", "%H时%M分%S秒", ""]  # fmt: skip
_PATTERNS = [date + clock for date in _DATES for clock in _CLOCKS] + ["%Y%m%d%H%M%S"]
_AMBIGUOUS = {"%d/%m": "%m/%d", "%d-%m": "%m-%d"}
_EPOCHS = {1.0: (1e8, 5e9), 1e3: (1e11, 5e12), 1e6: (1e14, 5e15), 1e9: (1e17, 5e18)}
"""Parts of a second, and between which numbers they give the years 1973 to 2128."""

ISO = "ISO 8601"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENOUGH = 0.8
"""Share of a column's sample that must be a time for the column to be one."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How a column writes times."""

    pattern: str
    """`ISO 8601`, `epoch / N`, or a pattern of `strptime`."""
    zone: tzinfo
    """Of times that name none."""
    per_second: float = 0.0
    """Of an epoch: its units in a second."""
    is_assumed: bool = False
    """Day and month could be the other way round."""

    def read(self, value: object) -> datetime:
        """The moment, UTC, without a zone (as numpy wants it).

        Raises:
            ValueError: It is no time of this format.
        """
        if self.per_second:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError(f"{value!r} is no number")
            try:
                moment = _EPOCH + timedelta(seconds=float(value) / self.per_second)
            except OverflowError as error:
                raise ValueError(f"{value!r} is out of range") from error
            return moment.replace(tzinfo=None)
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no time")
        if self.pattern == ISO:
            moment = datetime.fromisoformat(value.strip())
        else:
            moment = datetime.strptime(value.strip(), self.pattern)  # noqa: DTZ007  zone is ours
        if moment.tzinfo is None:
            if self.zone is UTC:
                return moment
            moment = moment.replace(tzinfo=self.zone)
        try:
            return moment.astimezone(UTC).replace(tzinfo=None)
        except OverflowError as error:
            raise ValueError(f"{value!r} is out of range") from error


def guess_format(sample: Sequence[object], zone: tzinfo) -> TimeFormat | None:
    """How a column writes times, or None where it does not.

    Args:
        sample: Its first cells, text or numbers; empty ones are passed over.
        zone: Of times that name none.
    """
    cells = [cell for cell in sample if cell is not None and str(cell).strip()][:300]
    if not cells:
        return None
    for per_second, (low, high) in _EPOCHS.items():
        numbers = [_number(cell) for cell in cells]
        if _share(number is not None and low <= number < high for number in numbers) >= _ENOUGH:
            return TimeFormat(f"epoch / {per_second:g}", zone, per_second)
    if _fits(iso := TimeFormat(ISO, zone), cells):
        return iso
    fitting = [
        format_
        for pattern in _PATTERNS
        if _fits(format_ := TimeFormat(pattern, zone), cells[:1]) and _fits(format_, cells)
    ]
    return _likeliest(fitting, cells) if fitting else None


def _likeliest(fitting: Sequence[TimeFormat], cells: Sequence[object]) -> TimeFormat:
    """Of day/month and month/day, the one whose times span less; day first where both do alike."""
    first = fitting[0]
    for ours, other in _AMBIGUOUS.items():
        twin = first.pattern.replace(ours, other)
        rivals = [each for each in fitting if each.pattern == twin and twin != first.pattern]
        if rivals:
            best = min((first, *rivals), key=lambda each: _span(each, cells))
            return TimeFormat(best.pattern, best.zone, is_assumed=True)
    return first


def _span(format_: TimeFormat, cells: Sequence[object]) -> timedelta:
    times = [format_.read(cell) for cell in cells if _is_time(format_, cell)]
    return max(times) - min(times)


def _fits(format_: TimeFormat, cells: Sequence[object]) -> bool:
    return _share(_is_time(format_, cell) for cell in cells) >= _ENOUGH


def _is_time(format_: TimeFormat, cell: object) -> bool:
    try:
        format_.read(cell)
    except ValueError:
        return False
    return True


def _number(cell: object) -> float | None:
    try:
        return float(str(cell))
    except ValueError:
        return None


def _share(truths: Iterable[bool]) -> float:
    listed = list(truths)
    return sum(listed) / len(listed)
