"""A client of Redis that waits no longer than a worker may, and whose errors are ours."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from opsmith.errors import BadInput, Unavailable

PATIENCE = 0.25
"""Seconds that Redis has to take a connection, and to answer."""

IDLE = 30
"""Seconds after which a connection is tried before it is used again."""

_SETTING = "OPSMITH_REDIS_URL"
_REFUSES = ("WRONGPASS", "NOAUTH", "NOPERM", "invalid DB index", "DB index is out of range")


class RedisClient:
    """One Redis, by its URL; for any number of threads.

    Args:
        url: `redis://[[user]:password@]host[:port][/number]`, `rediss://` with TLS, or
            `unix:///path?db=number`. The number keeps plants on the same Redis apart.

    Raises:
        BadInput: The URL cannot be used, or its user may not do what we need. A server that does
            not answer yet is no error.
    """

    def __init__(self, url: str) -> None:
        try:
            # A call is made once more where its connection turns out to be broken.
            self.raw: Any = cast(Any, redis.Redis).from_url(
                url,
                protocol=2,
                socket_connect_timeout=PATIENCE,
                socket_timeout=PATIENCE,
                socket_keepalive=True,
                health_check_interval=IDLE,
                retry=Retry(NoBackoff(), 1),
            )
            options = self.raw.connection_pool.connection_kwargs
            self.number = int(options.get("db") or 0)
            self.where = options.get("path") or "{}:{}".format(
                options.get("host", "localhost"), options.get("port", 6379)
            )
            self._try()
        except (ValueError, TypeError) as error:
            # What the library says of a URL may have its password in it.
            raise BadInput(
                f"{_SETTING} is no URL of Redis; such as redis://:password@host:6379/0"
            ) from error

    @contextmanager
    def translated(self) -> Generator[None]:
        """Raise our errors in place of the library's; they have no password."""
        try:
            yield
        except AuthenticationError as error:
            raise self._refused(error) from error
        except (RedisError, OSError) as error:
            if str(error).startswith(_REFUSES):
                raise self._refused(error) from error
            said = str(error) if isinstance(error, redis.ResponseError) else type(error).__name__
            raise Unavailable(f"Redis at {self.where} does not answer: {said}") from error

    def close(self) -> None:
        """Close every connection."""
        self.raw.close()

    def _try(self) -> None:
        try:
            with self.translated():
                self.raw.ping()
        except Unavailable:
            pass

    def _refused(self, error: Exception) -> BadInput:
        return BadInput(f"Redis at {self.where} refuses who {_SETTING} names: {error}")
