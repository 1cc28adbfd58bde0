"""The item pipeline that ends visits: what was cleaned, or ended without a page, becomes one staged row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pipelines.visits import Cleaned, Ended

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from pipelines.ledger import Row


class Publish:
    """Hands each ended visit to the spider's ledger. Counts `publish/<outcome>` and `publish/waiting`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Keep the crawler: its spider has the ledger by the time the first item comes."""
        return cls(crawler)

    async def process_item(self, item: Any) -> Any:
        """Stage the visit's row; other items pass through. Raises StoreError where nothing can be staged."""
        if not isinstance(item, Cleaned | Ended):
            return item
        assert self._crawler.stats is not None
        row: Row | None = await self._crawler.spider.ledger.submit(item)  # type: ignore[union-attr]
        self._crawler.stats.inc_value(f"publish/{row.outcome if row else 'waiting'}")
        return item
