"""robots.txt by RFC 9309, asked before every request and again at every hop of a redirect.

Scrapy's own middleware fetches the page where robots.txt answers 429 or 503 (measured on 2.19); the RFC says that
a site whose rules cannot be had is closed until they can.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request

from crawler.fetching.failures import (
    FetchError,
    PutOffError,
    RedirectError,
    RobotsBlockedError,
)
from crawler.signals import SignalRule, find_signals, read_robots_signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

MAX_ROBOTS_BYTES = 512 * 1024
"""RFC 9309 asks for 500 KiB at least; what lies beyond is not read."""


@dataclass(frozen=True, slots=True)
class _Rules:
    access: Protego
    signals: tuple[SignalRule, ...] = ()


_ALLOW_ALL = _Rules(Protego.parse(""))


class RobotsMiddleware:
    """Lets a request pass, or raises RobotsBlockedError, PutOffError, or the failure of the host itself.

    What robots.txt says of uses is left in the request's meta, as `site_signals`.

    A host's rules are fetched once a crawl. 2xx: its rules; 4xx but 429, and redirects that lead nowhere: all is
    allowed; 429 and 5xx: nothing is, in this crawl; no answer: the pages fail as robots.txt did.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self._rules: dict[str, asyncio.Future[_Rules]] = {}

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
        rules = self._rules.get(origin)
        if rules is None:
            rules = self._rules[origin] = asyncio.ensure_future(self._load(origin, request))
        # Shielded: a request that is cancelled must not take the rules from those that also wait.
        known = await asyncio.shield(rules)
        if not known.access.can_fetch(request.url, self._agent):
            raise RobotsBlockedError(f"{origin}/robots.txt disallows it")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request.meta["site_signals"] = find_signals(known.signals, path)

    async def _load(self, origin: str, request: Request) -> _Rules:
        ask = Request(
            f"{origin}/robots.txt",
            meta={
                "is_robots": True,
                "max_bytes": MAX_ROBOTS_BYTES,
                "cut": True,
                "site": request.meta["site"],
                "delay_seconds": request.meta["delay_seconds"],
                "download_slot": request.meta["site"],
            },
            dont_filter=True,
        )
        try:
            answer = await self._crawler.engine.download_async(ask)
        except RedirectError:
            return _ALLOW_ALL
        except FetchError as error:
            if not error.may_pass:
                raise
            # Asked again with the next request: a host that was away for a moment is not closed for the crawl.
            self._rules.pop(origin, None)
            raise
        return await self._read(origin, answer)

    async def _read(self, origin: str, answer: Response) -> _Rules:
        if answer.status == 429 or answer.status >= 500:
            raise PutOffError(
                f"{origin}/robots.txt answers {answer.status}: nothing is fetched there in this pass"
            )
        if not 200 <= answer.status < 300:
            return _ALLOW_ALL
        text = answer.body[:MAX_ROBOTS_BYTES].decode("utf-8-sig", "replace")
        return await asyncio.to_thread(self._parse, text)

    def _parse(self, text: str) -> _Rules:
        return _Rules(Protego.parse(text), read_robots_signals(text, self._agent))
