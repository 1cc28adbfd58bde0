"""One site's requests, one after another and no faster than its delay; several at once where it has none."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from crawler.fetching.failures import StoppedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONCURRENT_REQUESTS = 8
"""At once to a site without a delay: what a browser opens to one host and port, and a little more."""


class Pacer:
    """Gives turns. All requests of a site pass here: pages, listings, robots.txt and every hop of a redirect.

    Scrapy's own slots are not used for this: they time starts only, and cannot be told to stop waiting.
    """

    def __init__(self) -> None:
        self._sites: dict[str, _Site] = {}
        self._stopped = asyncio.Event()

    @asynccontextmanager
    async def turn(self, site: str, delay_seconds: float) -> AsyncIterator[None]:
        """Wait for the site's next turn and hold it. Raises StoppedError once the pacer is stopped."""
        place = self._sites.setdefault(site, _Site())
        await place.enter(1 if delay_seconds else CONCURRENT_REQUESTS)
        try:
            await self._sleep(place.next_at - time.monotonic())
            place.next_at = time.monotonic() + delay_seconds
            yield
        finally:
            place.leave()

    def forget(self, site: str) -> None:
        """Drop a site whose delay has passed since its last request."""
        place = self._sites.get(site)
        if place is not None and place.next_at <= time.monotonic() and place.is_empty:
            del self._sites[site]

    def stop(self) -> None:
        """Fail all who wait, and all who come."""
        self._stopped.set()

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0 and not self._stopped.is_set():
            try:
                await asyncio.wait_for(self._stopped.wait(), seconds)
            except TimeoutError:
                return
        if self._stopped.is_set():
            raise StoppedError("the crawl was stopped before this request was made")


class _Site:
    """Who is in, and who waits, in the order in which they came; how many may be in is for each to say."""

    def __init__(self) -> None:
        self.next_at = 0.0
        self._inside = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def is_empty(self) -> bool:
        return not self._inside and not self._line

    async def enter(self, at_once: int) -> None:
        if not self._line and self._inside < at_once:
            self._inside += 1
            return
        opened = asyncio.get_running_loop().create_future()
        self._line.append((at_once, opened))
        try:
            await opened
        except asyncio.CancelledError:
            if opened.done() and not opened.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        self._inside -= 1
        while self._line and (self._line[0][1].done() or self._inside < self._line[0][0]):
            _, opened = self._line.popleft()
            if not opened.done():
                self._inside += 1
                opened.set_result(None)
