"""The tables of an answer as files that a spreadsheet opens, and runs nothing of."""

import csv
import io
import re
from collections.abc import Iterator

_RULE = re.compile(r"\|(\s*:?-{3,}:?\s*\|)+\s*")
_CELL = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>|:#~-])")
_MARKED = re.compile(r"\*\*|`|▸")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def tables(text: str) -> Iterator[list[list[str]]]:
    r"""The tables in Markdown, as rows of plain cells, the heads first.

    >>> list(tables("Seen:\n\n| Device | Last |\n| --- | --- |\n| **P\\_01** | 3 A |\n\nNo more"))
    [[['Device', 'Last'], ['P_01', '3 A']]]
    """
    lines = text.splitlines()
    at = 1
    while at < len(lines):
        if _RULE.fullmatch(lines[at]) and lines[at - 1].startswith("|"):
            rows = [_cells(lines[at - 1])]
            at += 1
            while at < len(lines) and lines[at].startswith("|"):
                rows.append(_cells(lines[at]))
                at += 1
            yield rows
        at += 1


def as_csv(rows: list[list[str]]) -> bytes:
    r"""A table as a file for a spreadsheet, in UTF-8 with a mark that says so.

    A cell that a spreadsheet would reckon out gets an apostrophe; a lone dash is no value.

    >>> as_csv([["Name", "Trend"], ["=1+1", "-"]]).decode("utf-8-sig")
    "Name,Trend\r\n'=1+1,\r\n"
    """
    file = io.StringIO(newline="")
    csv.writer(file).writerows([[_inert(cell) for cell in row] for row in rows])
    return file.getvalue().encode("utf-8-sig", "replace")


def _cells(line: str) -> list[str]:
    parts = _CELL.split(line.strip())[1:-1]
    return [_ESCAPED.sub(r"\1", _MARKED.sub("", part.strip())) for part in parts]


def _inert(cell: str) -> str:
    if cell == "-":
        return ""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
