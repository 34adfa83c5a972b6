"""Names of the plant, as people and other systems spell them.

>>> plain("pump 1") == plain("PUMP_01")
True
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches


def plain(name: str) -> str:
    """A name without case, separators and leading zeros."""
    return re.sub(r"0+(?=\d)", "", re.sub(r"[\s_\-.]+", "", name.casefold()))


def near(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'X'?` for the name that is most alike, or nothing."""
    known = {plain(one): one for one in names}
    found = get_close_matches(plain(name), known, n=1, cutoff=0.6)
    return f"; did you mean {known[found[0]]!r}?" if found else ""
