"""The knowledge search with an embedding model behind a real server, well and ill behaved."""

import json
import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from callers import READER
from databases import MariadbTables
from embeddings import SIZE, EmbeddingScript, by_letters, in_favour_of, vectors_told
from llm_server import LlmServer, Reply, Request, Script, always, fails, hangs, talks_html

from opsmith.app.bootstrap import Plant, open_plant
from opsmith.clock import wall_clock
from opsmith.domain.base import State
from opsmith.domain.documents import ParsedDocument, Passage
from opsmith.errors import BadInput
from opsmith.settings import Settings
from opsmith_kb.search_meaning import entry_texts
from opsmith_mcp.client import call, connect
from opsmith_mcp.groups import plant_server
from opsmith_mcp.knowledge import Knowledge, KnowledgeHits
from opsmith_mcp.reranking import LATE

pytestmark = pytest.mark.anyio
# It takes long to import, and a search does not wait for long.
import_module("openai")

LOSES_FLOW = "pump loses flow"
SOON, LONG = 0.2, 3.0
"""Seconds that a search waits, where it is to wait in vain, and where it is to have its answer."""


@contextmanager
def plant_with(url: str, folder: Path, seconds: float = LONG, **given: Any) -> Generator[Plant]:
    """A plant whose embedding model is at that URL."""
    settings = Settings(
        data_dir=folder,
        embedding_model=given.pop("model", "letters"),
        embedding_base_url=url,
        embedding_seconds=seconds,
        **given,
    )
    with open_plant(settings) as plant:
        yield plant


@pytest.fixture
def script() -> EmbeddingScript:
    return EmbeddingScript()


@pytest.fixture
def server(script: EmbeddingScript) -> Iterator[LlmServer]:
    with LlmServer(script, probes=False) as server:
        yield server
        assert server.errors == []


async def search(plant: Plant, words: str, *, class_: str = "pump", **given: Any) -> KnowledgeHits:
    async with connect(plant_server(plant.stores, caller=READER)) as client:
        return await call(client, Knowledge.search_maintenance_kb, class_, words, **given)


async def compared(plant: Plant, words: str, **given: Any) -> KnowledgeHits:
    """The same, asked again where a busy machine did not compare in time."""
    for _ in range(20):
        seen = await search(plant, words, **given)
        if not str(seen.note).startswith(LATE):
            return seen
    raise AssertionError(f"{words!r} was never compared")


def ids(seen: KnowledgeHits) -> list[str]:
    return [hit.entry_id for hit in seen.hits]


async def by_words(folder: Path, words: str, **given: Any) -> list[str]:
    with open_plant(Settings(data_dir=folder)) as plant:
        return ids(await search(plant, words, **given))


async def test_without_a_model_nothing_is_sent_anywhere(server: LlmServer, tmp_path: Path) -> None:
    with plant_with(server.url, tmp_path, model="") as plant:
        seen = await search(plant, LOSES_FLOW)
    assert seen.hits and seen.note != LATE
    assert server.requests == []


@pytest.mark.parametrize(
    ("words", "language", "entry_id"),
    [(LOSES_FLOW, "en", "impeller_wear"), ("振动大", "zh", "valve_restriction")],
)
async def test_what_is_nearer_in_meaning_comes_before_what_words_answer_as_well(
    words: str, language: Any, entry_id: str, tmp_path: Path
) -> None:
    plain = await by_words(tmp_path, words, language=language)
    with open_plant(Settings(data_dir=tmp_path)) as plant:
        (entry,) = (one for one in plant.stores.entries.all() if one.entry_id == entry_id)
    script = EmbeddingScript(in_favour_of(*entry_texts(entry)))
    with (
        LlmServer(script, probes=False) as server,
        plant_with(server.url, tmp_path) as plant,
    ):
        seen = await compared(plant, words, language=language)
        first = await compared(plant, words, language=language, limit=1)
    assert plain[0] != entry_id
    assert ids(seen)[0] == entry_id and ids(first) == [entry_id]
    # The others keep their order.
    rest = [one for one in ids(seen) if one != entry_id]
    assert rest == [one for one in plain if one != entry_id][: len(rest)]
    assert words in script.texts and len(script.texts) == len(set(script.texts))


async def test_meaning_neither_finds_nor_puts_first_what_words_answer_far_worse(
    tmp_path: Path,
) -> None:
    plain = await by_words(tmp_path, LOSES_FLOW, limit=20)
    assert "collector_down" in plain[5:]
    script = EmbeddingScript(in_favour_of("Data collector", "数据采集", "tomato"))
    with LlmServer(script, probes=False) as server, plant_with(server.url, tmp_path) as plant:
        seen = await compared(plant, LOSES_FLOW, limit=20)
        strange = await search(plant, "recipe for tomato soup", class_="*")
    assert ids(seen)[0] == plain[0] and sorted(ids(seen)) == sorted(plain)
    assert (strange.state, strange.hits) == (State.EMPTY, ())


async def test_passages_of_the_plants_documents_are_ordered_too(tmp_path: Path) -> None:
    texts = (
        "Grease of the bearing: lithium soap grease, type two.",
        "Grease of the bearing: forty grams, with the machine running.",
    )
    parsed = ParsedDocument(
        title="Feed pump",
        media_type="text/markdown",
        passages=tuple(Passage(seq=n, text=text) for n, text in enumerate(texts, 1)),
    )
    quotes = list[list[str]]()
    for favour in ("lithium", "forty"):
        script = EmbeddingScript(in_favour_of(favour))
        folder = tmp_path / favour
        with LlmServer(script, probes=False) as server, plant_with(server.url, folder) as plant:
            plant.stores.manuals.documents.add(
                parsed, "pump.md", "0" * 64, 100, "Wang Fang", wall_clock()
            )
            seen = await compared(plant, "grease of the bearing")
            quotes.append([one.quote for one in seen.passages])
    assert quotes == [list(texts), list(texts[::-1])]


async def test_both_databases_give_the_same(
    server: LlmServer, mariadb_tables: MariadbTables, tmp_path: Path
) -> None:
    asked = (LOSES_FLOW, "振动大", "轴承异响 noise", "leak", "temperature rises")
    found = list[list[list[str]]]()
    for url in (f"sqlite:///{tmp_path / 'opsmith.db'}", mariadb_tables.emptied()):
        with plant_with(server.url, tmp_path, database_url=url) as plant:
            found.append([ids(await compared(plant, words, limit=20)) for words in asked])
    assert found[0] == found[1] and all(found[0])


async def test_a_restart_embeds_no_text_again(
    server: LlmServer, script: EmbeddingScript, tables_url: str, tmp_path: Path
) -> None:
    with plant_with(server.url, tmp_path, database_url=tables_url) as plant:
        first = await compared(plant, LOSES_FLOW)
        assert await compared(plant, LOSES_FLOW) == first
    sent = list(script.texts)
    script.texts.clear()
    with plant_with(server.url, tmp_path, database_url=tables_url) as plant:
        again = await compared(plant, LOSES_FLOW)
    assert len(sent) > 10 and len(sent) == len(set(sent))
    assert (again, script.texts) == (first, [LOSES_FLOW])


async def test_another_model_and_a_changed_entry_are_embedded_anew(
    server: LlmServer, script: EmbeddingScript, tmp_path: Path
) -> None:
    with plant_with(server.url, tmp_path) as plant:
        await compared(plant, LOSES_FLOW)
        sent = set(script.texts)
        script.texts.clear()
        (entry,) = (one for one in plant.stores.entries.all() if one.entry_id == "impeller_wear")
        text = entry.text["en"].model_copy(update={"name": "Eroded wheel"})
        changed = entry.model_copy(update={"text": {**entry.text, "en": text}})
        assert plant.stores.entries.put([changed], wall_clock()) == (0, 1)
        await compared(plant, LOSES_FLOW)
        assert script.texts == [one for one in entry_texts(changed) if one.startswith("Eroded")]
        script.texts.clear()
    with plant_with(server.url, tmp_path, model="other") as plant:
        await compared(plant, LOSES_FLOW)
    assert len(set(script.texts)) == len(sent)


def _size_of(request: Request) -> int:
    return len(request["input"])


def _nan(request: Request) -> Reply:
    return vectors_told([[float("nan")] * SIZE] * _size_of(request))


def _nothing(request: Request) -> Reply:
    return vectors_told([[0.0] * SIZE] * _size_of(request))


def _fewer(request: Request) -> Reply:
    return vectors_told([[1.0] * SIZE] * (_size_of(request) - 1))


def _ragged(request: Request) -> Reply:
    return vectors_told([[1.0] * (place + 1) for place in range(_size_of(request) + 1)])


def _another_size(request: Request) -> Reply:
    return vectors_told([[1.0] * _size_of(request)] * _size_of(request))


def _words(request: Request) -> Reply:
    return vectors_told(["high"] * _size_of(request))


def _other_json(request: Request) -> Reply:
    return Reply(200, json.dumps({"data": None}).encode())


@pytest.mark.parametrize(
    "ill",
    [
        always(fails(500)), always(fails(401)), always(fails(429)), always(talks_html()),
        _nan, _nothing, _fewer, _ragged, _another_size, _words, _other_json,
    ],
    ids=["500", "401", "429", "html", "nan", "zero", "fewer", "ragged", "size", "words", "json"],
)  # fmt: skip
async def test_a_model_that_answers_wrongly_leaves_the_order_by_words_and_one_line(
    ill: Script, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = await by_words(tmp_path, LOSES_FLOW)
    with LlmServer(ill, probes=False) as server:
        with plant_with(server.url, tmp_path, embedding_api_key="sk-hidden") as plant:
            caplog.clear()
            seen = [await search(plant, LOSES_FLOW) for _ in range(2)]
        assert 0 < len(server.requests) <= 3
    for each in seen:
        assert ids(each) == plain
        assert (each.state, each.note) == (State.TRUNCATED, f"{LATE} {_truncated(each)}")
    lines = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(lines) == 1 and "letters at 127.0.0.1" in lines[0]
    assert "sk-hidden" not in caplog.text


def _truncated(seen: KnowledgeHits) -> str:
    return f"The best 5 of {seen.total}; add words, or raise limit (20 at most)."


async def test_one_that_nobody_listens_for_is_left_alone_after_three_tries(tmp_path: Path) -> None:
    with LlmServer(always(fails(503)), probes=False) as server:
        with plant_with(server.url, tmp_path) as plant:
            for words in ("leak", "noise", "flow", "pressure", "vibration"):
                assert (await search(plant, words)).hits
            assert [one.part for one in plant.outages.standing()] == ["embedding"]
        assert len(server.requests) == 3
    with plant_with(server.url, tmp_path) as plant:
        assert ids(await search(plant, LOSES_FLOW)) == await by_words(tmp_path, LOSES_FLOW)


async def test_a_silent_model_keeps_no_search_waiting_for_long(tmp_path: Path) -> None:
    plain = await by_words(tmp_path, LOSES_FLOW)
    with (
        LlmServer(always(hangs()), probes=False) as server,
        plant_with(server.url, tmp_path, SOON) as plant,
    ):
        seen = await search(plant, LOSES_FLOW)
    assert ids(seen) == plain and str(seen.note).startswith(LATE)


async def test_what_came_too_late_is_there_for_the_next_search(
    server: LlmServer, script: EmbeddingScript, tmp_path: Path
) -> None:
    script.open.clear()
    with plant_with(server.url, tmp_path, SOON) as plant:
        late = await search(plant, LOSES_FLOW)
        script.open.set()
        # Each of them waits for a while; the texts come by themselves meanwhile.
        tries = (await search(plant, LOSES_FLOW) for _ in range(50))
        seen = await anext(one async for one in tries if not str(one.note).startswith(LATE))
    assert str(late.note).startswith(LATE) and seen.total == late.total
    assert len(script.texts) == len(set(script.texts))


async def test_texts_are_sent_in_batches_and_not_in_full_length(
    server: LlmServer, script: EmbeddingScript, tmp_path: Path
) -> None:
    with plant_with(server.url, tmp_path) as plant:
        await compared(plant, "vibration", class_="*")
    assert max(len(request["input"]) for request in server.requests) == 32
    assert max(map(len, script.texts)) == 480


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "set OPSMITH_EMBEDDING_BASE_URL"),
        ("127.0.0.1:8000", "no http address"),
        ("http://me:sesame@127.0.0.1/v1", "set OPSMITH_EMBEDDING_API_KEY"),
    ],
)
async def test_a_model_without_a_server_is_refused(url: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=says) as refused, plant_with(url, tmp_path):
        pass
    assert "sesame" not in str(refused.value)


def test_texts_that_share_letters_are_alike() -> None:
    near, far = (
        float(a @ b / (a @ a * (b @ b)) ** 0.5)
        for a, b in (
            by_letters(["bearing wear", "worn bearing"]),
            by_letters(["bearing wear", "漏油"]),
        )
    )
    assert near > 0.5 > far
