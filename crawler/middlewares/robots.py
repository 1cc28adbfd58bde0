"""robots.txt by RFC 9309, asked before every request and again at every hop of a redirect.

Scrapy's own middleware fetches the page where robots.txt answers 429 or 503 (measured on 2.19); the RFC says that
a site whose rules cannot be had is closed until they can.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request

from crawler.fetching.failures import (
    FetchError,
    HostClosedError,
    PutOffError,
    RedirectError,
    RobotsBlockedError,
    RobotsBusyError,
    StoppedError,
)
from crawler.fetching.site_meta import site_meta
from crawler.kept_robots import CLOSED_SECONDS, KEPT_SECONDS, RobotsUnavailableError
from crawler.robots import MAX_DELAY_SECONDS, MAX_ROBOTS_BYTES, Robots, decode_robots, reduce_robots
from crawler.signals import find_signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.kept_robots import KeptRobots

_MAX_HOSTS = 2_000
"""Whose rules this process holds; a tenth of a MB each at the very most, as a rule 2 kB. The others are in Redis."""


LONG_DELAY_SECONDS = 60.0
"""A site that asks for more is read slowly, which whoever waits for it had better know."""

_log = logging.getLogger(__name__)


class RobotsMiddleware:
    """Lets a request pass, or raises RobotsBlockedError, PutOffError, or the failure of the host itself.

    What robots.txt says of uses is left in the request's meta, as `site_signals`; the seed's delay, or the longer one
    that robots.txt asks for, as `pace_seconds`.

    A host's rules are fetched once a day, by one of all workers. 2xx: its rules; 4xx but 429, and redirects that lead
    nowhere: all is allowed; 429, 5xx, no answer: nothing is, until it answers.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self._rules: dict[str, tuple[asyncio.Future[Robots], float]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        """The middleware of one crawl."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait for the host's rules, and hold the request to them."""
        if request.meta.get("is_robots"):
            return
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        rules, until = self._rules.get(origin, (None, 0.0))
        if rules is None or time.monotonic() > until:
            rules = asyncio.ensure_future(self._load(origin, request))
            self._keep(origin, rules, KEPT_SECONDS)
        # Shielded: a request that is cancelled must not take the rules from those that also wait.
        known = await asyncio.shield(rules)
        if not known.allows(request.url, self._agent):
            raise RobotsBlockedError(f"{origin}/robots.txt disallows it")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request.meta["site_signals"] = find_signals(known.signals, path)
        request.meta["pace_seconds"] = max(request.meta["delay_seconds"], known.delay_seconds)
        if known.delay_seconds > LONG_DELAY_SECONDS and "site_pass" in request.meta:
            site_pass, visit = request.meta["site_pass"], request.meta.get("visit")
            if not site_pass.go_slowly(known.delay_seconds, visit):
                raise StoppedError(f"{origin} gets one request in {known.delay_seconds:.0f} s")

    def _keep(self, origin: str, rules: asyncio.Future[Robots], seconds: float) -> None:
        self._rules.pop(origin, None)
        self._rules[origin] = rules, time.monotonic() + seconds
        if len(self._rules) > _MAX_HOSTS:
            del self._rules[next(iter(self._rules))]

    async def _load(self, origin: str, request: Request) -> Robots:
        kept: KeptRobots | None = self._crawler.spider.kept_robots  # type: ignore[union-attr]
        own = asyncio.current_task()
        assert own is not None
        try:
            found = await kept.recall(origin) if kept is not None else None
        except RobotsUnavailableError as error:
            self._keep(origin, own, CLOSED_SECONDS)
            raise (RobotsBusyError if error.is_busy else PutOffError)(str(error)) from None
        if found is not None:
            self._keep(origin, own, found[1])
            return await self._read(origin, found[0])
        try:
            answer = await self._ask(origin, request)
        except FetchError as error:
            # Asked again with the next request: a host that was away for a moment is not closed for the crawl.
            if error.may_pass or isinstance(error, StoppedError | HostClosedError):
                self._rules.pop(origin, None)
            raise
        if answer is not None and (answer.status == 429 or answer.status >= 500):
            reason = (
                f"{origin}/robots.txt answers {answer.status}: nothing is fetched there until it can be had"
            )
            is_busy = answer.status == 429 or (answer.status == 503 and "Retry-After" in answer.headers)
            self._keep(origin, own, CLOSED_SECONDS)
            if kept is not None:
                await kept.close(origin, reason, is_busy=is_busy)
            raise (RobotsBusyError if is_busy else PutOffError)(reason)
        text = b"" if answer is None or not 200 <= answer.status < 300 else answer.body[:MAX_ROBOTS_BYTES]
        reduced = await asyncio.to_thread(reduce_robots, decode_robots(text), self._agent)
        if kept is not None:
            await kept.remember(origin, reduced)
        return await self._read(origin, reduced)

    async def _read(self, origin: str, reduced: str) -> Robots:
        rules = await asyncio.to_thread(Robots.of, reduced, self._agent)
        if (asked := rules.asked_seconds) > LONG_DELAY_SECONDS:
            kept = "which it gets" if asked <= MAX_DELAY_SECONDS else f"it gets {MAX_DELAY_SECONDS:.0f}"
            _log.warning("%s/robots.txt asks for %.0f s between two requests: %s", origin, asked, kept)
        return rules

    async def _ask(self, origin: str, request: Request) -> Response | None:
        """The answer; None: redirects without end, or to no page, which say as much as a 404."""
        ask = Request(
            f"{origin}/robots.txt",
            meta={
                "is_robots": True,
                "max_bytes": MAX_ROBOTS_BYTES,
                "cut": True,
                **site_meta(request),
            },
            dont_filter=True,
        )
        try:
            return await self._crawler.engine.download_async(ask)
        except RedirectError:
            return None
