"""Knowledge of another house: failure modes, as entries of ours or as rows of a table."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import yaml

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.errors import BadInput
from opsmith.storage.knowledge_versions import EntryVersions
from opsmith_ingest.importing.base import digest, lacking, model_of
from opsmith_ingest.importing.fields import Reader, Refusal
from opsmith_ingest.importing.heads import FieldSpec
from opsmith_ingest.importing.sheet import Row, Sheet, sheet_of
from opsmith_ingest.importing.words import fields_of
from opsmith_kb.classes import device_class
from opsmith_kb.load import load_entries

_TAKEN = ("severity", "source", "reference", "hours", "parts", "iso_code")
_PROSE = ("name", "fault_pattern", "symptoms", "root_cause", "solution", "prevention",
          "immediate_action", "confirm_by")  # fmt: skip
EXPORTED = "# opsmith: exported knowledge"
"""First line of a file that `opsmith kb export` wrote."""
_UNKNOWN = -3.0
"""Log odds of an entry without signs: words alone must not outrank what the readings support."""


class KnowledgeImport:
    """See `Importer`; a row is an entry, which shows the same words in either language.

    Entries in our own form (YAML, or JSON with `signs` and `text`) are taken as they are.

    Args:
        versions: Where entries go; what they change is kept.
        source: Whose knowledge it is, for rows that do not say it.
        by: Who brings it.
        exported: It was exported by opsmith: its own entries may be among it.
    """

    def __init__(
        self, versions: EntryVersions, source: str, by: str, *, exported: bool = False
    ) -> None:
        self._versions, self._source, self._by = versions, source, by
        self._packaged = set[str]() if exported else {one.entry_id for one in load_entries()}
        self._is_ours = False

    def specs(self, sheet: Sheet) -> Sequence[FieldSpec]:
        """See `Importer.specs`."""
        self._is_ours = {"entry_id", "signs", "text"} <= set(sheet.columns)
        return () if self._is_ours else fields_of("knowledge")

    def start(self, reader: Reader) -> Sequence[str]:
        """See `Importer.start`."""
        self._reader = reader
        if self._is_ours:
            return ()
        if not any(reader.has(name) for name in ("symptoms", "root_cause", "solution")):
            raise BadInput(
                "No column has symptoms, root_cause or solution; name one of them under columns"
            )
        return ("entries are found by their words; without signs, readings cannot support them",)

    def build(self, row: Row) -> KnowledgeEntry:
        """See `Importer.build`."""
        entry = self._whole(row) if self._is_ours else self._worded(row)
        if entry.entry_id in self._packaged:
            reason = f"{entry.entry_id!r} is an entry of opsmith itself; give it another id"
            raise Refusal(reason, self._reader.column_of("entry_id"))
        return entry

    def key(self, record: KnowledgeEntry) -> str:
        """See `Importer.key`."""
        return record.entry_id

    def put(self, records: Sequence[KnowledgeEntry], now: datetime) -> tuple[int, int]:
        """See `Importer.put`."""
        return self._versions.put(records, self._by, now, f"import from {self._source}")

    def _whole(self, row: Row) -> KnowledgeEntry:
        given = {name: cell for name, cell in row.cells.items() if cell not in ("", None)}
        entry = model_of(KnowledgeEntry, {"source": "VENDOR", **given}, self._reader)
        if lost := sorted({"en", "zh"} - set(entry.text)):
            raise Refusal(f"its text lacks {', '.join(lost)}", "text")
        return entry

    def _worded(self, row: Row) -> KnowledgeEntry:
        fields = self._reader.fields(row)
        title = fields.get("name") or fields.get("fault_pattern")
        if title is None:
            raise lacking(self._reader, "fault_pattern")
        if not any(name in fields for name in ("symptoms", "root_cause", "solution")):
            raise lacking(self._reader, "symptoms")
        classes = re.split(r"[,;，；、/|]+", fields.get("device_type", "*"))
        types = tuple(dict.fromkeys(device_class(each) for each in classes if each.strip()))
        prose = {name: fields.get(name, "") for name in _PROSE}
        prose |= {"name": title[:200], "fault_pattern": fields.get("fault_pattern", title)}
        values = {name: fields[name] for name in _TAKEN if name in fields}
        entry_id = _id_of(fields.get("entry_id") or f"{title} {'_'.join(types)}")
        return model_of(
            KnowledgeEntry,
            {
                "severity": "MEDIUM",
                "hours": 0,
                "source": "VENDOR",
                "reference": self._source,
                **values,
                "entry_id": entry_id + (f"_{fields['language']}" if "language" in fields else ""),
                "device_types": types or ("*",),
                "category": "unknown",
                "signs": (),
                "prior": _UNKNOWN,
                "text": {"en": prose, "zh": prose},
            },
            self._reader,
        )


def open_entries(path: Path) -> Sheet | None:
    """A YAML file of one entry, of a list, or of several documents; None: it is no YAML file.

    Raises:
        BadInput: It cannot be read.
    """
    if path.suffix.lower() not in (".yaml", ".yml"):
        return None
    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise BadInput(f"No file {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    entries = [each for one in documents for each in (_listed(one))]
    return sheet_of(path, entries)


def is_export(path: Path) -> bool:
    """Whether `opsmith kb export` wrote the file."""
    try:
        with path.open("rb") as file:
            return file.read(len(EXPORTED)) == EXPORTED.encode()
    except OSError:
        return False


def _listed(document: object) -> list[object]:
    return cast(list[object], document) if isinstance(document, list) else [document]


def _id_of(text: str) -> str:
    """An entry's id made of words; what has other signs than ASCII's is told by its digest.

    >>> _id_of("Seal leak, mech. (pump)")
    'seal_leak_mech_pump'
    """
    slug = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if text.isascii() and slug and slug[0].isalpha() and len(slug) <= 48:
        return slug
    return f"entry_{digest(text)[:12]}"
