"""The plant's knowledge as a file: what is written is read back in the very same values."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.errors import BadInput
from opsmith_ingest.importing.knowledge import EXPORTED

_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write_entries(path: Path, entries: Sequence[KnowledgeEntry]) -> None:
    """Write entries as YAML, a document each.

    Raises:
        BadInput: The file's name does not end in .yaml, or it cannot be written.
    """
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise BadInput(f"{path}: knowledge is exported as YAML; name it .yaml")
    text = yaml.dump_all(
        [entry.model_dump(mode="json", exclude_none=True) for entry in entries],
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        explicit_start=True,
        width=100,
    )
    _write(path, f"{EXPORTED}\n{text}")


def write_words(path: Path, text: str) -> None:
    """Write the plant's own words, to the last sign as they came in. Raises `BadInput`."""
    _write(path, text)


def _write(path: Path, text: str) -> None:
    try:
        # Line ends as they are.
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error
