"""The last passes over sites: what each brought, in Redis, for people who look after a crawl."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from pipelines.names import Names

KEPT_RUNS = 2_000
"""Passes that are kept: some 400 bytes each."""
NAMED_FAILURES = 10
"""Of a pass's listings that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass over one site."""

    site: str
    worker: str
    started_at: str
    """ISO 8601, by the worker's clock."""
    ended_at: str
    """When all that it gave was published, and the site was returned."""
    new_links: int
    """Links that were never heard of before it."""
    owed: int
    """Links that were still owed a visit after it."""
    pages: dict[str, int]
    """Visits that ended, by how, before their texts were held against what is known: `article` counts copies, too."""
    listings_failed: tuple[str, ...]
    """Listings that could not be read, each with the reason; the first ten."""
    put_off: str | None
    """Why pages were left for a later pass; None: none were."""
    verdict: str | None
    """What is thought of the site after it; None: nothing yet."""
    due_at: str
    """When the site is due again."""


class Runs:
    """The passes of all workers of a log."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self._redis = redis
        self._key = names.key("runs")

    async def add(self, run: Run) -> None:
        """Keep a pass; without Redis it is not kept, and nothing else is lost."""
        with suppress(RedisError):
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.lpush(self._key, msgspec.json.encode(run))
            pipeline.ltrim(self._key, 0, KEPT_RUNS - 1)
            await pipeline.execute()

    async def read(self, *, site: str | None = None, limit: int) -> list[Run]:
        """Read the last passes, the newest first. Raises `redis.exceptions.RedisError`."""
        last = limit - 1 if site is None else KEPT_RUNS
        packed: list[Any] = await self._redis.lrange(self._key, 0, last)
        runs = (msgspec.json.decode(one, type=Run) for one in packed)
        return [run for run in runs if site in {None, run.site}][:limit]
