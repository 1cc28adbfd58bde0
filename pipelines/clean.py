"""The item pipeline that cleans: `Fetched` becomes `Cleaned`, whatever else comes passes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from cleaners.models import Article
from pipelines.pool import CleanPool
from pipelines.visits import Cleaned, Ended, Fetched

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector

    from pipelines.worker import Result


class Clean:
    """Cleans in a process pool, so that the event loop goes on fetching.

    `workers` counts the processes (None: one a core). Counts `clean/article`, `clean/rejected/<reason>` and
    `clean/removed/<rule file>`.
    """

    def __init__(self, workers: int | None, stats: StatsCollector) -> None:
        self._workers = workers
        self._stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The number of workers is `BROADSHEET_CLEAN_WORKERS`, 0: one a core."""
        assert crawler.stats is not None
        return cls(crawler.settings.getint("BROADSHEET_CLEAN_WORKERS") or None, crawler.stats)

    def open_spider(self) -> None:
        """Start the workers: their imports run while the first pages are fetched."""
        self._pool = CleanPool(self._workers)

    def close_spider(self) -> None:
        """End the workers; Scrapy closes a spider when no item is on its way."""
        self._pool.close()

    async def process_item(self, item: Fetched | Ended) -> Cleaned | Ended:
        """Clean what was fetched."""
        if not isinstance(item, Fetched):
            return item
        document = item.document
        result = await self._pool.clean(document)
        self._count(result)
        return Cleaned(
            visit=item.visit, fetched_at=document.fetched_at, status=document.status, result=result
        )

    def _count(self, result: Result) -> None:
        if isinstance(result, Article):
            self._stats.inc_value("clean/article")
        else:
            self._stats.inc_value(f"clean/rejected/{result.reason}")
        for removal in result.removals:
            if not removal.refused:
                self._stats.inc_value(f"clean/removed/{removal.rule.partition(':')[0]}")
