"""Markdown of an answer as a terminal shows it."""

from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, TableElement
from rich.table import Table

from opsmith_tui.figures import plain


class _WholeTable(TableElement):
    """A table whose cells are folded: an id that is cut short is of no use."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for drawn in super().__rich_console__(console, options):
            if isinstance(drawn, Table):
                for column in drawn.columns:
                    column.overflow = "fold"
            yield drawn


class Prose(Markdown):
    """Without links, for nothing here may lead out, and with whole tables."""

    elements: ClassVar = {**Markdown.elements, "table_open": _WholeTable}

    def __init__(self, text: str) -> None:
        super().__init__(plain(text), hyperlinks=False)
