"""Redirects: at most five, each hop a request of its own that robots.txt and the address guard judge again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.discovery.links import absolute
from crawler.fetching.failures import RedirectError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_STATUSES = frozenset({301, 302, 303, 307, 308})


class RedirectMiddleware:
    """Follows a redirect to another http(s) address, or raises RedirectError."""

    def __init__(self, crawler: Crawler) -> None:
        self._max_hops = crawler.settings.getint("REDIRECT_MAX_TIMES")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RedirectMiddleware:
        """The middleware of one crawl."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """The response, or the request for where it points."""
        if response.status not in _STATUSES:
            return response
        location = (response.headers.get("Location") or b"").decode("utf-8", "replace")
        target = absolute(request.url, location)
        if target is None:
            raise RedirectError(f"{request.url} redirects to no page: {location[:200]!r}")
        trail = [*request.meta.get("redirect_urls", ()), request.url]
        if target in trail:
            raise RedirectError(f"{request.url} redirects back to {target}")
        if len(trail) > self._max_hops:
            raise RedirectError(f"more than {self._max_hops} redirects, the last to {target}")
        return request.replace(url=target, meta={**request.meta, "redirect_urls": trail})
