"""An import of records: each row is built, checked against the rows before, and stored."""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Generic

from opsmith.errors import BadInput, Conflict, NotFound
from opsmith.storage.database import Database
from opsmith_ingest.importing.base import Importer, RecordT, digest
from opsmith_ingest.importing.fields import Refusal
from opsmith_ingest.importing.outcome import Ledger
from opsmith_ingest.importing.sheet import Row, Sheet

Progress = Callable[[float], None]
"""Told how much of the file is read, 0 to 1."""


class _Undone(Exception):
    """Nothing of it shall stay."""


def import_records(
    sheet: Sheet,
    importer: Importer[RecordT],
    ledger: Ledger,
    database: Database,
    now: datetime,
    *,
    dry_run: bool = False,
    progress: Progress = lambda share: None,
) -> None:
    """Carry every row of a table into the stores, some thousand at a time.

    Each lot is a transaction of its own, so that others who write get their turn; a row that a
    store refuses takes none of the others with it.

    Args:
        sheet: The table.
        importer: Builds and stores its records; started already.
        ledger: Told what became of each row.
        database: Where all of it goes.
        now: Plant time.
        dry_run: Do all of it, then undo it.
        progress: Told how far it is.
    """
    lots = _Lots(importer, ledger, database, now)

    def bury(line: int, reason: str, text: str) -> None:
        ledger.refuse(line, Refusal(reason), {}, text)

    def carry() -> None:
        for rows in sheet.blocks(bury):
            lots.carry(rows)
            progress(sheet.progress)

    if not dry_run:
        carry()
        return
    try:
        with database.write():
            carry()
            raise _Undone
    except _Undone:
        pass


class _Lots(Generic[RecordT]):
    def __init__(
        self, importer: Importer[RecordT], ledger: Ledger, database: Database, now: datetime
    ) -> None:
        self._importer, self._ledger = importer, ledger
        self._database, self._now = database, now
        self._seen = dict[Hashable, tuple[int, str]]()

    def carry(self, rows: Sequence[Row]) -> None:
        """Build and store some rows."""
        lot = list[tuple[Row, RecordT]]()
        for row in rows:
            try:
                record = self._importer.build(row)
                if self._is_first(row, record):
                    lot.append((row, record))
                else:
                    self._ledger.unchanged += 1
            except Refusal as refusal:
                self._ledger.refuse(row.number, refusal, row.cells)
        if lot:
            self._put(lot)

    def _is_first(self, row: Row, record: RecordT) -> bool:
        """Whether no row before said the same. Raises `Refusal` where one said otherwise."""
        key, said = self._importer.key(record), digest(record.model_dump_json())
        number, before = self._seen.setdefault(key, (row.number, said))
        if number == row.number:
            return True
        if before != said:
            raise Refusal(f"row {number} has the same id and says otherwise; that one stands")
        return False

    def _put(self, lot: Sequence[tuple[Row, RecordT]]) -> None:
        """Store a lot; where it is refused, its halves, down to the row that is the reason."""
        try:
            with self._database.write() as connection, connection.begin_nested():
                new, changed = self._importer.put([record for _, record in lot], self._now)
        except (BadInput, Conflict, NotFound) as error:
            if len(lot) == 1:
                self._ledger.refuse(lot[0][0].number, Refusal(str(error)), lot[0][0].cells)
                return
            half = len(lot) // 2
            self._put(lot[:half])
            self._put(lot[half:])
            return
        self._ledger.new += new
        self._ledger.changed += changed
        self._ledger.unchanged += len(lot) - new - changed
