"""A worker without a network: it visits invented pages and can be started in a process of its own, to be killed."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from cleaners.models import Article, Block, Listed, Metadata, Rejection
from pipelines.ledger import Validators, open_ledger
from pipelines.store import open_redis
from pipelines.visits import Cleaned, Ended

SITE = "example"


def links(count, modified_at=None):
    return [Listed(url=f"https://news.example/{number}", modified_at=modified_at) for number in range(count)]


def page(visit, text=None, canonical_url=None, fetched_at=None):
    """The clean article of a visit; its text is the URL's own unless given."""
    moment = fetched_at or datetime.now(UTC)
    article = Article(
        url=visit.url,
        requested_url=visit.url,
        site=visit.site,
        fetched_at=moment,
        metadata=Metadata(canonical_url=canonical_url or visit.url, title="A title", language="en"),
        blocks=(Block(kind="paragraph", text=text or f"The text of {visit.url}."),),
        removals=(),
    )
    return Cleaned(visit=visit, fetched_at=moment, status=200, result=article)


def ending(visit):
    """How the visit of a numbered page ends: of twenty, 15 articles, 3 copies of one, 1 rejected, 1 gone."""
    number = int(visit.url.rsplit("/", 1)[1])
    if number % 20 == 19:
        return Ended(
            visit=visit,
            fetched_at=datetime.now(UTC),
            outcome="gone",
            reason="http_404",
            evidence="404",
            status=404,
        )
    if number % 20 == 18:
        hub = Rejection(reason="hub", evidence="31 links", url=visit.url, requested_url=visit.url)
        return Cleaned(visit=visit, fetched_at=datetime.now(UTC), status=200, result=hub)
    return page(visit, text=f"The story of the {number // 20}." if number % 20 > 14 else None)


def expected_articles(count):
    """How many articles `count` pages make: those with a text of their own, and one for each shared text."""
    numbers = range(count)
    return sum(number % 20 < 15 for number in numbers) + len(
        {number // 20 for number in numbers if 14 < number % 20 < 18}
    )


@asynccontextmanager
async def joined(data, **settings):
    """A ledger on the embedded server of the data folder."""
    state = Path(data) / ".state"
    async with (
        open_redis(None, state) as redis,
        open_ledger(redis=redis, data=str(data), state=state, **settings) as ledger,
    ):
        yield redis, ledger


async def finish(ledger, site=SITE, pause_seconds=0.0, at_once=8):
    """Visit the site's links until none is owed; gives how many visits that took."""
    visited = 0
    while True:
        visits = await ledger.draw(site, at_once)
        for visit in visits:
            await asyncio.sleep(pause_seconds * random.random())
            await ledger.submit(ending(visit))
            visited += 1
        if visits:
            continue
        await ledger.drain()
        left = await ledger.pending(site)
        if left.ready == left.waiting == 0:
            return visited
        await asyncio.sleep(0.05)


def run(data, count, lease_seconds, batch_age_seconds, pause_seconds):
    """List and visit pages until all are done; for a process that may be killed at any point."""

    async def work():
        async with joined(data, lease_seconds=lease_seconds, batch_age_seconds=batch_age_seconds) as (
            _,
            ledger,
        ):
            await ledger.save_listing(SITE, "https://news.example/feed", Validators(etag="1"), links(count))
            await finish(ledger, pause_seconds=pause_seconds)

    asyncio.run(work())


def published_rows(data):
    """All rows of the parts that count, in the order of the log."""
    parts = []
    for path in sorted(Path(data).glob("log/[0-9]*.json")):
        entry = json.loads(path.read_bytes())
        parts = [part for part in parts if part not in entry.get("removes", ())]
        parts += [part["path"] for part in entry.get("adds", ())]
    bodies = [gzip.decompress((Path(data) / part).read_bytes()) for part in parts]
    return [json.loads(line) for body in bodies for line in body.splitlines()]
