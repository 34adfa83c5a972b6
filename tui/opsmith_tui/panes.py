"""The panes of one alert: text to walk through, and evidence to choose from."""

import json
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from opsmith.domain.diagnoses import Evidence
from opsmith_tui.figures import plain
from opsmith_tui.report import evidence_text
from opsmith_tui.wording import ALERT, RESULT_STATES, Wording


class Pane(VerticalScroll):
    """Text that is longer than its place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("j", "scroll_down", "Down"),
        ("k", "scroll_up", "Up"),
        ("g", "scroll_home", "Top"),
        ("G", "scroll_end", "End"),
    ]


class Choices(OptionList):
    """One line each; the one under the cursor is shown beside."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("j", "cursor_down", "Down"),
        ("k", "cursor_up", "Up"),
    ]


class EvidencePane(Vertical):
    """The evidence of a report; of the one that is chosen, what was asked and answered."""

    DEFAULT_CSS = """
    EvidencePane Choices { height: auto; max-height: 40%; padding: 0; }
    EvidencePane Choices, EvidencePane Choices:focus { border: none; }
    EvidencePane Pane { height: 1fr; border-top: solid $primary; }
    EvidencePane Static { height: auto; }
    """

    def __init__(self, words: Wording) -> None:
        super().__init__(id="evidence")
        self._words = words
        self._evidence: Sequence[Evidence] = ()

    def compose(self) -> ComposeResult:
        """Lay the pane out."""
        yield Choices(markup=False)
        with Pane():
            yield Static(markup=False)

    def show(self, evidence: Sequence[Evidence]) -> None:
        """Show other evidence, or the same in another language."""
        choices = self.query_one(Choices)
        place = choices.highlighted
        self._evidence = evidence
        choices.clear_options()
        choices.add_options(Option(self._line(one), id=one.evidence_id) for one in evidence)
        if evidence:
            choices.highlighted = min(place or 0, len(evidence) - 1)
        else:
            self.query_one(Static).update(Text(self._words(ALERT, "no_evidence"), "italic"))

    @on(OptionList.OptionHighlighted)
    def _detail(self, event: OptionList.OptionHighlighted) -> None:
        evidence = self._evidence[event.option_index]
        text = evidence_text(evidence, self._words)
        text.append(f"{self._words(ALERT, 'result')}\n", "bold")
        text.append(plain(json.dumps(evidence.result, indent=2, ensure_ascii=False)))
        self.query_one(Static).update(text)
        self.query_one(Pane).scroll_home(animate=False)

    @on(OptionList.OptionSelected)
    def _read(self) -> None:
        self.query_one(Pane).focus()

    def _line(self, evidence: Evidence) -> Text:
        state = self._words(RESULT_STATES, evidence.state)
        return Text(f"{evidence.evidence_id:<4}{plain(evidence.tool)}  {state}", no_wrap=True)
