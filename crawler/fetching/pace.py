"""One site's requests, one after another and no faster than its delay; several at once where it has none."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from crawler.fetching.failures import StoppedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from crawler.turns import Turns

CONCURRENT_REQUESTS = 8
"""At once to a site without a delay: what a browser opens to one host and port, and a little more."""
LATENCY_FACTOR = 5
"""Of a delay that follows how long answers take: Heritrix, which has crawled other people's sites for twenty years, keeps
the same. At once after an answer, a site that struggles would get the next request all the same."""

_REDIS_PAUSE_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 5.0
"""Before the turn is asked for again: whoever has it may have died, or ended early."""


@dataclass(slots=True)
class Turn:
    """One request's turn."""

    sent_at: float
    """Monotonic: when the request went out; a connection may take its time before."""
    is_reused: bool = False
    """Whether it went over a connection that was kept from an earlier one."""

    def note_sent(self) -> None:
        """Note that the request goes out now."""
        self.sent_at = time.monotonic()


class Pacer:
    """Gives turns. All requests of a site pass here: pages, listings, robots.txt and every hop of a redirect.

    Scrapy's own slots are not used for this: they time starts only, and cannot be told to stop waiting.
    """

    def __init__(self, turns: Turns | None = None) -> None:
        self._turns = turns
        self._sites: dict[str, _Site] = {}
        self._stopped = asyncio.Event()

    @asynccontextmanager
    async def turn(
        self, site: str, host: str, delay_seconds: float, max_delay_seconds: float | None = None
    ) -> AsyncIterator[Turn]:
        """Wait for the site's next turn and hold it. Raises StoppedError once the pacer is stopped.

        With `max_delay_seconds` the delay is five times as long as the site takes to answer, up to this.
        """
        place = self._sites.setdefault(site, _Site())
        delay = delay_seconds
        if max_delay_seconds is not None:
            delay = max(delay, min(LATENCY_FACTOR * place.latency, max_delay_seconds))
        await place.enter(1 if delay else CONCURRENT_REQUESTS)
        try:
            await self._sleep(place.next_at - time.monotonic())
            async with self._shared(site, host, delay) as turn:
                try:
                    yield turn
                finally:
                    place.next_at = turn.sent_at + delay
                    place.note_latency(time.monotonic() - turn.sent_at)
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

    @asynccontextmanager
    async def _shared(self, site: str, host: str, delay: float) -> AsyncIterator[Turn]:
        if self._turns is None or not delay:
            yield Turn(time.monotonic())
            return
        name = self._turns.name_request()
        while wait := await self._ask(self._turns, name, site, host, delay):
            await self._sleep(min(wait, _LONGEST_WAIT_SECONDS))
        turn = Turn(time.monotonic())
        try:
            yield turn
        finally:
            # Without Redis the turn ends by itself; whoever keeps the crawl's claims there will say that it is gone.
            with suppress(RedisError):
                await self._turns.end(name, site, host, sent_seconds_ago=time.monotonic() - turn.sent_at)

    async def _ask(self, turns: Turns, name: str, site: str, host: str, delay: float) -> float:
        try:
            return await turns.take(name, site, host, delay_seconds=delay)
        except RedisError:
            return _REDIS_PAUSE_SECONDS

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
        self.latency = 0.0
        self._inside = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def is_empty(self) -> bool:
        return not self._inside and not self._line

    def note_latency(self, seconds: float) -> None:
        self.latency = (self.latency + seconds) / 2 if self.latency else seconds

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
