"""Which hosts are left alone for now, by all workers: those that asked for it, and those that do not answer.

A worker reads what the others have closed every two seconds, and not before each request.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from crawler.fetching.failures import HostClosedError
from crawler.stop_list import StopList, find_stop

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from crawler.fetching.failures import FetchError
    from crawler.stop_list import Stop
    from pipelines.ledger import Ledger

FAILURES = 3
"""In a row, with no answer between, after which a host is taken for down: as often as one page is tried."""
MAX_CLOSED_SECONDS = 86_400.0
"""Of a Retry-After; some say ten years."""
BUSY_SECONDS = 5.0
"""The first pause after a 429 that does not say how long; it doubles, up to an hour."""
DOWN_SECONDS = 120.0
"""The first pause after failures in a row; it doubles, up to an hour."""
LONGEST_BACK_OFF_SECONDS = 3600.0
STOPPED_SECONDS = 600.0
"""After which a site on the stop-list is looked at again: it may have been taken out."""
READ_SECONDS = 2.0
"""Between two looks at what other workers have closed, and at the stop-list."""

_ANSWERS = "it answers "


class Closures:
    """What is closed, as this worker knows it. Without Redis (None) it is this process's own business."""

    def __init__(self, redis: Redis | None = None, ledger: Ledger | None = None) -> None:
        self._redis = redis
        self._open_at: dict[str, float] = {}
        self._why: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self._stops: dict[str, Stop] = {}
        self._read_at = -READ_SECONDS
        self._reading = asyncio.Lock()
        if redis is not None and ledger is not None:
            self._stop_list = StopList(redis, ledger)
            self._keys = [ledger.key("closed"), ledger.key("closed_why")]
            self._close = redis.register_script((Path(__file__).parent / "closures.lua").read_text())

    async def check(self, site: str, host: str) -> None:
        """Raise HostClosedError where nothing may be sent to the host, or for the site."""
        if self._redis is not None and time.monotonic() - self._read_at >= READ_SECONDS:
            await self._read(self._redis)
        if stop := find_stop(self._stops, site, host):
            raise HostClosedError(f"{stop.target} is on the operator's stop-list", STOPPED_SECONDS)
        if (error := self.find(host)) is not None:
            raise error

    def find(self, host: str) -> HostClosedError | None:
        """Tell why and for how long a host is closed; None: it is open."""
        left = self._open_at.get(host, 0.0) - time.monotonic()
        if left <= 0:
            return None
        why = self._why.get(host, "")
        reason = f"{host} is left alone for {left:.0f} s: {why}"
        return HostClosedError(reason, left, is_busy=why.startswith(_ANSWERS))

    async def note_answer(self, host: str, status: int, retry_after: str | None, date: str | None) -> None:
        """Close a host that asks to be left alone, and take note of one that does not."""
        wanted = read_retry_after(retry_after, date) if status in {429, 503} else None
        if wanted is not None:
            await self._shut(host, f"{_ANSWERS}{status} and asks for {wanted:.0f} s", wanted, BUSY_SECONDS)
        elif status == 429:
            await self._shut(host, f"{_ANSWERS}429", None, BUSY_SECONDS)
        elif status == 503:
            await self._count(host, f"{_ANSWERS}503 again and again", BUSY_SECONDS)
        else:
            self._failures.pop(host, None)
            await self._forgive(host)

    async def note_failure(self, host: str, error: FetchError) -> None:
        """Count a failure of the host itself; three in a row close it."""
        if error.is_host:
            await self._count(host, f"it failed {FAILURES} times in a row, at last: {error}", DOWN_SECONDS)
        else:
            self._failures.pop(host, None)

    async def _count(self, host: str, reason: str, first_seconds: float) -> None:
        count = self._failures[host] = self._failures.get(host, 0) + 1
        if count >= FAILURES:
            await self._shut(host, reason, None, first_seconds)

    async def _shut(self, host: str, reason: str, seconds: float | None, first_seconds: float) -> None:
        left = first_seconds if seconds is None else seconds
        if self._redis is not None:
            with suppress(RedisError):
                asked = "" if seconds is None else round(seconds * 1000)
                args = [
                    host,
                    asked,
                    round(first_seconds * 1000),
                    round(LONGEST_BACK_OFF_SECONDS * 1000),
                    reason[:300],
                ]
                left = await self._close(keys=self._keys, args=args) / 1000
        self._why[host] = reason
        self._open_at[host] = max(self._open_at.get(host, 0.0), time.monotonic() + left)

    async def _forgive(self, host: str) -> None:
        if host not in self._why or self.find(host) is not None:
            return
        self._open_at.pop(host, None)
        self._why.pop(host, None)
        if self._redis is not None:
            with suppress(RedisError):
                pipeline = self._redis.pipeline(transaction=True)
                pipeline.zrem(self._keys[0], host)
                pipeline.hdel(self._keys[1], host)
                await pipeline.execute()

    async def _read(self, redis: Redis) -> None:
        async with self._reading:
            if time.monotonic() - self._read_at < READ_SECONDS:
                return
            with suppress(RedisError):
                seconds, micros = await redis.time()
                now = seconds * 1000 + micros / 1000
                pipeline = redis.pipeline(transaction=True)
                pipeline.zrange(self._keys[0], 0, -1, withscores=True)
                pipeline.hgetall(self._keys[1])
                closed, why = await pipeline.execute()
                self._stops = await self._stop_list.read()
                offset = time.monotonic() - now / 1000
                self._open_at = {name.decode(): at / 1000 + offset for name, at in closed}
                self._why = {name.decode(): text.decode().partition(" ")[2] for name, text in why.items()}
            self._read_at = time.monotonic()


def read_retry_after(value: str | None, date: str | None = None) -> float | None:
    """The seconds that a Retry-After asks for, from 1 to a day; `date` is the answer's own Date. None: it says nothing.

    >>> read_retry_after("120"), read_retry_after("315360000"), read_retry_after("soon"), read_retry_after("-5")
    (120.0, 86400.0, None, None)
    >>> read_retry_after("Wed, 21 Oct 2026 07:30:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT")
    120.0
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        moment, answered = _read_date(text), _read_date(date or "")
        if moment is None:
            return None
        seconds = moment - (time.time() if answered is None else answered)
    return min(max(seconds, 1.0), MAX_CLOSED_SECONDS)


def _read_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
