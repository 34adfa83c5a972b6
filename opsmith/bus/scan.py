"""The plain JSON of readings, scanned as machine code: anything unusual is left to the codec."""

from typing import Final

import numpy as np

from opsmith.bus.lookup import WORD, find, is_name
from opsmith.bus.scalars import Array, byte, epoch_at, moment_at, number_at, word_at
from opsmith.compiled import compiled

TAKEN: Final = 0
UNUSUAL: Final = 1
"""The scanner does not judge it."""
UNKNOWN: Final = 2
"""It says a name that is not in the table; told where."""

# What a key of a message stands for.
CHANNEL: Final = 0
MEASUREMENT: Final = 1
"""A channel that must be a number, since its name is known; text in another is a remark."""
DEVICE: Final = 2
TIME: Final = 3
STATUS: Final = 4
FACTORY: Final = 5
LINE: Final = 6
IGNORED: Final = 7

MOST_SHAPES: Final = 64
"""Different sequences of channels in one call; a message beyond them is left to the codec."""

_SPACES: Final = 0x2020202020202020
"""Eight of them."""
_GOOD: Final = 0
_BAD: Final = 2
_FIRST: Final = 365 * 86_400_000_000
_LAST: Final = 84_006 * 86_400_000_000
"""From 1971 to before 2200, as the codec; µs since 1970."""


@compiled
def _quote(data: Array, at: int) -> int:
    """Where the string that begins at `at` ends, or -1 where it holds an escape or a control."""
    while byte(data, at) != 34:
        if byte(data, at) < 32 or byte(data, at) == 92:
            return -1
        at += 1
    return at


@compiled
def _blank(data: Array, at: int) -> int:
    while (
        byte(data, at) == 32 or byte(data, at) == 10 or byte(data, at) == 13 or byte(data, at) == 9
    ):
        at += 1
    return at


@compiled
def _ascii(data: Array, at: int, end: int) -> bool:
    while at < end and byte(data, at) < 128:
        at += 1
    return at == end


@compiled
def scan(  # noqa: C901 - a function of its own costs more to call than the work in it
    data: Array,
    wide: Array,
    bounds: Array,
    todo: Array,
    slots: Array,
    text: Array,
    names: Array,
    roles: Array,
    usable: Array,
    follow: Array,
    after: Array,
    verdict: Array,
    miss: Array,
    device: Array,
    time: Array,
    words: Array,
    shape: Array,
    cells: Array,
    value: Array,
    quality: Array,
    key: Array,
    shapes: Array,
    used: int,
    known: int,
    most: int,
) -> tuple[int, int]:
    """Scan messages; those of verdict `TAKEN` have their row of each output filled in.

    Args:
        data: The messages, one after the other, each followed by a zero byte.
        wide: The same, as of `words_of`.
        bounds: Shape (n + 1,), where each begins; it ends before the byte before the next.
        todo: Which of them to scan.
        slots: The table of names (`enter`); so `text`, as of `words_of`, and `names`, its bounds.
        text: See there.
        names: See there; name 0 is the empty text.
        roles: Shape (names,), what each name stands for as a key.
        usable: Shape (names,), whether it can be a device's.
        follow: Shape (names + 1,), which key came after each the last time, the last of them for
            the first key; rewritten.
        after: Shape (names,), which device came after each the last time, if it can be one, or -1;
            rewritten. Devices often come in the same order: no need to look each one up.
        verdict: Shape (n,), out.
        miss: Shape (n, 2), out: begin and end of the name where the verdict is `UNKNOWN`.
        device: Shape (n,), out: a name.
        time: Shape (n,), out: µs since 1970.
        words: Shape (n, 3), out: status, factory and line as names.
        shape: Shape (n,), out: the row of `shapes`.
        cells: Shape (n,), out: where the message's values begin.
        value: One a channel and message, out; so `quality`.
        quality: See there.
        key: The channel of each, a name.
        shapes: Shape (`MOST_SHAPES`, 2), out: where a message of that shape has its values, and
            how many.
        used: Values that are there already.
        known: Shapes that are there already.
        most: Channels of a message.

    Returns:
        Values and shapes that are there now.
    """
    stamps = np.zeros(len(roles), np.int64)
    recent = np.zeros(3, np.int64)
    minute = np.full(3, -1, np.int64)
    latest = before = 0
    for turn in range(len(todo)):
        row: int = todo[turn]
        end = bounds[row + 1] - 1
        verdict[row] = UNUSUAL
        at = _blank(data, bounds[row])
        if byte(data, at) != 123:
            continue
        at = _blank(data, at + 1)
        last = len(roles)
        cell = used
        has_device = has_time = False
        words[row, 0] = words[row, 1] = words[row, 2] = 0
        closed = False
        while byte(data, at) == 34:
            at += 1
            name: int = follow[last]
            if name >= 0 and is_name(wide, at, text, names, name):
                at += names[name + 1] - names[name]
            else:
                begin = at
                at = _quote(data, at)
                if at < 0:
                    break
                name = find(wide, begin, at, slots, text, names)
                if name < 0:
                    verdict[row], miss[row, 0], miss[row, 1] = UNKNOWN, begin, at
                    break
                follow[last] = name
            last = name
            if stamps[name] == turn + 1:
                break
            stamps[name] = turn + 1
            at = _blank(data, at + 1)
            if byte(data, at) != 58:
                break
            at = _blank(data, at + 1)
            first = byte(data, at)
            role: int = roles[name]
            if first == 34:
                at += 1
                if role == TIME:
                    moment, at = moment_at(data, wide, at, minute)
                    if moment < _FIRST or moment >= _LAST:
                        break
                    time[row], has_time = moment, True
                elif role in (STATUS, FACTORY, LINE):
                    kind = role - STATUS
                    word: int = recent[kind]
                    if is_name(wide, at, text, names, word):
                        at += names[word + 1] - names[word]
                    else:
                        begin = at
                        at = _quote(data, at)
                        if at < 0:
                            break
                        word = find(wide, begin, at, slots, text, names)
                        if word < 0:
                            verdict[row], miss[row, 0], miss[row, 1] = UNKNOWN, begin, at
                            break
                        recent[kind] = word
                    words[row, kind] = word
                elif role == DEVICE:
                    word = after[before]
                    if word >= 0 and is_name(wide, at, text, names, word):
                        at += names[word + 1] - names[word]
                    else:
                        begin = at
                        at = _quote(data, at)
                        if at < 0:
                            break
                        word = find(wide, begin, at, slots, text, names)
                        if word < 0:
                            verdict[row], miss[row, 0], miss[row, 1] = UNKNOWN, begin, at
                            break
                        if not usable[word]:
                            break
                        after[before] = word
                    before = word
                    device[row], has_device = word, True
                else:
                    begin = at
                    at = _quote(data, at)
                    if at < 0:
                        break
                    if not _ascii(data, begin, at):
                        break
                    elif role == MEASUREMENT:
                        value[cell], quality[cell], key[cell] = np.nan, _BAD, name
                        cell += 1
                at += 1
            elif first == 45 or 48 <= first <= 57:
                if role == DEVICE:
                    break
                if role == TIME:
                    moment, at = epoch_at(data, at)
                    if moment < _FIRST or moment >= _LAST:
                        break
                    time[row], has_time = moment, True
                else:
                    number, at = number_at(data, at)
                    if at < 0:
                        break
                    if role <= MEASUREMENT:
                        value[cell], quality[cell], key[cell] = number, _GOOD, name
                        cell += 1
            else:
                at, nothing = word_at(data, at)
                if at < 0 or role in (DEVICE, TIME):
                    break
                if role == MEASUREMENT or (role == CHANNEL and nothing):
                    value[cell], quality[cell], key[cell] = np.nan, _BAD, name
                    cell += 1
            at = _blank(data, at)
            if byte(data, at) == 44:
                at = _blank(data, at + 1)
                continue
            closed = byte(data, at) == 125
            break
        if not closed or not has_device or not has_time or cell - used > most:
            continue
        at += 1
        while wide[np.uint64(at)] == _SPACES:
            at += WORD
        if _blank(data, at) != end:
            continue
        size = cell - used
        found = -1
        for step in range(known):
            # The shape of the message before comes first.
            other = (latest + step) % known
            if shapes[other, 1] == size:
                begin = int(shapes[other, 0])
                same = True
                for index in range(size):
                    if key[used + index] != key[begin + index]:
                        same = False
                        break
                if same:
                    found = other
                    break
        if found < 0:
            if known == MOST_SHAPES:
                continue
            found = known
            shapes[known, 0], shapes[known, 1] = used, size
            known += 1
        latest = found
        verdict[row], shape[row], cells[row] = TAKEN, found, used
        used = cell
    return used, known
