"""Numbers, times and words of plain JSON, read as machine code; the rest is left to the codec.

All read from bytes that end with zeros, at a place `at`, and tell where they ended.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from opsmith.compiled import compiled

Array = npt.NDArray[Any]

_POWERS = 10.0 ** np.arange(23)
_MONTHS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


@compiled
def byte(data: Array, at: int) -> Any:
    """The byte there; not counted from the end where `at` is negative, which takes time."""
    return np.int64(data[np.uint64(at)])


@compiled
def _two(data: Array, at: int) -> int:
    high, low = byte(data, at) - 48, byte(data, at + 1) - 48
    if high < 0 or high > 9 or low < 0 or low > 9:
        return -10_000
    return 10 * high + low


@compiled
def _day(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 (Hinnant 2014, days_from_civil), or -1 where there is no such day."""
    if month < 1 or month > 12 or day < 1 or day > _MONTHS[month - 1]:
        return -1
    if month == 2 and day == 29 and (year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)):
        return -1
    shifted = year - (1 if month <= 2 else 0)
    era = shifted // 400
    of_era = shifted - 400 * era
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@compiled
def _minute_at(data: Array, at: int) -> int:
    """The minute that begins at `at`, as in 2026-03-01T12:30, µs since 1970 or -1."""
    year = 100 * _two(data, at) + _two(data, at + 2)
    if (
        year < 1970
        or byte(data, at + 4) != 45
        or byte(data, at + 7) != 45
        or byte(data, at + 13) != 58
        or (byte(data, at + 10) != 84 and byte(data, at + 10) != 32)
    ):
        return -1
    day = _day(year, _two(data, at + 5), _two(data, at + 8))
    hour, minute = _two(data, at + 11), _two(data, at + 14)
    if day < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return -1
    return ((day * 24 + hour) * 60 + minute) * 60_000_000


@compiled
def moment_at(  # noqa: C901 - a grammar, in its order
    data: Array, wide: Array, at: int, latest: Array
) -> tuple[int, int]:
    """The time in the string that begins at `at`, µs since 1970 or -1; and where it ends.

    Args:
        data: The bytes.
        wide: The eight bytes from each place on as one number.
        at: Where.
        latest: Shape (3,): the 16 bytes of the minute that was read last, and that minute, -1
            where there is none; rewritten. Most are in the same one.
    """
    first, second = np.int64(wide[np.uint64(at)]), np.int64(wide[np.uint64(at + 8)])
    if latest[2] < 0 or first != latest[0] or second != latest[1]:
        latest[0], latest[1], latest[2] = first, second, _minute_at(data, at)
        if latest[2] < 0:
            return -1, at
    seconds = _two(data, at + 17)
    if byte(data, at + 16) != 58 or seconds < 0 or seconds > 59:
        return -1, at
    time = latest[2] + seconds * 1_000_000
    at += 19
    if byte(data, at) == 46:
        at += 1
        scale = 100_000
        begin = at
        while 48 <= byte(data, at) <= 57:
            # Digits beyond the sixth are cut off, as `datetime.fromisoformat` does.
            time += scale * (byte(data, at) - 48)
            scale //= 10
            at += 1
        if at == begin:
            return -1, at
    if byte(data, at) == 90:
        at += 1
    elif byte(data, at) == 43 or byte(data, at) == 45:
        hours, minutes = _two(data, at + 1), _two(data, at + 4)
        if byte(data, at + 3) != 58 or hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
            return -1, at
        away = (hours * 60 + minutes) * 60_000_000
        time += -away if byte(data, at) == 43 else away
        at += 6
    if byte(data, at) != 34:
        return -1, at
    return time, at


@compiled
def epoch_at(data: Array, at: int) -> tuple[int, int]:
    """The time of a whole number of seconds or milliseconds, µs since 1970 or -1; its end."""
    if byte(data, at) == 48:
        return -1, at
    number = 0
    begin = at
    while 48 <= byte(data, at) <= 57 and at - begin < 14:
        number = 10 * number + byte(data, at) - 48
        at += 1
    # The end of the number; a fraction, an exponent or more digits are left to the codec.
    if byte(data, at) != 44 and byte(data, at) != 125 and byte(data, at) != 32:
        return -1, at
    return number * (1000 if number > 100_000_000_000 else 1_000_000), at


@compiled
def _exact_quotient(mantissa: int, power: float) -> float:
    """The float64 nearest to mantissa / power, or NaN where it is too close to a tie.

    The remainder is taken exactly (Dekker 1971, Numer. Math. 18, 224-242); the correction that
    it gives is right to 2**-51, so that where a shade less and a shade more of it round alike,
    so does the true one.
    """
    high = float(mantissa)
    low = float(mantissa - np.int64(high))
    quotient = high / power
    product = quotient * power
    big = 134217729.0 * quotient
    q_high = big - (big - quotient)
    q_low = quotient - q_high
    big = 134217729.0 * power
    p_high = big - (big - power)
    p_low = power - p_high
    error = q_low * p_low - (((product - q_high * p_high) - q_low * p_high) - q_high * p_low)
    correction = (((high - product) - error) + low) / power
    less = quotient + correction * (1 - 2.0**-48)
    return less if less == quotient + correction * (1 + 2.0**-48) else np.nan


@compiled
def number_at(data: Array, at: int) -> tuple[float, int]:  # noqa: C901 - a grammar, in its order
    """The number at `at` and where it ends; -1 for that where it is left to the codec.

    Taken are those of up to 18 digits of which one float64 operation gives the nearest float64
    (Clinger 1990, PLDI, 92-101), or two with an exact remainder.
    """
    negative = byte(data, at) == 45
    if negative:
        at += 1
    mantissa = 0
    begin = at
    while 48 <= byte(data, at) <= 57:
        mantissa = 10 * mantissa + (byte(data, at) - 48)
        at += 1
        if at - begin > 18:
            return 0.0, -1
    whole = at - begin
    if whole == 0 or (whole > 1 and byte(data, begin) == 48):
        return 0.0, -1
    exponent = 0
    if byte(data, at) == 46:
        at += 1
        begin = at
        while 48 <= byte(data, at) <= 57:
            mantissa = 10 * mantissa + (byte(data, at) - 48)
            at += 1
            if whole + at - begin > 18:
                return 0.0, -1
        exponent = begin - at
        if exponent == 0:
            return 0.0, -1
    if byte(data, at) == 101 or byte(data, at) == 69:
        at += 1
        minus = byte(data, at) == 45
        if minus or byte(data, at) == 43:
            at += 1
        begin = at
        power = 0
        while 48 <= byte(data, at) <= 57 and at - begin < 5:
            power = 10 * power + (byte(data, at) - 48)
            at += 1
        if at == begin or 48 <= byte(data, at) <= 57:
            return 0.0, -1
        exponent += -power if minus else power
    if exponent < -22 or exponent > 22 or (negative and mantissa == 0):
        return 0.0, -1
    if mantissa <= 2**53:
        value = float(mantissa)
        value = value / _POWERS[-exponent] if exponent < 0 else value * _POWERS[exponent]
    elif exponent < 0:
        value = _exact_quotient(mantissa, _POWERS[-exponent])
        if np.isnan(value):
            return 0.0, -1
    else:
        return 0.0, -1
    return (-value if negative else value), at


@compiled
def word_at(data: Array, at: int) -> tuple[int, int]:
    """Where null, true or false at `at` ends, or -1; and whether it is null."""
    if (
        byte(data, at) == 110
        and byte(data, at + 1) == 117
        and byte(data, at + 2) == 108
        and byte(data, at + 3) == 108
    ):
        return at + 4, 1
    if (
        byte(data, at) == 116
        and byte(data, at + 1) == 114
        and byte(data, at + 2) == 117
        and byte(data, at + 3) == 101
    ):
        return at + 4, 0
    if (
        byte(data, at) == 102
        and byte(data, at + 1) == 97
        and byte(data, at + 2) == 108
        and byte(data, at + 3) == 115
    ):
        return (at + 5 if byte(data, at + 4) == 101 else -1), 0
    return -1, 0
