"""A site's whole archive: all sitemaps that its indexes name, the newest first, one at a time, each read once.

A sitemap's links are safe in the site's pending set before it counts as read, and the next one is read when few of
them are left: neither this process nor Redis ever holds much more than one sitemap, however large the archive.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from crawler.discovery.dates import latest_moment
from crawler.errors import UserError
from pipelines.ledger import listing_digest
from pipelines.objects import StoreError
from pipelines.wording import counted, to_span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from crawler.discovery.found import SubSitemap
    from pipelines.ledger import Ledger

FEW_LINKS = 1_000
"""Ready to be visited, below which the next sitemap is read."""
MAX_SITEMAPS = 100_000
"""Of one site; an index may name 50,000."""
KEPT_SECONDS = 180 * 86_400
"""How long it is remembered which sitemaps were read, after the last one was."""

_DATE = re.compile(r"\d{4}(-\d\d){0,2}")
_NUMBER = re.compile(r"\d+")


@dataclass(slots=True, kw_only=True)
class BackfillFigures:
    """How far a site's archive is read."""

    has_archive: bool = True
    """Whether the seed names a sitemap; feeds and sections list what is new alone."""
    sitemaps: int = 0
    """Known so far: files of links, not the indexes."""
    sitemaps_read: int = 0
    """Of them, by this run and those before."""
    pages_left: int = 0
    """An estimate: links still to be visited, and for each sitemap not read as many as one of this run had new."""
    seconds_left: float | None = None
    """An estimate, by this run's rate; None: it has visited nothing yet."""


def describe_backfill(figures: BackfillFigures) -> str:
    """The figures in one line."""
    if not (figures.sitemaps or figures.has_archive):
        return "no archive to go through: none of its listings is a sitemap"
    text = f"{figures.sitemaps_read} of {counted(figures.sitemaps, 'sitemap')} read"
    if figures.pages_left:
        text += f", about {counted(figures.pages_left, 'page')} left"
        if figures.seconds_left is not None:
            text += f" ({to_span(figures.seconds_left)})"
    return text


class Backfill:
    """The archive of one site, back to one day. Every method raises StoreError where Redis is gone."""

    def __init__(self, redis: Redis, ledger: Ledger, *, site: str, since: datetime) -> None:
        self._redis = redis
        self._key = ledger.key("backfill", site, f"{since:%Y-%m-%d}")
        self._since = since
        self._done: set[bytes] | None = None
        self._waiting: list[tuple[SubSitemap, str, int]] = []
        self._known: set[bytes] = set()
        self._started = time.monotonic()
        self._new_links = self._read_now = 0
        self.figures = BackfillFigures()

    async def is_read(self, url: str) -> bool:
        """Whether this sitemap's links were saved by this run, or one before."""
        return listing_digest(url) in await self._load()

    async def add(self, sitemaps: Iterable[SubSitemap], *, root: str, depth: int) -> None:
        """Take in what an index names, but for what was read, and what was last changed before the day asked for."""
        done = await self._load()
        for sitemap in sitemaps:
            digest = listing_digest(sitemap.url)
            changed = latest_moment(sitemap.modified_at)
            if digest in self._known or (changed is not None and changed < self._since):
                continue
            if len(self._known) >= MAX_SITEMAPS:
                break
            self._known.add(digest)
            self.figures.sitemaps += 1
            if digest in done:
                self.figures.sitemaps_read += 1
            else:
                self._waiting.append((sitemap, root, depth))
        # The last one is read first.
        self._waiting.sort(key=lambda entry: _age(entry[0]))

    def take(self) -> tuple[str, str, int] | None:
        """Take the newest sitemap that was not read: address, the seed's listing that led to it, depth; None: all were."""
        if not self._waiting:
            return None
        sitemap, root, depth = self._waiting.pop()
        return sitemap.url, root, depth

    async def note_read(self, url: str, *, new_links: int, is_index: bool) -> None:
        """Note that a sitemap's links are saved. An index is read again each time: it may name more by then."""
        digest = listing_digest(url)
        if is_index:
            self.figures.sitemaps -= digest in self._known
            return
        (await self._load()).add(digest)
        if digest not in self._known:
            self._known.add(digest)
            self.figures.sitemaps += 1
        self.figures.sitemaps_read += 1
        self._read_now += 1
        self._new_links += new_links
        try:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sadd(self._key, digest)
            pipeline.expire(self._key, KEPT_SECONDS)
            await pipeline.execute()
        except RedisError as error:
            raise StoreError(f"Redis: {error}") from error

    def estimate(self, *, owed: int, visited: int) -> None:
        """Bring the figures up to date: links that wait, and visits that this run has ended."""
        each = self._new_links / self._read_now if self._read_now else 0.0
        left = self.figures.sitemaps - self.figures.sitemaps_read
        self.figures.pages_left = owed + round(each * left)
        if visited:
            self.figures.seconds_left = self.figures.pages_left * (time.monotonic() - self._started) / visited

    async def _load(self) -> set[bytes]:
        if self._done is None:
            try:
                self._done = {bytes(digest) async for digest in self._redis.sscan_iter(self._key, count=1000)}
            except RedisError as error:
                raise StoreError(f"Redis: {error}") from error
        return self._done


def read_since(text: str) -> datetime:
    """The beginning of a day, month or year, in UTC. Raises UserError."""
    parts = [int(part) for part in text.split("-")] if _DATE.fullmatch(text) else [0]
    year, month, day = [*parts, 1, 1][:3]
    try:
        since = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        raise UserError(f"--since {text}: must be a day such as 2026-03-02, a month or a year") from None
    if since > datetime.now(UTC):
        raise UserError(f"--since {text}: lies in the future")
    return since


def _age(sitemap: SubSitemap) -> tuple[datetime, list[int]]:
    """Sorts by when it was changed, then by the numbers of its address: `2024-11` after `2024-9`, `/12.xml` after `/9.xml`."""
    changed = latest_moment(sitemap.modified_at) or datetime.min.replace(tzinfo=UTC)
    return changed, [int(number[:18]) for number in _NUMBER.findall(sitemap.url)]
