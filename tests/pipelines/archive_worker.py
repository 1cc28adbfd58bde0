"""A worker without a network that archives the pages that it invents; it can be started in a process of its own."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import replace
from datetime import UTC, datetime

from cleaners.models import Document
from pipelines.captures import Capture, Exchange
from pipelines.ledger import Validators
from pipelines.visits import Cleaned
from tests.pipelines.ledger_worker import SITE, ending, joined, links, page


def body_of(text):
    """The page of a text, with as much about it as pages have."""
    return b"<html><body><p>" + text.encode() + b"</p>" + b"<!-- " * 200 + b"</body></html>"


def capture(visit, text, *, url=None, fetched_at=None, encoding=None, rendered=None, first_page_url=None):
    """The page of a visit as it came over the network."""
    plain = body_of(text)
    sent = gzip.compress(plain, mtime=0) if encoding else plain
    url = url or visit.url
    document = Document(
        url=url,
        requested_url=visit.url,
        site=visit.site,
        fetched_at=fetched_at or datetime.now(UTC).replace(microsecond=0),
        headers={"content-type": "text/html; charset=utf-8", "x-robots-tag": "max-snippet:5\nbingbot: noai"},
        language_hint="en",
        listed=visit.listed,
        site_signals={"tdm_reservation_file": "0"},
        first_page_url=first_page_url,
        body=rendered or plain,
    )
    exchange = Exchange(
        target=url.removeprefix("https://news.example"),
        request_headers=(("Host", "news.example"), ("User-Agent", "Broadsheet"), ("Accept-Encoding", "gzip")),
        protocol="HTTP/1.1",
        status=200,
        reason="OK",
        headers=(
            (b"Content-Type", b"text/html; charset=utf-8"),
            *(((b"Content-Encoding", b"gzip"),) if encoding else ()),
            (b"Transfer-Encoding", b"chunked"),
            (b"X-Robots-Tag", b"max-snippet:5"),
            (b"X-Robots-Tag", b"bingbot: noai"),
        ),
        body=sent,
    )
    return Capture(exchange=exchange, document=document, is_rendered=rendered is not None)


def fetched(visit, text, *further, **parts):
    """A cleaned page with what is to be archived of it."""
    captures = (capture(visit, text, **parts), *further)
    return replace(page(visit, text=text, fetched_at=parts.get("fetched_at")), captures=captures)


def run(data, count, batch_age_seconds):
    """Visit pages until all are done, as `ledger_worker.run`; what was fetched is archived."""

    async def work():
        async with joined(data, lease_seconds=0.6, batch_age_seconds=batch_age_seconds) as (_, ledger):
            await ledger.save_listing(SITE, "https://news.example/feed", Validators(etag="1"), links(count))
            while True:
                visits = await ledger.draw(SITE, 8)
                for visit in visits:
                    item = ending(visit)
                    if isinstance(item, Cleaned):
                        item = replace(item, captures=(capture(visit, visit.url),))
                    await ledger.submit(item)
                if visits:
                    await asyncio.sleep(0.03)
                    continue
                await ledger.drain()
                left = await ledger.pending(SITE)
                if left.ready == left.waiting == 0:
                    return
                await asyncio.sleep(0.05)

    asyncio.run(work())
