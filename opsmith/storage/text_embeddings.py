"""Queries of the vectors of texts: kept, so that no worker has a text embedded twice."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import delete, select

from opsmith.ports import Vectors
from opsmith.storage.database import Database
from opsmith.storage.tables import text_embedding as table
from opsmith.storage.upsert import upsert

_LITTLE = np.dtype("<f4")
_KEPT = timedelta(days=180)
"""A vector of a text that is still there is made anew after it; that of another one is gone."""


class TextEmbeddings:
    """Vectors of texts, shape (d,), of one model.

    Args:
        database: Where they are kept.
        model: Whose vectors; those of other models are not seen.
    """

    def __init__(self, database: Database, model: str) -> None:
        self._database = database
        self._model = model

    def get(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those of the texts that have one, by text."""
        digests = {self._digest(text): text for text in texts}
        query = select(table.c.digest, table.c.vector).where(table.c.digest.in_(digests))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {digests[row.digest]: np.frombuffer(row.vector, _LITTLE) for row in rows}

    def put(self, vectors: Mapping[str, Vectors], now: datetime) -> None:
        """Keep vectors by text, in the place of those that the texts had; old ones go."""
        rows = [
            {
                "digest": self._digest(text),
                "vector": vector.astype(_LITTLE).tobytes(),
                "made_at": now,
            }
            for text, vector in vectors.items()
        ]
        with self._database.write() as connection:
            upsert(connection, table, rows, ("vector", "made_at"))
            connection.execute(delete(table).where(table.c.made_at < now - _KEPT))

    def _digest(self, text: str) -> str:
        return hashlib.sha256(f"{self._model}\n{text}".encode()).hexdigest()
