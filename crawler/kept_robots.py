"""What each host's robots.txt says to us, kept in Redis for a day, so that all workers ask a host once a day."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from pipelines.ledger import Ledger

KEPT_SECONDS = 24 * 60 * 60
"""By RFC 9309, at most."""
CLOSED_SECONDS = 5 * 60
"""A host whose robots.txt cannot be had is asked again after this; until then nothing else of it is."""

_RULES, _CLOSED, _BUSY = b"r", b"x", b"b"


class RobotsUnavailableError(Exception):
    """The host's robots.txt could not be had a moment ago; the message is one line for people."""

    def __init__(self, message: str, *, is_busy: bool) -> None:
        super().__init__(message)
        self.is_busy = is_busy
        """Whether it answered that it wants to be left alone."""


class KeptRobots:
    """The kept rules. Without Redis nothing is lost: the host is asked again."""

    def __init__(self, redis: Redis, ledger: Ledger) -> None:
        self._redis = redis
        self._ledger = ledger

    async def recall(self, origin: str) -> tuple[str, int] | None:
        """Return a host's rules, as `reduce_robots` gave them, and for how many seconds they hold.

        None: nobody has asked it since yesterday. Raises RobotsUnavailableError.
        """
        key = self._ledger.key("robots", origin)
        with suppress(RedisError, zlib.error, UnicodeDecodeError):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.get(key)
            pipeline.ttl(key)
            kept, left = await pipeline.execute()
            if kept is not None and kept[:1] in {_CLOSED, _BUSY}:
                is_busy = kept[:1] == _BUSY
                raise RobotsUnavailableError(kept[1:].decode("utf-8", "replace"), is_busy=is_busy)
            if kept is not None:
                return zlib.decompress(kept[1:]).decode(), max(left, 1)
        return None

    async def remember(self, origin: str, reduced: str) -> None:
        """Keep a host's rules for a day."""
        packed = _RULES + zlib.compress(reduced.encode())
        with suppress(RedisError):
            await self._redis.set(self._ledger.key("robots", origin), packed, ex=KEPT_SECONDS)

    async def close(self, origin: str, reason: str, *, is_busy: bool) -> None:
        """Note that a host's robots.txt cannot be had."""
        with suppress(RedisError):
            key = self._ledger.key("robots", origin)
            await self._redis.set(
                key, (_BUSY if is_busy else _CLOSED) + reason[:300].encode(), ex=CLOSED_SECONDS
            )
