"""What every wake keeps to, and that one in Redis wakes the feeds of other processes."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Redis

from opsmith.ports import Bell, Wake
from opsmith.storage.redis_client import RedisClient
from opsmith.storage.wake import MemoryWake
from opsmith.storage.wake_redis import RedisWake

pytestmark = pytest.mark.anyio

PATIENCE = 30.0


@pytest.fixture(params=["memory", "redis"])
def wake(request: pytest.FixtureRequest) -> Iterator[Wake]:
    if request.param == "memory":
        yield MemoryWake()
        return
    shared = RedisWake(request.getfixturevalue("redis").url)
    yield shared
    shared.close()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


async def rung(wake: Wake, bell: Bell) -> None:
    """Ring until it is heard: what is rung before the other side listens is lost."""
    async with asyncio.timeout(PATIENCE):
        while True:
            wake.ring("alerts")
            if await bell.wait(0.2):
                return


async def test_a_ring_wakes_those_that_listen_to_its_topic_and_no_others(wake: Wake) -> None:
    with wake.listen(["alerts", "work_orders"]) as bell, wake.listen(["reports"]) as other:
        wake.ring("readings")
        wake.ring("work_orders", "readings")
        assert await bell.wait(PATIENCE)
        assert not await other.wait(0)


async def test_a_ring_while_nobody_waits_is_kept_for_the_next_wait(wake: Wake) -> None:
    with wake.listen(["alerts"]) as bell:
        ringer = threading.Thread(target=wake.ring, args=("alerts",))
        ringer.start()
        await asyncio.to_thread(ringer.join)
        assert await bell.wait(PATIENCE)


async def test_nobody_is_woken_without_a_ring_and_none_hears_of_one_before_he_came(
    wake: Wake,
) -> None:
    wake.ring("alerts")
    with wake.listen(["alerts"]) as bell:
        assert not await bell.wait(0)


async def test_a_ring_in_one_process_is_heard_in_another_but_not_at_another_number(
    redis: Redis,
) -> None:
    here, there = RedisWake(redis.url), RedisWake(redis.url)
    elsewhere = RedisWake(redis.url.removesuffix("0") + "1")
    try:
        with there.listen(["alerts"]) as bell, elsewhere.listen(["alerts"]) as other:
            await rung(here, bell)
            assert not await other.wait(0)
    finally:
        for one in (here, there, elsewhere):
            one.close()


async def test_a_restart_of_redis_stops_no_ring_and_they_are_heard_again_after_it(
    own_redis: Redis,
) -> None:
    here, there = RedisWake(own_redis.url), RedisWake(own_redis.url)
    try:
        with here.listen(["alerts"]) as near, there.listen(["alerts"]) as bell:
            await rung(here, bell)
            own_redis.kill()
            await near.wait(0)
            here.ring("alerts")
            assert await near.wait(PATIENCE)
            own_redis.start()
            await rung(here, bell)
            RedisClient(own_redis.url).raw.client_kill_filter(_type="pubsub")
            await rung(here, bell)
    finally:
        here.close()
        there.close()
