"""What each host's tdmrep.json says, remembered in Redis for a day, so that a host is asked once a day by all workers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from redis.exceptions import RedisError

from crawler.signals import SignalRule

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from pipelines.ledger import Ledger

KEPT_SECONDS = 24 * 60 * 60
FAILED_SECONDS = 60 * 60
"""A host that could not be asked is asked again after this."""


class Reservations:
    """The remembered rules. Without Redis nothing is lost: the host is asked again."""

    def __init__(self, redis: Redis, ledger: Ledger) -> None:
        self._redis = redis
        self._ledger = ledger

    async def recall(self, origin: str) -> tuple[SignalRule, ...] | None:
        """Return a host's rules; None: nobody has asked it since yesterday."""
        with suppress(RedisError):
            kept = await self._redis.get(self._ledger.key("tdmrep", origin))
            if kept is not None:
                return msgspec.json.decode(kept, type=tuple[SignalRule, ...])
        return None

    async def remember(self, origin: str, rules: tuple[SignalRule, ...], *, seconds: int) -> None:
        """Keep a host's rules for so long."""
        with suppress(RedisError):
            await self._redis.set(self._ledger.key("tdmrep", origin), msgspec.json.encode(rules), ex=seconds)
