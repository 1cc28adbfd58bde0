"""One run of the spider on this event loop: what the command `crawl` and the service have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.crawler import AsyncCrawlerRunner

from crawler.agenda import Agenda
from crawler.backfill import Backfill
from crawler.browser import check_browser
from crawler.closures import Closures
from crawler.fetching.http2 import check_http2
from crawler.identity import make_settings
from crawler.kept_robots import KeptRobots
from crawler.reservations import Reservations
from crawler.round import Plan
from crawler.runs import Runs
from crawler.spiders.news import NewsSpider
from crawler.turns import Turns
from crawler.watch.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from redis.asyncio import Redis
    from scrapy.settings import Settings

    from crawler.addresses import AddressGuard
    from crawler.round import Feed
    from crawler.service.settings import AlertSettings
    from crawler.settings import Environment
    from crawler.site_pass import Budget, Task
    from crawler.tally import Tally
    from crawler.watch.metrics import Metrics
    from pipelines.ledger import Ledger
    from pipelines.pool import CleanPool


def make_scrapy_settings(environment: Environment, contact: str | None, *, progress: bool) -> Settings:
    """Scrapy's settings of a crawl, by what the operator has set."""
    return make_settings(
        contact,
        BROADSHEET_CLEAN_WORKERS=environment.clean_workers,
        BROADSHEET_OPT_OUT=environment.opt_out.value,
        BROADSHEET_ARCHIVE=environment.archive,
        BROADSHEET_PROXY=environment.proxy,
        BROADSHEET_CHROMIUM=environment.chromium,
        BROADSHEET_PROGRESS=progress,
    )


def make_plan(  # noqa: PLR0913 - one keyword a part that it is made of
    *,
    redis: Redis,
    ledger: Ledger,
    guard: AddressGuard,
    tally: Tally,
    budget: Budget,
    lease_seconds: float,
    alerts: AlertSettings | None = None,
    metrics: Metrics | None = None,
    tasks: Sequence[Task] = (),
    anytime: bool = False,
    feed: Feed | None = None,
    clean_pool: CleanPool | None = None,
) -> Plan:
    """What a run works with, all of it over one Redis and ledger.

    `alerts`: where they are sent, None: nowhere; `metrics`: those of the process, None: nobody reads them.
    """
    return Plan(
        ledger=ledger,
        agenda=Agenda(redis, ledger),
        reservations=Reservations(redis, ledger),
        kept_robots=KeptRobots(redis, ledger),
        turns=Turns(redis, ledger),
        closures=Closures(redis, ledger),
        runs=Runs(redis, ledger),
        watcher=Watcher(redis, ledger, tally, alerts, metrics),
        guard=guard,
        tasks=tasks,
        tally=tally,
        budget=budget,
        anytime=anytime,
        lease_seconds=lease_seconds,
        make_backfill=lambda site, since: Backfill(redis, ledger, site=site, since=since),
        feed=feed,
        clean_pool=clean_pool,
    )


def check_extras(tasks: Iterable[Task]) -> None:
    """Raise UserError where a seed asks for what is not installed."""
    seeds = [task.seed for task in tasks]
    if browsed := [seed.id for seed in seeds if seed.browser]:
        check_browser(browsed)
    if by_http2 := [seed.id for seed in seeds if seed.http2]:
        check_http2(by_http2)


async def run_spider(
    plan: Plan, settings: Settings, on_start: Callable[[Callable[[], None]], object]
) -> Mapping[str, Any]:
    """Run Scrapy until the round is over; gives its counts.

    `on_start` is called with a function that ends the run in good order. Raises what ended it otherwise.
    """
    crawler = AsyncCrawlerRunner(settings).create_crawler(NewsSpider)

    def stop() -> None:
        spider = crawler.spider
        if isinstance(spider, NewsSpider):
            spider.stop()

    on_start(stop)
    await crawler.crawl_async(plan=plan)
    spider = crawler.spider
    assert isinstance(spider, NewsSpider)
    if spider.fault is not None:
        raise spider.fault
    assert crawler.stats is not None
    return crawler.stats.get_stats()
