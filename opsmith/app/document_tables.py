"""What became of imported documents, for people."""

from collections.abc import Sequence

from opsmith.app.cli_common import print_table
from opsmith.app.document_import import Taken
from opsmith.domain.base import Language
from opsmith.settings import Settings

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "file": "file", "became": "became", "document": "document", "pages": "pages",
        "passages": "passages", "seconds": "s", "new": "new", "version": "new version",
        "there": "there already", "refused": "refused", "dry": "Dry run: nothing was written.",
    },
    "zh": {
        "file": "文件", "became": "结果", "document": "资料", "pages": "页数",
        "passages": "段落", "seconds": "秒", "new": "新增", "version": "新版本",
        "there": "此前已存在", "refused": "拒绝", "dry": "试运行：未写入任何内容。",
    },
}  # fmt: skip


def show(taken: Sequence[Taken], settings: Settings, *, dry_run: bool) -> None:
    """Print a line for each file, with the reason of what was refused."""
    words = _WORDS[settings.language]
    rows = list[list[str]]()
    for one in taken:
        document = one.document
        told = f"manual://{document.document_id} v{document.version}" if document else one.why
        rows.append(
            [
                one.file,
                words[one.became],
                told,
                str(document.pages or "–") if document else "–",
                str(document.passages) if document else "–",
                f"{one.seconds:.1f}",
            ]
        )
    print_table(
        [words[name] for name in ("file", "became", "document", "pages", "passages", "seconds")],
        rows,
    )
    if dry_run:
        print_line(words["dry"])


def print_line(text: str) -> None:
    """Print a line."""
    import typer

    typer.echo(text)
