"""Pages that a browser has to fill: Chromium runs their scripts, and we fetch everything that these ask for.

Chromium itself talks to nobody: every request of a page is answered from here, on the way that all requests go
(robots.txt, delay, address guard, limits), and what would go round that meets a proxy that does not exist.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.errors import UserError
from crawler.fetching.failures import BrowserAwayError, BrowserError, FetchError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Fetch = Callable[[str], Awaitable["Answer | None"]]

PAGES_AT_ONCE = 2
"""A page in Chromium takes 50 to 100 MB."""
MAX_REQUESTS = 60
"""Of one page, once pictures, media, styles and fonts are left out."""
QUIET_SECONDS = 0.5
"""A page is done once nothing that it asked for is under way, and nothing was for so long."""
MAX_SECONDS = 30.0
"""For a page, beyond what its requests wait for their turns."""
PATIENCE_TURNS = 20
"""Turns of the site that one page may wait for in all."""
AGAIN_SECONDS = 300.0
"""From a start that failed to the next: what keeps Chromium from starting is for the operator to mend, and takes minutes."""

_POLL_SECONDS = 0.05
_WANTED = frozenset({"document", "script", "xhr", "fetch"})
_ARGUMENTS = (
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=NetworkPrediction",
    "--no-pings",
    "--disable-dev-shm-usage",
)
_NOWHERE = {"server": "http://proxy.invalid:9", "bypass": "<-loopback>"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request of a page is answered with."""

    url: str
    """After redirects."""
    status: int
    content_type: str
    body: bytes


class ChromiumBrowser:
    """One Chromium, started with the first page that needs it."""

    def __init__(self, *, path: str | None, agent: str, max_bytes: int) -> None:
        """`path`: the program; None: Playwright's own."""
        self._path = path
        self._agent = agent
        self._max_bytes = max_bytes
        self._room = asyncio.Semaphore(PAGES_AT_ONCE)
        self._starting = asyncio.Lock()
        self._playwright: Any = None
        self._browser: Any = None
        self._failure = ""
        self._failed_at = 0.0

    async def render(self, page: Answer, fetch: Fetch, *, delay_seconds: float) -> bytes:
        """The page, UTF-8, once its scripts have run.

        `fetch` answers what they ask for; None: they do not get it. What it raises ends the page, which would not be
        complete. Raises BrowserError, BrowserAwayError where Chromium does not start, and TooLargeError for what has
        grown beyond the limit.
        """
        async with self._room:
            browser = await self.start()
            try:
                async with asyncio.timeout(2 * MAX_SECONDS + PATIENCE_TURNS * delay_seconds):
                    html = await self._render(browser, page, fetch, PATIENCE_TURNS * delay_seconds)
            except TimeoutError:
                # A page that lets nothing through holds its process; the next page gets a new one.
                await self.close()
                raise BrowserError(f"{page.url} kept the browser busy for too long") from None
            except _playwright_error() as error:
                if not browser.is_connected():
                    await self.close()
                raise BrowserError(f"{page.url}: {str(error).splitlines()[0][:200]}") from error
        body = html.encode("utf-8", "replace")
        if len(body) > self._max_bytes:
            raise TooLargeError(f"more than {self._max_bytes} bytes once its scripts have run")
        return body

    async def close(self) -> None:
        """End Chromium; a page that comes later starts it again."""
        browser, playwright = self._browser, self._playwright
        self._browser = self._playwright = None
        with suppress(Exception):
            await asyncio.wait_for(browser.close(), 5.0)
        with suppress(Exception):
            await asyncio.wait_for(playwright.stop(), 5.0)

    async def start(self) -> Any:
        """Start Chromium, if it does not run, and give it. Raises BrowserAwayError, for minutes after each failed start."""
        async with self._starting:
            if self._browser is not None and self._browser.is_connected():
                return self._browser
            # The driver of one that has died is a process of its own.
            await self.close()
            if not self._failure or time.monotonic() - self._failed_at >= AGAIN_SECONDS:
                self._failure = await self._launch()
            if self._failure:
                raise BrowserAwayError(f"Chromium does not start: {self._failure}")
            return self._browser

    async def _launch(self) -> str:
        """Start driver and Chromium; gives why they do not start, else an empty text."""
        from playwright.async_api import async_playwright  # noqa: PLC0415 - an extra

        try:
            self._playwright = await async_playwright().start()
            self._browser = await self._playwright.chromium.launch(
                executable_path=self._path,
                args=list(_ARGUMENTS),
                proxy=_NOWHERE,
                # Chromium refuses its own sandbox to root.
                chromium_sandbox=os.geteuid() != 0,
                handle_sigint=False,
                handle_sigterm=False,
            )
        except (_playwright_error(), OSError) as error:
            await self.close()
            self._failed_at = time.monotonic()
            return str(error).strip().split("\n", 1)[0][:200] or type(error).__name__
        except BaseException:
            await self.close()
            raise
        return ""

    async def _render(self, browser: Any, page: Answer, fetch: Fetch, patience_seconds: float) -> str:
        context = await browser.new_context(
            user_agent=self._agent, service_workers="block", accept_downloads=False, locale="en"
        )
        try:
            tab = await context.new_page()
            desk = _Desk(page, fetch)
            await context.route("**/*", desk.answer)
            await context.route_web_socket("**/*", lambda socket: socket.close())
            context.on("page", lambda other: other.close() if other is not tab else None)
            tab.on("dialog", lambda dialog: dialog.dismiss())
            await tab.goto(page.url, wait_until="commit", timeout=MAX_SECONDS * 1000)
            deadline = time.monotonic() + MAX_SECONDS + patience_seconds
            while not desk.is_quiet and time.monotonic() < deadline:  # noqa: ASYNC110 - it waits for nothing to happen
                await asyncio.sleep(_POLL_SECONDS)
            if desk.fault is not None:
                raise desk.fault
            return str(await tab.content())
        finally:
            with suppress(Exception):
                await context.close()


class _Desk:
    """Answers the requests of one page."""

    def __init__(self, page: Answer, fetch: Fetch) -> None:
        self._page: Answer | None = page
        self._fetch = fetch
        self.fault: FetchError | None = None
        """Why the page cannot be complete."""
        self._asked = 0
        self._under_way = 0
        self._quiet_since = time.monotonic()

    @property
    def is_quiet(self) -> bool:
        return self.fault is not None or (
            not self._under_way and time.monotonic() - self._quiet_since >= QUIET_SECONDS
        )

    async def answer(self, route: Any) -> None:
        self._under_way += 1
        try:
            # The page may be closed meanwhile.
            with suppress(_playwright_error()):
                await self._answer(route)
        finally:
            self._under_way -= 1
            self._quiet_since = time.monotonic()

    async def _answer(self, route: Any) -> None:
        request = route.request
        if self._page is not None and request.is_navigation_request():
            page, self._page = self._page, None
            await route.fulfill(status=page.status, content_type=page.content_type, body=page.body)
            return
        self._asked += 1
        is_wanted = request.resource_type in _WANTED and request.method == "GET"
        # A second document is a frame, or the page going elsewhere.
        if not is_wanted or request.is_navigation_request() or self._asked > MAX_REQUESTS:
            await route.abort()
            return
        try:
            found = await self._fetch(request.url)
        except FetchError as error:
            found, self.fault = None, self.fault or error
        if found is None:
            await route.abort()
            return
        # No cookie and no login goes along, so whatever comes back is public, to the page's own scripts too.
        origin = request.headers.get("origin")
        headers = {"content-type": found.content_type, "access-control-allow-origin": origin or "*"}
        if origin:
            headers["access-control-allow-credentials"] = "true"
        await route.fulfill(status=found.status, headers=headers, body=found.body)


async def try_browser(site: str, path: str | None) -> None:
    """Start Chromium once and end it: a crawl of sites that need it had better not begin without. Raises UserError."""
    browser = ChromiumBrowser(path=path, agent="", max_bytes=0)
    try:
        await browser.start()
    except BrowserAwayError as error:
        raise UserError(
            f"{site}: browser = true, but {error}; name the program by BROADSHEET_CHROMIUM, "
            "or playwright install chromium"
        ) from None
    finally:
        await browser.close()


def check_browser(sites: list[str]) -> None:
    """Raise UserError where sites need a browser, and none is installed."""
    try:
        _playwright_error()
    except ImportError:
        raise UserError(
            f"{sites[0]}: browser = true needs Playwright: pip install '.[browser]' in the checkout, and Chromium "
            "(BROADSHEET_CHROMIUM names the program, or playwright install chromium)"
        ) from None


def _playwright_error() -> type[Exception]:
    from playwright.async_api import Error  # noqa: PLC0415 - an extra

    return Error
