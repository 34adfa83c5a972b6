"""What every cooldown keeps to, and what else one keeps to that processes share."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event

import pytest
from servers import Redis

from opsmith.errors import BadInput, Unavailable
from opsmith.health import Outages
from opsmith.ports import Cooldown
from opsmith.storage.cooldown_memory import MemoryCooldown
from opsmith.storage.cooldown_redis import RedisCooldown
from opsmith.storage.cooldown_steady import PAUSE, SteadyCooldown
from opsmith.storage.redis_client import RedisClient

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = "rate:limit:PUMP_01"


@pytest.fixture(params=["memory", "redis", "steady"])
def cooldown(request: pytest.FixtureRequest) -> Iterator[Cooldown]:
    if request.param == "memory":
        yield MemoryCooldown()
        return
    server: Redis = request.getfixturevalue("redis")
    RedisClient(server.url).raw.flushdb()
    shared = RedisCooldown(server.url)
    outages = Outages()
    yield SteadyCooldown(shared, outages) if request.param == "steady" else shared
    assert not outages.standing()
    shared.close()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def claimed(cooldown: Cooldown, *members: str, most: int = 5, at: datetime = START) -> list[bool]:
    return [cooldown.claim(KEY, member, most, MINUTE, at) for member in members]


def test_there_are_as_many_places_as_asked_for_and_who_has_one_keeps_it(
    cooldown: Cooldown,
) -> None:
    assert claimed(cooldown, *"abcde") == [True] * 5
    assert claimed(cooldown, *"fedcba") == [False, *[True] * 5]
    assert cooldown.claim("rate:limit:PUMP_02", "f", 5, MINUTE, START)


def test_a_place_is_free_again_once_its_period_of_plant_time_is_over(cooldown: Cooldown) -> None:
    last = START + MINUTE - timedelta(microseconds=1)
    assert claimed(cooldown, "a", most=1) == [True]
    assert claimed(cooldown, "b", most=1, at=last) == [False]
    assert claimed(cooldown, "b", most=1, at=START + MINUTE) == [True]
    assert claimed(cooldown, "a", most=1, at=START + MINUTE) == [False]


def test_who_asks_again_does_not_hold_his_place_for_longer(cooldown: Cooldown) -> None:
    assert claimed(cooldown, "a", most=1) == [True]
    assert claimed(cooldown, "a", most=1, at=START + MINUTE / 2) == [True]
    assert claimed(cooldown, "b", most=1, at=START + MINUTE) == [True]


def test_plant_time_may_jump_back_and_a_later_place_counts_as_held(cooldown: Cooldown) -> None:
    year = timedelta(days=365)
    assert claimed(cooldown, "a", "b", most=2, at=START + year) == [True, True]
    assert claimed(cooldown, "c", "a", most=2) == [False, True]
    assert claimed(cooldown, "c", most=2, at=START + year + MINUTE) == [True]


def test_a_century_of_plant_time_in_a_moment_is_counted_minute_by_minute(
    cooldown: Cooldown,
) -> None:
    for month in range(1200):
        at = START + timedelta(days=30) * month
        members = [f"{month}-{number}" for number in range(3)]
        assert claimed(cooldown, *members, most=2, at=at) == [True, True, False]


def test_many_threads_that_race_for_five_places_get_five(cooldown: Cooldown) -> None:
    start = Barrier(8)

    def race(number: int) -> int:
        start.wait(10)
        return sum(claimed(cooldown, *(f"{number}-{turn}" for turn in range(20))))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(race, range(8))) == 5


RACER = """
import sys
from datetime import datetime, timedelta
from opsmith.storage.cooldown_redis import RedisCooldown
url, number = sys.argv[1:]
cooldown = RedisCooldown(url)
now = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
print("ready", flush=True)
sys.stdin.readline()
minute = timedelta(minutes=1)
got = [cooldown.claim("race", f"{number}-{turn}", 5, minute, now) for turn in range(20)]
print(sum(got))
"""


def test_eight_processes_that_race_for_five_places_get_five(redis: Redis) -> None:
    RedisClient(redis.url).raw.flushdb()
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, redis.url, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        for number in range(8)
    ]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    got = [int(racer.communicate("go\n", timeout=30)[0]) for racer in racers]
    assert sum(got) == 5


def test_nothing_stays_in_redis_for_ever_and_numbers_keep_plants_apart(redis: Redis) -> None:
    one, other = redis.url, redis.url.removesuffix("0") + "1"
    for url in (one, other):
        client = RedisClient(url)
        client.raw.flushdb()
        assert claimed(RedisCooldown(url), "a", most=1) == [True]
        assert client.raw.keys() == [KEY.encode()]
        assert 0 < client.raw.ttl(KEY) <= 3660
    # One that would run out sooner never shortens what others hold.
    RedisCooldown(one).claim(KEY, "b", 2, timedelta(days=1), START)
    RedisCooldown(one).claim(KEY, "c", 3, MINUTE, START)
    assert RedisClient(one).raw.ttl(KEY) > 86_400


@pytest.mark.parametrize("harm", ["scripts", "connections", "restart"])
def test_it_goes_on_after_what_a_redis_may_suffer(harm: str, own_redis: Redis) -> None:
    cooldown, harmed = RedisCooldown(own_redis.url), RedisClient(own_redis.url).raw
    assert claimed(cooldown, "a", "b", most=1) == [True, False]
    if harm == "scripts":
        harmed.script_flush()
    elif harm == "connections":
        assert harmed.client_kill_filter(_type="normal", skipme=True) >= 1
    else:
        own_redis.kill()
        with pytest.raises(Unavailable):
            claimed(cooldown, "c")
        own_redis.start()
    # A restart forgets, as the port allows; the rest does not.
    assert claimed(cooldown, "b", most=1) == [harm == "restart"]
    assert claimed(cooldown, "c", most=1) == [False]


def test_a_redis_that_is_down_is_named_without_its_password(own_redis: Redis) -> None:
    own_redis.stop()
    url = f"redis://opsmith:secret-word@127.0.0.1:{own_redis.port}/0"
    with pytest.raises(Unavailable, match=f"127.0.0.1:{own_redis.port}") as raised:
        claimed(RedisCooldown(url), "a")
    assert "secret-word" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://:secret-word@localhost:6379",
        "redis://:secret-word@localhost:port/0",
        "redis://:secret-word@localhost:6379/0?socket_timeout=soon",
        "redis://:secret-word@localhost:6379/0?no_such_option=1",
    ],
)
def test_a_url_that_cannot_be_used_names_the_setting_and_not_the_password(url: str) -> None:
    with pytest.raises(BadInput, match="OPSMITH_REDIS_URL") as raised:
        RedisCooldown(url)
    assert "secret-word" not in str(raised.value)


@pytest.mark.parametrize("who", ["opsmith:wrong-word@", ""])
def test_a_wrong_password_is_bad_input_at_once(who: str, own_redis: Redis) -> None:
    raw = RedisClient(own_redis.url).raw
    raw.acl_setuser(
        "default", enabled=True, nopass=False, passwords=["+right"], reset_passwords=True
    )
    with pytest.raises(BadInput, match="OPSMITH_REDIS_URL") as raised:
        RedisCooldown(f"redis://{who}127.0.0.1:{own_redis.port}/0")
    assert "wrong-word" not in str(raised.value)
    assert claimed(RedisCooldown(f"redis://:right@127.0.0.1:{own_redis.port}/0"), "a") == [True]


def test_a_number_that_the_redis_has_not_is_bad_input_at_once(redis: Redis) -> None:
    with pytest.raises(BadInput, match="DB index"):
        RedisCooldown(redis.url.removesuffix("0") + "999")


def test_an_outage_stops_nobody_and_is_told_once_when_it_comes_and_goes(
    own_redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    outages = Outages(clock=lambda: START + timedelta(seconds=now[0]))
    cooldown = SteadyCooldown(RedisCooldown(own_redis.url), outages, clock=lambda: now[0])
    assert claimed(cooldown, "a", "b", most=3) == [True, True]
    own_redis.kill()
    for _ in range(3):
        # It goes on where it stood: two of three places are taken.
        assert claimed(cooldown, "a", "c", "d", most=3) == [True, True, False]
        now[0] += PAUSE
    (outage,) = outages.standing()
    assert (outage.part, outage.since, outage.failures) == ("cooldown", START, 3)
    assert outage.meanwhile and str(own_redis.port) in outage.error
    own_redis.start()
    now[0] += PAUSE
    assert claimed(cooldown, *"wxyz", most=3) == [True, True, True, False]
    assert not outages.standing()
    (over,) = outages.over()
    assert over.until is not None and over.until >= START + timedelta(seconds=now[0] - PAUSE)
    assert [line.levelname for line in caplog.records] == ["WARNING", "WARNING"]


def test_an_outage_is_over_when_redis_is_back_though_nobody_claims(own_redis: Redis) -> None:
    back = Event()

    class Watched(Outages):
        def answered(self, part: str) -> bool:
            is_news = super().answered(part)
            back.set()
            return is_news

    outages = Watched()
    cooldown = SteadyCooldown(RedisCooldown(own_redis.url), outages)
    own_redis.kill()
    assert claimed(cooldown, "a") == [True]
    assert [one.part for one in outages.standing()] == ["cooldown"]
    own_redis.start()
    assert back.wait(60)
    assert not outages.standing()
    cooldown.close()


def test_a_redis_that_hangs_is_waited_for_once_a_pause(own_redis: Redis) -> None:
    asked = 0

    class Counting(RedisCooldown):
        def claim(self, key: str, member: str, most: int, period: timedelta, now: datetime) -> bool:
            nonlocal asked
            asked += 1
            return super().claim(key, member, most, period, now)

    cooldown = SteadyCooldown(Counting(own_redis.url), Outages(), clock=lambda: 0.0)
    RedisClient(own_redis.url).raw.client_pause(60_000)
    assert claimed(cooldown, *"abcdef") == [*[True] * 5, False]
    assert asked == 1
