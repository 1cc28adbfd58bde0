"""From what a listing says to the site's pending links: admitted, saved chunk by chunk, and counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.discovery.found import About
from pipelines.ledger import SavedListing

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    refused: Counter[str] = field(default_factory=Counter)
    """Links that are not followed, by reason."""
    about: About = field(default_factory=About)


async def save_links(
    ledger: Ledger, site_pass: SitePass, listing: Listing, chunks: Iterator[Found], validators: Validators
) -> ListingLinks:
    """Save a listing's links as they are found, so that the first are visited while the rest is read.

    The validators are saved with the last of them, and only if all were saved: not for an index, whose own bytes
    say little of the sitemaps that it names; not for what a budget cut short; not if Redis was lost in between,
    perhaps with the first of them. What is no listing at all saves nothing: it is read again next time.
    """
    done = ListingLinks()
    epoch = ledger.epoch
    is_last = False
    while not is_last:
        # In a thread: a sitemap of 50,000 addresses takes seconds, and other sites' answers must not wait.
        found, links, refused = await asyncio.to_thread(_admit_next, chunks, site_pass)
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
    return done


def _admit_next(chunks: Iterator[Found], site_pass: SitePass) -> tuple[Found, list[Listed], Counter[str]]:
    found = next(chunks)
    return found, *site_pass.admission.admit(found.links)
