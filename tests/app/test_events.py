"""The live feed over a real socket: who sees what, and that nothing is lost by going away."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import websockets
from feed_plant import BY, Fed, fed_plant
from websockets.asyncio.client import ClientConnection

from opsmith import metrics
from opsmith.access import Role
from opsmith.app import events
from opsmith.clock import wall_clock
from opsmith.domain.moments import to_time
from opsmith.domain.readings import ReadingBatch
from opsmith.storage.event_log import EventLog
from opsmith.storage.keys import KeyStore

pytestmark = pytest.mark.anyio


async def frames(ws: ClientConnection) -> AsyncGenerator[dict[str, Any]]:
    """What comes, for at most half a minute."""
    async with asyncio.timeout(30):
        async for text in ws:
            yield json.loads(text)


async def until(ws: ClientConnection, seen: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first frame of which that is so."""
    async for frame in frames(ws):
        if seen(frame):
            return frame
    pytest.fail("closed before it came")


@pytest.fixture
async def fed(tmp_path: Path) -> AsyncGenerator[Fed]:
    async with fed_plant(tmp_path) as found:
        yield found


async def test_a_follower_gets_readings_alerts_and_health_of_what_he_asked_for(fed: Fed) -> None:
    async with fed.follow() as (ws, hello):
        assert (hello["type"], hello["name"], hello["role"]) == ("hello", "reader", "viewer")
        await until(ws, lambda frame: frame.get("health", {}).get("status") == "ok")
        await fed.say(["F1_00", "F2_00"])
        readings = (await until(ws, lambda frame: "F2_00" in frame.get("readings", {})))["readings"]
        assert readings["F1_00"]["values"] == {"temperature": 40.5}
        assert readings["F1_00"]["status"] == "NORMAL"
        await fed.say(["F1_00"], "ANOMALY")
        found = await until(ws, lambda frame: bool(frame.get("events")))
        [one] = found["events"]
        assert (one["topic"], one["device_id"], one["event"]["change"]) == (
            "alerts", "F1_00", "raised",
        )  # fmt: skip
        assert one["event"]["alert"]["alert_type"] == "device_reported"
        assert found["cursor"] == one["id"]
    async with fed.follow("?topics=readings&devices=F1_01") as (ws, hello):
        assert hello["topics"] == ["readings"]
        await fed.say(["F1_00", "F1_01"], "ANOMALY")
        frame = await until(ws, lambda frame: "F1_01" in frame.get("readings", {}))
        assert frame.keys() - {"type", "cursor"} == {"readings"}
        assert frame["readings"].keys() == {"F1_01"}


async def test_a_key_shows_its_factories_alone(fed: Fed) -> None:
    key = fed.key("one", Role.VIEWER, ["F1"])
    async with fed.follow(key=key) as (ws, hello):
        assert hello["name"] == "one"
        await fed.say(["F2_01"], "ANOMALY")
        await fed.say(["F1_01"], "ANOMALY")
        devices, told = set[str](), list[str]()
        async for frame in frames(ws):
            devices |= frame.get("readings", {}).keys()
            told += [one["device_id"] for one in frame.get("events", ())]
            if told and devices:
                break
        assert (devices, told) == ({"F1_01"}, ["F1_01"])
    # Nor does he get them afterwards, by asking from the beginning.
    async with fed.follow("?cursor=0&topics=alerts", key=key) as (ws, _):
        assert [one["device_id"] for one in (await until(ws, lambda _: True))["events"]] == [
            "F1_01"
        ]


async def test_nobody_follows_without_a_key_once_there_is_one(fed: Fed) -> None:
    key = fed.key("one", Role.VIEWER)
    for wrong in (None, "opsk_nothing", key[:-1]):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with fed.follow(key=wrong):
                pytest.fail("let in")
        assert refused.value.response.status_code == 401
        assert b"A key is needed" in refused.value.response.body
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with fed.follow(key=key, origin="https://evil.example"):
            pytest.fail("let in")
    assert refused.value.response.status_code == 403
    # As a browser says it, which cannot send headers.
    spoken = [events.PROTOCOL, f"bearer.{key}"]
    async with fed.follow(subprotocols=spoken) as (ws, hello):
        assert (ws.subprotocol, hello["name"]) == (events.PROTOCOL, "one")


async def test_a_key_that_is_revoked_ends_what_it_opened(
    fed: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RECHECK", 0.0)
    key = fed.key("one", Role.VIEWER)
    async with fed.follow(key=key) as (ws, _):
        await until(ws, lambda frame: "health" in frame)
        keys = KeyStore(fed.plant.stores.database)
        keys.revoke("one", by=BY)
        await fed.say(["F1_00"])
        with pytest.raises(websockets.ConnectionClosed):
            async with asyncio.timeout(30):
                while True:
                    await ws.recv()
        assert (ws.close_code, ws.close_reason) == (events.REFUSED, "This key opens no more")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("?topics=alerts,everything", "No topic 'everything'; there are readings, alerts"),
        ("?cursor=-1", "No cursor: '-1'"),
        ("?cursor=99999999999999999999", "No cursor"),
        ("?topic=alerts", "Nothing is called 'topic'; there are topics, cursor, devices"),
        ("?devices=" + ",".join(f"d{number}" for number in range(1001)), "1001 devices; at most"),
    ],
)
async def test_who_asks_for_what_there_is_not_is_told_so(fed: Fed, query: str, why: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with fed.follow(query):
            pytest.fail("let in")
    assert refused.value.response.status_code == 400
    assert why in json.loads(refused.value.response.body)["error"]


async def test_nothing_is_lost_and_nothing_comes_twice_over_fifty_disconnects(
    fed: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PULSE", 0.05)
    chance = random.Random(3)
    names = [f"{factory}_{number:02}" for factory in ("F1", "F2") for number in range(60)]

    async def live() -> None:
        for name in names:
            await fed.say([name], "ANOMALY")
            await fed.chain.rest()

    async with fed.follow("?topics=alerts") as (_, hello):
        cursor = hello["cursor"]
    going = asyncio.create_task(live())
    got = list[str]()
    for turn in range(51):
        async with fed.follow(f"?topics=alerts&cursor={cursor}") as (ws, hello):
            assert not hello["missed"]
            wanted = chance.randrange(3) if turn < 50 else None
            if wanted is None:
                await going
            last = EventLog(fed.plant.stores.database).bounds().newest
            async for frame in frames(ws):
                got += [one["id"] for one in frame.get("events", ())]
                cursor = frame["cursor"]
                if wanted is None and int(cursor) >= last:
                    break
                if wanted is not None and (wanted := wanted - 1) < 0:
                    # As a cable is pulled: without a word.
                    ws.transport.abort()
                    break
    logged = [str(one.number) for one in EventLog(fed.plant.stores.database).after(0, 10_000)]
    assert len(logged) >= len(names)
    assert got == logged


async def test_who_was_away_for_longer_than_events_are_kept_is_told_so(fed: Fed) -> None:
    log = EventLog(fed.plant.stores.database)
    await fed.say(["F1_00", "F1_01"], "ANOMALY")
    await fed.chain.rest()
    first = log.after(0)[0].number
    assert log.expire(wall_clock() + timedelta(days=1)) == len(log.after(0)) + 2
    async with fed.follow(f"?cursor={first}") as (_, hello):
        assert hello["missed"]
        newest = hello["cursor"]
    await fed.say(["F1_02"], "ANOMALY")
    async with fed.follow(f"?topics=alerts&cursor={newest}") as (ws, hello):
        assert not hello["missed"]
        [one] = (await until(ws, lambda frame: bool(frame.get("events"))))["events"]
        assert one["device_id"] == "F1_02"
    async with fed.follow(f"?cursor={int(newest) + 1000}") as (_, hello):
        assert hello["missed"]


async def test_a_follower_who_does_not_read_is_left_and_the_others_go_on(
    fed: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PATIENCE", 0.5)
    monkeypatch.setattr(events, "GAP", 0.0)
    host, port = fed.url.removeprefix("http://").split(":")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((host, int(port)))
        deaf.sendall(
            f"GET {events.PATH} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        async with fed.follow("?topics=readings") as (ws, _):
            wide = {f"c{number:03}": 1.5 for number in range(250)}
            names, values = tuple(wide), np.array([list(wide.values())])
            marks = np.zeros(values.shape, np.uint8)
            devices = [f"WIDE_{number:03}" for number in range(400)]
            for turn in range(12):
                at = np.full(1, to_time(fed.began + timedelta(seconds=turn + 1)))
                await fed.chain.publish(
                    [ReadingBatch(name, names, at, values, marks, ("",)) for name in devices]
                )
                said = at.astype("datetime64[ms]").item().replace(tzinfo=UTC)
                await until(
                    ws,
                    lambda frame, said=said: any(
                        datetime.fromisoformat(one["at"]) >= said
                        for one in frame.get("readings", {}).values()
                    ),
                )
                if metrics.REGISTRY.get_sample_value("opsmith_feed_followers") == 1:
                    return
    pytest.fail("the deaf one is still fed")
