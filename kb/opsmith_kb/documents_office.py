"""Read a Word document or a workbook."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opsmith.errors import BadInput
from opsmith_kb.documents_libraries import library
from opsmith_kb.split import Block, Heading, Page, Text

MOST_BYTES = 300 * 2**20
"""What a file may be unpacked."""
MOST_RATIO = 100
"""How many times its size, beyond what is small anyway."""
_SMALL = 50 * 2**20
_COLUMNS = 60
_ROWS = 200_000


def check_zip(path: Path) -> None:
    """Refuse what is no archive, is locked, or would be too big unpacked. Raises `BadInput`."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        with path.open("rb") as file:
            is_locked = file.read(4) == b"\xd0\xcf\x11\xe0"
        # What Office encrypts is put into the container of its old formats.
        why = "needs a password, or is of an old Office" if is_locked else "broken"
        raise BadInput(f"{why}; save it anew as {path.suffix}") from error
    size = sum(one.file_size for one in infos)
    packed = max(1, path.stat().st_size)
    if size > MOST_BYTES or (size > _SMALL and size / packed > MOST_RATIO):
        raise BadInput(f"unpacked it would have {size / 2**20:.0f} MB; it may be a zip bomb")


def read_docx(path: Path) -> tuple[str, None, Iterator[Block]]:
    """Title and blocks of a Word document; pages as Word saw them last, where it noted them.

    Raises:
        BadInput: It is none, or broken.
    """
    check_zip(path)
    docx, broken = library("docx"), library("docx.opc.exceptions").PackageNotFoundError
    try:
        document: Any = docx.Document(str(path))
    except (broken, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BadInput("not a Word document, or broken") from error
    except SyntaxError as error:
        # lxml's XMLSyntaxError is one.
        raise BadInput("broken: its XML does not end as it began") from error
    return str(document.core_properties.title or "").strip(), None, _of_docx(document)


def _of_docx(document: Any) -> Iterator[Block]:
    table = library("docx.table").Table
    page = 1
    is_paged = bool(document.element.body.xpath("//w:lastRenderedPageBreak"))
    if is_paged:
        yield Page(1)
    for block in document.iter_inner_content():
        if isinstance(block, table):
            for row in block.rows:
                # A cell that spans columns is told once.
                cells = dict.fromkeys(" ".join(cell.text.split()) for cell in row.cells)
                yield Text(" | ".join(one for one in cells if one))
            continue
        breaks = len(block.rendered_page_breaks)
        if breaks:
            page += breaks
            yield Page(page)
        level = _level(block.style)
        yield Heading(level, block.text) if level and block.text.strip() else Text(block.text)


def _level(style: Any) -> int | None:
    """The level of a heading's style, in whatever language Word names it."""
    name = f"{style.name or ''} {style.style_id or ''}".lower() if style is not None else ""
    if name.startswith("title"):
        return 1
    if "heading" in name or "标题" in name:
        digits = [one for one in name if one.isdigit()]
        return int(digits[0]) if digits else 1
    return None


def read_xlsx(path: Path) -> tuple[str, None, Iterator[Block]]:
    """Blocks of a workbook: a heading each sheet, a text each row, with the columns' names.

    Raises:
        BadInput: It is none, or broken.
    """
    if path.suffix.lower() != ".xls":
        check_zip(path)
    calamine = library("python_calamine")
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        sheets = [(name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names]
    except (calamine.CalamineError, OSError) as error:
        raise BadInput("not a workbook, locked, or broken") from error
    return "", None, _of_sheets(sheets)


def _of_sheets(sheets: list[tuple[str, list[list[Any]]]]) -> Iterator[Block]:
    for name, rows in sheets:
        if len(rows) > _ROWS:
            raise BadInput(f"sheet {name!r} has {len(rows)} rows; at most {_ROWS}")
        yield Heading(1, name)
        head: list[str] | None = None
        for number, row in enumerate(rows, 1):
            cells = [_cell(one) for one in row[:_COLUMNS]]
            if sum(map(bool, cells)) == 0:
                continue
            if head is None and sum(map(bool, cells)) >= 2:
                head = cells
                continue
            named = zip(head or [""] * len(cells), cells, strict=False)
            told = (f"{key}: {cell}" if key else cell for key, cell in named if cell)
            yield Text(f"[{number}] {'; '.join(told)}")


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).split())
