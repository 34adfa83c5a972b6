"""The in-process bus's journal: announcements and committed places that outlive the process."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from opsmith.errors import BadInput
from opsmith.ports import Message

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    topic TEXT, partition INTEGER, offset INTEGER, key TEXT, value BLOB,
    PRIMARY KEY (topic, partition, offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS committed (
    name TEXT, topic TEXT, partition INTEGER, offset INTEGER,
    PRIMARY KEY (name, topic, partition)
) WITHOUT ROWID;
"""


class Journal:
    """A SQLite file beside the tables.

    Args:
        path: The file.
        topics: The topics it keeps; a message goes once every group that ever committed on its
            topic is past it.

    Raises:
        BadInput: The file cannot be opened or is none of ours.
    """

    def __init__(self, path: Path, topics: Collection[str]) -> None:
        self._topics = frozenset(topics)
        try:
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA
            )
        except sqlite3.Error as error:
            raise BadInput(
                f"Cannot open the bus journal {path} ({error}); "
                "move it away or set OPSMITH_DATA_DIR"
            ) from error

    def keeps(self, topic: str) -> bool:
        """Whether messages of the topic are kept."""
        return topic in self._topics

    def append(self, messages: Sequence[Message]) -> None:
        """Keep messages, durably."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)",
                [(m.topic, m.partition, m.offset, m.key, m.value) for m in messages],
            )

    def read(self, topic: str, partition: int) -> list[Message]:
        """The messages that are kept, oldest first."""
        rows = self._connection.execute(
            "SELECT offset, key, value FROM message WHERE topic = ? AND partition = ? ORDER BY 1",
            (topic, partition),
        )
        return [Message(topic, partition, offset, key, value) for offset, key, value in rows]

    def first(self, topic: str, partition: int) -> int:
        """Offset of the oldest message that is kept, or the one that comes next."""
        (oldest,) = self._connection.execute(
            "SELECT min(offset) FROM message WHERE topic = ? AND partition = ?", (topic, partition)
        ).fetchone()
        if oldest is not None:
            return oldest
        (furthest,) = self._connection.execute(
            "SELECT max(offset) FROM committed WHERE topic = ? AND partition = ?",
            (topic, partition),
        ).fetchone()
        return furthest or 0

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """Where the group goes on, or None where it has not been."""
        row = self._connection.execute(
            "SELECT offset FROM committed WHERE name = ? AND topic = ? AND partition = ?",
            (group, topic, partition),
        ).fetchone()
        return row[0] if row else None

    def commit(self, group: str, topic: str, offsets: Mapping[tuple[str, int], int]) -> None:
        """Keep a group's places in a topic, and drop what every group is past."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for (of_topic, partition), offset in offsets.items():
                if of_topic != topic:
                    continue
                self._connection.execute(
                    "INSERT OR REPLACE INTO committed VALUES (?, ?, ?, ?)",
                    (group, topic, partition, offset),
                )
                self._connection.execute(
                    "DELETE FROM message WHERE topic = ?1 AND partition = ?2 AND offset <"
                    " (SELECT min(offset) FROM committed WHERE topic = ?1 AND partition = ?2)",
                    (topic, partition),
                )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
