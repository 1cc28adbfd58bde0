"""The processes that clean, shared by the crawl and by whoever posts a page."""

from __future__ import annotations

import asyncio

from pipelines.pool import CleanPool


class SharedPool:
    """One pool, started with the first page, and anew where its workers do not start any more."""

    def __init__(self, workers: int) -> None:
        """`workers`: 0 for one a core."""
        self._workers = workers or None
        self._pool: CleanPool | None = None

    @property
    def running(self) -> CleanPool | None:
        """The pool, if anything was ever cleaned."""
        return self._pool

    def get(self) -> CleanPool:
        """Give the pool."""
        if self._pool is None:
            self._pool = CleanPool(self._workers, cleaner="pipelines.pages:clean_and_sketch")
        return self._pool

    async def close(self) -> None:
        """End its processes; whoever asks for the pool again gets a new one."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.close)
