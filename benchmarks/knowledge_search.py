"""How well and how fast knowledge is found, beside the full text of databases and jieba.

    python benchmarks/knowledge_search.py [--entries 10000] [--rounds 3]

Asks the retrieval test set (tests/kb/retrieval*.jsonl) of the packaged entries: recall@3, mean
reciprocal rank and right abstention, over all questions, over the third that was held out, and over
the last part, which was asked once all was set. Then
the same questions of many entries, which are the packaged ones with a quarter of their words
exchanged: median and p95 of a question, and the time to build the index. In the same run: SQLite
FTS5 with its trigrams, jieba with rank-bm25 (`--group bench`), and MariaDB's full text, where they
are there. All get the questions' words joined by "or" and the class as a filter. At last the tool
`search_maintenance_kb` itself, called over MCP in this process, with those entries on SQLite and
on MariaDB, and whether the entries that it finds are the same on both.
"""

import argparse
import asyncio
import random
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from callers import READER
from retrieval import Question, quality, questions
from servers import Mariadb

from opsmith.domain.knowledge import KnowledgeEntry, Prose
from opsmith.errors import Unavailable
from opsmith.storage.database import Database
from opsmith.storage.series_embedded import EmbeddedSeriesStore
from opsmith_kb.classes import applies_to, infer_device_type
from opsmith_kb.load import load_entries
from opsmith_kb.search import KnowledgeIndex
from opsmith_mcp.client import call, connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.knowledge import Knowledge
from opsmith_mcp.stores import Stores

LIMIT = 5
_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_WORD = re.compile(r"[A-Za-z]{3,}|[\u3400-\u9fff]{2}")


class Search(Protocol):
    """A search over entries."""

    def __call__(self, question: Question) -> Sequence[str]:
        """The ids of the entries that are found, the best first."""
        ...


def ours(entries: Sequence[KnowledgeEntry]) -> Search:
    """The index of opsmith."""
    index = KnowledgeIndex(entries)
    return lambda question: [
        hit.entry.entry_id for hit in index.search(question.text, question.device_type, LIMIT)
    ]


def trigrams(entries: Sequence[KnowledgeEntry]) -> Search:
    """SQLite FTS5 with the trigram tokenizer."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE kb USING fts5(id UNINDEXED, body, tokenize='trigram')")
    base.executemany("INSERT INTO kb VALUES (?, ?)", [(e.entry_id, body(e)) for e in entries])
    of_class = Classes(entries)

    def search(question: Question) -> list[str]:
        asked = " OR ".join(f'"{word}"' for word in spoken(question.text) if len(word) >= 3)
        if not asked:
            return []
        rows = base.execute(
            "SELECT id FROM kb WHERE kb MATCH ? ORDER BY bm25(kb) LIMIT 500", (asked,)
        )
        return of_class.first((row[0] for row in rows), question)

    return search


def jieba_bm25(entries: Sequence[KnowledgeEntry]) -> Search:
    """Words cut by jieba, ranked by rank-bm25's BM25Okapi."""
    # Both are without types, and need not be there.
    jieba: Any = import_module("jieba")
    rank_bm25: Any = import_module("rank_bm25")
    jieba.setLogLevel(60)

    def cut(text: str) -> list[str]:
        words: list[str] = jieba.lcut(text.lower())
        return [word for word in words if word.strip()]

    rank = rank_bm25.BM25Okapi([cut(body(entry)) for entry in entries])
    ids = [entry.entry_id for entry in entries]
    of_class = Classes(entries)

    def search(question: Question) -> list[str]:
        scores: NDArray[np.float64] = rank.get_scores(cut(question.text))
        best = [int(i) for i in (-scores).argsort()[:500] if scores[i] > 0]
        return of_class.first((ids[i] for i in best), question)

    return search


def full_text(server: Mariadb, entries: Sequence[KnowledgeEntry]) -> Search:
    """MariaDB's full text in natural language mode."""
    import pymysql

    server.make(name := f"kb{len(entries)}")
    link = pymysql.connect(host="127.0.0.1", port=server.port, user="root", database=name)
    cursor = link.cursor()
    cursor.execute("CREATE TABLE kb (id VARCHAR(80), body TEXT CHARACTER SET utf8mb4)")
    cursor.executemany("INSERT INTO kb VALUES (%s, %s)", [(e.entry_id, body(e)) for e in entries])
    cursor.execute("ALTER TABLE kb ADD FULLTEXT (body)")
    link.commit()
    of_class = Classes(entries)

    def search(question: Question) -> list[str]:
        cursor.execute(
            "SELECT id FROM kb WHERE MATCH (body) AGAINST (%s) LIMIT 500",
            (" ".join(spoken(question.text)),),
        )
        return of_class.first((row[0] for row in cursor.fetchall()), question)

    return search


async def through_the_tool(
    url: str, entries: Sequence[KnowledgeEntry], asked: Sequence[Question], rounds: int
) -> tuple[float, float, list[list[str]]]:
    """Seconds of the first call, p95 of the others in ms, and what the questions found."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url.format(folder=folder))
        series = EmbeddedSeriesStore(Path(folder, "series.db"))
        stores = Stores.of(database, series, lambda: _NOW)
        stores.entries.add(entries, _NOW)
        took, found = list[float](), list[list[str]]()
        async with connect(plant_server(stores, ["knowledge"], READER)) as client:
            began = time.perf_counter()
            while True:
                # The index is built by the first question, which goes on as a job meanwhile.
                with suppress(Unavailable):
                    await call(client, Knowledge.search_maintenance_kb, "pump", "seal")
                    break
                await asyncio.sleep(0.5)
            first = time.perf_counter() - began
            for _ in range(rounds):
                found.clear()
                for one in asked:
                    began = time.perf_counter()
                    seen = await call(
                        client, Knowledge.search_maintenance_kb, one.device_type or "*", one.text
                    )
                    took.append(1000 * (time.perf_counter() - began))
                    found.append([hit.entry_id for hit in seen.hits])
        series.close()
        database.close()
    return first, sorted(took)[int(0.95 * len(took))], found


class Classes:
    """The filter by class that all peers get."""

    def __init__(self, entries: Sequence[KnowledgeEntry]) -> None:
        self._entries = {entry.entry_id: entry for entry in entries}

    def first(self, ids: Iterator[str], question: Question) -> list[str]:
        """The first that hold for the class that was asked."""
        asked = question.device_type
        class_ = None if asked is None else infer_device_type((), asked)
        held = (one for one in ids if class_ is None or applies_to(self._entries[one], class_))
        return [one for one, _ in zip(held, range(LIMIT), strict=False)]


def spoken(text: str) -> list[str]:
    """The words of a question, without signs that a query language would read."""
    return re.findall(r"\w+", text)


def body(entry: KnowledgeEntry) -> str:
    """All that an entry says."""
    prose = [str(one) for text in entry.text.values() for _, one in text]
    return "\n".join([entry.entry_id, *prose, *entry.parts, *entry.parts_zh])


def varied(entries: Sequence[KnowledgeEntry], count: int) -> list[KnowledgeEntry]:
    """Entries made of these by exchanging a quarter of their words for others' of the language."""
    chance = random.Random(10)
    pool = {
        language: [w for e in entries for w in _WORD.findall(body_in(e.text[language]))]
        for language in ("en", "zh")
    }

    def exchange(text: str, words: Sequence[str]) -> str:
        return _WORD.sub(
            lambda found: chance.choice(words) if chance.random() < 0.25 else found[0], text
        )

    made = list(entries)
    while len(made) < count:
        entry = entries[len(made) % len(entries)]
        text = {
            language: prose.model_copy(
                update={name: exchange(str(one), pool[language]) for name, one in prose}
            )
            for language, prose in entry.text.items()
        }
        made.append(entry.model_copy(update={"entry_id": f"v{len(made):05d}", "text": text}))
    return made


def body_in(prose: Prose) -> str:
    """What an entry says in one language."""
    return "\n".join(str(one) for _, one in prose)


def timed(search: Search, asked: Sequence[Question], rounds: int) -> list[float]:
    """Milliseconds of each question, the first of each included."""
    took = list[float]()
    for _ in range(rounds):
        for question in asked:
            began = time.perf_counter()
            search(question)
            took.append(1000 * (time.perf_counter() - began))
    return sorted(took)


def main() -> None:
    """Print the figures of each search."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tool", action="store_true", help="Only the tool on both databases.")
    arguments = parser.parse_args()
    asked, entries = questions(), load_entries()
    many = varied(entries, arguments.entries)
    print(f"{len(asked)} questions, {len(entries)} entries; times over {len(many)} entries")
    with ExitStack() as stack:
        makers: dict[str, Callable[[Sequence[KnowledgeEntry]], Search]] = {
            "opsmith": ours, "FTS5 trigram": trigrams, "jieba + BM25": jieba_bm25,
        }  # fmt: skip
        urls = {"SQLite": "sqlite:///{folder}/opsmith.db"}
        with suppress(pytest.skip.Exception):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="opsmith-kb-"))
            server = Mariadb(Path(folder, "mariadb"))
            stack.callback(server.stop)
            server.start()
            makers["MariaDB full text"] = lambda entries: full_text(server, entries)
            urls["MariaDB"] = server.make("plant")
        if arguments.tool:
            makers.clear()
        columns = ("recall@3", "MRR", "abstains", "p50 ms", "p95 ms", "build s")
        print(" " * 18 + "".join(f"{column:>9}" for column in columns))
        for name, make in makers.items():
            try:
                search = make(entries)
            except ImportError as error:
                print(f"{name:18}{error.name} is not installed")
                continue
            began = time.perf_counter()
            large = make(many)
            built = time.perf_counter() - began
            took = timed(large, asked, arguments.rounds)
            for told, chosen in (
                (name, asked),
                ("  held out", [one for one in asked if one.held]),
                ("  last part", [one for one in asked if one.part == "last"]),
            ):  # fmt: skip
                of = quality(chosen, search)
                row = f"{told:18}{of.recall_at_3:9.3f}{of.mrr:9.3f}{of.abstention:9.2f}"
                if told == name:
                    row += f"{took[len(took) // 2]:9.1f}{took[int(0.95 * len(took))]:9.1f}"
                    row += f"{built:9.1f}"
                print(row)
        answers = list[list[list[str]]]()
        for name, url in urls.items():
            first, p95, found = asyncio.run(through_the_tool(url, many, asked, arguments.rounds))
            answers.append(found)
            print(f"the tool on {name}: p95 {p95:.1f} ms; the first call {first:.1f} s")
        if len(answers) > 1:
            same = sum(one == other for one, other in zip(*answers, strict=True))
            print(f"the same entries in the same order on both: {same} of {len(asked)}")


if __name__ == "__main__":
    main()
