"""Markdown as Chainlit reads it: text that it would take for a directive stays text."""

import re

_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_DIRECTIVE = re.compile(r"(?<!\\)(?<!:)(:{1,3})(?=[A-Za-z])")


def without_directives(text: str) -> str:
    r"""The same text, in which a colon before a letter starts nothing; code is left alone.

    Chainlit reads `:name` as a directive and drops it, so that "state:RUNNING" would lose its word.

    >>> without_directives("state:RUNNING at 12:30, see `a:b` and https://example.org")
    'state\\:RUNNING at 12:30, see `a:b` and https://example.org'
    """
    parts = _CODE.split(text)
    parts[::2] = [_DIRECTIVE.sub(_escaped, part) for part in parts[::2]]
    return "".join(parts)


def _escaped(colons: re.Match[str]) -> str:
    return "".join(f"\\{colon}" for colon in colons.group())
