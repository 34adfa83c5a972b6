"""An answer sentence by sentence: each is held against the evidence before anybody sees it."""

import re
from collections.abc import Callable

_BULLET = r"(?:\s*(?:\d+[.)]|[-*•])\s+)?"
_CLOSING = r"[*_)\]\"'”’]*"
_SENTENCE = re.compile(
    rf"{_BULLET}.+?(?:[.!?]{_CLOSING}(?=\s|$)|[。！？；]{_CLOSING}|\n|$)", re.DOTALL
)
_WHOLE = re.compile(
    rf"{_BULLET}.+?(?:[.!?]{_CLOSING}(?=\s)|[。！？；]{_CLOSING}(?=.)|\n)", re.DOTALL
)
"""A sentence that no further word changes."""

Stands = Callable[[str], bool]


def standing(text: str, stands: Stands) -> tuple[str, int]:
    """What of an answer stands, and how many sentences do not.

    >>> standing("It is at 91.3 °C. It was at 7 °C. See E1.", lambda one: "7 °C" not in one)
    ('It is at 91.3 °C. See E1.', 1)
    """
    found = [one.group() for one in _SENTENCE.finditer(text)]
    kept = [one for one in found if stands(one)]
    return "".join(kept).strip(), len(found) - len(kept)


class Sentences:
    """A `Listener` that tells what stands of an answer, whenever a sentence of it is whole.

    Args:
        stands: Whether a sentence may be shown.
        tell: Gets all that stands so far; empty: what was told before is no answer.
    """

    def __init__(self, stands: Stands, tell: Callable[[str], None]) -> None:
        self._stands = stands
        self._tell = tell
        self._told = ""
        self._kept = ""
        self._rest = ""

    def begins(self) -> None:
        """See `Listener`. What was told before stays until the first sentence of this one."""
        self._kept = self._rest = ""

    def says(self, words: str) -> None:
        """See `Listener`."""
        self._rest += words
        while (whole := _WHOLE.match(self._rest)) is not None:
            self._rest = self._rest[whole.end() :]
            if self._stands(whole.group()):
                self._kept += whole.group()
                self._say(self._kept.strip())

    def calls(self) -> None:
        """See `Listener`."""
        self._kept = self._rest = ""
        self._say("")

    def _say(self, told: str) -> None:
        if told != self._told:
            self._told = told
            self._tell(told)
