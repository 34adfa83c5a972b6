"""Check knowledge entries: each finding says the file, the field and why."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsmith.domain.knowledge import KnowledgeEntry, Sign
from opsmith.errors import BadInput
from opsmith_kb.channels import unknown_channels
from opsmith_kb.classes import CLASSES, ROTATING, applies_to
from opsmith_kb.load import parse_entry
from opsmith_kb.matrix import NOT_ESTABLISHED, rank
from opsmith_kb.textbook import textbook_changes

ISO_14224 = frozenset(
    {
        "AIR", "BRD", "DOP", "ELF", "ELP", "ELU", "ERO", "FTC", "FTF", "FTO", "FTR", "FTS", "HIO",
        "IHT", "INL", "LCP", "LOO", "NOI", "OHE", "OTH", "PDE", "PLU", "SER", "SPO", "STD", "STP",
        "UNK", "UST", "VIB",
    }
)  # fmt: skip
"""Failure mode codes of ISO 14224 annex B that entries use."""
_TELLING = 0.5
"""Least weight of a sign that people would call a symptom of the failure mode."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with an entry."""

    file: str
    field: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.why}"


def lint_files(
    files: Sequence[tuple[str, str]], known: Sequence[KnowledgeEntry] = ()
) -> tuple[Finding, ...]:
    """Check entries as they are written.

    Args:
        files: Name and text of each.
        known: Entries that these join; one of the same id stands for the same entry.
    """
    findings: list[Finding] = []
    entries: list[KnowledgeEntry] = []
    for name, text in files:
        try:
            entries.append(parse_entry(name, text))
        except BadInput as error:
            field, _, why = str(error).removeprefix(f"{name}: ").partition(": ")
            findings.append(Finding(name, field, why) if why else Finding(name, "entry", field))
    ids = {entry.entry_id for entry in entries}
    rest = [entry for entry in known if entry.entry_id not in ids]
    return (*findings, *lint(entries, rest))


def lint(
    entries: Sequence[KnowledgeEntry], known: Sequence[KnowledgeEntry] = ()
) -> tuple[Finding, ...]:
    """Check entries one by one, against each other and against those that they join.

    Args:
        entries: What is checked.
        known: Others that hold too, such as those of the package; they are not checked.
    """
    # Of two that have one name, the checked one is told.
    all_ = (*known, *entries)
    findings = [finding for entry in entries for finding in _of_one(entry)]
    findings += _of_ids(entries, all_)
    findings += _of_profiles(entries, all_)
    for entry in entries:
        findings += _of_matrix(entry, all_)
    return tuple(findings)


def _of_one(entry: KnowledgeEntry) -> Iterator[Finding]:
    file = f"{entry.entry_id}.yaml"
    for class_ in entry.device_types:
        if class_ not in (*CLASSES, ROTATING, "*"):
            yield Finding(file, "device_types", f"no class {class_!r}; {', '.join(CLASSES)}")
    if entry.iso_code and entry.iso_code not in ISO_14224:
        yield Finding(file, "iso_code", f"{entry.iso_code!r} is no failure mode of ISO 14224")
    if not entry.reference.strip():
        yield Finding(file, "reference", "says no source")
    if entry.parts and not entry.parts_zh:
        yield Finding(file, "parts_zh", "lacks the parts in Chinese")
    yield from _of_text(entry, file)
    yield from _of_signs(entry, file)


def _of_text(entry: KnowledgeEntry, file: str) -> Iterator[Finding]:
    for language, prose in entry.text.items():
        for field, text in prose:
            if not text.strip():
                yield Finding(file, f"text.{language}.{field}", "is empty")
            elif (language == "zh") != bool(_CHINESE.search(text)):
                wanted = "Chinese" if language == "zh" else "English"
                yield Finding(file, f"text.{language}.{field}", f"is not in {wanted}")


def _of_signs(entry: KnowledgeEntry, file: str) -> Iterator[Finding]:
    if not any(sign.weight > 0 and sign.direction != "none" for sign in entry.signs):
        yield Finding(file, "signs", "none of them shows it")
    for number, sign in enumerate(entry.signs):
        if lost := unknown_channels(sign.channel):
            yield Finding(file, f"signs.{number}.channel", f"no channel {lost[0]!r} is known")
        if not sign.note.strip():
            yield Finding(file, f"signs.{number}.note", "says not why")
        if sign.order is not None and sign.direction == "none":
            yield Finding(file, f"signs.{number}.order", "what stays as it was has no order")
        for earlier in entry.signs[:number]:
            if _contradict(earlier, sign):
                why = f"{sign.channel} goes {earlier.direction} and {sign.direction} at once"
                yield Finding(file, f"signs.{number}.direction", why)


def _contradict(one: Sign, other: Sign) -> bool:
    if one.channel != other.channel or one.weight <= 0 or other.weight <= 0:
        return False
    if one.direction == other.direction or "any" in (one.direction, other.direction):
        return False
    return not one.kinds or not other.kinds or not set(one.kinds).isdisjoint(other.kinds)


def _of_ids(entries: Sequence[KnowledgeEntry], all_: Sequence[KnowledgeEntry]) -> Iterator[Finding]:
    count = Counter(entry.entry_id for entry in all_)
    for entry_id in sorted({entry.entry_id for entry in entries}):
        if count[entry_id] > 1:
            yield Finding(f"{entry_id}.yaml", "entry_id", f"{count[entry_id]} entries have it")
    for language in ("en", "zh"):
        named: dict[str, str] = {}
        for entry in all_:
            other = named.setdefault(entry.text[language].name.lower(), entry.entry_id)
            if other != entry.entry_id:
                why = f"is that of {other} too"
                yield Finding(f"{entry.entry_id}.yaml", f"text.{language}.name", why)
    for entry in entries:
        for other in entry.separable_from:
            if other == entry.entry_id or other not in count:
                why = "names itself" if other == entry.entry_id else f"names no entry {other!r}"
                yield Finding(f"{entry.entry_id}.yaml", "separable_from", why)


def profile(entry: KnowledgeEntry) -> frozenset[tuple[str, str]]:
    """The symptoms of an entry: channel and direction of what tells it."""
    return frozenset(
        (sign.channel, sign.direction)
        for sign in entry.signs
        if sign.weight >= _TELLING and sign.direction != "none"
    )


def _of_profiles(
    entries: Sequence[KnowledgeEntry], all_: Sequence[KnowledgeEntry]
) -> Iterator[Finding]:
    profiles = {entry.entry_id: profile(entry) for entry in all_}
    for entry in entries:
        for other in all_:
            if other.entry_id == entry.entry_id or "*" in (
                *entry.device_types,
                *other.device_types,
            ):
                continue
            if profiles[entry.entry_id] != profiles[other.entry_id] or not _share(entry, other):
                continue
            if other.entry_id in entry.separable_from or entry.entry_id in other.separable_from:
                continue
            why = f"{other.entry_id} shows the same, and no test tells them apart"
            yield Finding(f"{entry.entry_id}.yaml", "separable_from", why)


def _share(one: KnowledgeEntry, other: KnowledgeEntry) -> bool:
    """Whether a device can have both."""
    return any(applies_to(one, class_) and applies_to(other, class_) for class_ in CLASSES)


def _of_matrix(entry: KnowledgeEntry, all_: Sequence[KnowledgeEntry]) -> Iterator[Finding]:
    """What the matrix makes of the entry's own symptoms: they must lead back to it."""
    classes = [class_ for class_ in entry.device_types if class_ in CLASSES]
    if ROTATING in entry.device_types:
        classes = ["pump"]
    for class_ in classes:
        first = rank(textbook_changes(entry, class_), class_, all_)[0]
        if entry.entry_id in {first.entry_id, *(first.inseparable or {})}:
            continue
        led = "nothing" if first.entry_id == NOT_ESTABLISHED else first.entry_id
        why = f"on a {class_} its own symptoms lead to {led}, and no test tells them apart"
        yield Finding(f"{entry.entry_id}.yaml", "signs", why)
