"""Read Markdown, HTML or plain text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opsmith.errors import BadInput
from opsmith_kb.documents_libraries import library
from opsmith_kb.split import Block, Heading, Text

_UNTOLD = frozenset({"script", "style", "noscript", "template", "svg", "head", "nav", "iframe"})
_BLOCKS = frozenset(
    {
        "p", "li", "tr", "pre", "blockquote", "dt", "dd", "caption", "figcaption", "div",
        "section", "article", "td", "th", "main", "header", "footer", "aside", "table", "ul",
        "ol", "dl", "body", "figure", "address", "form", "fieldset", "details", "summary",
    }
)  # fmt: skip
_OTHERS = {b"%PDF-": ".pdf", b"PK\x03\x04": ".docx or .xlsx"}
"""How files begin that are no texts, though their first signs can be read as such."""
_HEADS = {f"h{level}": level for level in range(1, 7)}


def decoded(content: bytes) -> str:
    """UTF-8, else what Chinese systems write. Raises `BadInput` where it is no text."""
    for begins, ending in _OTHERS.items():
        if content.startswith(begins):
            raise BadInput(f"not a text; by its content its name should end in {ending}")
    if b"\x00" in content[:4096]:
        raise BadInput("not a text")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("not a text in UTF-8 or GB 18030")


def read_markdown(path: Path) -> tuple[str, None, Iterator[Block]]:
    """Title and blocks of Markdown; HTML in it is text. Raises `BadInput`."""
    parser = library("markdown_it").MarkdownIt("commonmark", {"html": False}).enable("table")
    return "", None, _of_markdown(parser.parse(decoded(path.read_bytes())))


def _of_markdown(tokens: Any) -> Iterator[Block]:
    level: int | None = None
    row: list[str] | None = None
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "tr_open":
                row = []
            case "tr_close":
                yield Text(" | ".join(row or ()))
                row = None
            case "fence" | "code_block":
                yield Text(token.content)
            case "inline":
                text = "".join(
                    " " if one.type in ("softbreak", "hardbreak") else one.content
                    for one in token.children or ()
                )
                if row is not None:
                    row.append(text)
                elif level is not None:
                    yield Heading(level, text)
                else:
                    yield Text(text)
                level = None
            case _:
                pass


def read_text(path: Path) -> tuple[str, None, Iterator[Block]]:
    """Blocks of a plain text, a paragraph each. Raises `BadInput`."""
    text = decoded(path.read_bytes()).replace("\r\n", "\n")
    return "", None, (Text(part) for part in text.split("\n\n"))


def read_html(path: Path) -> tuple[str, None, Iterator[Block]]:
    """Title and blocks of a page: what a reader sees, no scripts. Raises `BadInput`."""
    etree, html = library("lxml.etree"), library("lxml.html")
    content = path.read_bytes()
    try:
        content.decode()
        encoding: str | None = "utf-8"
    except UnicodeDecodeError:
        encoding = None if b"charset" in content[:2048].lower() else "gb18030"
    try:
        # A LookupError: it names an encoding that there is not.
        root: Any = html.document_fromstring(
            content, parser=html.HTMLParser(encoding=encoding, no_network=True, huge_tree=False)
        )
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise BadInput("not HTML, or broken") from error
    title = " ".join((root.findtext(".//title") or "").split())
    return title, None, _of_html(root)


def _of_html(root: Any) -> Iterator[Block]:
    """Walk without recursion: a page may nest deeper than Python's stack."""
    held = list[str]()
    level = 0

    def let_go() -> Iterator[Block]:
        text = "".join(held)
        held.clear()
        if text.strip():
            yield Heading(level, text) if level else Text(text)

    waiting: list[tuple[Any, bool]] = [(root, False)]
    while waiting:
        node, is_end = waiting.pop()
        if is_end:
            tag = str(node.tag)
            if tag in _HEADS or tag in _BLOCKS - {"td", "th"}:
                yield from let_go()
            if tag in _HEADS:
                level = 0
            if tag in ("td", "th"):
                held.append(" | ")
            held.append(node.tail or "")
            continue
        if not isinstance(node.tag, str) or node.tag in _UNTOLD or _is_hidden(node):
            held.append(node.tail or "")
            continue
        if node.tag in _HEADS or node.tag in _BLOCKS - {"td", "th"}:
            yield from let_go()
        level = _HEADS.get(node.tag, level)
        held.append("\n" if node.tag == "br" else node.text or "")
        waiting.append((node, True))
        waiting += [(child, False) for child in reversed(list(node))]
    yield from let_go()


def _is_hidden(node: Any) -> bool:
    style = (node.get("style") or "").replace(" ", "").lower()
    return node.get("hidden") is not None or "display:none" in style
