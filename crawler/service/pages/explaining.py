"""Archived pages explained again, part by part, in a process of its own: strangers' bytes may hang or crash it.

It is started when somebody looks at an archived page, and ended when nobody has for a while: it takes some 100 MB.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cleaners.explanation import Explanation
from pipelines.archive.reading import read_archived
from pipelines.pool import CleanPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cleaners.models import Document
    from pipelines.objects import Objects

EXPLAIN_SECONDS = 15.0
"""That a page waits for its explanation: its process takes some seconds to start; without it, the row's account is shown."""
IDLE_SECONDS = 120.0
_MOST_WAITING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What became of the parts of an archived page."""

    explanation: Explanation | None
    """None: there is none, and `why` says why."""
    why: str | None = None


class Explainer:
    """The process, and who waits for it."""

    def __init__(self) -> None:
        self._pool: CleanPool | None = None
        self._waiting = 0
        self._idle: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def explain(self, objects: Objects, row: Mapping[str, Any]) -> Explained:
        """Explain the page of a row. Raises StoreError where the archive is damaged, PoolError where no process starts."""
        if row.get("archive") is None:
            return Explained(explanation=None, why="The page itself is in no archive.")
        if self._waiting >= _MOST_WAITING:
            return Explained(explanation=None, why="Too many people wait for an archived page; try again.")
        self._waiting += 1
        if self._idle is not None:
            self._idle.cancel()
        try:
            async with asyncio.timeout(EXPLAIN_SECONDS):
                document = await read_archived(objects, row["archive"])
                if document is None:
                    return Explained(explanation=None, why="The archived page is not kept any more.")
                return await self._explain(document)
        except TimeoutError:
            return Explained(explanation=None, why="The archived page was not explained in time; try again.")
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end)

    async def _explain(self, document: Document) -> Explained:
        if self._pool is None:
            self._pool = CleanPool(1, cleaner="cleaners.stages:explain")
        # The pool hands on whatever its cleaner gives; it gives a rejection itself where the process has died.
        result: object = await self._pool.clean(document)
        if isinstance(result, Explanation):
            return Explained(explanation=result)
        return Explained(explanation=None, why="The archived page cannot be explained: reading it failed.")

    def _end(self) -> None:
        pool, self._pool, self._idle = self._pool, None, None
        if pool is not None:
            closing = asyncio.create_task(asyncio.to_thread(pool.close))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
