"""People who sign in: made, let in, shut out, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from opsmith.access import Caller, Role
from opsmith.errors import BadInput, Conflict, NotFound
from opsmith.storage.audit import AuditLog
from opsmith.storage.database import Database
from opsmith.storage.users import UserStore

BY = Caller("root", Role.ADMIN, via="command", is_person=True)
WORD = "a long enough one"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database(tables_url: str) -> Iterator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


def test_a_user_comes_in_with_his_password_role_and_factories(database: Database) -> None:
    users = UserStore(database)
    assert not users.has_any()
    users.add("Wáng 伟", WORD, Role.ENGINEER, ["F2", "F1"], by=BY)
    assert users.has_any()
    account = users.sign_in("Wáng 伟", WORD)
    assert account is not None
    assert account.caller == Caller(
        "Wáng 伟", Role.ENGINEER, frozenset({"F1", "F2"}), via="chat", is_person=True
    )
    assert users.find("Wáng 伟") == account
    assert users.list()[0].last_seen_at is not None


@pytest.mark.parametrize("name", ["anna", "ANNA", "anna ", "nobody", "", "anna\x00"])
@pytest.mark.parametrize("password", ["", "wrong enough", WORD + " ", WORD.upper(), WORD * 50])
def test_a_wrong_password_or_name_lets_nobody_in(
    database: Database, name: str, password: str
) -> None:
    UserStore(database).add("anna", WORD, Role.VIEWER, by=BY)
    assert UserStore(database).sign_in(name, password) is None


def test_the_password_is_nowhere_in_the_tables_nor_in_the_audit_log(database: Database) -> None:
    users = UserStore(database)
    users.add("anna", WORD, Role.VIEWER, by=BY)
    users.set_password("anna", WORD + "2", by=BY)
    with database.read() as connection:
        row = connection.exec_driver_sql("select * from user_account").one()
    assert WORD not in repr(tuple(row))
    assert WORD not in repr(AuditLog(database).rows())


def test_who_is_disabled_is_out_until_he_gets_a_new_password(database: Database) -> None:
    users = UserStore(database)
    users.add("anna", WORD, Role.VIEWER, by=BY)
    before = users.find("anna")
    users.disable("anna", by=BY)
    users.disable("anna", by=BY)
    assert users.find("anna") is None
    assert users.sign_in("anna", WORD) is None
    assert users.has_any()
    users.set_password("anna", "another one, 2", by=BY)
    assert users.sign_in("anna", WORD) is None
    after = users.sign_in("anna", "another one, 2")
    assert before and after
    assert after.stamp != before.stamp
    told = [row.action for row in AuditLog(database).rows()]
    assert told == ["users password", "users disable", "users add"]
    assert AuditLog(database).broken_at() is None


def test_a_sign_in_that_was_ended_is_known_until_it_would_have_ended(database: Database) -> None:
    now = [NOW]
    users = UserStore(database, lambda: now[0])
    users.end("one", NOW + timedelta(hours=1))
    users.end("one", NOW + timedelta(hours=1))
    assert users.is_ended("one")
    assert not users.is_ended("two")
    now[0] += timedelta(hours=2)
    users.end("two", now[0] + timedelta(hours=1))
    assert not users.is_ended("one")
    assert users.is_ended("two")


@pytest.mark.parametrize("name", ["", " anna", "opsmith", "Local", "a\nb", "a" * 101])
def test_a_name_that_cannot_be_used_is_refused(database: Database, name: str) -> None:
    with pytest.raises(BadInput):
        UserStore(database).add(name, WORD, Role.VIEWER, by=BY)


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaa", "Anna-of-Oslo", "x" * 201])
def test_a_password_that_is_guessed_at_once_is_refused(database: Database, password: str) -> None:
    with pytest.raises(BadInput):
        UserStore(database).add("anna-of-oslo", password, Role.VIEWER, by=BY)


def test_a_name_is_given_once_whatever_its_case(database: Database) -> None:
    users = UserStore(database)
    users.add("Anna", WORD, Role.VIEWER, by=BY)
    with pytest.raises(Conflict):
        users.add("anna", WORD, Role.VIEWER, by=BY)
    with pytest.raises(NotFound):
        users.disable("anna", by=BY)
    with pytest.raises(NotFound):
        users.set_password("anna", WORD, by=BY)
