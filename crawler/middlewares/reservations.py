"""The host's reservations for text and data mining: `/.well-known/tdmrep.json`, asked once a host and day.

What it says of a page goes with the page; where the operator skips what is reserved, the page is not asked for.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request

from crawler.fetching.failures import FetchError, HostClosedError, OptOutError, StoppedError
from crawler.fetching.site_meta import site_meta
from crawler.reservations import FAILED_SECONDS, KEPT_SECONDS
from crawler.signals import SignalRule, find_signals, read_tdmrep
from pipelines.opt_out import OptOutPolicy, find_reservation

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.reservations import Reservations

PATH = "/.well-known/tdmrep.json"
MAX_BYTES = 256 * 1024


class ReservationsMiddleware:
    """Lets a page's request pass with what its host reserves in `site_signals`, or raises OptOutError.

    Only requests for pages that may be stored are held up: those with a `visit` in their meta. A file that robots.txt
    closes, or that cannot be had, says nothing.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._policy = OptOutPolicy(crawler.settings["BROADSHEET_OPT_OUT"])
        self._asked: dict[str, tuple[asyncio.Future[tuple[SignalRule, ...]], float]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ReservationsMiddleware:
        """The middleware of one crawl."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait for the host's rules, note what they say of the page, and hold the request to the operator's wish."""
        if "visit" not in request.meta:
            return
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        rules, asked_at = self._asked.get(origin, (None, 0.0))
        if rules is None or time.monotonic() - asked_at > KEPT_SECONDS:
            rules = asyncio.ensure_future(self._load(origin, request))
            self._asked[origin] = rules, time.monotonic()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # Shielded: a request that is cancelled must not take the rules from those that also wait.
        signals = request.meta["site_signals"] | find_signals(await asyncio.shield(rules), path)
        request.meta["site_signals"] = signals
        if reserved := find_reservation(signals, self._policy):
            raise OptOutError(f"{origin} reserves it: {reserved}")

    async def _load(self, origin: str, request: Request) -> tuple[SignalRule, ...]:
        remembered: Reservations = self._crawler.spider.reservations  # type: ignore[union-attr]
        rules = await remembered.recall(origin)
        if rules is not None:
            return rules
        ask = Request(
            origin + PATH,
            meta={
                "max_bytes": MAX_BYTES,
                **site_meta(request),
            },
            dont_filter=True,
        )
        seconds = KEPT_SECONDS
        try:
            answer = await self._crawler.engine.download_async(ask)
        except (StoppedError, HostClosedError):
            self._asked.pop(origin, None)
            raise
        except FetchError as error:
            rules, seconds = (), FAILED_SECONDS if error.may_pass else KEPT_SECONDS
        else:
            passing = answer.status == 429 or answer.status >= 500
            rules = read_tdmrep(answer.body) if 200 <= answer.status < 300 else ()
            seconds = FAILED_SECONDS if passing else KEPT_SECONDS
        await remembered.remember(origin, rules, seconds=seconds)
        return rules
