"""Documents: manuals, procedures and sheets that the plant gave us, whole and in passages."""

from enum import StrEnum

from pydantic import Field

from opsmith.domain.base import Model, Moment

OWN_WORDS = "text/x-opsmith-words"
"""Media type of the plant's own words for the search; they are kept as documents are, and not
quoted."""


class DocumentState(StrEnum):
    """Whether a version of a document is the one that counts."""

    ACCEPTED = "ACCEPTED"
    RETIRED = "RETIRED"
    """A newer version, or a person, took its place; it is kept."""


class Passage(Model):
    """A piece of a document under one heading, on one page."""

    seq: int = Field(ge=1, description="Place in the document.")
    heading: str = Field(default="", description="Path of headings, the widest first.")
    page: int | None = Field(default=None, ge=1, description="As counted from 1; None: no pages.")
    text: str


class ParsedDocument(Model):
    """What a file says."""

    title: str
    media_type: str
    pages: int | None = Field(default=None, description="None: it has no pages.")
    passages: tuple[Passage, ...]


class Document(Model):
    """One version of a document, without its text."""

    document_id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    title: str
    file_name: str
    sha256: str
    media_type: str
    bytes: int = Field(ge=0)
    pages: int | None = None
    passages: int = Field(ge=0)
    state: DocumentState = DocumentState.ACCEPTED
    imported_by: str
    imported_at: Moment
