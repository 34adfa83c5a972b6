"""Mistyped words, put right before they are understood."""

import re
from functools import lru_cache

from opsmith_agents.grammar_words import VOCABULARY, ZH_TYPOS

_SHORTEST = 5
"""Letters of a word below which it is left alone: too many are near."""
_LONG = 8
"""Letters from which on two slips are forgiven."""


def mended(text: str) -> str:
    """The text with its mistyped words as they were meant; ids and other words stay.

    >>> mended("satus of PUMP_01"), mended("temprature alrams"), mended("空压机报景")
    ('status of PUMP_01', 'temperature alarms', '空压机报警')
    """
    for wrong, right in ZH_TYPOS:
        text = re.sub(wrong, right, text)
    return re.sub(r"(?<![\w-])[A-Za-z]{5,}(?![\w-])", lambda hit: _word(hit.group()), text)


@lru_cache(maxsize=4096)
def _word(typed: str) -> str:
    low = typed.lower()
    if low in VOCABULARY or len(low) < _SHORTEST:
        return typed
    most = 2 if len(low) >= _LONG else 1
    near = {
        known: slips
        for known in VOCABULARY
        if abs(len(known) - len(low)) <= most and (slips := _slips(low, known)) <= most
    }
    if not near:
        return typed
    return min(near, key=lambda known: (near[known], known[0] != low[0], known))


def _slips(a: str, b: str) -> int:
    """Letters that are wrong, missing, too many or swapped with the next.

    Source: optimal string alignment, after Damerau (1964), CACM 7(3), 171-176.
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
