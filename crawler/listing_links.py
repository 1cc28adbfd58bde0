"""From what a listing says to the site's pending links: admitted, saved chunk by chunk, and counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from crawler.discovery.found import About
from crawler.discovery.listings import find_in_chunks
from crawler.polls import Answer
from crawler.validators import has_same_validators, read_header
from pipelines.ledger import SavedListing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from scrapy.http import Response

    from cleaners.models import Listed
    from crawler.discovery.found import Found, SubSitemap
    from crawler.site_pass import Listing, SitePass
    from pipelines.ledger import Ledger, Validators


@dataclass(slots=True, kw_only=True)
class ListingLinks:
    """What became of one answer's links."""

    saved: SavedListing = field(default_factory=lambda: SavedListing(new=0, due=0, known=0))
    sitemaps: list[SubSitemap] = field(default_factory=list)
    """Those that an index names."""
    is_saved: bool = False
    """Whether all of it was, and no Redis was lost meanwhile."""
    is_left: bool = False
    """Whether the crawl was stopped before all of it was read; it is read again."""
    refused: Counter[str] = field(default_factory=Counter)
    """Links that are not followed, by reason."""
    about: About = field(default_factory=About)
    cut_at: str | None = None
    """How much of it was read where more stands in it; None: it was read to its end."""


async def read_answer(
    ledger: Ledger, site_pass: SitePass, listing: Listing, response: Response, validators: Validators
) -> ListingLinks:
    """Save the links of a listing's answer; of an archive, no validators: each of its sitemaps is read once."""
    content_type = read_header(response, "Content-Type")
    chunks = find_in_chunks(listing.kind, response.body, response.url, content_type)
    kept = None if site_pass.backfill is not None else validators
    read = await save_links(ledger, site_pass, listing, chunks, kept)
    # The whole answer is never longer than was asked for.
    is_cut = len(response.body) >= response.meta["max_bytes"]
    read.cut_at = f"{len(response.body)} bytes" if is_cut else read.about.cut_at
    return read


async def save_links(
    ledger: Ledger,
    site_pass: SitePass,
    listing: Listing,
    chunks: Iterator[Found],
    validators: Validators | None,
) -> ListingLinks:
    """Save a listing's links as they are found, so that the first are visited while the rest is read.

    The validators (None: there are none to save) are saved with the last of them, and only if all were saved: not for an index, whose own bytes
    say little of the sitemaps that it names; not for what a budget cut short; not if Redis was lost in between,
    perhaps with the first of them. What is no listing at all saves nothing: it is read again next time.
    """
    # In a thread: a sitemap of 50,000 addresses takes seconds, and other sites' answers must not wait. In one and the
    # same: libxml2 keeps names by thread, and a tree read on by another one corrupts the heap (4 of 4 runs died).
    with ThreadPoolExecutor(1, thread_name_prefix="listing") as thread:
        read_in = partial(asyncio.get_running_loop().run_in_executor, thread)
        try:
            return await _save_links(
                ledger, site_pass, listing, partial(read_in, _admit_next, chunks, site_pass), validators
            )
        finally:
            await read_in(_close, chunks)


async def _save_links(
    ledger: Ledger,
    site_pass: SitePass,
    listing: Listing,
    read_next: Callable[[], Awaitable[tuple[Found, list[Listed], Counter[str]]]],
    validators: Validators | None,
) -> ListingLinks:
    done = ListingLinks()
    epoch = ledger.epoch
    is_last = False
    while not is_last:
        if site_pass.is_stopped:
            done.is_left = True
            break
        found, links, refused = await read_next()
        is_last, done.about = found.is_last, found.about
        done.refused += refused + Counter(media=found.about.media_links)
        done.sitemaps += found.sitemaps
        if found.about.problem:
            break
        is_whole = not done.sitemaps and not any(reason.startswith("budget_") for reason in done.refused)
        may_skip = is_last and is_whole and epoch == ledger.epoch
        saved = await ledger.save_listing(
            site_pass.seed.id, listing.url, validators if may_skip else None, links
        )
        done.saved = SavedListing(
            new=done.saved.new + saved.new,
            due=done.saved.due + saved.due,
            known=done.saved.known + saved.known,
        )
        site_pass.note_links()
    done.is_saved = is_last and not done.about.problem and epoch == ledger.epoch
    return done


def to_answer(read: ListingLinks, validators: Validators, known: Validators) -> Answer:
    """What a listing's content says to its polls; `known` are the validators of its last answer."""
    saved, about = read.saved, read.about
    is_index = bool(read.sitemaps)
    return Answer(
        new=saved.new,
        known=saved.due + saved.known,
        is_index=is_index,
        is_unchanged=is_index and not (saved.new or saved.due or saved.known),
        is_news=about.is_news,
        hint_seconds=max(about.period_seconds or 0, about.ttl_seconds or 0),
        is_lying=bool(saved.new + saved.due) and has_same_validators(validators, known),
    )


def _close(chunks: Iterator[Found]) -> None:
    if isinstance(chunks, Generator):
        chunks.close()


def _admit_next(chunks: Iterator[Found], site_pass: SitePass) -> tuple[Found, list[Listed], Counter[str]]:
    found = next(chunks)
    return found, *site_pass.admission.admit(found.links)
