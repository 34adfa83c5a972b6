"""What an embedding model adds to the knowledge search, and what a bad one can spoil.

    OPSMITH_EMBEDDING_MODEL=... OPSMITH_EMBEDDING_BASE_URL=... python benchmarks/knowledge_rerank.py

Asks the retrieval test set (tests/kb/retrieval*.jsonl) of the packaged entries: recall@3, mean
reciprocal rank and right abstention by words alone, reordered by the model that the settings name,
by cosines that are chance, and by cosines that say the contrary of what is right. All questions,
and those that nothing was set by. Then how long a search takes whose texts have their vectors.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from retrieval import Question, quality, questions

from opsmith.ports import Vectors
from opsmith.settings import load_settings
from opsmith.storage.database import Database
from opsmith_agents.embedding import embedder_from
from opsmith_kb.load import load_entries
from opsmith_kb.search import Hit, KnowledgeIndex
from opsmith_kb.search_meaning import entry_texts, order
from opsmith_mcp.meaning import Meaning
from opsmith_mcp.reranking import POOL

Near = Callable[[Question, Sequence[Hit]], Vectors | None]
"""How near hits are to a question; None: not known."""

INDEX = KnowledgeIndex(load_entries())
WAIT = 120.0
"""Seconds for vectors that are made; how long a plant would wait is measured once they are."""


def by_words(question: Question, hits: Sequence[Hit]) -> None:
    """Nothing is known."""


def by_chance() -> Near:
    """Cosines drawn evenly."""
    rng = np.random.default_rng(1)
    return lambda _, hits: rng.uniform(-1, 1, len(hits)).astype(np.float32)


def against(question: Question, hits: Sequence[Hit]) -> Vectors:
    """What is right is the farthest."""
    right = [hit.entry.entry_id in question.accepted for hit in hits]
    return np.where(right, -1, 1).astype(np.float32)


def by_meaning(meaning: Meaning) -> Near:
    """As the search tool asks."""
    return lambda question, hits: meaning.nearness(
        question.text, [entry_texts(hit.entry) for hit in hits]
    )


def search(question: Question, near: Near) -> list[str]:
    """The ids that are found, the best first."""
    hits = INDEX.search(question.text, question.device_type, POOL)
    cosines = near(question, hits) if len(hits) > 1 else None
    places = order([hit.score for hit in hits], cosines) if cosines is not None else range(POOL)
    return [hits[place].entry.entry_id for place in places if place < len(hits)]


def report(name: str, near: Near) -> None:
    """Print a row of all questions, and one of those held out."""
    asked = questions()
    held = [one for one in asked if one.held or one.part == "last"]
    for part, chosen in (("all", asked), ("held out", held)):
        seen = quality(chosen, lambda question: search(question, near))
        print(
            f"{name:12} {part:9} {len(chosen):3} questions: recall@3 {seen.recall_at_3:.3f}, "
            f"MRR {seen.mrr:.3f}, rightly nothing {seen.abstention:.3f}",
            flush=True,
        )


def time_searches(near: Near) -> None:
    """Print how long searches take."""
    seconds = list[float]()
    for question in questions():
        began = time.perf_counter()
        search(question, near)
        seconds.append(time.perf_counter() - began)
    middle, late = np.percentile(seconds, [50, 95]) * 1000
    print(f"a search with the vectors there: median {middle:.0f} ms, p95 {late:.0f} ms")


def main() -> None:
    """Print the rows."""
    report("words", by_words)
    report("chance", by_chance())
    report("contrary", against)
    embedder = embedder_from(load_settings())
    if embedder is None:
        print("no model: OPSMITH_EMBEDDING_MODEL and OPSMITH_EMBEDDING_BASE_URL are not set")
        return
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/opsmith.db")
        first = Meaning(embedder, database, WAIT)
        report(embedder.name, by_meaning(first))
        # As after a restart: every question is embedded again, no text is.
        time_searches(by_meaning(Meaning(embedder, database, WAIT)))
        first.close()
        database.close()


if __name__ == "__main__":
    main()
