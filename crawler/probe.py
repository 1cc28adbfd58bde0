"""Fetching a few addresses at once, as the crawl fetches them, outside of any crawl."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy.crawler import AsyncCrawlerRunner

from crawler.errors import Fault
from crawler.fetching.failures import StoppedError
from crawler.identity import make_guard, make_settings
from crawler.settings import read_environment
from crawler.spiders.probe import ProbeSpider
from crawler.tasks import check_contact_needed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scrapy.http import Response

    from crawler.fetching.failures import FetchError
    from crawler.held_robots import HeldRobots
    from crawler.site_pass import Task


def fetch_all(  # noqa: PLR0913 -- each is what a request needs
    probes: Sequence[tuple[str, dict[str, Any]]],
    *,
    tasks: Sequence[Task],
    allow_addresses: Sequence[str] = (),
    contact: str | None = None,
    watch: Callable[[int], object] | None = None,
    robots: HeldRobots | None = None,
) -> list[Response | FetchError]:
    """The answers to the addresses, in their order; each comes with what its request's meta is to say.

    `tasks` are what a crawl of these addresses would do: without a contact, here or in the environment, all that they
    ask must be allowed by name. `watch` is called with the place of each answer as it comes. `robots` holds what hosts'
    robots.txt say from one call to the next; None: each is asked again. Raises UserError,
    SettingError and Fault.
    """
    environment = read_environment()
    contact = contact or environment.contact
    guard = make_guard(allow_addresses, contact)
    if contact is None:
        check_contact_needed(tasks, guard)
    answers: dict[int, Response | FetchError] = {}

    def note(place: int, answer: Response | FetchError) -> None:
        answers[place] = answer
        if watch is not None:
            watch(place)

    # Nothing is cleaned or published here, and whoever asked shows the progress.
    settings = make_settings(contact, ITEM_PIPELINES={}, EXTENSIONS={}, BROADSHEET_PROXY=environment.proxy)
    crawler = AsyncCrawlerRunner(settings).create_crawler(ProbeSpider)

    async def run() -> None:
        await crawler.crawl_async(guard=guard, probes=probes, on_answer=note, robots=robots)

    asyncio.run(run())
    spider = crawler.spider
    if isinstance(spider, ProbeSpider) and spider.fault is not None:
        raise Fault(f"{type(spider.fault).__name__}: {spider.fault}") from spider.fault
    return [answers.get(place) or StoppedError("no answer came") for place in range(len(probes))]
