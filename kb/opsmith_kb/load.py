"""Load the packaged knowledge: one YAML file, one failure mode."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml
from pydantic import ValidationError

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.errors import BadInput


def load_entries(folder: Traversable | None = None) -> tuple[KnowledgeEntry, ...]:
    """Load every `*.yaml` of a folder, by default of the package, sorted by file name.

    Raises:
        BadInput: A file is no entry, its id is not its name, a language lacks, or a look-alike
            that it names does not exist; the message names the file and the reason.
    """
    return _packaged() if folder is None else _load(folder)


@cache
def _packaged() -> tuple[KnowledgeEntry, ...]:
    return _load(files("opsmith_kb") / "entries")


def _load(folder: Traversable) -> tuple[KnowledgeEntry, ...]:
    named = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda f: f.name
    )
    entries = tuple(parse_entry(file.name, file.read_text(encoding="utf-8")) for file in named)
    known = {entry.entry_id for entry in entries}
    for entry in entries:
        if lost := sorted(set(entry.separable_from) - known):
            raise BadInput(f"{entry.entry_id}.yaml: separable_from names no entry {lost[0]!r}")
    return entries


_LANGUAGES = {"en", "zh"}
# libyaml's safe loader is eight times as fast; wheels of some platforms come without it.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_entry(file_name: str, text: str) -> KnowledgeEntry:
    """Read one entry, in both languages.

    Raises:
        BadInput: With the file's name and the reason.
    """
    try:
        entry = KnowledgeEntry.model_validate(yaml.load(text, _Loader))
    except yaml.YAMLError as error:
        raise BadInput(f"{file_name}: not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInput(f"{file_name}: {place}: {first['msg']}") from error
    if file_name != f"{entry.entry_id}.yaml":
        raise BadInput(f"{file_name}: entry_id is {entry.entry_id!r}; it must be the file's name")
    if lost := _LANGUAGES - set(entry.text):
        raise BadInput(f"{file_name}: text lacks {', '.join(sorted(lost))}")
    for other, test in entry.separable_from.items():
        if lost := _LANGUAGES - set(test):
            raise BadInput(
                f"{file_name}: separable_from.{other} lacks {', '.join(sorted(lost))}; "
                "give the test as {en: ..., zh: ...}"
            )
    if entry.parts_zh and len(entry.parts_zh) != len(entry.parts):
        raise BadInput(
            f"{file_name}: parts has {len(entry.parts)}, parts_zh {len(entry.parts_zh)}; "
            "they are the same parts in the same order"
        )
    return entry
