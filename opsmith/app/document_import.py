"""Documents of the plant into its knowledge: each file apart, a broken one told and passed over."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsmith.access import Role
from opsmith.app.bootstrap import open_plant
from opsmith.app.cli_common import at_the_machine
from opsmith.clock import wall_clock
from opsmith.domain.documents import Document
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith.storage.audit import AuditLog
from opsmith.storage.knowledge_documents import DocumentStore
from opsmith_ingest.importing.fields import bind
from opsmith_ingest.importing.plan import Plan
from opsmith_ingest.importing.run import Progress
from opsmith_ingest.importing.sheet import open_sheet
from opsmith_ingest.importing.words import fields_of
from opsmith_kb.documents import digest_of, is_document, parse_apart

_BOOKS = frozenset({".xlsx"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file."""

    file: str
    became: str
    """`new`, `version` (a newer one of what was there), `there` (the same bytes) or `refused`."""
    why: str = ""
    document: Document | None = None
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        document = self.document.model_dump(mode="json") if self.document else {}
        return {
            "file": self.file,
            "became": self.became,
            "why": self.why,
            **{name: document.get(name) for name in ("document_id", "version", "title", "pages",
                                                     "passages")},
            "seconds": round(self.seconds, 2),
        }  # fmt: skip


def is_for_documents(file: Path, zone: str) -> bool:
    """Whether a file is taken as a document; a workbook whose columns say failure modes is not."""
    if not is_document(file):
        return False
    if file.suffix.lower() not in _BOOKS:
        return True
    try:
        reader = bind(fields_of("knowledge"), open_sheet(file), Plan(), zone)
    except BadInput:
        return True
    told = any(reader.has(name) for name in ("symptoms", "root_cause", "solution"))
    return not (told and any(reader.has(name) for name in ("name", "fault_pattern")))


def import_documents(
    settings: Settings, files: Sequence[Path], progress: Progress, *, dry_run: bool = False
) -> list[Taken]:
    """Read files and keep what they say; each leaves a row in the audit log.

    Raises:
        Unavailable: A store did not answer.
    """
    who, taken = at_the_machine(Role.ADMIN), list[Taken]()
    with open_plant(settings) as plant:
        store = DocumentStore(plant.stores.database)
        audit = AuditLog(plant.stores.database)
        for number, file in enumerate(files):
            progress(number / len(files))
            began = time.perf_counter()
            try:
                one = _take(store, file, who.name, dry_run=dry_run)
            except BadInput as error:
                one = Taken(str(file), "refused", str(error))
            seconds = time.perf_counter() - began
            one = Taken(one.file, one.became, one.why, one.document, seconds)
            taken.append(one)
            if not dry_run:
                audit.append(
                    who,
                    "import knowledge",
                    json.dumps(one.as_json(), ensure_ascii=False),
                    "failed" if one.became == "refused" else "done",
                    wall_clock(),
                    one.why or one.became,
                )
    return taken


def _take(store: DocumentStore, file: Path, by: str, *, dry_run: bool) -> Taken:
    sha256, size = digest_of(file)
    there = next((one for one in store.held() if one.sha256 == sha256), None)
    if there is not None:
        return Taken(str(file), "there", document=there)
    parsed = parse_apart(file)
    if dry_run:
        why = f"{parsed.title}: {len(parsed.passages)} passages"
        return Taken(str(file), "new", why)
    kept = store.add(parsed, file.name, sha256, size, by, wall_clock())
    return Taken(str(file), kept.became, document=kept.document)
