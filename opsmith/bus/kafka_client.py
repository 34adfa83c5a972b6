"""How Kafka's brokers are reached, and whether they answer, as the rest of opsmith is told."""

import logging
import threading
import time
from typing import Any

from opsmith.errors import BadInput, OpsmithError, Unavailable
from opsmith.settings import Settings

try:
    from confluent_kafka import KafkaError, KafkaException
except ImportError as error:
    raise BadInput(
        "OPSMITH_KAFKA_SERVERS is set, but Kafka's driver is not installed; "
        "run: pip install 'opsmith[servers]'"
    ) from error

logger = logging.getLogger(__name__)

ANSWER = 10.0
"""Seconds that a broker has to answer a request."""

REFUSED = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
    }
)
"""The brokers do not let us in: no attempt will help."""

FORBIDDEN = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
"""We are in, but the user lacks a right."""


class _Quiet:
    """Takes what the driver logs: a line for each attempt to connect, so for debugging only."""

    def log(self, _level: int, text: str, *arguments: object) -> None:
        logger.debug(text, *arguments)


def configuration(settings: Settings) -> dict[str, Any]:
    """What producers, consumers and admins have in common.

    Raises:
        BadInput: Settings that contradict each other.
    """
    chosen: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_servers,
        "client.id": "opsmith",
        "security.protocol": settings.kafka_security,
        "logger": _Quiet(),
        "log.connection.close": False,
        "statistics.interval.ms": 0,
        "socket.timeout.ms": int(ANSWER * 1000),
        "socket.connection.setup.timeout.ms": 5_000,
        "socket.keepalive.enable": True,
        # A broker that comes back is found within about a second.
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 1_000,
    }
    if settings.kafka_security.startswith("SASL"):
        if not settings.kafka_user:
            raise BadInput(
                f"OPSMITH_KAFKA_SECURITY is {settings.kafka_security}, but there is no user; "
                "set OPSMITH_KAFKA_USER and OPSMITH_KAFKA_PASSWORD"
            )
        chosen["sasl.mechanism"] = settings.kafka_mechanism
        chosen["sasl.username"] = settings.kafka_user
        chosen["sasl.password"] = settings.kafka_password.get_secret_value()
    if settings.kafka_security.endswith("SSL") and settings.kafka_ca_file:
        chosen["ssl.ca.location"] = settings.kafka_ca_file
    return chosen


def error_of(raised: KafkaException) -> KafkaError:
    """What the driver says went wrong."""
    return raised.args[0]


def translated(error: KafkaError, where: str, doing: str) -> OpsmithError:
    """The driver's error as one of ours.

    Args:
        error: What the driver said; it never has a password in it.
        where: The brokers, as they are set.
        doing: What was tried, such as `reading the topic alerts`.
    """
    said = error.str()
    if error.code() in REFUSED:
        return BadInput(
            f"Kafka at {where} does not let us in ({said}); check OPSMITH_KAFKA_SECURITY, "
            "OPSMITH_KAFKA_MECHANISM, OPSMITH_KAFKA_USER, OPSMITH_KAFKA_PASSWORD and "
            "OPSMITH_KAFKA_CA_FILE"
        )
    if error.code() in FORBIDDEN:
        return BadInput(f"Kafka at {where} forbids {doing} ({said}); grant its user that right")
    if error.code() == KafkaError.INCONSISTENT_GROUP_PROTOCOL:
        return BadInput(
            f"Kafka at {where} refuses {doing}: other members of the group share partitions in "
            "another way; stop what is not opsmith in this group"
        )
    return Unavailable(f"Kafka at {where} did not answer while {doing} ({said})")


class Outage:
    """Says once that the brokers went, and once that they are back, for all clients of a bus."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._lock = threading.Lock()
        self._away: dict[object, float] = {}

    @property
    def seconds(self) -> float | None:
        """How long the brokers have been away, or None while they answer."""
        with self._lock:
            first = min(self._away.values(), default=None)
        return None if first is None else time.monotonic() - first

    def began(self, client: object) -> None:
        """This client has found them away."""
        with self._lock:
            known = bool(self._away)
            self._away.setdefault(client, time.monotonic())
        if not known:
            logger.warning("Kafka at %s does not answer; what comes in waits", self.where)

    def ended(self, client: object) -> None:
        """This client has had an answer."""
        with self._lock:
            first = min(self._away.values(), default=0.0)
            over = self._away.pop(client, None) is not None and not self._away
        if over:
            away = time.monotonic() - first
            logger.warning("Kafka at %s answers again, after %.0f s", self.where, away)

    def left(self, client: object) -> None:
        """This client asks no more."""
        with self._lock:
            self._away.pop(client, None)


class Link:
    """What one client knows about whether the brokers answer it.

    Its client calls `failed` from whatever thread serves it; the same thread calls the rest.
    """

    def __init__(self, outage: Outage) -> None:
        self._outage = outage
        self._since: float | None = None
        self.suspect = False
        """All connections were lost; whether they are back shows once one asks."""
        self.told = False
        """The caller was told: until there is an answer it is told again, each time it asks."""
        self.refusal: KafkaError | None = None
        """Why the brokers do not let us in, or why the client can do nothing more."""

    def failed(self, error: KafkaError) -> None:
        """The driver's callback for what befalls a client as a whole."""
        if error.code() in REFUSED or error.fatal():
            self.refusal = error
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:
            self.suspect = True

    def away(self) -> float:
        """There was no answer; the seconds since it was so first."""
        if self._since is None:
            self._since = time.monotonic()
            self._outage.began(self)
        return time.monotonic() - self._since

    def answered(self) -> None:
        """There was an answer."""
        self.suspect = self.told = False
        self.refusal = None
        if self._since is not None:
            self._since = None
            self._outage.ended(self)

    def close(self) -> None:
        """The client asks no more."""
        self._outage.left(self)
