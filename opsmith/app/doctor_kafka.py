"""What the doctor sees of Kafka: brokers, topics, groups and how far they are behind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaException
from confluent_kafka import admin as kafka_admin

from opsmith.app.findings import PATIENCE, Finding, answer_of
from opsmith.bus.kafka_client import configuration, error_of, translated
from opsmith.domain.events import ALERTS, DEAD, ORDERS, RAW, REPORTS
from opsmith.errors import BadInput, OpsmithError
from opsmith.settings import Settings

GROUPS = {"ingest": RAW, "responder": ALERTS, "refiner": REPORTS}
"""The stages' consumer groups, and what each reads."""

# The driver's types do not say what it exports.
kafka: Any = confluent_kafka
admin: Any = kafka_admin


def look_at_kafka(settings: Settings) -> Iterator[Finding]:
    """Look at the brokers, the topics with their partitions and retention, the groups.

    Raises:
        BadInput: A setting cannot be used, or a right is missing.
        Unavailable: No broker answers.
    """
    brokers = Brokers(settings)
    yield Finding(part="bus", state="ok", says=brokers.told())
    topics = brokers.topics((RAW, DEAD, ALERTS, REPORTS, ORDERS))
    there = {name: topic for name, topic in topics.items() if topic is not None}
    missing = [name for name, topic in topics.items() if topic is None]
    if there:
        told = ", ".join(f"{name} {topic}" for name, topic in there.items())
        yield Finding(part="topics", state="ok", says=told)
    if missing:
        yield brokers.creatable(missing)
    for group, topic in GROUPS.items():
        read = there.get(topic)
        if read is not None and (group != "refiner" or settings.llm_model):
            yield brokers.group(group, topic, read.partitions)


@dataclass(frozen=True)
class Topic:
    """A topic that exists."""

    partitions: int
    kept: timedelta | None
    """How long its messages are kept; None: for ever, or we may not ask."""

    def __str__(self) -> str:
        kept = "" if self.kept is None else f" ({self.kept / timedelta(hours=1):g} h)"
        return f"x{self.partitions}{kept}"


class Brokers:
    """One look at the brokers.

    Args:
        settings: Where they are.

    Raises:
        BadInput: A setting cannot be used, or the brokers do not let us in.
        Unavailable: No broker answers.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._where = settings.kafka_servers
        refusals: list[Any] = []
        config = configuration(settings) | {"log_level": 0}
        try:
            first: Any = kafka.Producer(config | {"error_cb": refusals.append})
            self._admin: Any = admin.AdminClient(config)
        except KafkaException as error:
            raise BadInput(
                f"Kafka's driver does not take the settings OPSMITH_KAFKA_...: {error}"
            ) from error
        try:
            # The admin client can end the process where no broker answers: another asks first.
            known = first.list_topics(timeout=PATIENCE)
        except KafkaException as error:
            first.poll(0)
            said = translated(error_of(error), self._where, "asking for the brokers")
            refused = [translated(one, self._where, "letting us in") for one in refusals]
            # Wrong credentials look like silence to whoever asks something else.
            raise next((one for one in refused if isinstance(one, BadInput)), said) from error
        self._nodes: Sequence[int] = list(known.brokers)
        self._topics: Mapping[str, Any] = known.topics

    def told(self) -> str:
        """How many there are, and how they are spoken to."""
        count = len(self._nodes)
        version = self._version()
        return (
            f"Kafka{version} at {self._where}: {count} broker{'' if count == 1 else 's'}, "
            f"{self._settings.kafka_security}"
        )

    def topics(self, names: Iterable[str]) -> dict[str, Topic | None]:
        """Those that exist with their partitions; None for the others."""
        found: dict[str, Topic | None] = {}
        for name in names:
            topic = self._topics.get(name)
            found[name] = Topic(len(topic.partitions), self._kept(name)) if topic else None
        return found

    def creatable(self, names: Sequence[str]) -> Finding:
        """Whether those that are not there can be made when they are first used."""
        wanted = [admin.NewTopic(name, self._settings.kafka_partitions, -1) for name in names]
        what = f"not there yet: {', '.join(names)}"
        try:
            asked = self._admin.create_topics(wanted, validate_only=True, request_timeout=PATIENCE)
            for future in asked.values():
                self._asked(future, "making a topic")
        except OpsmithError as error:
            return Finding(
                part="topics",
                state="fails",
                says=f"{what}; {error}",
                advice=f"have them made with {self._settings.kafka_partitions} partitions, "
                "or grant CREATE",
            )
        partitions = self._settings.kafka_partitions
        says = f"{what}; made with {partitions} partitions when they are first used"
        return Finding(part="topics", state="ok", says=says)

    def group(self, name: str, topic: str, partitions: int) -> Finding:
        """A stage's members, and how many messages wait for them."""
        part = f"group {name}"
        try:
            behind = self._behind(name, topic, partitions)
            members = self._members(name)
        except OpsmithError as error:
            return Finding(part=part, state="fails", says=str(error))
        says = f"{members} of {partitions} possible workers, {behind} messages wait"
        if members > partitions:
            advice = f"{members - partitions} of them idle: {topic} has {partitions} partitions"
        elif members == 0 and behind > 0:
            stage = "ingest" if name == "ingest" else "respond"
            advice = f"nobody takes them; start `opsmith worker {stage}`"
        else:
            advice = ""
        return Finding(part=part, state="ok", says=says, advice=advice)

    def _behind(self, group: str, topic: str, partitions: int) -> int:
        """Messages of the topic that the group has not committed, seen without joining it."""
        doing = f"asking how far the group {group} is"
        reader: Any = kafka.Consumer(
            configuration(self._settings) | {"log_level": 0, "group.id": group}
        )
        try:
            places = [kafka.TopicPartition(topic, number) for number in range(partitions)]
            behind = 0
            for place in reader.committed(places, timeout=PATIENCE):
                start, end = reader.get_watermark_offsets(place, timeout=PATIENCE)
                # What was deleted meanwhile does not wait any more.
                behind += max(0, end - max(start, place.offset))
            return behind
        except KafkaException as error:
            raise translated(error_of(error), self._where, doing) from error
        finally:
            reader.close()

    def _members(self, group: str) -> int:
        asked = self._admin.describe_consumer_groups([group], request_timeout=PATIENCE)
        try:
            return len(answer_of(asked[group], self._where).members)
        except KafkaException:
            # A group that nobody was ever in is not known.
            return 0

    def _kept(self, topic: str) -> timedelta | None:
        entry = self._config_of(admin.ResourceType.TOPIC, topic).get("retention.ms")
        milliseconds = int(entry.value) if entry is not None else -1
        return timedelta(milliseconds=milliseconds) if milliseconds >= 0 else None

    def _version(self) -> str:
        """As a broker's settings tell it, where they do."""
        if not self._nodes:
            return ""
        settings = self._config_of(admin.ResourceType.BROKER, str(self._nodes[0]))
        entry = settings.get("inter.broker.protocol.version")
        return f" {entry.value.partition('-')[0]}" if entry is not None and entry.value else ""

    def _config_of(self, kind: Any, name: str) -> dict[str, Any]:
        """Its settings; empty where we may not ask."""
        resource = admin.ConfigResource(kind, name)
        asked = self._admin.describe_configs([resource], request_timeout=PATIENCE)
        try:
            return answer_of(asked[resource], self._where)
        except KafkaException:
            return {}

    def _asked(self, future: Any, doing: str) -> Any:
        try:
            return answer_of(future, f"Kafka at {self._where}")
        except KafkaException as error:
            raise translated(error_of(error), self._where, doing) from error
