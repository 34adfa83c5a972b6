"""Files as makers of machines send them, made by hand: PDF, Word, workbook, zip bomb."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def pdf(
    pages: Sequence[Sequence[str]], bookmarks: Mapping[int, str] = {}, title: str = ""
) -> bytes:
    """A PDF of lines of text, in English or Chinese, with bookmarks by page from 0."""
    objects = list[bytes]()

    def add(body: str | bytes) -> int:
        objects.append(body if isinstance(body, bytes) else body.encode("latin-1"))
        return len(objects)

    catalog, tree, font, song, outlines = (add("") for _ in range(5))
    descendant = add(
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo"
        "<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/FontDescriptor<</Type/FontDescriptor"
        "/FontName/STSong-Light/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 880"
        "/Descent -120/CapHeight 880/StemV 90>>>>"
    )
    objects[font - 1] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    objects[song - 1] = (
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H"
        b"/DescendantFonts[%d 0 R]>>" % descendant
    )
    kids = list[int]()
    for lines in pages:
        content = b"BT 14 TL 50 800 Td\n" + b"".join(map(_line, lines)) + b"ET"
        stream = add(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        kids.append(
            add(
                f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 595 842]/Contents {stream} 0 R"
                f"/Resources<</Font<</F1 {font} 0 R/F2 {song} 0 R>>>>>>"
            )
        )
    marks = [(len(objects) + 1 + i, *one) for i, one in enumerate(sorted(bookmarks.items()))]
    for i, (number, page, name) in enumerate(marks):
        after = f"/Next {number + 1} 0 R" if i + 1 < len(marks) else ""
        before = f"/Prev {number - 1} 0 R" if i else ""
        add(f"<</Title({name})/Parent {outlines} 0 R{before}{after}/Dest[{kids[page]} 0 R/Fit]>>")
    info = add(f"<</Title({title})>>")
    refs = " ".join(f"{kid} 0 R" for kid in kids)
    objects[tree - 1] = f"<</Type/Pages/Count {len(kids)}/Kids[{refs}]>>".encode()
    ends = f"/First {marks[0][0]} 0 R/Last {marks[-1][0]} 0 R" if marks else ""
    objects[outlines - 1] = f"<</Type/Outlines/Count {len(marks)}{ends}>>".encode()
    objects[catalog - 1] = f"<</Type/Catalog/Pages {tree} 0 R/Outlines {outlines} 0 R>>".encode()
    out = bytearray(b"%PDF-1.7\n")
    places = list[int]()
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root %d 0 R/Info %d 0 R>>\n" % (len(objects) + 1, catalog, info)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _line(text: str) -> bytes:
    if text.isascii():
        told = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode()
        return b"/F1 11 Tf (%s) Tj T*\n" % told
    return b"/F2 11 Tf <%s> Tj T*\n" % text.encode("utf-16-be").hex().encode()


def docx(path: Path, blocks: Sequence[tuple[int, str]], rows: Sequence[Sequence[str]] = ()) -> None:
    """A Word document of headings (level, text), paragraphs (0, text), then a table."""
    from docx import Document

    document = Document()
    for level, text in blocks:
        if level:
            document.add_heading(text, level)
        else:
            document.add_paragraph(text)
    if rows:
        table = document.add_table(len(rows), len(rows[0]))
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                table.cell(i, j).text = cell
    document.save(str(path))


def xlsx(sheet: str, rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook of one sheet of texts."""
    made = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packed}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/s.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{packed}/relationships">'
        f'<Relationship Id="r1" Type="{rels}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packed}/relationships">'
        f'<Relationship Id="r1" Type="{rels}/worksheet" Target="s.xml"/></Relationships>',
        "xl/s.xml": f'<worksheet xmlns="{main}"><sheetData>{made}</sheetData></worksheet>',
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return held.getvalue()


def bomb(path: Path, megabytes: int = 400) -> None:
    """A small archive of a huge part."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("word/document.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(megabytes):
            part.write(bytes(2**20))


MANUAL_PAGES = 500


def manual() -> tuple[bytes, dict[str, int]]:
    """A manual of 500 pages, and on which page, from 1, each of some marked texts stands."""
    pages, marked = list[list[str]](), dict[str, int]()
    for number in range(1, MANUAL_PAGES + 1):
        lines = [f"Feed pump FP-200, operation and maintenance     {number}"]
        if number % 10 == 1:
            lines.append(f"Chapter {number // 10 + 1}")
        lines += [
            f"Step {i}: hold the part in place and turn it to its mark before the next one goes in."
            for i in range(1, 38)
        ]
        if number % 25 == 7:
            name = "abcdefghijklmnopqrst"[number // 25]
            mark = f"Tighten the gland nut {name}{name}x{number} to {number} newton metres."
            marked[f"gland nut {name}{name}x{number}"] = number
            lines.insert(12, mark)
        pages.append(lines)
    pages[122].insert(5, "更换机械密封时必须先泄压。")
    marked["机械密封 泄压"] = 123
    bookmarks = {page: f"Chapter {page // 10 + 1}" for page in range(0, MANUAL_PAGES, 10)}
    return pdf(pages, bookmarks, "Feed pump manual"), marked
