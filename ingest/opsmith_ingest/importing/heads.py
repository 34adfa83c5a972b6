"""Which column of a foreign table is which of our fields, guessed from the names."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from opsmith_ingest.headers import read_header
from opsmith_ingest.importing import cells

Kind = Literal["text", "number", "hours", "moment", "date", "word", "list", "ids", "any"]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of ours that a column may become."""

    name: str
    kind: Kind
    heads: str
    """What such columns are called, in English and Chinese, parted by `;`; the likeliest first.

    Empty: a column becomes this only where the mapping file says so.
    """
    longest: int | None = None
    """Characters that are kept of a text."""
    is_key: bool = False
    """A text that must not be cut."""
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a word: ours to theirs, parted by `;`."""
    channel: str | None = None
    """Of a number: what it limits, into whose unit it is converted."""
    numbers: Callable[[Sequence[object]], Mapping[str, str]] | None = None
    """Of a word: what the numbers mean that a column has instead, told from its cells."""
    in_parts: bool = False
    """Of a word: a cell may have several, and the last of ours counts."""


def guess(
    specs: Sequence[FieldSpec], free: Sequence[str], *, whole: bool = False
) -> dict[str, tuple[str, ...]]:
    """The best column of each field: whole names before parts of names, long ones before short.

    Args:
        specs: The fields that want a column.
        free: The columns that are none yet.
        whole: Parts of names say nothing.
    """
    names = {column: _bare(column) for column in free}
    offers = list[tuple[tuple[int, int, int], str, str]]()
    for spec in specs:
        if not spec.heads:
            continue
        heads = [k for head in (spec.name, *spec.heads.split(";")) if (k := _bare(head))]
        for column, bare in names.items():
            if bare in heads:
                offers.append(((0, heads.index(bare), 0), spec.name, column))
                continue
            within = [head for head in heads if _is_telling(head) and head in bare]
            if within and not whole:
                longest = max(map(len, within))
                offers.append(((1, len(bare) - longest, -longest), spec.name, column))
    kinds = {spec.name: spec.kind for spec in specs}
    chosen = dict[str, tuple[str, ...]]()
    used = set[str]()
    for _, name, column in sorted(offers, key=lambda offer: offer[0]):
        if name in chosen or column in used:
            continue
        chosen[name] = (column,)
        if kinds[name] == "moment" and (clock := _clock_of(names[column], names)) not in used:
            chosen[name] += (clock,) if clock else ()
        used.update(chosen[name])
    return chosen


def _clock_of(date: str, names: Mapping[str, str]) -> str | None:
    """The column with the time of day that belongs to one with dates, such as Date and Time."""
    clock = date.replace("date", "time").replace("日期", "时间")
    return next((each for each, bare in names.items() if bare == clock != date), None)


def _bare(column: str) -> str:
    """A header without unit and remarks in brackets."""
    bare = re.sub(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】", "", column)
    header = read_header(column)
    return cells.key_of(header.words if header.unit else bare) or cells.key_of(column)


def _is_telling(head: str) -> bool:
    return len(head) >= (3 if re.search(r"[\u4e00-\u9fff]", head) else 7)


def unit_in(column: str) -> str | None:
    """What a header has in brackets, or after `in`: a unit, or a currency."""
    match = re.search(r"[\[(（【]([^\])）】]+)[\])）】]|\bin (\w+)$|_(min|h|hrs|hours)$", column)
    return next((group.strip() for group in match.groups() if group), None) if match else None
