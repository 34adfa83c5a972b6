"""API keys: by which programs say who they are. The key is shown once; its digest is kept.

>>> looks_like_key("opsk_" + "a" * 8 + "_" + "b" * 43)
True
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from pydantic import Field
from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from opsmith.access import Caller, Channel, Role, check_name, role_named
from opsmith.clock import wall_clock
from opsmith.domain.base import Model, Moment
from opsmith.errors import Conflict, NotFound, Unavailable
from opsmith.storage.audit import AuditLog
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import api_key as table

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID = 8
_SECRET = 43
"""Signs of base 62 that hold 32 random bytes."""
_KEY = re.compile(rf"opsk_([0-9A-Za-z]{{{_ID}}})_[0-9A-Za-z]{{{_SECRET}}}")

USED = timedelta(minutes=1)
"""That a key was used is noted so often at most."""


class ApiKey(Model):
    """One key, without its secret."""

    key_id: str
    name: str
    role: str
    factories: tuple[str, ...] | None = Field(default=None, description="None: all.")
    created_at: Moment
    expires_at: Moment | None = None
    last_used_at: Moment | None = None
    revoked_at: Moment | None = None

    def state(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active"


def looks_like_key(token: str) -> bool:
    """Whether it has the form of a key."""
    return _KEY.fullmatch(token) is not None


class KeyStore:
    """The keys of one plant.

    Args:
        database: Where they are.
        clock: The time of people: expiry goes by it, whatever the plant goes by.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = wall_clock) -> None:
        self._database = database
        self._audit = AuditLog(database)
        self._clock = clock

    def add(
        self,
        name: str,
        role: Role,
        factories: Collection[str] | None = None,
        expires: datetime | None = None,
        *,
        by: Caller,
    ) -> tuple[ApiKey, str]:
        """Make a key.

        Args:
            name: Of who will hold it; it stands in the audit log, so it is never given anew.
            role: What he may do.
            factories: What he may see; None: all.
            expires: When it ends; None: when it is revoked.
            by: Who makes it.

        Returns:
            What is kept, and the key itself, which nobody can read again.

        Raises:
            BadInput: The name cannot be used.
            Conflict: There is a key of that name, or was.
        """
        check_name(name, "key")
        now = self._clock()
        made = ApiKey(
            key_id=_random(_ID),
            name=name,
            role=role.name.lower(),
            factories=None if factories is None else tuple(sorted(set(factories))),
            created_at=now,
            expires_at=expires,
        )
        token = f"opsk_{made.key_id}_{_random(_SECRET)}"
        try:
            with self._database.write() as connection:
                row = dict(made) | {"factories": made.factories and list(made.factories)}
                connection.execute(insert(table).values(**row, digest=_digest(token)))
                told = made.model_dump_json(include={"key_id", "name", "role", "factories"})
                self._audit.append(by, "keys add", told, "done", now)
        except IntegrityError as error:
            raise Conflict(
                f"There is or was a key {name!r}; its name stands in the audit log: take another"
            ) from error
        return made, token

    def revoke(self, name: str, *, by: Caller) -> ApiKey:
        """End a key at once. Raises `NotFound`; one that is revoked stays so."""
        now = self._clock()
        with self._database.write() as connection:
            row = connection.execute(select(table).where(table.c.name == name)).one_or_none()
            if row is None:
                raise NotFound(f"No key {name!r}; `opsmith keys list` names them")
            if row.revoked_at is None:
                connection.execute(
                    update(table).where(table.c.key_id == row.key_id).values(revoked_at=now)
                )
                told = json.dumps({"key_id": row.key_id, "name": row.name}, ensure_ascii=False)
                self._audit.append(by, "keys revoke", told, "done", now)
            row = connection.execute(select(table).where(table.c.key_id == row.key_id)).one()
        return _model(mapping(row))

    def list(self) -> "list[ApiKey]":
        """All keys, revoked ones too, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.created_at)).all()
        return [_model(mapping(row)) for row in rows]

    def has_any(self) -> bool:
        """Whether a key was ever made: from then on nobody comes in without one."""
        with self._database.read() as connection:
            return connection.execute(select(table.c.key_id).limit(1)).first() is not None

    def has_active(self) -> bool:
        """Whether there is a key that opens."""
        now = self._clock()
        return any(key.state(now) == "active" for key in self.list())

    def find(self, token: str, via: Channel = "http") -> Caller | None:
        """Who holds that key; None where it is unknown, revoked or expired."""
        form = _KEY.fullmatch(token)
        if form is None:
            return None
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.key_id == form[1])).one_or_none()
        # An unknown id takes as long as a wrong secret.
        same = hmac.compare_digest(row.digest if row else "0" * 64, _digest(token))
        if row is None or not same:
            return None
        key, now = _model(mapping(row)), self._clock()
        if key.state(now) != "active":
            return None
        try:
            role = role_named(key.role)
        except KeyError:
            return None
        self._note_use(key, now)
        seen = None if key.factories is None else frozenset(key.factories)
        return Caller(key.name, role, seen, via=via, key_id=key.key_id)

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        if key.last_used_at is not None and now - key.last_used_at < USED:
            return
        try:
            with self._database.write() as connection:
                connection.execute(
                    update(table)
                    .where(
                        table.c.key_id == key.key_id,
                        or_(table.c.last_used_at.is_(None), table.c.last_used_at <= now - USED),
                    )
                    .values(last_used_at=now)
                )
        except Unavailable:
            # Who only reads is not kept out because another writes.
            return


def _model(row: dict[str, object]) -> ApiKey:
    return ApiKey.model_validate({name: row[name] for name in ApiKey.model_fields})


def _random(signs: int) -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(signs))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
