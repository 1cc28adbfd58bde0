"""The item pipeline that cleans: `Fetched` becomes `Cleaned`, whatever else comes passes through."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

from scrapy.exceptions import DropItem

from cleaners.models import Article
from pipelines.further_pages import join_further_pages, refuse_further_page
from pipelines.opt_out import OptOutPolicy, find_reservation, may_be_archived
from pipelines.pool import CleanPool
from pipelines.visits import Cleaned, Ended, Fetched, VisitCutShortError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector

    from pipelines.worker import Result


class Clean:
    """Cleans in a process pool, so that the event loop goes on fetching.

    `workers` counts the processes (None: one a core). An article that its publisher does not want stored ends the visit
    as `blocked`. Counts `clean/article`, `clean/rejected/<reason>`, `clean/opt_out` and
    `clean/removed/<site>/<rule file>`.
    """

    def __init__(
        self, workers: int | None, stats: StatsCollector, policy: OptOutPolicy, crawler: Crawler | None = None
    ) -> None:
        self._workers = workers
        self._crawler = crawler
        self._stats = stats
        self._policy = policy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The number of workers is `BROADSHEET_CLEAN_WORKERS`, 0: one a core; the policy `BROADSHEET_OPT_OUT`."""
        assert crawler.stats is not None
        settings = crawler.settings
        return cls(
            settings.getint("BROADSHEET_CLEAN_WORKERS") or None,
            crawler.stats,
            OptOutPolicy(settings["BROADSHEET_OPT_OUT"]),
            crawler,
        )

    def open_spider(self) -> None:
        """Start the workers, unless the spider has a pool: their imports run while the first pages are fetched."""
        shared: CleanPool | None = getattr(self._crawler and self._crawler.spider, "clean_pool", None)
        self._is_shared = shared is not None
        self._pool = shared or CleanPool(self._workers, cleaner="pipelines.pages:clean_and_sketch")

    def close_spider(self) -> None:
        """End the workers; Scrapy closes a spider when no item is on its way."""
        if not self._is_shared:
            self._pool.close()

    async def process_item(self, item: Fetched | Ended) -> Cleaned | Ended:
        """Clean what was fetched; DropItem where the crawl ends before an article's further pages are in."""
        if not isinstance(item, Fetched):
            return item
        document = item.document
        result = await self._pool.clean(document)
        if isinstance(result, Article):
            reserved = find_reservation(result.metadata.opt_out, self._policy)
            if reserved is not None:
                self._stats.inc_value("clean/opt_out")
                return Ended(
                    visit=item.visit,
                    fetched_at=document.fetched_at,
                    outcome="blocked",
                    reason="opt_out",
                    evidence=reserved,
                    status=document.status,
                )
            result = refuse_further_page(result)
        if isinstance(result, Article) and item.read_page is not None:
            try:
                result = await join_further_pages(result, item.read_page, self._pool.clean)
            except VisitCutShortError as error:
                raise DropItem(str(error)) from None
        self._count(result, item.visit.site)
        return Cleaned(
            visit=item.visit,
            fetched_at=document.fetched_at,
            status=document.status,
            result=result,
            captures=tuple(item.captures) if self._may_be_archived(result) else (),
        )

    def _may_be_archived(self, result: Result) -> bool:
        """Say whether its publisher lets the page be kept; what it says must have been read."""
        said = result.metadata.opt_out if isinstance(result, Article) else result.opt_out
        return said is not None and may_be_archived(said, self._policy)

    def _count(self, result: Result, site: str) -> None:
        if isinstance(result, Article):
            self._stats.inc_value("clean/article")
        else:
            self._stats.inc_value(f"clean/rejected/{result.reason}")
        removed = Counter(
            removal.rule.partition(":")[0] for removal in result.removals if not removal.refused
        )
        for rule, count in removed.items():
            self._stats.inc_value(f"clean/removed/{site}/{rule}", count)
