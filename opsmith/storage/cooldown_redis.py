"""The cooldown that all workers share: each claim is one atomic step in Redis."""

from datetime import UTC, datetime, timedelta
from hashlib import sha1

from redis.exceptions import NoScriptError

from opsmith.storage.redis_client import RedisClient

MARGIN = timedelta(hours=1)
"""Wall time that a key outlives its period: plant time may go slower than Redis's clock."""

_CLAIM = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return 1
"""
_DIGEST = sha1(_CLAIM.encode(), usedforsecurity=False).hexdigest()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


class RedisCooldown:
    """See `opsmith.ports.Cooldown`.

    Under each key stands a sorted set: members by the end of their places, in microseconds of
    plant time. Redis's own clock only frees what nobody asks about any more.

    Args:
        url: See `RedisClient`.

    Raises:
        BadInput: The URL cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._client = RedisClient(url)

    def claim(self, key: str, member: str, most: int, period: timedelta, now: datetime) -> bool:
        """See `Cooldown.claim`."""
        at = (now - _EPOCH) // _STEP
        kept = (period + MARGIN) // timedelta(milliseconds=1)
        given = (key, member, at, at + period // _STEP, most, kept)
        with self._client.translated():
            try:
                has = self._client.raw.evalsha(_DIGEST, 1, *given)
            except NoScriptError:
                # It was started anew, or somebody flushed its scripts; this keeps ours again.
                has = self._client.raw.eval(_CLAIM, 1, *given)
        return bool(has)

    def ask(self) -> None:
        """Ask whether it answers. Raises `Unavailable`, or `BadInput` where it refuses us."""
        with self._client.translated():
            self._client.raw.ping()

    def close(self) -> None:
        """See `Cooldown.close`."""
        self._client.close()
