"""One pass over one site: its listings, then its pages, until nothing of it is owed a visit."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from crawler.backfill import FEW_LINKS
from crawler.discovery.admission import Admission
from crawler.discovery.scope import Scope
from crawler.fetching.pace import CONCURRENT_REQUESTS
from crawler.watch.visits import PassFacts

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.backfill import Backfill
    from crawler.discovery.listings import ListingKind
    from crawler.listing_links import ListingLinks
    from crawler.polls import Polls
    from crawler.seeds import Seed
    from pipelines.ledger import Ledger
    from pipelines.visits import Visit

MAX_SITEMAP_DEPTH = 3
"""An index may name an index; one that names itself is ended here."""
RETRY_HORIZON_SECONDS = 60.0
"""A retry that is due within this is waited for; a later one is left to the next pass."""

SLOW_PASS_SECONDS = 1800.0
"""Of a pass over a site that wants more than a minute between two requests: a round over all sites waits for no site for
days. At least three of its requests, so that each pass gets beyond the listing."""

FREE_TRIES = 3
"""In one pass, of a page whose host asks for patience: more would be a page that never comes."""

_WINDOW = 2 * CONCURRENT_REQUESTS
_DELAYED_WINDOW = 3
_POLL_SECONDS = 0.5
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a crawl is to do at one site."""

    seed: Seed
    urls: tuple[str, ...] = ()
    """Single addresses to visit."""
    read_listings: bool = True
    since: datetime | None = None
    """The day from which on the site's whole archive is read; None: only what its listings bring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One listing to fetch."""

    kind: ListingKind
    url: str
    root: str
    """The seed's listing that led to it, perhaps itself."""
    depth: int = 0
    attempt: int = 1
    is_archive: bool = False
    """A sitemap of the archive: no poll, and read once."""
    wait_seconds: float = 0.0
    """Before it is asked for, beyond what its attempts make it wait."""


class Budget:
    """How many visits a crawl may still make; None at the start: any number."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self._undecided = 0

    @property
    def is_spent(self) -> bool:
        """Whether no visit is left, nor will come back."""
        return self._left == 0 and not self._undecided

    def take(self, wanted: int) -> int:
        """Take up to so many, to be settled once it is known how many were used."""
        if self._left is None:
            return wanted
        taken = min(wanted, self._left)
        self._left -= taken
        self._undecided += taken
        return taken

    def settle(self, taken: int, used: int) -> None:
        """Give back what was taken and not used."""
        if self._left is not None:
            self._undecided -= taken
            self._left += taken - used


class Sender(Protocol):
    """Who hands a pass's requests to Scrapy."""

    def send_listing(self, site_pass: SitePass, listing: Listing) -> None:
        """Queue the request for a listing."""

    def send_visit(self, site_pass: SitePass, visit: Visit) -> None:
        """Queue the request for a page."""


class SitePass:
    """Keeps a site's window of visits full, and knows when the pass is over.

    The window counts visits from their draw to the end of their item, so that memory is bounded however slow
    fetching or cleaning is.
    """

    def __init__(  # noqa: PLR0913 - one keyword a part that it works with
        self,
        task: Task,
        ledger: Ledger,
        budget: Budget,
        sender: Sender,
        *,
        polls: Polls,
        quiet_in_seconds: float | None,
        backfill: Backfill | None = None,
    ) -> None:
        self.backfill = backfill
        if backfill is not None:
            backfill.figures.has_archive = bool(task.seed.sitemaps)
        self.task = task
        self.polls = polls
        self.epoch = ledger.epoch
        self.seed = task.seed
        self.scope = Scope.of(task.seed)
        self.admission = Admission(self.scope, since=task.since)
        self.put_off: str | None = None
        self.left: str | None = None
        """Why single pages are left for a later pass, though the site is not."""
        self.postponed = 0
        """Such pages: nobody holds them."""
        self.is_resumed = False
        self._ledger = ledger
        self._budget = budget
        self._sender = sender
        self._window = _DELAYED_WINDOW if task.seed.delay_seconds else _WINDOW
        self._under_way: set[str] = set()
        self._listings = 0
        self._looked_at = 0.0
        self.visits_ended = 0
        self._held: list[Visit] = []
        self._changed = asyncio.Event()
        self.started_at = time.time()
        self.listed_before = 0
        """Links of the site that this worker had met when the pass began."""
        self.ended: Counter[str] = Counter()
        """Visits of this pass that ended, by how."""
        self.is_first = False
        """Whether the site was never visited before."""
        self.facts = PassFacts()
        self.signs: Counter[str] = Counter()
        """What the answers of this pass say of the site: `crawler.verdicts` reads them."""
        self._stopped = False
        self._slow_until: float | None = None
        self._slow_visit = ""
        self._paused_until = 0.0
        self._closed_until = 0.0
        self._free_tries: Counter[str] = Counter()
        self._quiet_at = None if quiet_in_seconds is None else time.monotonic() + quiet_in_seconds

    @property
    def is_closed(self) -> bool:
        """Whether no more visits are drawn in this pass."""
        ends = [at for at in (self._quiet_at, self._slow_until) if at is not None]
        is_quiet = bool(ends) and time.monotonic() >= min(ends)
        return self._stopped or self.put_off is not None or self._budget.is_spent or is_quiet

    @property
    def is_stopped(self) -> bool:
        """Whether the crawl ends: what is being read is left where it is."""
        return self._stopped

    async def start_listings(self) -> None:
        """Ask for those of the site's listings that are due."""
        for kind, url in self.polls.due():
            if self.backfill is not None and await self.backfill.is_read(url):
                continue
            self.add_listing(Listing(kind=kind, url=url, root=url))

    def add_listing(self, listing: Listing) -> None:
        """Ask for one listing."""
        self._listings += 1
        self._sender.send_listing(self, listing)

    async def add_sitemaps(self, listing: Listing, read: ListingLinks) -> None:
        """Ask for those of the sitemaps that an index names that are due; of an archive, for each in its turn."""
        if self.backfill is not None and listing.kind == "sitemap" and read.is_saved:
            is_index = bool(read.sitemaps)
            await self.backfill.note_read(listing.url, new_links=read.saved.new, is_index=is_index)
        if listing.depth >= MAX_SITEMAP_DEPTH:
            return
        others = [sitemap for sitemap in read.sitemaps if sitemap.url != listing.url]
        if self.backfill is not None:
            await self.backfill.add(others, root=listing.root, depth=listing.depth + 1)
            return
        for sitemap in self.polls.due_sitemaps(others):
            depth = listing.depth + 1
            self.add_listing(Listing(kind="sitemap", url=sitemap.url, root=listing.root, depth=depth))

    def try_listing_again(self, listing: Listing) -> None:
        """Ask for a listing once more."""
        self._sender.send_listing(self, replace(listing, attempt=listing.attempt + 1, wait_seconds=0.0))

    def try_listing_later(self, listing: Listing, seconds: float) -> None:
        """Ask for a listing when its host is open again."""
        self._sender.send_listing(self, replace(listing, wait_seconds=seconds))

    def note_links(self) -> None:
        """Note that links became pending before their listing was read to its end."""
        self._changed.set()

    def end_listing(self) -> None:
        """Note that a listing was read, or will not be."""
        self._listings -= 1
        self._changed.set()

    def end_visit(self, visit: Visit) -> None:
        """Note that a visit's item has gone through the pipelines, or that its claim was given back."""
        self.visits_ended += 1
        self._under_way.discard(visit.token)
        self._changed.set()

    def hold(self, visit: Visit, reason: str) -> None:
        """Keep a visit whose host is closed in this pass; its claim goes back when the pass ends."""
        self.put_off = self.put_off or reason
        self._held.append(visit)
        self.end_visit(visit)

    def postpone(self, visit: Visit, seconds: float, reason: str) -> None:
        """Note that a visit's claim went back for so long: it led to another host, which is closed."""
        if seconds >= RETRY_HORIZON_SECONDS:
            self.left = self.left or f"{visit.url}: {reason}"
            self.postponed += 1
        self.end_visit(visit)

    def leave_alone(self, seconds: float, reason: str) -> bool:
        """Note that the site's host is closed for so long; False: for longer than this pass waits, so it ends."""
        if seconds < RETRY_HORIZON_SECONDS:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)
            return True
        self.put_off = self.put_off or reason
        self._closed_until = max(self._closed_until, time.monotonic() + seconds)
        return False

    def go_slowly(self, pace_seconds: float, visit: Visit | None) -> bool:
        """Note that the site wants so long between two requests: one visit at a time, and for a while only.

        False: another visit is under way, so this one is to be given back. The archive is read to its end all the
        same: nobody else waits for that.
        """
        if self.backfill is not None:
            return True
        if self._slow_until is None:
            self._window = 1
            self._slow_until = time.monotonic() + max(SLOW_PASS_SECONDS, 3 * pace_seconds)
        if visit is None:
            return True
        if self._slow_visit not in self._under_way:
            self._slow_visit = visit.token
        return visit.token == self._slow_visit

    @property
    def closed_seconds(self) -> float:
        """How long the site's host is still closed, as far as it outlasts this pass."""
        return max(self._closed_until - time.monotonic(), 0.0)

    def may_try_free(self, visit: Visit) -> bool:
        """Whether a page that the host would not give now may be tried again as if it had not been tried."""
        self._free_tries[visit.url] += 1
        return self._free_tries[visit.url] <= FREE_TRIES

    def stop(self) -> None:
        """Draw no more; the pass ends when what is under way has ended."""
        self._stopped = True
        self._changed.set()

    async def run(self, *, patience_seconds: float = 0.0) -> None:
        """Draw and send until nothing is under way, and nothing is ready or soon to be tried again.

        With patience, links that others hold are waited for so long: those of a dead worker come back.
        """
        patient_until = time.monotonic() + patience_seconds
        while True:
            self._changed.clear()
            drawn = await self._fill()
            await self._read_on(at_once=not (drawn or self._under_way))
            if self._under_way or self._listings:
                await self._changed.wait()
            elif not drawn:
                pause = None if self.is_closed else await self._find_pause(patient_until)
                if pause is None:
                    break
                await self._sleep(pause)
        for visit in self._held:
            await self._ledger.release(visit)
        self._held.clear()

    async def _fill(self) -> int:
        """Draw as many visits as the window has room for, but not one by one."""
        room = self._window - len(self._under_way)
        if self.is_closed or time.monotonic() < self._paused_until or 2 * room < self._window:
            return 0
        room = self._budget.take(room)
        visits: list[Visit] = []
        try:
            if room:
                visits = await self._ledger.draw(self.seed.id, room)
        finally:
            self._budget.settle(room, len(visits))
        for visit in visits:
            self._under_way.add(visit.token)
            self._sender.send_visit(self, visit)
        return len(visits)

    async def _read_on(self, *, at_once: bool) -> None:
        """Ask for the next sitemap of the archive where few links are left; looks at most once a second unless `at_once`."""
        is_early = time.monotonic() - self._looked_at < _LOOK_SECONDS
        if self.backfill is None or self.is_closed or self._listings or (is_early and not at_once):
            return
        self._looked_at = time.monotonic()
        count = await self._ledger.pending(self.seed.id)
        # What was visited stays pending until it is published; that is no work any more.
        unpublished = self._ledger.held(self.seed.id) - len(self._under_way) - len(self._held)
        owed = max(count.ready + count.waiting - unpublished, 0)
        self.backfill.estimate(owed=owed, visited=self.visits_ended)
        if count.ready < FEW_LINKS and (entry := self.backfill.take()) is not None:
            url, root, depth = entry
            self.add_listing(Listing(kind="sitemap", url=url, root=root, depth=depth, is_archive=True))

    async def _find_pause(self, patient_until: float) -> float | None:
        """Seconds until something may be ready; None: nothing will be in this pass."""
        if (paused := self._paused_until - time.monotonic()) > 0:
            return paused
        count = await self._ledger.pending(self.seed.id)
        if count.ready:
            return 0.0
        if count.next_at is not None and count.next_at - time.time() < RETRY_HORIZON_SECONDS:
            return max(count.next_at - time.time(), 0.05)
        if count.waiting > self.postponed and time.monotonic() < patient_until:
            return _POLL_SECONDS
        return None

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return
