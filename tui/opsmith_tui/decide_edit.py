"""What a reviewer may change of an entry while accepting it."""

from opsmith_mcp.whole_entry import WholeEntry
from opsmith_tui.decide_text import PROSE
from opsmith_tui.decide_words import DECIDE
from opsmith_tui.form import Field
from opsmith_tui.wording import Wording


def edits(whole: WholeEntry, words: Wording) -> list[Field]:
    """Fields for an entry's text in the operator's language; what stays as it is, is not given."""
    prose = whole.entry.text.get(words.language) or whole.entry.text["en"]
    place = ("edit", "text", words.language)
    return [
        Field(name, DECIDE[name], getattr(prose, name), into=place, is_long=name != "name")
        for name in ("name", *PROSE)
    ]
