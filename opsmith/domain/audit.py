"""Audit: who changed what, or was refused, in rows that cannot be altered unseen."""

import hashlib
import json
from typing import Literal

from pydantic import Field

from opsmith.domain.base import Model, Moment

Outcome = Literal["done", "proposed", "confirmed", "declined", "refused", "failed"]

GENESIS = "0" * 64
"""What the first row has for the one before it."""


class AuditRow(Model):
    """One call that writes."""

    seq: int = Field(ge=1)
    at: Moment
    caller: str
    role: str
    via: str
    action: str = Field(description="Tool or command.")
    arguments: str = Field(description="JSON.")
    outcome: Outcome
    detail: str
    previous: str = Field(description="Digest of the row before.")
    digest: str

    def expected(self) -> str:
        """The digest that its content and the row before give (SHA-256)."""
        return digest_of(self)


def digest_of(row: AuditRow) -> str:
    """SHA-256 over the row's content with the digest of the row before it, hexadecimal."""
    content = row.model_dump(mode="json", exclude={"digest"})
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
