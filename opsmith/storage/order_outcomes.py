"""Queries of what closed orders taught: outcomes, and the priors learned from them."""

from collections.abc import Mapping, Sequence
from threading import Lock

from sqlalchemy import delete, func, insert, select

from opsmith.domain.learning import LearnedPrior, OrderOutcome
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import learned_prior
from opsmith.storage.tables import order_outcome as table

_STAMP = select(
    func.count(), func.sum(learned_prior.c.orders), func.max(learned_prior.c.updated_at)
)


class OutcomeStore:
    """Outcomes by order, and learned priors by device class and entry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: tuple[object, Mapping[str, Mapping[str, LearnedPrior]]] | None = None
        self._lock = Lock()

    def put(self, outcome: OrderOutcome) -> None:
        """Keep the outcome of an order, in the place of an earlier one."""
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.order_no == outcome.order_no))
            connection.execute(insert(table), outcome.model_dump())

    def drop(self, order_no: str) -> OrderOutcome | None:
        """Forget the outcome of an order; what it was, or None."""
        with self._database.write() as connection:
            before = self.get(order_no)
            if before is not None:
                connection.execute(delete(table).where(table.c.order_no == order_no))
        return before

    def get(self, order_no: str) -> OrderOutcome | None:
        """The outcome of an order, or None."""
        query = select(table).where(table.c.order_no == order_no)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return OrderOutcome.model_validate(mapping(row)) if row else None

    def find(self, device_type: str | None = None, newest: int = 2000) -> list[OrderOutcome]:
        """The newest outcomes of a class, or of all, the oldest of them first."""
        query = select(table).order_by(table.c.at.desc(), table.c.order_no.desc()).limit(newest)
        if device_type is not None:
            query = query.where(table.c.device_type == device_type)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [OrderOutcome.model_validate(mapping(row)) for row in reversed(rows)]

    def learn(self, device_type: str, priors: Sequence[LearnedPrior]) -> None:
        """Keep what was learned of a class, in the place of what was before."""
        with self._database.write() as connection:
            connection.execute(
                delete(learned_prior).where(learned_prior.c.device_type == device_type)
            )
            if priors:
                connection.execute(insert(learned_prior), [dict(one) for one in priors])

    def learned(self) -> Mapping[str, Mapping[str, LearnedPrior]]:
        """What was learned, by class and entry; the same mapping as long as it has not changed."""
        with self._lock, self._database.read() as connection:
            stamp = tuple(connection.execute(_STAMP).one())
            if self._read is None or self._read[0] != stamp:
                found = dict[str, dict[str, LearnedPrior]]()
                for row in connection.execute(select(learned_prior)):
                    one = LearnedPrior.model_validate(mapping(row))
                    found.setdefault(one.device_type, {})[one.entry_id] = one
                self._read = (stamp, found)
            return self._read[1]
