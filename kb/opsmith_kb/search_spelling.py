"""What a misspelt English word was meant to be, among the words that the search knows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

_SHORTEST = 4
"""Shorter words are too near to too many others."""
_MOST = 3
"""Words that a misspelt one may stand for."""


class Spelling:
    """Words by what is left of them when a letter is dropped (after SymSpell, Garbe 2012).

    Args:
        known: Words as they may be written, each with the stem that it means.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._by_rest = defaultdict[str, list[str]](list)
        for word in known:
            for rest in {word, *_without_one(word)}:
                self._by_rest[rest].append(word)

    def nearest(self, word: str) -> tuple[str, ...]:
        """The stems of the words nearest to it; none where it is too short or too far off.

        >>> Spelling({"bearing": "bear", "cavitation": "cavitation"}).nearest("beering")
        ('bear',)
        """
        if len(word) < _SHORTEST or not word.isalpha():
            return ()
        allowed = 1 if len(word) < 7 else 2
        rests = {word, *_without_one(word)}
        if allowed == 2:
            rests |= {less for rest in tuple(rests) for less in _without_one(rest)}
        candidates = {one for rest in rests for one in self._by_rest.get(rest, ())}
        # Whoever mistypes a word seldom misses how it begins.
        found = sorted(
            (away, one[0] != word[0], one)
            for one in candidates
            if len(one) >= 3 and (away := distance(word, one, allowed)) <= allowed
        )
        best = [one for away, off, one in found if (away, off) == found[0][:2]]
        return tuple(dict.fromkeys(self._known[one] for one in best))[:_MOST]


def distance(one: str, other: str, most: int) -> int:
    """Letters to drop, add, change or swap with their neighbour; `most` + 1 where it is more.

    The optimal string alignment distance: Boytsov (2011), ACM JEA 16, 1.1.

    >>> distance("bearign", "bearing", 2), distance("seel", "seal", 1), distance("pump", "fan", 2)
    (1, 1, 3)
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, row = list[int](), list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        new = [i]
        for j, b in enumerate(other, 1):
            least = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                least = min(least, before[j - 2] + 1)
            new.append(least)
        before, row = row, new
    return min(row[-1], most + 1)


def _without_one(word: str) -> Iterable[str]:
    return (word[:i] + word[i + 1 :] for i in range(len(word)))
