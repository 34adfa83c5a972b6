"""What became of each row of an import, counted, and the refused ones kept for the user."""

import csv
import json
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsmith.errors import BadInput
from opsmith_ingest.importing.fields import Refusal

_KEPT = 20
"""Refusals that are told; all of them are in the file that the user may name."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that was not taken."""

    row: int
    """In the file, from 1."""
    column: str | None
    reason: str


@dataclass
class Ledger:
    """The counts of one import; new + changed + unchanged + refused = rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    first: list[Refused] = field(default_factory=list[Refused])
    """The first refusals."""
    reasons: Counter[str] = field(default_factory=Counter[str])
    """How often each column was the reason."""
    adopted: dict[str, None] = field(default_factory=dict[str, None])
    """Devices that nobody had registered."""
    _writer: Any = None
    _columns: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return self.new + self.changed + self.unchanged + self.refused

    def refuse(
        self, row: int, refusal: Refusal, cells: Mapping[str, object], text: str = ""
    ) -> None:
        """Note a row that is not taken, with its cells, or as text where it is torn."""
        self.refused += 1
        self.reasons[refusal.column or refusal.reason] += 1
        if len(self.first) < _KEPT:
            self.first.append(Refused(row, refusal.column, refusal.reason))
        if self._writer is not None:
            said = [_shown(cells.get(name, "")) for name in self._columns] if cells else [text]
            self._writer.writerow([row, refusal.column or "", refusal.reason, *said])

    @contextmanager
    def rejects_to(self, path: Path | None, columns: tuple[str, ...]) -> Generator[None]:
        """Write every refused row to a CSV file: row, column, reason, then its own cells.

        Mended there, the file can be imported itself.

        Raises:
            BadInput: The file cannot be written.
        """
        if path is None:
            yield
            return
        try:
            file = path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise BadInput(f"Cannot write {path}: {error.strerror}") from error
        with file:
            self._writer, self._columns = csv.writer(file), columns
            self._writer.writerow(["refused_row", "refused_column", "refused_because", *columns])
            try:
                yield
            finally:
                self._writer = None


def _shown(cell: object) -> object:
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell
