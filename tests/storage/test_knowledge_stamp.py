"""Whether knowledge came in is asked with every search: it is told without reading the entries."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from opsmith.domain.learning import EntryState
from opsmith.storage.database import Database
from opsmith.storage.knowledge import KnowledgeStore
from opsmith.storage.knowledge_versions import EntryVersions
from opsmith_kb.load import load_entries

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_that_nothing_came_in_is_told_by_indexes_alone(tables_url: str) -> None:
    database = Database(tables_url)
    store = KnowledgeStore(database)
    store.add(load_entries(), NOW)
    before, asked = store.all(), list[str]()

    def note(*told: Any) -> None:
        asked.append(told[2] % told[3] if "sqlite" not in tables_url else told[2])

    event.listen(Engine, "before_cursor_execute", note)
    assert store.all() is before
    event.remove(Engine, "before_cursor_execute", note)
    (question,) = (one for one in asked if "maintenance_kb" in one)
    with database.read() as connection:
        if "sqlite" in tables_url:
            question = question.replace("?", "'RETIRED'")
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {question}")).all()
            read = [row.detail for row in plan if row.detail.startswith(("SCAN", "SEARCH"))]
            assert len(read) == 3
            assert all("COVERING INDEX" in one or "CONSTANT ROW" in one for one in read)
        else:
            question = question.replace("RETIRED", "'RETIRED'")
            plan = connection.execute(text(f"EXPLAIN {question}")).all()
            for row in plan:
                assert "optimized away" in row.Extra or "Using index" in row.Extra or not row.table
    database.close()


def test_what_came_in_or_went_at_one_moment_of_the_clock_is_seen(tables_url: str) -> None:
    database = Database(tables_url)
    mine, theirs = KnowledgeStore(database), KnowledgeStore(database)
    versions = EntryVersions(database)
    first, second = load_entries()[:2]
    seen = list[dict[str, float]]()

    def look() -> None:
        seen.append({one.entry_id: one.hours for one in theirs.all()})

    mine.add([first], NOW)
    look()
    mine.add([second], NOW)
    look()
    versions.put([first.model_copy(update={"hours": 99.0})], "bob", NOW, "Slow.")
    look()
    versions.retire(second.entry_id, "bob", NOW, "Gone.")
    look()
    versions.restore(second.entry_id, 1, "bob", NOW - timedelta(days=1), "Back.")
    look()
    both = {first.entry_id: 99.0, second.entry_id: second.hours}
    assert seen == [
        {first.entry_id: first.hours}, both | {first.entry_id: first.hours}, both,
        {first.entry_id: 99.0}, both,
    ]  # fmt: skip
    assert versions.find(second.entry_id, EntryState.ACCEPTED)
    database.close()
