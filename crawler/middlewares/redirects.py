"""Redirects: at most five, each hop a request of its own that scope, robots.txt and the address guard judge again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.discovery.links import absolute
from crawler.fetching.failures import OutOfScopeError, RedirectError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.site_pass import SitePass

_STATUSES = frozenset({301, 302, 303, 307, 308})


class RedirectMiddleware:
    """Follows a redirect to another http(s) address, or raises RedirectError, or OutOfScopeError.

    A page may lead only where a listing's link may: not to what the seed denies, nor to another site. Listings go where
    they like, since the seed names them, and so does an address that the operator names though it is not within the
    scope, or of a site that no seed describes: a short link is one.
    """

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
        if _is_bound(request, trail[0]) and not request.meta["site_pass"].scope.admits(target):
            raise OutOfScopeError(f"{request.url} redirects to {target}, where the seed lets no link lead")
        return request.replace(url=target, meta={**request.meta, "redirect_urls": trail})


def _is_bound(request: Request, first_url: str) -> bool:
    site_pass: SitePass | None = request.meta.get("site_pass")
    if site_pass is None or "listing" in request.meta:
        return False
    seed = site_pass.seed
    is_described = bool(seed.urls) or any(True for _ in seed.listings)
    return is_described and site_pass.scope.admits(first_url)
