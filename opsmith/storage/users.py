"""People who sign in with a password, in the same roles and factories as keys have.

>>> made = digest_of("correct horse", salt=b"0" * 16)
>>> is_password("correct horse", made), is_password("correct house", made)
(True, False)
"""

import base64
import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from pydantic import Field
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from opsmith.access import Caller, Role, check_name, role_named
from opsmith.clock import wall_clock
from opsmith.domain.base import Model, Moment
from opsmith.errors import BadInput, Conflict, NotFound, Unavailable
from opsmith.ports import Account
from opsmith.storage.audit import AuditLog
from opsmith.storage.database import Database, mapping
from opsmith.storage.tables import ended_sign_in as ended
from opsmith.storage.tables import user_account as table
from opsmith.storage.upsert import upsert

LOCAL = "local"
"""Who sits at the machine, where nobody signs in."""
SHORTEST, LONGEST = 10, 200
"""Characters of a password."""
SEEN = timedelta(minutes=1)
"""That somebody was here is noted so often at most."""

_N, _R, _P = 14, 8, 5
"""Cost of scrypt: 2^14 blocks of 1 kB five times, about 0.2 s and 16 MB."""


class User(Model):
    """One person, without the password."""

    name: str
    role: str
    factories: tuple[str, ...] | None = Field(default=None, description="None: all.")
    created_at: Moment
    changed_at: Moment = Field(description="When the password was set last.")
    last_seen_at: Moment | None = None
    disabled_at: Moment | None = None


class UserStore:
    """The people of one plant; see `opsmith.ports.Users`.

    Args:
        database: Where they are.
        clock: The time of people.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = wall_clock) -> None:
        self._database = database
        self._audit = AuditLog(database)
        self._clock = clock

    def add(
        self,
        name: str,
        password: str,
        role: Role,
        factories: Collection[str] | None = None,
        *,
        by: Caller,
    ) -> User:
        """Make a user.

        Args:
            name: By which he signs in; it stands in the audit log, so it is never given anew.
            password: Kept as its digest alone.
            role: What he may do.
            factories: What he may see; None: all.
            by: Who makes him.

        Raises:
            BadInput: The name or the password cannot be used.
            Conflict: There is such a user, or one whose name differs in case alone.
        """
        check_name(name, "user")
        _check(password, name)
        now = self._clock()
        made = User(
            name=name,
            role=role.name.lower(),
            factories=None if factories is None else tuple(sorted(set(factories))),
            created_at=now,
            changed_at=now,
        )
        digest = digest_of(password)
        try:
            with self._database.write() as connection:
                names = connection.execute(select(table.c.name)).scalars()
                if name.casefold() in {one.casefold() for one in names}:
                    raise Conflict(f"There is a user {name!r} already; `opsmith users list`")
                row = dict(made) | {"factories": made.factories and list(made.factories)}
                connection.execute(insert(table).values(**row, digest=digest, stamp=_stamp()))
                told = made.model_dump_json(include={"name", "role", "factories"})
                self._audit.append(by, "users add", told, "done", now)
        except IntegrityError as error:
            raise Conflict(f"There is a user {name!r} already; `opsmith users list`") from error
        return made

    def disable(self, name: str, *, by: Caller) -> User:
        """Shut somebody out at once. Raises `NotFound`; who is shut out stays so."""
        now = self._clock()
        with self._database.write() as connection:
            if self._row(name).disabled_at is None:
                gone = update(table).where(table.c.name == name)
                connection.execute(gone.values(disabled_at=now, stamp=_stamp()))
                told = json.dumps({"name": name}, ensure_ascii=False)
                self._audit.append(by, "users disable", told, "done", now)
            return self._row(name)

    def set_password(self, name: str, password: str, *, by: Caller) -> User:
        """Give somebody another password; his sign-ins end, and who was shut out may come in.

        Raises:
            BadInput: The password cannot be used.
            NotFound: No such user.
        """
        _check(password, name)
        digest, now = digest_of(password), self._clock()
        with self._database.write() as connection:
            self._row(name)
            anew = update(table).where(table.c.name == name)
            connection.execute(
                anew.values(digest=digest, stamp=_stamp(), changed_at=now, disabled_at=None)
            )
            told = json.dumps({"name": name}, ensure_ascii=False)
            self._audit.append(by, "users password", told, "done", now)
            return self._row(name)

    def list(self) -> "list[User]":
        """Everybody, who is shut out too, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.name)).all()
        return [_model(mapping(row)) for row in rows]

    def has_any(self) -> bool:
        """See `opsmith.ports.Users.has_any`."""
        with self._database.read() as connection:
            return connection.execute(select(table.c.name).limit(1)).first() is not None

    def sign_in(self, name: str, password: str) -> Account | None:
        """See `opsmith.ports.Users.sign_in`."""
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.name == name)).one_or_none()
        right = is_password(password[: LONGEST + 1], row.digest if row else _NOBODY)
        if row is None or not right or row.disabled_at is not None:
            return None
        self._note(name)
        return _account(mapping(row))

    def find(self, name: str) -> Account | None:
        """See `opsmith.ports.Users.find`."""
        query = select(table).where(table.c.name == name, table.c.disabled_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _account(mapping(row))

    def end(self, sign_in: str, until: datetime) -> None:
        """See `opsmith.ports.Users.end`."""
        row = {"sign_in": sign_in[:64], "until": until}
        with self._database.write(apart=True) as connection:
            connection.execute(delete(ended).where(ended.c.until < self._clock()))
            upsert(connection, ended, [row], ["until"])

    def is_ended(self, sign_in: str) -> bool:
        """See `opsmith.ports.Users.is_ended`."""
        query = select(ended.c.sign_in).where(ended.c.sign_in == sign_in[:64])
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def _row(self, name: str) -> User:
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.name == name)).one_or_none()
        if row is None:
            raise NotFound(f"No user {name!r}; `opsmith users list` names them")
        return _model(mapping(row))

    def _note(self, name: str) -> None:
        now = self._clock()
        try:
            with self._database.write(apart=True) as connection:
                seen = update(table).where(table.c.name == name)
                connection.execute(seen.values(last_seen_at=now))
        except Unavailable:
            # Who only reads is not kept out because another writes.
            return


def digest_of(password: str, salt: bytes | None = None) -> str:
    """What is kept of a password: its salted scrypt, with the cost, as text."""
    salt = secrets.token_bytes(16) if salt is None else salt
    made = _scrypt(password, salt, _N, _R, _P)
    text = [base64.b64encode(part).decode() for part in (salt, made)]
    return f"scrypt${_N}${_R}${_P}${text[0]}${text[1]}"


def is_password(password: str, digest: str) -> bool:
    """Whether `digest` was made of that password."""
    _, n, r, p, salt, made = digest.split("$")
    found = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(made))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # One password may be typed as several sequences of code points.
    told = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    most = 128 * r * (2**n + p + 2)
    return hashlib.scrypt(told, salt=salt, n=2**n, r=r, p=p, maxmem=2 * most, dklen=32)


_NOBODY = f"scrypt${_N}${_R}${_P}${'A' * 22}==${'A' * 43}="
"""A digest of no password that anybody knows, for names that there are not."""


def _check(password: str, name: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(
            f"A password has {SHORTEST} to {LONGEST} signs; this one has {len(password)}"
        )
    if password.casefold() == name.casefold() or len(set(password)) < 4:
        raise BadInput(
            "This password is guessed at once: take one that is neither the name nor aaa"
        )


def _account(row: dict[str, object]) -> Account | None:
    user = _model(row)
    try:
        role = role_named(user.role)
    except KeyError:
        return None
    seen = None if user.factories is None else frozenset(user.factories)
    caller = Caller(user.name, role, seen, via="chat", is_person=True)
    return Account(caller, str(row["stamp"]))


def _model(row: dict[str, object]) -> User:
    return User.model_validate({name: row[name] for name in User.model_fields})


def _stamp() -> str:
    return secrets.token_hex(16)
