"""Documents attached to the chat wait in a folder until a reviewer takes them in."""

import json
import re
import shutil
from pathlib import Path

from opsmith.access import Caller, Role
from opsmith.app.bootstrap import Plant
from opsmith.clock import wall_clock
from opsmith.errors import BadInput, Denied
from opsmith.storage.audit import AuditLog
from opsmith.storage.knowledge_documents import DocumentStore
from opsmith_chat.offered import Offered
from opsmith_kb.documents import digest_of, parse_apart

MOST = 50
"""Documents that wait at once: each may have 32 MB."""

_SHOWN = 16
"""Digits of the SHA-256 that name the folder of one document."""


class OfferedDocuments:
    """See `opsmith_chat.offered.Shelf`.

    Args:
        plant: Whose knowledge it is. What waits is in `knowledge/offered` of its data folder.
    """

    def __init__(self, plant: Plant) -> None:
        self._folder = plant.settings.data_dir / "knowledge" / "offered"
        self._documents = DocumentStore(plant.stores.database)
        self._audit = AuditLog(plant.stores.database)

    def offer(self, path: Path, name: str, who: Caller) -> Offered:
        """See `opsmith_chat.offered.Shelf.offer`."""
        if not who.may(Role.OPERATOR):
            raise Denied("To offer a document takes the role operator or above")
        sha256, size = digest_of(path)
        held = self._documents.held()
        known = next((one for one in held if one.sha256 == sha256), None)
        if known is not None:
            return Offered(known.title, known.pages, known.passages, "known", known.document_id)
        self._clear({one.sha256[:_SHOWN] for one in held})
        place = self._folder / sha256[:_SHOWN]
        if not place.exists() and len([*self._folder.glob("*")]) >= MOST:
            raise BadInput(f"{MOST} documents wait for a reviewer already; they come first")
        file = place / _clean(name)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            shutil.copyfile(path, file)
            parsed = parse_apart(file)
        except BadInput as error:
            shutil.rmtree(place, ignore_errors=True)
            # Where it lies is nobody's business.
            raise BadInput(str(error).replace(str(file), file.name)) from error
        told = {"file": file.name, "sha256": sha256, "bytes": size, "title": parsed.title}
        self._audit.append(
            who,
            "offer document",
            json.dumps(told, ensure_ascii=False),
            "done",
            wall_clock(),
            "waits for a reviewer",
        )
        command = f"opsmith import knowledge {file.relative_to(self._folder.parents[1])}"
        return Offered(parsed.title, parsed.pages, len(parsed.passages), "waits", command)

    def _clear(self, taken: set[str]) -> None:
        """What was taken in waits no more."""
        for name in taken:
            shutil.rmtree(self._folder / name, ignore_errors=True)


def _clean(name: str) -> str:
    """A file name of letters, digits, and a few signs.

    >>> _clean("../泵 manual (2).pdf"), _clean("...pdf")
    ('泵_manual_2.pdf', 'document.pdf')
    """
    stem = re.sub(r"[^\w.-]+", "_", Path(name).stem[:80]).strip("._-") or "document"
    return f"{stem}.pdf"
