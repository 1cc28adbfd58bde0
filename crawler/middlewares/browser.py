"""Pages of sites with `browser = true`: fetched as any other, then run in Chromium, whose requests go the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request, signals

from crawler.browser import Answer, ChromiumBrowser
from crawler.fetching.failures import FetchError, HostClosedError, StoppedError
from crawler.fetching.site_meta import host_of, site_meta

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

MAX_KEPT_BYTES = 32 * 1024 * 1024
"""Of scripts, which a site's pages share: each is asked for once a crawl."""

_SCRIPTS = ("javascript", "ecmascript")


class BrowserMiddleware:
    """Puts what a page's scripts have made of it in the place of what was sent."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._kept: dict[str, Answer] = {}
        self._kept_bytes = 0
        self._browser = ChromiumBrowser(
            path=crawler.settings["BROADSHEET_CHROMIUM"],
            agent=crawler.settings["USER_AGENT"],
            max_bytes=crawler.settings.getint("DOWNLOAD_MAXSIZE"),
        )
        crawler.signals.connect(self._browser.close, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> BrowserMiddleware:
        """The middleware of one crawl."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response:
        """The response; of a page that is to be run, with the body that its scripts have made. Raises FetchError."""
        if not request.meta.get("browser") or not 200 <= response.status < 300:
            return response
        kind = response.headers.get("Content-Type", b"text/html")
        page = Answer(
            url=response.url,
            status=response.status,
            content_type=(kind or b"text/html").decode("latin-1"),
            body=response.body,
        )

        async def fetch(url: str) -> Answer | None:
            return await self._fetch(url, request)

        body = await self._browser.render(page, fetch, delay_seconds=request.meta.get("pace_seconds", 0.0))
        response.headers["Content-Type"] = "text/html; charset=utf-8"
        return response.replace(body=body)

    async def _fetch(self, url: str, page: Request) -> Answer | None:
        if url in self._kept:
            return self._kept[url]
        if not url.startswith(("http://", "https://")):
            return None
        try:
            response = await self._crawler.engine.download_async(
                Request(url, meta=site_meta(page), dont_filter=True)
            )
        except StoppedError:
            raise
        except HostClosedError:
            if host_of(url) == host_of(page.url):
                raise
            return None
        except (FetchError, ValueError):
            return None
        answer = Answer(
            url=response.url,
            status=response.status,
            content_type=(response.headers.get("Content-Type") or b"").decode("latin-1"),
            body=response.body,
        )
        is_script = any(name in answer.content_type for name in _SCRIPTS)
        if is_script and answer.status == 200 and self._kept_bytes + len(answer.body) <= MAX_KEPT_BYTES:
            self._kept[url] = answer
            self._kept_bytes += len(answer.body)
        return answer
