"""Asks Redis and the store how they are, at each scrape of the metrics: each answers soon, or counts as down."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from crawler.watch.book import Book
from pipelines.log import Genesis, decode_entry, entry_path
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from redis.asyncio import Redis

    from crawler.watch.metrics import Metrics
    from pipelines.names import Names
    from pipelines.objects import Objects
    from pipelines.pool import CleanPool

ANSWER_SECONDS = 2.0
"""That a scrape waits for a part: Prometheus gives up after ten by default."""
QUEUE_SECONDS = 30.0
"""Between two counts of what waits at all sites: at 10,000 sites one takes 50 ms of Redis, in pieces."""

_SITES_AT_ONCE = 500


class Probe:
    """Looks at the parts of one process."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._counted_at = float("-inf")
        self._pending = 0

    async def render(
        self,
        *,
        objects: Objects,
        redis: Redis | None = None,
        names: Names | None = None,
        pool: CleanPool | None = None,
        sequence: int = 0,
    ) -> bytes:
        """Look at the parts, and give all metrics in Prometheus' text format; what a part does not tell stays as it was.

        `redis`: a client that does not try again by itself, None: none is used; `names`: of the log's keys, None: there
        is no log yet; `sequence`: the log's last entry.
        """
        log_id = names.log_id if names is not None else None
        questions: list[Awaitable[None]] = [self._ask("store", _read_log(objects, log_id))]
        if redis is not None:
            questions.append(self._ask("redis", redis.ping()))
            if names is not None:
                questions.append(self._count(redis, names))
        await asyncio.gather(*questions)
        if pool is not None:
            self._metrics.note_pool(pool)
        self._metrics.note_sequence(sequence)
        return self._metrics.encode()

    async def _ask(self, part: str, question: Awaitable[object]) -> None:
        since = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await question
        except (RedisError, StoreError, OSError, TimeoutError):
            self._metrics.note_part(part, None)
        else:
            self._metrics.note_part(part, time.monotonic() - since)

    async def _count(self, redis: Redis, names: Names) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if time.monotonic() - self._counted_at > QUEUE_SECONDS:
                    self._pending = await _count_pending(redis, names)
                    self._counted_at = time.monotonic()
                claimed = int(await redis.hlen(names.key("claims")))
                self._metrics.note_queue(pending=self._pending, claimed=claimed)
                book = Book(redis, names)
                standing = (await book.read_open()).values()
                self._metrics.note_alerts(standing, waiting=await book.count_waiting())
        except (RedisError, StoreError, OSError, TimeoutError):
            # The ping of the same moment tells of it.
            return


def find_fault(body: bytes | None, log_id: str | None) -> str | None:
    """Say what is wrong with the first entry that a store has given; None: nothing.

    `log_id`: of the log that was here; None: there was none, and none need be here now.
    """
    if body is None:
        return None if log_id is None else "the log that was here is gone"
    try:
        entry = decode_entry(body)
    except ValueError as error:
        return f"{entry_path(1)} {error}"
    if not isinstance(entry, Genesis) or log_id not in {None, entry.log_id}:
        return "another log is here than before; start the service again"
    return None


async def _read_log(objects: Objects, log_id: str | None) -> None:
    """Raise StoreError also where the store answers, and has lost the log: as with a disk that is not mounted."""
    if (fault := find_fault(await objects.read(entry_path(1)), log_id)) is not None:
        raise StoreError(f"{objects.name}: {fault}")


async def _count_pending(redis: Redis, names: Names) -> int:
    total = 0
    sites: list[Any] = await redis.hkeys(names.key("agenda"))
    for start in range(0, len(sites), _SITES_AT_ONCE):
        pipeline = redis.pipeline(transaction=False)
        for site in sites[start : start + _SITES_AT_ONCE]:
            pipeline.zcard(names.key("pending", site.decode()))
        total += sum(await pipeline.execute())
    return total
