"""Names looked up in a table by the bytes of messages, eight of them at a time."""

from typing import Any, Final

import numpy as np

from opsmith.bus.scalars import Array
from opsmith.compiled import compiled

WORD: Final = 8
"""Bytes that are read at once."""
_LOW: Final = 0xFFFFFFFF


def words_of(data: Array) -> Array:
    """The eight bytes from each place on as one number; shape (n - 7,), a view."""
    return np.ndarray((len(data) - WORD + 1,), np.dtype("<i8"), data, strides=(1,))


@compiled
def _cut(word: Any, size: int) -> Any:
    """The first bytes of a word, 0 to 7 of them."""
    return word & ((1 << (8 * size)) - 1)


@compiled
def hashed(wide: Array, at: int, end: int) -> int:
    """FNV-1a of 32 bits (Fowler, Noll and Vo 1991), of four bytes at a time, of those in [at, end).

    Mixed at the end, since the lowest bits would else say little of the last bytes.
    """
    code: Any = 2166136261
    while at < end:
        word: Any = np.int64(wide[np.uint64(at)])
        if end - at < WORD:
            word = _cut(word, end - at)
        code = ((code ^ (word & _LOW)) * 16777619) & _LOW
        code = ((code ^ (code >> 15) ^ ((word >> 32) & _LOW)) * 16777619) & _LOW
        at += WORD
    code = ((code ^ (code >> 16)) * 0x45D9F3B) & _LOW
    return code ^ (code >> 16)


@compiled
def enter(slots: Array, wide: Array, bounds: Array, first: int, end: int) -> None:
    """Enter the names `first` to `end` into the table; none of them is in it.

    Args:
        slots: Shape (s,), s a power of 2: the name at each place, -1 where there is none.
        wide: The bytes of all names, as of `words_of`.
        bounds: Name i is in [bounds[i], bounds[i + 1]).
        first: Of the names to enter.
        end: The one after the last of them.
    """
    mask = len(slots) - 1
    for name in range(first, end):
        place = hashed(wide, bounds[name], bounds[name + 1]) & mask
        while slots[place] >= 0:
            place = (place + 1) & mask
        slots[place] = name


@compiled
def is_name(wide: Array, at: int, text: Array, bounds: Array, name: int) -> bool:
    """Whether the name stands at `at`, and a quote after it; both texts as of `words_of`."""
    begin: int = bounds[name]
    size: int = bounds[name + 1] - begin
    while size >= WORD:
        if wide[np.uint64(at)] != text[np.uint64(begin)]:
            return False
        at += WORD
        begin += WORD
        size -= WORD
    word: Any = np.int64(wide[np.uint64(at)])
    if _cut(word ^ np.int64(text[np.uint64(begin)]), size) != 0:
        return False
    return (word >> (8 * size)) & 255 == 34


@compiled
def find(wide: Array, at: int, end: int, slots: Array, text: Array, bounds: Array) -> int:
    """The name in [at, end), or -1."""
    mask = len(slots) - 1
    place = hashed(wide, at, end) & mask
    while slots[place] >= 0:
        name: int = slots[place]
        if bounds[name + 1] - bounds[name] == end - at and is_name(wide, at, text, bounds, name):
            return name
        place = (place + 1) & mask
    return -1
