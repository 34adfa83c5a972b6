"""Queries of the plant's documents: versions, passages."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Literal

from sqlalchemy import func, insert, select, update

from opsmith.domain.documents import (
    OWN_WORDS,
    Document,
    DocumentState,
    ParsedDocument,
    Passage,
)
from opsmith.errors import NotFound
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import kb_document as table
from opsmith.storage.tables import kb_passage

_HELD = table.c.state == DocumentState.ACCEPTED
_STAMP = select(func.count(), func.sum(table.c.version), func.max(table.c.imported_at)).where(_HELD)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Shelved:
    """What became of an imported document."""

    document: Document
    became: Literal["new", "version", "there"]
    """New, a new version of one, or there already in the very same bytes."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A passage, and the document that it is of."""

    document: Document
    passage: Passage


class DocumentStore:
    """The plant's documents; of each the newest version counts, the others are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[object, tuple[Quoted, ...]] | None = None
        self._lock = Lock()

    def add(
        self,
        parsed: ParsedDocument,
        file_name: str,
        sha256: str,
        size: int,
        by: str,
        now: datetime,
    ) -> Shelved:
        """Keep a document, as the next version of the one of the same file name, or title and kind.

        Args:
            parsed: What it says.
            file_name: Without folders.
            sha256: Of its bytes; where a document that counts has them, nothing is changed.
            size: Of the file, in bytes.
            by: Who brings it.
            now: When.
        """
        with self._database.write() as connection:
            held = [
                Document.model_validate(mapping(row))
                for row in connection.execute(select(table).where(_HELD))
            ]
            for one in held:
                if one.sha256 == sha256:
                    return Shelved(one, "there")
            title, name = parsed.title[:200], file_name[-200:]
            before = next((one for one in held if one.file_name == name), None) or next(
                (one for one in held if _is_same(one, title, parsed.media_type)), None
            )
            known = set(connection.execute(select(table.c.document_id)).scalars())
            number = before.document_id if before else _free(_slug(title or name), known)
            last = select(func.max(table.c.version)).where(table.c.document_id == number)
            made = Document(
                document_id=number,
                version=(connection.execute(last).scalar() or 0) + 1,
                title=title,
                file_name=name,
                sha256=sha256,
                media_type=parsed.media_type,
                bytes=size,
                pages=parsed.pages,
                passages=len(parsed.passages),
                imported_by=by,
                imported_at=now,
            )
            if before is not None:
                self._end(number)
            connection.execute(insert(table), dict(made))
            key = {"document_id": number, "version": made.version}
            rows = [{**dict(one), "heading": one.heading[:500], **key} for one in parsed.passages]
            for begin in range(0, len(rows), _AT_ONCE):
                connection.execute(insert(kb_passage), rows[begin : begin + _AT_ONCE])
        return Shelved(made, "version" if before else "new")

    def retire(self, document_id: str) -> None:
        """Let a document count no longer; it is kept. Raises `NotFound`."""
        with self._database.write():
            if not self._end(document_id):
                raise NotFound(f"No document {document_id!r}")

    def held(self, *, every: bool = False) -> list[Document]:
        """The documents that count, by id; or every version of every one."""
        query = select(table).order_by(table.c.document_id, table.c.version.desc())
        with self._database.read() as connection:
            found = connection.execute(query if every else query.where(_HELD)).all()
        return [Document.model_validate(mapping(row)) for row in found]

    def find(self, document_id: str) -> Document | None:
        """The version of a document that counts, or None."""
        with self._database.read() as connection:
            row = connection.execute(
                select(table).where(table.c.document_id == document_id, _HELD)
            ).one_or_none()
        return Document.model_validate(mapping(row)) if row else None

    def passages(self, document: Document) -> list[Passage]:
        """Its passages, in order."""
        query = (
            select(kb_passage)
            .where(
                kb_passage.c.document_id == document.document_id,
                kb_passage.c.version == document.version,
            )
            .order_by(kb_passage.c.seq)
        )
        with self._database.read() as connection:
            found = connection.execute(query).all()
        return [
            Passage(seq=row.seq, heading=row.heading, page=row.page, text=row.text) for row in found
        ]

    def all(self) -> Sequence[Quoted]:
        """Every passage of what counts; the same tuple as long as no document came or went."""
        with self._lock, self._database.read() as connection:
            stamp = tuple(connection.execute(_STAMP).one())
            if self._read is None or self._read[0] != stamp:
                documents = {
                    (one.document_id, one.version): one
                    for one in (
                        Document.model_validate(mapping(row))
                        for row in connection.execute(select(table).where(_HELD))
                    )
                }
                rows = connection.execute(
                    select(kb_passage)
                    .join(
                        table,
                        (table.c.document_id == kb_passage.c.document_id)
                        & (table.c.version == kb_passage.c.version),
                    )
                    .where(_HELD, table.c.media_type != OWN_WORDS)
                    .order_by(kb_passage.c.document_id, kb_passage.c.seq)
                )
                found = tuple(
                    Quoted(
                        documents[(row.document_id, row.version)],
                        Passage(seq=row.seq, heading=row.heading, page=row.page, text=row.text),
                    )
                    for row in rows
                )
                self._read = (stamp, found)
            return self._read[1]

    def own_words(self) -> str:
        """The plant's own words as they were brought; empty: it has none."""
        with self._database.read() as connection:
            row = connection.execute(
                select(table).where(table.c.media_type == OWN_WORDS, _HELD)
            ).first()
        if row is None:
            return ""
        return "".join(one.text for one in self.passages(Document.model_validate(mapping(row))))

    def _end(self, document_id: str) -> bool:
        with self._database.write() as connection:
            ended = connection.execute(
                update(table)
                .where(table.c.document_id == document_id, _HELD)
                .values(state=DocumentState.RETIRED)
            )
        return bool(ended.rowcount)


def _is_same(one: Document, title: str, media_type: str) -> bool:
    """Whether a file of another name is the same document anew."""
    return one.media_type == media_type and one.title.casefold() == title.casefold()


def _slug(text: str) -> str:
    """An id made of a title.

    >>> _slug("Feed Pump: Manual v2"), _slug("离心泵手册")
    ('feed-pump-manual-v2', 'document')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-")
    if not slug:
        return "document"
    return slug if slug[0].isalpha() else f"document-{slug}"


def _free(slug: str, known: set[str]) -> str:
    if slug not in known:
        return slug
    return next(name for n in range(2, len(known) + 3) if (name := f"{slug}-{n}") not in known)
