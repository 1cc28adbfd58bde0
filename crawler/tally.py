"""What a crawl has done so far, counted as it happens."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.captured import Listed

if TYPE_CHECKING:
    from crawler.backfill import BackfillFigures
    from crawler.discovery.listings import ListingKind
    from crawler.listing_links import ListingLinks
    from crawler.site_pass import Listing
    from crawler.verdicts import Verdict
    from crawler.watch.alerts import Message
    from pipelines.freshness import Lags
    from pipelines.ledger import SavedListing


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedListing:
    """A listing that could not be read."""

    site: str
    kind: ListingKind
    reason: str
    """One line for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutListing:
    """A listing that is longer than is read of one."""

    site: str
    kind: ListingKind
    read: str
    """How much of it was read, such as `8388608 bytes`."""
    links: int
    """How many links stood there that are followed."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """The counts of one crawl; the spider adds to them, the progress line and the report read them."""

    started: float = field(default_factory=time.monotonic)
    pages: int = 0
    """Answers to requests for pages, whatever their status, and those refused since they are no HTML."""
    further_pages: int = 0
    """Of them, those to requests for further pages of articles."""
    pages_again: int = 0
    """Of them, those that ended no visit: the page is to be fetched again."""
    visits_fetched: int = 0
    """Visits that ended by one of the others."""
    new_links: int = 0
    due_links: int = 0
    known_links: int = 0
    listings: int = 0
    """Listings that answered."""
    listings_unchanged: int = 0
    """Of them, those that had nothing new by validators or by their bytes."""
    listings_left: int = 0
    """Those that were not asked for in the end: their host was closed, or the crawl ended."""
    listings_failed: dict[str, FailedListing] = field(default_factory=dict)
    """By address."""
    listings_cut: dict[str, CutListing] = field(default_factory=dict)
    """By address: those of which only the beginning was read."""
    rolled_over: list[str] = field(default_factory=list)
    """Listings with none of the links of the poll before: what stood in between was missed."""
    distrusted: list[str] = field(default_factory=list)
    """Listings that changed under the same ETag or Last-Modified, which are not sent to them any more."""
    retired: list[str] = field(default_factory=list)
    """Listings that have failed for so long that they are only asked once a week from now on."""
    revived: list[str] = field(default_factory=list)
    """Retired listings that have answered."""
    listed: defaultdict[str, Listed] = field(default_factory=lambda: defaultdict(Listed))
    """By site: links without an outcome."""
    lags: dict[str, Lags] = field(default_factory=dict)
    """By site: from publication to settled, of its new articles."""
    owed_before: int = 0
    """Links that were owed a visit before this crawl found any."""
    known_urls: list[str] = field(default_factory=list)
    """Single addresses asked for that were known before: visited and not due, or still owed a visit."""
    visited: list[str] = field(default_factory=list)
    """Sites whose pass ended, and that are returned."""
    passed: set[str] = field(default_factory=set)
    """Those that nothing is asked of any more; they are returned once what they gave is published."""
    not_due: dict[str, float] = field(default_factory=dict)
    """Site: Unix seconds when it is due."""
    held: list[str] = field(default_factory=list)
    """Sites that a living worker has."""
    put_off: dict[str, str] = field(default_factory=dict)
    """Site: why its pages are left for a later pass."""
    backfills: dict[str, BackfillFigures] = field(default_factory=dict)
    """By site whose archive is read: how far."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By site that was visited: what is thought of it."""
    alerts: list[Message] = field(default_factory=list)
    """Those that passes opened or closed."""
    refused_links: Counter[str] = field(default_factory=Counter)
    """Links of listings that are not followed, by reason: `crawler.discovery.admission` has them."""

    def forget(self, site: str) -> None:
        """Forget what is told site by site: a crawl that goes on for months would only collect it."""
        self.visited.clear()
        self.passed.discard(site)
        self.put_off.pop(site, None)
        self.verdicts.pop(site, None)
        self.alerts = [message for message in self.alerts if message.site != site]
        for names in (self.rolled_over, self.distrusted, self.retired, self.revived, self.held):
            names.clear()
        self.listings_failed = {url: one for url, one in self.listings_failed.items() if one.site != site}
        self.listings_cut = {url: one for url, one in self.listings_cut.items() if one.site != site}

    def note_listing(self, site: str, listing: Listing, read: ListingLinks) -> None:
        """Count the links of a listing of the site, by what became of them."""
        if read.cut_at is not None:
            links = read.saved.new + read.saved.due + read.saved.known
            self.listings_cut[listing.url] = CutListing(
                site=site, kind=listing.kind, read=read.cut_at, links=links
            )
        self.refused_links += read.refused
        self.note_links(site, read.saved)

    def note_links(self, site: str, saved: SavedListing) -> None:
        """Count links that were listed for the site, by what became of them."""
        self.listed[site].links += saved.new
        self.count_links(saved)

    def count_links(self, saved: SavedListing) -> None:
        """Count links by what became of them."""
        self.new_links += saved.new
        self.due_links += saved.due
        self.known_links += saved.known

    @property
    def seconds(self) -> float:
        """Since the crawl began."""
        return time.monotonic() - self.started
