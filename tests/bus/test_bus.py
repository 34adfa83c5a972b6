"""The contract of every bus; Kafka joins with its adapter."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from opsmith.bus.consume import Stage, Work
from opsmith.bus.journal import Journal
from opsmith.bus.memory import CAPACITY, MemoryBus
from opsmith.ports import Consumer, Message

pytestmark = pytest.mark.anyio


async def all_of(consumer: Consumer) -> list[Message]:
    found: list[Message] = []
    while batch := await consumer.getmany(100, timeout=0.05):
        found.extend(batch)
    return found


async def test_a_device_keeps_its_order() -> None:
    bus = MemoryBus()
    items = [(f"PUMP_{i % 7:02d}", f"{i}".encode()) for i in range(500)]
    consumer = await bus.subscribe(["raw"], "ingest")
    await bus.publish("raw", items)
    came = await all_of(consumer)
    for key in {key for key, _ in items}:
        assert [m.value for m in came if m.key == key] == [v for k, v in items if k == key]
    assert len({m.partition for m in came}) > 1
    await bus.close()


async def test_what_was_not_committed_comes_again_to_the_next_member() -> None:
    bus = MemoryBus(partitions=1)
    first = await bus.subscribe(["raw"], "ingest")
    await bus.publish("raw", [("a", b"1"), ("a", b"2"), ("a", b"3")])
    taken = await first.getmany(10, 1)
    await first.commit(taken[:1])
    await first.close()
    second = await bus.subscribe(["raw"], "ingest")
    assert [m.value for m in await all_of(second)] == [b"2", b"3"]
    await bus.close()


async def test_groups_read_independently_and_members_share() -> None:
    bus = MemoryBus()
    one = await bus.subscribe(["raw"], "ingest")
    two = await bus.subscribe(["raw"], "ingest")
    other = await bus.subscribe(["raw"], "feed")
    await bus.publish("raw", [(f"k{i}", b"") for i in range(60)])
    of_one, of_two = await all_of(one), await all_of(two)
    assert of_one and of_two
    assert {m.partition for m in of_one}.isdisjoint({m.partition for m in of_two})
    assert len(of_one) + len(of_two) == len(await all_of(other)) == 60
    await bus.close()


async def test_a_publisher_waits_for_a_group_that_is_far_behind() -> None:
    import anyio

    bus = MemoryBus(partitions=1)
    consumer = await bus.subscribe(["raw"], "ingest")
    await bus.publish("raw", [("a", b"")] * CAPACITY)
    published = anyio.Event()

    async def publish() -> None:
        await bus.publish("raw", [("a", b"last")])
        published.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(publish)
        taken = await consumer.getmany(CAPACITY, 1)
        assert len(taken) == CAPACITY
        assert not published.is_set()
        await consumer.commit(taken)
        with anyio.fail_after(5):
            await published.wait()
    await bus.close()


async def test_journaled_announcements_outlive_the_process(tmp_path: Path) -> None:
    def reopened() -> MemoryBus:
        return MemoryBus(partitions=2, journal=Journal(tmp_path / "bus.db", {"alerts"}))

    bus = reopened()
    consumer = await bus.subscribe(["alerts", "raw"], "responder")
    await bus.publish("alerts", [("a", b"1"), ("b", b"2"), ("c", b"3")])
    await bus.publish("raw", [("a", b"lost with the process")])
    taken = [m for m in await all_of(consumer) if m.topic == "alerts"]
    await consumer.commit(taken[:1])
    await bus.close()

    bus = reopened()
    consumer = await bus.subscribe(["alerts", "raw"], "responder")
    left = await all_of(consumer)
    assert sorted(m.value for m in left) == sorted(m.value for m in taken[1:])
    await consumer.commit(left)
    await bus.publish("alerts", [("a", b"4")])
    await bus.close()

    bus = reopened()
    assert [m.value for m in await all_of(await bus.subscribe(["alerts"], "responder"))] == [b"4"]
    await bus.close()


async def test_a_failed_batch_is_worked_on_again_and_a_run_with_an_end_gives_up() -> None:
    bus = MemoryBus(partitions=1)
    await bus.publish("raw", [("a", b"1"), ("a", b"2")])
    tries: list[list[bytes]] = []
    forgotten: list[int] = []

    class Failing(Work):
        async def do(self, messages: Sequence[Message]) -> None:
            tries.append([message.value for message in messages])
            raise OSError("disk full")

        def forget(self) -> None:
            forgotten.append(len(tries))

    stage = Stage("ingest", ("raw",), Failing())
    with pytest.raises(OSError, match="disk full"):
        await stage.run(bus, attempts=2)
    assert tries == [[b"1", b"2"], [b"1", b"2"]]
    assert forgotten == [1, 2]
    assert bus.lag("ingest") == 2
    await bus.close()
