"""Messages as the driver gives them become ours."""

from collections.abc import Sequence

from confluent_kafka import Message as Raw

from opsmith.ports import Message


def messages_of(raw: Sequence[Raw]) -> list[Message]:
    """The driver's messages as ours; column by column, for each costs less than a microsecond."""
    topics, partitions = [m.topic() for m in raw], [m.partition() for m in raw]
    offsets, values = [m.offset() for m in raw], [m.value() or b"" for m in raw]
    keys = [_text(m.key()) for m in raw]
    return list(map(Message._make, zip(topics, partitions, offsets, keys, values, strict=True)))


def _text(key: bytes | None) -> str:
    try:
        return key.decode() if key else ""
    except UnicodeDecodeError:
        return ""
