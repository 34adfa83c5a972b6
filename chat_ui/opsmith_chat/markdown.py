"""Markdown as Chainlit reads it: text that it would take for a directive stays text."""

import re
from collections.abc import Callable

_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_NO_IMAGE = "!\u200b["
_DIRECTIVE = re.compile(r"(?<!\\)(?<!:)(:{1,3})(?=[A-Za-z])")


def without_directives(text: str) -> str:
    r"""The same text, in which a colon before a letter starts nothing; code is left alone.

    An image becomes a link: a page loads nothing from elsewhere, whoever wrote the text.

    Chainlit reads `:name` as a directive and drops it, so that "state:RUNNING" would lose its word.

    >>> without_directives("state:RUNNING at 12:30, see `a:b` and https://example.org")
    'state\\:RUNNING at 12:30, see `a:b` and https://example.org'
    """
    # In code too: what we take for code need not be what Markdown does.
    return outside_code(text, lambda part: _DIRECTIVE.sub(_escaped, part)).replace("![", _NO_IMAGE)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The same text with what is no code changed."""
    parts = _CODE.split(text)
    parts[::2] = [change(part) for part in parts[::2]]
    return "".join(parts)


def _escaped(colons: re.Match[str]) -> str:
    return "".join(f"\\{colon}" for colon in colons.group())
