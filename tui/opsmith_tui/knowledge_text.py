"""One entry, or one page of a document, as text to read whole."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.text import Text
from textual.widget import Widget

from opsmith_kb.channels import channel_name
from opsmith_mcp.knowledge import EntryView
from opsmith_mcp.manuals import PassageHit
from opsmith_tui.figures import number, plain
from opsmith_tui.knowledge_words import CATEGORIES, CLASS_NAMES, KNOWLEDGE, SKILLS, SOURCES
from opsmith_tui.room import style_of
from opsmith_tui.wording import SEVERITIES, Wording


def entry_text(
    entry: EntryView, why: str, names: Mapping[str, str], words: Wording, widget: Widget
) -> Text:
    """An entry whole: what is done first stands first, where it comes from last.

    Args:
        entry: As the plant told it.
        why: The words by which it was found; empty: it was listed.
        names: Of other entries by id, as far as they are known.
        words: The language.
        widget: Whose theme gives the colours.
    """
    text = Text(f"{plain(entry.name)}\n", "bold")
    category = words(CATEGORIES, entry.category)
    text.append(f"{words(SEVERITIES, entry.severity)} · {category}\n")
    if why:
        _line(text, "why", plain(why), words)
    _block(text, "immediate_action", entry.immediate_action, words)
    _block(text, "symptoms", entry.symptoms, words)
    _block(text, "pattern", entry.fault_pattern, words)
    _signs(text, entry, words)
    _block(text, "root_cause", entry.root_cause, words)
    _block(text, "confirm_by", entry.confirm_by, words)
    _block(text, "solution", entry.solution, words)
    text.append(f"\n{words(KNOWLEDGE, 'lockout')}\n", "bold")
    if entry.lockout:
        warning = style_of("text-warning", widget, bold=True)
        text.append(f"{words(KNOWLEDGE, 'lockout_needed')}\n", warning)
    else:
        text.append(f"{words(KNOWLEDGE, 'lockout_not')}\n")
    skills = ", ".join(words(SKILLS, one) for one in entry.skills) or "-"
    hours = words(KNOWLEDGE, "labour_hours", hours=number(entry.hours), skills=skills)
    _block(text, "labour", hours, words)
    _block(text, "parts", "\n".join(f"· {part}" for part in entry.parts), words)
    tests = (f"· {names.get(one, one)}: {test}" for one, test in entry.separable_from.items())
    _block(text, "look_alikes", "\n".join(tests), words)
    _block(text, "prevention", entry.prevention, words)
    text.append("\n")
    classes = ", ".join(words(CLASS_NAMES, one) for one in entry.device_types)
    reference = f" ({entry.reference})" if entry.reference else ""
    _line(text, "classes", plain(classes), words)
    _line(text, "source", f"{words(SOURCES, entry.source)}{plain(reference)}", words)
    _line(text, "iso", plain(entry.iso_code) or "-", words)
    _line(text, "entry", plain(entry.entry_id), words)
    return text


def passage_text(hit: PassageHit, page: str | None, words: Wording) -> RenderableType:
    """A passage with its place, and below it the whole page where that is known.

    Args:
        hit: The passage.
        page: Markdown of `manual://`, made harmless there; None: not known.
        words: The language.
    """
    text = Text(f"{plain(hit.document)}", "bold")
    text.append(f" · {place_of(hit, words)}\n")
    if hit.heading:
        _line(text, "heading", plain(hit.heading), words)
    _line(text, "version", str(hit.version), words)
    _line(text, "why", plain(", ".join(hit.matched)), words)
    text.append(f"{words(KNOWLEDGE, 'quoted')}\n", "italic")
    _block(text, "quote", hit.quote, words)
    if page is None:
        return text
    text.append(f"\n{words(KNOWLEDGE, 'whole_page')}\n", "bold")
    # The first two blocks are the title and the note, which stand above in our own words.
    rest = page.split("\n\n", 2)[2:]
    return Group(text, Markdown(plain("\n\n".join(rest)), hyperlinks=False))


def place_of(hit: PassageHit, words: Wording) -> str:
    """Where in its document a passage stands."""
    if hit.page is None:
        return words(KNOWLEDGE, "document")
    return words(KNOWLEDGE, "page", page=hit.page)


def _signs(text: Text, entry: EntryView, words: Wording) -> None:
    told = dict[str, None]()
    for sign in sorted(entry.signs, key=lambda sign: -sign.weight):
        # A general sign is of no channel; what speaks against it would mislead here.
        if sign.weight > 0 and not sign.channel.startswith(("*", "@")):
            word = words(KNOWLEDGE, "moves" if sign.direction == "any" else sign.direction)
            names = (plain(channel_name(one, words.language)) for one in sign.channel.split("/"))
            told[f"{' / '.join(names)} {word}"] = None
    _block(text, "signs", "; ".join(told), words)


def _block(text: Text, name: str, told: str, words: Wording) -> None:
    if told:
        text.append(f"\n{words(KNOWLEDGE, name)}\n", "bold").append(f"{plain(told)}\n")


def _line(text: Text, name: str, told: str, words: Wording) -> None:
    text.append(f"{words(KNOWLEDGE, name)}: ", "dim").append(f"{told}\n")
