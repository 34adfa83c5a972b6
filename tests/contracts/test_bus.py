"""The contract of every bus, and what only a server's can show."""

import asyncio
import importlib
import logging
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from servers import Kafka

from opsmith.bus.memory import CAPACITY, MemoryBus
from opsmith.domain.events import RAW
from opsmith.errors import BadInput, Unavailable
from opsmith.ports import Bus, Consumer, Message, Place
from opsmith.settings import Settings

pytestmark = pytest.mark.anyio

PATIENCE = 30.0
"""Seconds in which something has to happen on a slow machine."""

JOINS = int(os.environ.get("OPSMITH_TEST_JOINS", "10"))
"""Members that join and leave while others work; one in about thirty showed the fault."""

Made = Callable[..., Any]
"""Makes a bus on Kafka, with further arguments of its own."""


def kafka_bus(server: Kafka, *, partitions: int = 3, session: float = 3, **arguments: Any) -> Any:
    from opsmith.bus.kafka import KafkaBus

    settings = Settings(
        kafka_servers=server.url, kafka_partitions=partitions, kafka_session=session
    )
    return KafkaBus(settings, **arguments)


@pytest.fixture(params=["memory", "kafka"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "kafka":
        made: Bus = kafka_bus(request.getfixturevalue("kafka"))
    else:
        made = MemoryBus()
    yield made
    await made.close()


@pytest.fixture
def topic() -> str:
    return f"topic-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def group() -> str:
    return f"group-{uuid.uuid4().hex[:12]}"


def administration() -> Any:
    """The driver's module, whose types are not complete."""
    return importlib.import_module("confluent_kafka.admin")


def place_of(message: Message) -> Place:
    return message.topic, message.partition


async def taken(consumer: Consumer, count: int, most: int = 100) -> list[Message]:
    """That many messages, and no more that come at once."""
    found: list[Message] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            found.extend(await consumer.getmany(most, 1))
    found.extend(await consumer.getmany(most, 0.05))
    assert len(found) == count
    return found


async def driven(
    consumers: Sequence[Consumer], enough: Callable[[list[list[Message]]], object]
) -> list[list[Message]]:
    """What each gets while all of them read, until it is enough."""
    found: list[list[Message]] = [[] for _ in consumers]
    async with asyncio.timeout(PATIENCE):
        while not enough(found):
            batches = await asyncio.gather(*(c.getmany(100, 0.1) for c in consumers))
            for mine, batch in zip(found, batches, strict=True):
                mine.extend(batch)
    return found


async def test_the_messages_of_a_key_keep_their_order(bus: Bus, topic: str, group: str) -> None:
    items = [(f"PUMP_{i % 7:02d}", f"{i}".encode()) for i in range(500)]
    consumer = await bus.subscribe([topic], group)
    await bus.publish(topic, items)
    came = await taken(consumer, len(items))
    for key in {key for key, _ in items}:
        assert [m.value for m in came if m.key == key] == [v for k, v in items if k == key]
        assert len({m.partition for m in came if m.key == key}) == 1
    assert len({m.partition for m in came}) > 1


async def test_what_was_not_committed_comes_again_to_the_next_member(
    bus: Bus, topic: str, group: str
) -> None:
    first = await bus.subscribe([topic], group)
    await bus.publish(topic, [("a", b"1"), ("a", b"2"), ("a", b"3")])
    messages = await taken(first, 3)
    await first.commit(messages[:1])
    await first.close()
    second = await bus.subscribe([topic], group)
    assert [m.value for m in await taken(second, 2)] == [b"2", b"3"]


async def test_each_group_reads_everything_from_the_beginning(
    bus: Bus, topic: str, group: str
) -> None:
    await bus.publish(topic, [(f"k{i}", b"%d" % i) for i in range(60)])
    one = await bus.subscribe([topic], group)
    other = await bus.subscribe([topic], group + "-other")
    await one.commit(await taken(one, 60))
    assert {m.value for m in await taken(other, 60)} == {b"%d" % i for i in range(60)}


async def test_what_was_not_committed_comes_again_after_a_rewind(
    bus: Bus, topic: str, group: str
) -> None:
    consumer = await bus.subscribe([topic], group)
    await consumer.rewind()
    await bus.publish(topic, [(f"k{i % 7}", b"%d" % i) for i in range(60)])
    messages = await taken(consumer, 60)
    await consumer.rewind()
    again = await taken(consumer, 60)
    assert sorted(again) == sorted(messages)
    await consumer.commit(again[:1])
    await consumer.rewind()
    assert sorted(await taken(consumer, 59, most=7)) == sorted(
        m for m in messages if m not in again[:1]
    )
    assert consumer.lost() == frozenset()


async def test_a_member_that_joins_does_what_the_others_have_not_committed(
    bus: Bus, topic: str, group: str
) -> None:
    first = await bus.subscribe([topic], group)
    await bus.publish(topic, [(f"k{i}", b"%d" % i) for i in range(60)])
    of_first = await taken(first, 60)
    assert first.lost() == frozenset()

    second = await bus.subscribe([topic], group)
    more, of_second = await driven([first, second], lambda found: found[1])
    lost = first.lost()
    assert lost and {place_of(m) for m in of_second} <= lost
    assert not {place_of(m) for m in more} & lost
    assert first.lost() == frozenset()

    # What it no longer holds is left to who holds it now.
    await first.commit(of_first)
    due = [m for m in of_first if place_of(m) in lost]
    assert await bus.behind(group) == len(due) > 0
    of_second += await taken(second, len(due) - len(of_second))
    assert sorted(of_second) == sorted(due)
    await second.commit(of_second)
    assert await bus.behind(group) == 0


async def test_who_stays_goes_on_for_a_member_that_leaves(bus: Bus, topic: str, group: str) -> None:
    await bus.publish(topic, [(f"k{i}", b"") for i in range(60)])
    first, second = await bus.subscribe([topic], group), await bus.subscribe([topic], group)
    _, of_second = await driven(
        [first, second],
        lambda found: (
            all(found) and len({(m.partition, m.offset) for m in found[0] + found[1]}) == 60
        ),
    )
    second.lost()
    await second.commit(of_second)
    left_at = time.monotonic()
    await first.close()
    assert await bus.behind(group) > 0
    (again,) = await driven([second], lambda found: len(found[0]) + len(of_second) >= 60)
    assert time.monotonic() - left_at < 5
    assert len({*again, *of_second}) == len(again) + len(of_second) == 60
    await second.commit(again)
    assert await bus.behind(group) == 0
    assert second.lost() == frozenset()


async def test_an_empty_topic_gives_nothing_after_the_time_that_was_given(
    bus: Bus, topic: str, group: str
) -> None:
    consumer = await bus.subscribe([topic], group)
    began = time.monotonic()
    assert not await consumer.getmany(10, 0.3)
    assert 0.25 < time.monotonic() - began < 3


async def test_lag_and_behind_count_what_was_not_committed(
    bus: Bus, topic: str, group: str
) -> None:
    assert await bus.behind(group) == 0
    consumer = await bus.subscribe([topic], group)
    await bus.publish(topic, [(f"k{i}", b"") for i in range(30)])
    assert await bus.behind(group) == 30
    messages = await taken(consumer, 30)
    assert consumer.lag() == 30
    await consumer.commit(messages)
    assert consumer.lag() == await bus.behind(group) == 0
    await bus.publish(topic, [("k", b""), ("k", b"")])
    await taken(consumer, 2)
    assert consumer.lag() == await bus.behind(group) == 2


async def test_a_call_that_is_cancelled_takes_nothing_with_it(
    bus: Bus, topic: str, group: str
) -> None:
    consumer = await bus.subscribe([topic], group)
    found: list[Message] = []

    async def publish() -> None:
        for number in range(40):
            await bus.publish(topic, [("a", b"%d" % number)])

    publishing = asyncio.create_task(publish())
    async with asyncio.timeout(PATIENCE):
        while len(found) < 40:
            call = asyncio.create_task(consumer.getmany(3, 0.5))
            done, _ = await asyncio.wait([call], timeout=0.003)
            if done:
                found.extend(call.result())
            else:
                call.cancel()
                await asyncio.wait([call])
                if not call.cancelled():
                    found.extend(call.result())
    await publishing
    assert [m.value for m in found] == [b"%d" % number for number in range(40)]


async def test_keys_and_values_come_as_they_went(bus: Bus, topic: str, group: str) -> None:
    items = [
        ("", b"no key"),
        ("泵-01 🙂", "温度".encode()),
        ("PUMP\x00\n", bytes(range(256))),
        ("k" * 5_000, b""),
        ("large", os.urandom(1_048_576)),
    ]
    await bus.publish(topic, items)
    consumer = await bus.subscribe([topic], group)
    assert sorted((m.key, m.value) for m in await taken(consumer, len(items))) == sorted(items)


async def test_a_publisher_in_this_process_waits_for_a_group_that_is_far_behind() -> None:
    bus = MemoryBus(partitions=1)
    consumer = await bus.subscribe(["raw"], "ingest")
    await bus.publish("raw", [("a", b"")] * CAPACITY)
    last = asyncio.create_task(bus.publish("raw", [("a", b"last")]))
    messages = await consumer.getmany(CAPACITY, 1)
    assert len(messages) == CAPACITY
    assert not last.done()
    await consumer.commit(messages)
    async with asyncio.timeout(5):
        await last
    await bus.close()


async def test_what_kafka_holds_is_not_all_in_memory(kafka: Kafka, topic: str, group: str) -> None:
    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    bus = kafka_bus(kafka, partitions=1)
    before = resident()
    letter = os.urandom(900_000)
    highest = 0
    for _ in range(4):
        await bus.publish(topic, [("a", letter)] * 40)
        highest = max(highest, resident())
    consumer = await bus.subscribe([topic], group)
    for _ in range(20):
        assert await consumer.getmany(1, 10)
        await asyncio.wait([asyncio.create_task(bus.behind(group))])
        highest = max(highest, resident())
    await bus.close()
    # 144 MB went through.
    assert highest - before < 90e6


async def test_keys_land_where_producers_in_java_put_them(
    kafka: Kafka, topic: str, group: str
) -> None:
    # From the tests of Kafka's own `Utils.murmur2`.
    hashes = {
        "21": -973932308,
        "foobar": -790332482,
        "a-little-bit-long-string": -985981536,
        "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        "abc": 479470107,
    }
    bus = kafka_bus(kafka, partitions=7)
    await bus.publish(topic, [(key, b"") for key in hashes])
    came = await taken(await bus.subscribe([topic], group), len(hashes))
    assert {m.key: m.partition for m in came} == {
        key: (number & 0x7FFFFFFF) % 7 for key, number in hashes.items()
    }
    await bus.close()


async def test_messages_of_others_may_lack_key_and_value(
    kafka: Kafka, topic: str, group: str
) -> None:
    from confluent_kafka import Producer

    bus = kafka_bus(kafka, partitions=1)
    consumer = await bus.subscribe([topic], group)
    producer = Producer({"bootstrap.servers": kafka.url})
    producer.produce(topic)
    producer.produce(topic, b"1", b"\xff\xfe")
    producer.produce(topic, None, b"deleted")
    producer.flush(10)
    came = await taken(consumer, 3)
    assert [(m.key, m.value) for m in came] == [("", b""), ("", b"1"), ("deleted", b"")]
    await bus.close()


@pytest.mark.parametrize("size", [3_000_000, 9_000_000])
async def test_a_message_that_no_broker_takes_is_told_from_an_outage(
    kafka: Kafka, topic: str, group: str, size: int
) -> None:
    bus = kafka_bus(kafka, partitions=1)
    with pytest.raises(BadInput, match=rf"{size} bytes of 'PUMP_01'.*max\.message\.bytes"):
        await bus.publish(topic, [("PUMP_01", os.urandom(size)), ("PUMP_02", b"fits")])
    await bus.publish(topic, [("PUMP_03", b"fits too")])
    came = await taken(await bus.subscribe([topic], group), 2)
    assert [m.key for m in came] == ["PUMP_02", "PUMP_03"]
    await bus.close()


async def test_a_topic_that_exists_is_used_as_it_is(kafka: Kafka, topic: str, group: str) -> None:
    admin = administration().AdminClient({"bootstrap.servers": kafka.url})
    new = administration().NewTopic(topic, 5, 1, config={"retention.ms": "1234567"})
    admin.create_topics([new])[topic].result(10)
    before = configured(admin, topic)
    bus = kafka_bus(kafka, partitions=3)
    await bus.publish(topic, [(f"k{i}", b"") for i in range(100)])
    came = await taken(await bus.subscribe([topic], group), 100)
    assert {m.partition for m in came} == set(range(5))
    assert configured(admin, topic) == before
    await bus.close()


def configured(admin: Any, topic: str) -> dict[str, str]:
    """What the brokers have for a topic."""
    resource = administration().ConfigResource(2, topic)
    (answer,) = admin.describe_configs([resource]).values()
    return {name: entry.value for name, entry in answer.result(10).items()}


MEMBER = """
import asyncio, sys
from opsmith.bus.kafka import KafkaBus
from opsmith.settings import Settings

async def run(url, topic, group):
    bus = KafkaBus(Settings(kafka_servers=url, kafka_session=1))
    consumer = await bus.subscribe([topic], group)
    while not await consumer.getmany(100, 1):
        pass
    print("taken", flush=True)
    await consumer.getmany(100, 600)

asyncio.run(run(*sys.argv[1:]))
"""
"""Takes messages, says so, and never commits them."""


async def test_the_work_of_a_member_that_was_killed_is_done_by_another(
    kafka: Kafka, topic: str, group: str
) -> None:
    bus = kafka_bus(kafka, session=1)
    await bus.publish(topic, [(f"k{i}", b"") for i in range(50)])
    command = [sys.executable, "-c", MEMBER, kafka.url, topic, group]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "taken\n"
        process.kill()
    consumer = await bus.subscribe([topic], group)
    assert len(await taken(consumer, 50)) == 50
    await bus.close()


async def test_what_was_done_while_partitions_change_hands_is_committed_though_nothing_follows(
    kafka: Kafka, topic: str, group: str
) -> None:
    chance = random.Random(group)

    async def work(consumer: Consumer, over: asyncio.Event) -> None:
        while not over.is_set():
            messages = await consumer.getmany(50, 0.3)
            if messages:
                await consumer.commit(messages)

    first, second = (kafka_bus(kafka, partitions=12) for _ in range(2))
    stays = await first.subscribe([topic], group)
    over = asyncio.Event()
    staying = asyncio.create_task(work(stays, over))
    for _ in range(JOINS):
        joins = await second.subscribe([topic], group)
        left = asyncio.Event()
        joining = asyncio.create_task(work(joins, left))
        for _ in range(chance.randint(3, 35)):
            await first.publish(topic, [(f"key-{chance.randrange(400)}", b"x")])
            # Spread over the time in which the partitions are shared out.
            await asyncio.sleep(0.03)
        async with asyncio.timeout(PATIENCE):
            while await first.behind(group):
                await asyncio.sleep(0.05)
        left.set()
        await joining
        await joins.close()
    over.set()
    await staying
    await first.close()
    await second.close()


async def test_a_member_that_was_idle_for_too_long_comes_back(
    kafka: Kafka, topic: str, group: str
) -> None:
    slow_bus = kafka_bus(kafka, session=1, poll_interval=1)
    bus = kafka_bus(kafka, session=1)
    await bus.publish(topic, [(f"k{i}", b"%d" % i) for i in range(50)])
    slow = await slow_bus.subscribe([topic], group)
    of_slow = await taken(slow, 50)
    # It works on them past its time, while another one joins.
    quick = await bus.subscribe([topic], group)
    of_quick = await taken(quick, 50)
    assert sorted(of_quick) == sorted(of_slow)
    await slow.commit(of_slow)
    assert await bus.behind(group) == 50
    await quick.commit(of_quick)

    await bus.publish(topic, [(f"k{i}", b"%d" % i) for i in range(50, 100)])
    of_slow, of_quick = await driven(
        [slow, quick],
        lambda found: len({(m.partition, m.offset) for m in found[0] + found[1]}) == 50,
    )
    assert slow.lost() == {(topic, number) for number in range(3)}
    # Both hold something again in the end.
    number = 100
    while not (of_slow and of_quick):
        await bus.publish(topic, [(f"k{i}", b"%d" % number) for i in range(50)])
        a, b = await driven([slow, quick], any)
        of_slow, of_quick = of_slow + a, of_quick + b
    await slow_bus.close()
    await bus.close()


async def test_readers_and_writers_go_on_after_the_brokers_were_killed(
    tmp_path: Path, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = Kafka(tmp_path / "kafka")
    server.start()
    try:
        await outage(server, group, caplog)
    finally:
        server.stop()


async def outage(server: Kafka, group: str, caplog: pytest.LogCaptureFixture) -> None:
    bus = kafka_bus(server)
    consumer = await bus.subscribe([RAW], group)
    await bus.publish(RAW, [("a", b"1")])
    admin = administration().AdminClient({"bootstrap.servers": server.url, "log_level": 0})
    assert configured(admin, RAW)["retention.ms"] == str(24 * 3600 * 1000)
    await taken(consumer, 1)

    server.kill()
    with pytest.raises(Unavailable, match=server.url):
        async with asyncio.timeout(PATIENCE):
            while True:
                await consumer.getmany(10, 0.5)
    assert bus.away
    waiting = asyncio.create_task(bus.publish(RAW, [("a", b"2")]))
    with pytest.raises(Unavailable, match=server.url):
        await bus.behind(group)

    await asyncio.to_thread(server.start)
    back = time.monotonic()
    try:
        await waiting
    except Unavailable:
        # Whoever hears that sends it again.
        await bus.publish(RAW, [("a", b"2")])
    found: list[Message] = []
    async with asyncio.timeout(PATIENCE):
        while not any(m.value == b"2" for m in found):
            try:
                found.extend(await consumer.getmany(10, 0.5))
            except Unavailable:
                continue
    assert time.monotonic() - back < 10
    await consumer.commit(found)
    assert await bus.behind(group) == 0
    assert bus.away is None
    await bus.close()
    said = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert [text for text in said if "Kafka" in text] == [
        f"Kafka at {server.url} does not answer; what comes in waits",
        *(text for text in said if "answers again" in text),
    ]
    assert sum("answers again" in text for text in said) == 1


class GuardedKafka(Kafka):
    """A broker with a certificate, users and rights; `admin` may do everything."""

    PASSWORDS = {"admin": "admin-password", "reader": "reader-password"}

    def prepare(self) -> None:
        super().prepare()
        store, self.ca = self.folder / "store", self.folder / "ca.pem"
        key = ["-alias", "kafka", "-keystore", str(store), "-storepass", "changeit"]
        name = ["-keyalg", "EC", "-dname", "CN=kafka", "-ext", "san=ip:127.0.0.1"]
        for command in (["-genkeypair", *key, *name], ["-exportcert", "-rfc", *key]):
            done = subprocess.run(["keytool", *command], check=True, capture_output=True)
        self.ca.write_bytes(done.stdout)
        users = " ".join(f'user_{name}="{word}"' for name, word in self.PASSWORDS.items())
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        settings = {
            "listener.security.protocol.map": "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.name.plaintext.plain.sasl.jaas.config": (
                f'{login} username="admin" password="{self.PASSWORDS["admin"]}" {users};'
            ),
            "ssl.keystore.location": store,
            "ssl.keystore.password": "changeit",
            "ssl.keystore.type": "PKCS12",
            "ssl.truststore.location": store,
            "ssl.truststore.password": "changeit",
            "ssl.truststore.type": "PKCS12",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:admin;User:ANONYMOUS",
        }
        with self._settings.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())

    def driver(self) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.url,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "admin",
            "sasl.password": self.PASSWORDS["admin"],
            "ssl.ca.location": str(self.ca),
            "log_level": 0,
        }

    def answers(self) -> bool:
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        try:
            return bool(AdminClient(self.driver()).list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def bus(self, user: str, password: str) -> Any:
        from opsmith.bus.kafka import KafkaBus

        return KafkaBus(
            Settings(
                kafka_servers=self.url,
                kafka_security="SASL_SSL",
                kafka_mechanism="PLAIN",
                kafka_user=user,
                kafka_password=password,  # type: ignore[arg-type]
                kafka_ca_file=str(self.ca),
            )
        )


async def test_rights_and_passwords_are_named_where_they_lack(tmp_path: Path, group: str) -> None:
    server = GuardedKafka(tmp_path / "kafka")
    server.start()
    try:
        await rights(server, group)
    finally:
        server.stop()


async def rights(server: GuardedKafka, group: str) -> None:
    driver = administration()
    owner = server.bus("admin", server.PASSWORDS["admin"])
    await owner.publish("readings", [("a", b"1")])
    admin = driver.AdminClient(server.driver())
    kinds = driver.ResourceType
    for kind, name in ((kinds.TOPIC, "readings"), (kinds.GROUP, group)):
        binding = driver.AclBinding(
            kind,
            name,
            driver.ResourcePatternType.LITERAL,
            "User:reader",
            "*",
            driver.AclOperation.READ,
            driver.AclPermissionType.ALLOW,
        )
        admin.create_acls([binding])[binding].result(10)

    reader = server.bus("reader", server.PASSWORDS["reader"])
    consumer = await reader.subscribe(["readings"], group)
    messages = await taken(consumer, 1)
    await consumer.commit(messages)
    assert await reader.behind(group) == 0
    with pytest.raises(BadInput, match=r"no topic alerts.*CREATE.*3 partitions"):
        await reader.subscribe(["alerts"], group)
    with pytest.raises(BadInput, match="forbids publishing to the topic readings"):
        await reader.publish("readings", [("a", b"2")])
    foreign = await reader.subscribe(["readings"], "not-ours")
    with pytest.raises(BadInput, match="forbids reading readings as not-ours"):
        async with asyncio.timeout(PATIENCE):
            while True:
                await foreign.getmany(1, 1)

    stranger = server.bus("reader", "wrong-password")
    with pytest.raises(BadInput, match="OPSMITH_KAFKA_PASSWORD") as caught:
        await stranger.publish("readings", [("a", b"3")])
    assert "wrong-password" not in str(caught.value)
    for bus in (owner, reader, stranger):
        await bus.close()
