"""Newer texts of opsmith come into a plant that has older ones, and undo nothing of its own."""

from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from opsmith.domain.knowledge import KnowledgeEntry
from opsmith.domain.learning import EntryState
from opsmith.storage.database import Database
from opsmith.storage.knowledge import KnowledgeStore
from opsmith.storage.knowledge_versions import EntryVersions
from opsmith_kb.load import load_entries

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OLD = load_entries()[:3]


def newer(entry: KnowledgeEntry, hours: float) -> KnowledgeEntry:
    return entry.model_copy(update={"hours": hours})


def held(database: Database) -> dict[str, float]:
    return {one.entry_id: one.hours for one in KnowledgeStore(database).all()}


@pytest.fixture
def database(tables_url: str) -> Generator[Database]:
    database = Database(tables_url)
    yield database
    database.close()


def test_a_text_that_nobody_changed_is_renewed_and_can_be_rolled_back(database: Database) -> None:
    versions = EntryVersions(database)
    first = OLD[0]
    assert versions.bring(OLD, NOW) == (3, 0)
    assert versions.bring(OLD, NOW) == (0, 0)
    assert versions.bring([newer(first, 77), *OLD[1:]], NOW) == (0, 1)
    assert held(database)[first.entry_id] == 77
    kept = versions.find(first.entry_id)
    assert [(one.version, one.state, one.proposed_by) for one in kept] == [
        (2, EntryState.ACCEPTED, "opsmith"),
        (1, EntryState.RETIRED, "opsmith"),
    ]
    assert versions.bring(OLD, NOW) == (0, 0), "an older opsmith on the same tables"
    versions.restore(first.entry_id, 1, "li", NOW, "ours was better")
    assert versions.bring([newer(first, 77)], NOW) == (0, 0)
    assert held(database)[first.entry_id] == first.hours
    assert versions.behind([newer(first, 77)]) == (), "that text is known and was put back"
    assert versions.bring([newer(first, 78)], NOW) == (0, 0)
    assert versions.behind([newer(first, 78)]) == (first.entry_id,)


def test_what_the_plant_changed_or_retired_stays_and_is_told(database: Database) -> None:
    versions = EntryVersions(database)
    first, second, third = OLD
    versions.bring(OLD, NOW)
    versions.put([newer(first, 5.5)], "li", NOW, "our own time")
    versions.retire(second.entry_id, "li", NOW, "we have none")
    brought = [newer(first, 77), newer(second, 77), newer(third, 77)]
    assert versions.bring(brought, NOW) == (0, 1)
    assert held(database) == {first.entry_id: 5.5, third.entry_id: 77}
    assert versions.behind(brought) == (first.entry_id,)
