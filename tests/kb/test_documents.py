"""Documents of makers and plants become passages that cite their heading and page."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made_documents import bomb, docx, manual, pdf, xlsx

from opsmith.errors import BadInput
from opsmith_kb.documents import parse, parse_apart
from opsmith_kb.documents_search import PassageIndex


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def told(path: Path) -> list[tuple[str, int | None, str]]:
    return [(one.heading, one.page, one.text) for one in parse(path).passages]


def test_a_manual_of_500_pages_is_read_in_a_minute_and_cited_by_its_right_pages(
    tmp_path: Path,
) -> None:
    content, marked = manual()
    began = time.monotonic()
    found = parse_apart(written(tmp_path / "m.pdf", content))
    index = PassageIndex([(found.title, one.heading, one.text) for one in found.passages])
    assert time.monotonic() - began < 60
    assert (found.title, found.pages) == ("Feed pump manual", 500)
    for question, page in marked.items():
        hits = index.search(question)
        assert hits and found.passages[hits[0].place].page == page, question
    assert {one.heading for one in found.passages if one.page == 123} == {"Chapter 13"}
    # The running head of every page says nothing about any.
    assert not any("operation and maintenance" in one.text for one in found.passages)


def test_a_pdf_without_bookmarks_is_cut_at_its_numbered_headings_but_not_by_its_contents(
    tmp_path: Path,
) -> None:
    pages = [
        ["Contents", "1 Safety ........ 2", "2.1 Oil change ...... 2"],
        ["1 Safety", "Lock it out.", "2 Care", "2.1 Oil change", "Drain it warm."],
    ]
    seen = told(written(tmp_path / "a.pdf", pdf(pages)))
    assert ("1 Safety", 2, "Lock it out.") in seen
    assert ("2 Care › 2.1 Oil change", 2, "Drain it warm.") in seen
    assert all(heading == "" for heading, page, _ in seen if page == 1)


def test_headings_of_every_kind_of_file_are_the_citation(tmp_path: Path) -> None:
    word = tmp_path / "a.docx"
    docx(word, [(1, "Seal"), (2, "Fitting"), (0, "Push it on.")], [("part", "n"), ("ring", "2")])
    page = written(
        tmp_path / "a.html",
        "<title>Seal</title><script>x()</script><h1>Seal</h1><h2>Fitting</h2><p>Push <b>it</b> on."
        '<div hidden>unseen</div><div style="display: none">unseen</div>',
    )
    mark = written(tmp_path / "a.md", "# Seal\n\n## Fitting\n\nPush *it* on.\n")
    book = written(tmp_path / "a.xlsx", xlsx("FMEA", [("Item", "Cause"), ("Seal", "dry run")]))
    chinese = written(tmp_path / "b.md", "# 机械密封\n\n更换前泄压。\n".encode("gb18030"))
    assert told(word) == [("Seal › Fitting", None, "Push it on.\npart | n\nring | 2")]
    assert told(page) == told(mark) == [("Seal › Fitting", None, "Push it on.")]
    assert told(book) == [("FMEA", None, "[2] Item: Seal; Cause: dry run")]
    assert told(chinese) == [("机械密封", None, "更换前泄压。")]
    assert [parse(one).title for one in (word, page, mark, book)] == ["Seal", "Seal", "Seal", "a"]


BROKEN: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "cut": ("a.pdf", lambda p: p.write_bytes(manual()[0][:9000]), "broken"),
    "empty": ("a.pdf", lambda p: p.write_bytes(b""), "empty"),
    "no text": ("a.pdf", lambda p: p.write_bytes(pdf([[], []])), "OCR"),
    "bomb": ("a.docx", bomb, "zip bomb"),
    "no archive": ("a.xlsx", lambda p: p.write_bytes(b"PK\x03\x04 and no more"), "broken"),
    "locked": ("a.docx", lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0" * 200), "password"),
    "no word in it": ("a.docx", lambda p: p.write_bytes(xlsx("a", [("b", "c")])), "broken"),
    "no text at all": ("a.md", lambda p: p.write_bytes(b"\x00\xff\x00\xfe" * 50), "not a text"),
    "a PDF by another name": ("a.md", lambda p: p.write_bytes(b"%PDF-1.4\n1 0 obj"), r"\.pdf"),
    "an office file by another name": ("a.txt", lambda p: p.write_bytes(b"PK\3\4x"), r"\.docx"),
    "of no kind": ("a.exe", lambda p: p.write_bytes(b"MZ"), r"not read; give \.docx"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, kind: str) -> None:
    name, make, why = BROKEN[kind]
    make(tmp_path / name)
    with pytest.raises(BadInput, match=why) as raised:
        parse_apart(tmp_path / name)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 120


def test_a_page_that_nests_without_end_takes_nothing_down(tmp_path: Path) -> None:
    page = written(tmp_path / "a.html", "<div>" * 50_000 + "x")
    try:
        assert parse_apart(page).passages
    except BadInput as error:
        assert "text" in str(error)


def test_passages_are_found_in_both_languages_and_what_is_not_there_is_not() -> None:
    index = PassageIndex(
        [
            ("Pump", "Bearings", "Regrease every 2000 h with 40 g of lithium soap grease."),
            ("Pump", "Seal", "Never run the seal dry; open the flush first."),
            ("水泵手册", "轴承", "每 2000 小时补充润滑脂 40 克。"),
        ]
    )
    assert [one.place for one in index.search("how much grease for bearings")][0] in (0, 2)
    assert [one.place for one in index.search("seal flush")] == [1]
    assert index.search("补充润滑脂")[0].place == 2
    assert index.search("coffee machine descaling") == []
    assert index.search("'; DROP TABLE kb_passage; --") == []


def test_a_pdf_with_a_password_is_refused_in_one_line_with_the_way_out(tmp_path: Path) -> None:
    # Keys that no password has, as the empty one is asked for first (ISO 32000-1, 7.6.3).
    lock = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<%s><%s>]" % (
        b"41" * 32, b"42" * 32, b"43" * 16, b"43" * 16,
    )  # fmt: skip
    made = pdf([["Regrease every 2000 h."]])
    head, trailer, rest = made.rpartition(b"trailer")
    locked = tmp_path / "locked.pdf"
    locked.write_bytes(head + trailer + rest.replace(b"<<", b"<<" + lock, 1))
    with pytest.raises(BadInput, match="it needs a password; save it without one") as refused:
        parse(locked)
    assert "\n" not in str(refused.value)


def test_passages_forgive_misspellings_and_know_what_means_the_same() -> None:
    index = PassageIndex(
        [
            ("Pump", "Bearings", "Regrease every 2000 h with 40 g of lithium soap grease."),
            ("Pump", "Seal", "Never run the mechanical seal dry; open the flush first."),
            ("Pump", "Delivery", "Before delivery the casing is painted blue."),
        ]
    )
    for asked, place in (("beering greese", 0), ("轴承 润滑脂", 0), ("机封", 1), ("brg lube", 0)):
        assert [hit.place for hit in index.search(asked)][:1] == [place], asked
    assert index.search("beering greese")[0].matched[0] == "beering ≈ bearing"
    assert index.search("how to bake bread") == []
