r"""Markdown of what clients read as documents: texts of others stay texts in it.

>>> inert("Feed *pump*\n# <b>")
'Feed \\*pump\\* # \\<b\\>'
"""

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo

from opsmith.domain.base import Language
from opsmith.errors import BadInput

LONGEST = 2000
"""Signs of one text that are told."""

_MARKUP = re.compile(r"[\\`*\[\]<>|]")
_SPACE = re.compile(r"\s+")


def inert(text: object) -> str:
    """A text on one line, in which nothing is markup."""
    line = _SPACE.sub(" ", str(text)).strip()
    line = "".join(sign for sign in line if sign.isprintable())
    if len(line) > LONGEST:
        line = line[: LONGEST - 1] + "…"
    return _MARKUP.sub(lambda sign: "\\" + sign[0], line)


def spoken(language: str) -> Language:
    """The language of that name. Raises `BadInput`."""
    if language == "zh":
        return "zh"
    if language == "en":
        return "en"
    raise BadInput(f"No language {language!r}; use en or zh")


def at(moment: datetime | None, zone: tzinfo) -> str:
    """A time with its offset, to the second; a dash where there is none."""
    return "–" if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")


def fields(pairs: Iterable[tuple[str, object]], language: Language) -> str:
    """A list of names with values; those without a value are left out."""
    colon = ": " if language == "en" else "："
    lines = (
        f"- **{name}**{colon}{inert(value)}" for name, value in pairs if value not in (None, "")
    )
    return "\n".join(lines)


def page(*blocks: str) -> str:
    """Blocks of Markdown, the empty ones left out."""
    return "\n\n".join(block for block in blocks if block) + "\n"


def section(head: str, lines: Iterable[str]) -> str:
    """A heading with lines under it; nothing where there are none."""
    body = "\n".join(lines)
    return f"## {head}\n\n{body}" if body else ""


def bullets(texts: Iterable[object]) -> list[str]:
    """Each text as a line of a list."""
    return [f"- {inert(text)}" for text in texts if str(text).strip()]
