"""Progress for people: a bar with rate and counts on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.backfill import describe_backfill
from crawler.spiders.news import NewsSpider
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.crawler import Crawler

    from crawler.tally import Tally

BAR_SECONDS = 0.5
LINE_SECONDS = 10.0


class Progress:
    """Writes to standard error while the spider is open; only if `BROADSHEET_PROGRESS` is set."""

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("BROADSHEET_PROGRESS"):
            raise NotConfigured
        self._crawler = crawler
        self._task: asyncio.Task[None] | None = None
        crawler.signals.connect(self.open_spider, signals.spider_opened)
        crawler.signals.connect(self.close_spider, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Progress:
        """The extension of one crawl."""
        return cls(crawler)

    def open_spider(self) -> None:
        """Begin to show."""
        spider = self._crawler.spider
        assert isinstance(spider, NewsSpider)
        show = self._show_bar(spider) if sys.stderr.isatty() else self._show_lines(spider)
        self._task = asyncio.ensure_future(show)

    async def close_spider(self) -> None:
        """End the display; what was done stands in the report."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _show_lines(self, spider: NewsSpider) -> None:
        while True:
            await asyncio.sleep(LINE_SECONDS)
            print(describe(spider.tally, spider.ledger.counts), file=sys.stderr, flush=True)  # noqa: T201 -- this is what it is for

    async def _show_bar(self, spider: NewsSpider) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            row = bar.add_task("starting", total=None)
            while True:
                bar.update(row, description=describe(spider.tally, spider.ledger.counts))
                await asyncio.sleep(BAR_SECONDS)


def describe(tally: Tally, counts: Mapping[tuple[str, str | None], int]) -> str:
    """The counts so far in one line."""
    outcomes: Counter[str] = Counter()
    for (outcome, _), count in counts.items():
        outcomes[outcome] += count
    rate = tally.pages / max(tally.seconds, 0.001)
    parts = [f"{counted(tally.pages, 'page')} fetched, {rate:.1f} a second"]
    parts += [f"{count} {outcome}" for outcome, count in outcomes.most_common()]
    parts.append(f"{counted(len(tally.passed), 'site')} done")
    parts += [f"{site}: {describe_backfill(figures)}" for site, figures in tally.backfills.items()]
    return " · ".join(parts)
