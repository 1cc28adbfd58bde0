"""The one spider for all sites: it fetches and yields, and cleans nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import scrapy
from scrapy import signals
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawler.documents import to_captures, to_document, to_fetched
from crawler.fetching.failures import (
    FetchError,
    HostClosedError,
    NotHtmlError,
    PutOffError,
    StoppedError,
)
from crawler.fetching.pace import Pacer
from crawler.fetching.site_meta import host_of
from crawler.listing_links import read_answer, to_answer
from crawler.polls import Answer
from crawler.round import Round
from crawler.site_headers import SiteHeaders
from crawler.tally import FailedListing
from crawler.validators import (
    read_fresh_seconds,
    read_validators,
    to_headers,
)
from crawler.verdicts import read_signs
from crawler.visit_ends import end, end_request, find_outcome, reject
from pipelines.ledger import Validators
from pipelines.visits import Cleaned, Fetched, VisitCutShortError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

    from cleaners.models import Document
    from crawler.round import Plan
    from crawler.site_pass import Listing, SitePass
    from pipelines.captures import Capture
    from pipelines.visits import Ended, Visit

MAX_ATTEMPTS = 3
"""How often one page or listing is tried in all before it is given up."""
RETRY_SECONDS = (1.0, 4.0)
"""Before the second attempt and the third: a restart is over by then, and a dead host costs seconds."""

_GONE = frozenset({404, 410})
_PASSING = frozenset({408, 425, 429})


class NewsSpider(scrapy.Spider):
    """Visits the sites that are due; every visit ends in one item, or its claim goes back to the ledger."""

    name = "news"

    def __init__(self, *, plan: Plan, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ledger = plan.ledger
        self.guard = plan.guard
        self.reservations = plan.reservations
        self.kept_robots = plan.kept_robots
        self.tally = plan.tally
        self.pacer = Pacer(plan.turns)
        self.closures = plan.closures
        self.clean_pool = plan.clean_pool
        self.watcher, self.metrics = plan.watcher, plan.watcher.metrics
        self.fault: BaseException | None = None
        self._outbox: asyncio.Queue[scrapy.Request | Ended | None] = asyncio.Queue()
        self._passes: dict[str, SitePass] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._round = Round(plan, self)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """The spider of one crawl, told by Scrapy's signals when a visit's item has gone through."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.end_item, signals.item_scraped)
        crawler.signals.connect(spider.give_back_item, signals.item_dropped)
        crawler.signals.connect(spider.fail_item, signals.item_error)
        crawler.signals.connect(spider.fail_callback, signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Yield requests, and visits that end without one, for as long as the round over the sites lasts."""
        round_ = asyncio.create_task(self._run_round())
        try:
            while (entry := await self._outbox.get()) is not None:
                yield entry
        finally:
            if not round_.done():
                round_.cancel()

    def stop(self) -> None:
        """End in good order: draw nothing more, give waiting claims back, let answers under way come in."""
        self.pacer.stop()
        self._round.stop()

    def fail(self, error: BaseException | None) -> None:
        """End in good order because of a fault; the first one is reported."""
        self.fault = self.fault or error
        self.stop()

    async def _run_round(self) -> None:
        try:
            await self._round.run()
        except Exception as error:  # noqa: BLE001 -- kept, and raised again by run_crawl
            self.fail(error)
        finally:
            self._outbox.put_nowait(None)

    # ── requests ──────────────────────────────────────────────────────────────────────────────────────────

    def send_listing(self, site_pass: SitePass, listing: Listing) -> None:
        """Queue the request for a listing, after its back-off where it was tried before."""
        task = asyncio.ensure_future(self._send_listing(site_pass, listing))
        self._tasks.add(task)
        task.add_done_callback(self._note_task)

    def send_visit(self, site_pass: SitePass, visit: Visit) -> None:
        """Queue the request for a page."""
        self._passes[visit.site] = site_pass
        try:
            request = self._make_request(
                site_pass,
                visit.url,
                callback=self.on_page,
                errback=self.on_page_failure,
                html_only=True,
                visit=visit,
            )
        except ValueError as error:
            self._outbox.put_nowait(end(visit, "dead", "bad_url", str(error), None))
        else:
            self._outbox.put_nowait(request)

    async def _send_listing(self, site_pass: SitePass, listing: Listing) -> None:
        if listing.attempt > 1 or listing.wait_seconds:
            await asyncio.sleep(listing.wait_seconds or RETRY_SECONDS[listing.attempt - 2])
        known = await self.ledger.listing_validators(site_pass.seed.id, listing.url) or Validators()
        wants_content = site_pass.polls.wants_content(listing.url)
        if site_pass.backfill is not None:
            # What a poll has seen unchanged still names sitemaps that this archive's reader has not.
            known, wants_content = Validators(), True
        request = self._make_request(
            site_pass,
            listing.url,
            callback=self.on_listing,
            errback=self.on_listing_failure,
            headers={} if wants_content else to_headers(known),
            listing=listing,
            known=known,
        )
        # The newest entries stand first: what lies beyond the limit is old.
        request.meta["cut"] = True
        limit = "SITEMAP_MAX_BYTES" if listing.kind == "sitemap" else "DOWNLOAD_MAXSIZE"
        request.meta["max_bytes"] = self.settings.getint(limit)
        self._outbox.put_nowait(request)

    def _make_request(self, site_pass: SitePass, url: str, **parts: Any) -> scrapy.Request:
        seed = site_pass.seed
        return scrapy.Request(
            url,
            callback=parts.pop("callback"),
            errback=parts.pop("errback"),
            headers=parts.pop("headers", None),
            dont_filter=True,
            meta={
                "site": seed.id,
                "download_slot": seed.id,
                "delay_seconds": seed.delay_seconds,
                "max_delay_seconds": seed.max_delay_seconds,
                "site_headers": SiteHeaders(site_pass.scope, seed.headers),
                "proxy": seed.proxy,
                "http2": seed.http2,
                "browser": seed.browser and _may_run(parts),
                "archive": seed.archive or self.settings.getbool("BROADSHEET_ARCHIVE"),
                "site_pass": site_pass,
                **parts,
            },
        )

    # ── listings ──────────────────────────────────────────────────────────────────────────────────────────

    async def on_listing(self, response: Response) -> None:
        """Hand a listing's links to the ledger, and follow a sitemap index."""
        meta = response.meta
        site_pass, listing = meta["site_pass"], meta["listing"]
        if response.status != 304 and not 200 <= response.status < 300:
            passing = response.status in _PASSING or response.status >= 500
            self._fail_listing(site_pass, listing, f"http_{response.status}", may_pass=passing)
            return
        validators, fresh_seconds = read_validators(response), read_fresh_seconds(response)
        by_validators = response.status == 304
        if by_validators or validators.body_hash == meta["known"].body_hash:
            self.tally.listings_unchanged += 1
            answer = Answer(is_unchanged=True, by_validators=by_validators, fresh_seconds=fresh_seconds)
        else:
            read = await read_answer(self.ledger, site_pass, listing, response, validators)
            self.tally.note_listing(site_pass.seed.id, listing, read)
            if read.about.problem:
                self._fail_listing(site_pass, listing, read.about.problem, may_pass=False)
                return
            if read.is_left:
                self._leave_listing(site_pass)
                return
            await site_pass.add_sitemaps(listing, read)
            answer = replace(to_answer(read, validators, meta["known"]), fresh_seconds=fresh_seconds)
        self.tally.listings += 1
        if not listing.is_archive:
            site_pass.polls.note_answer(listing.root, listing.url, answer)
        site_pass.end_listing()

    def on_listing_failure(self, failure: Failure) -> None:
        """Try a listing again where that may help, else note it."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        site_pass, error = meta["site_pass"], failure.value
        if isinstance(error, StoppedError):
            self._leave_listing(site_pass)
        elif isinstance(error, HostClosedError) and site_pass.scope.owns(failure.request.url):  # type: ignore[attr-defined]
            if site_pass.leave_alone(error.seconds, str(error)) and not site_pass.is_closed:
                site_pass.try_listing_later(meta["listing"], error.seconds)
            else:
                self._leave_listing(site_pass)
        elif isinstance(error, FetchError):
            if isinstance(error, PutOffError) and site_pass.scope.owns(failure.request.url):  # type: ignore[attr-defined]
                site_pass.put_off = site_pass.put_off or str(error)
            self._fail_listing(
                site_pass, meta["listing"], f"{error.reason}: {error}", may_pass=error.may_pass
            )
        else:
            reason = f"error: {type(error).__name__}: {error}"
            self._fail_listing(site_pass, meta["listing"], reason, may_pass=False)

    def _leave_listing(self, site_pass: SitePass) -> None:
        self.tally.listings_left += 1
        site_pass.end_listing()

    def _fail_listing(self, site_pass: SitePass, listing: Listing, reason: str, *, may_pass: bool) -> None:
        if may_pass and listing.attempt < MAX_ATTEMPTS and not site_pass.is_closed:
            site_pass.try_listing_again(listing)
            return
        self.tally.listings_failed[listing.url] = FailedListing(
            site=site_pass.seed.id, kind=listing.kind, reason=reason
        )
        # A site that is put off may not be asked now: its listings wait with it, and have not failed.
        if site_pass.put_off is None:
            site_pass.polls.note_failure(listing.root, listing.url, reason)
        site_pass.signs[reason.partition(":")[0]] += 1
        site_pass.end_listing()

    # ── pages ─────────────────────────────────────────────────────────────────────────────────────────────

    async def on_page(self, response: Response) -> Fetched | Ended | None:
        """Yield the page, or how its visit ended by the answer's status."""
        meta = response.meta
        site_pass, visit = meta["site_pass"], meta["visit"]
        status = response.status
        self.tally.pages += 1
        if 200 <= status < 300:
            return to_fetched(response, visit, site_pass.seed, partial(self.read_page, site_pass, visit))
        reason, evidence = f"http_{status}", f"{response.url} answers {status}"
        closed = self.closures.find(host_of(response.url)) if status in {429, 503} else None
        if closed is not None and site_pass.may_try_free(visit):
            self.tally.pages_again += 1
            await self._try_later(site_pass, visit, response.url, closed)
            return None
        if status in _PASSING or status >= 500:
            return await self._try_again(site_pass, visit, reason, evidence, status)
        outcome = "gone" if status in _GONE else "unchanged" if status == 304 else "dead"
        return end(visit, outcome, reason, evidence, status)

    async def read_page(
        self, site_pass: SitePass, visit: Visit, captures: list[Capture], url: str, first_page_url: str
    ) -> Document | None:
        """Fetch a further page of an article that is being cleaned; None: it cannot be had.

        Raises VisitCutShortError where the crawl ends first.
        """
        assert self.crawler.engine is not None
        try:
            request = self._make_request(site_pass, url, callback=NO_CALLBACK, errback=None, html_only=True)
            response = await self.crawler.engine.download_async(request)
        except StoppedError as error:
            raise VisitCutShortError(str(error)) from None
        except (FetchError, ValueError):
            return None
        self.tally.pages += 1
        self.tally.further_pages += 1
        if not 200 <= response.status < 300:
            return None
        document = replace(to_document(response, visit, site_pass.seed), first_page_url=first_page_url)
        captures += to_captures(response, document)
        return document

    async def on_page_failure(self, failure: Failure) -> Cleaned | Ended | None:
        """Yield how a visit without an answer ended, or give its claim back."""
        meta = failure.request.meta  # type: ignore[attr-defined]
        site_pass, visit, error = meta["site_pass"], meta["visit"], failure.value
        if isinstance(error, StoppedError):
            await self.ledger.release(visit)
            site_pass.end_visit(visit)
            return None
        if isinstance(error, HostClosedError):
            await self._try_later(site_pass, visit, failure.request.url, error)  # type: ignore[attr-defined]
            return None
        if isinstance(error, PutOffError):
            site_pass.signs[error.reason] += 1
            site_pass.hold(visit, str(error))
            return None
        if isinstance(error, NotHtmlError):
            self.tally.pages += 1
            return reject(visit, failure.request.url, error)  # type: ignore[attr-defined]
        if not isinstance(error, FetchError):
            # A bug that one page brings out costs that page, and its row says so.
            return end(visit, "dead", "error", f"{type(error).__name__}: {error}", None)
        if error.may_pass:
            return await self._try_again(site_pass, visit, error.reason, str(error), None)
        return end(visit, error.outcome, error.reason, str(error), None)

    async def _try_later(self, site_pass: SitePass, visit: Visit, url: str, closed: HostClosedError) -> None:
        """Give the claim back until the host is open, as if nothing had been tried."""
        is_own = site_pass.scope.owns(url)
        if is_own and not site_pass.leave_alone(closed.seconds, str(closed)):
            site_pass.signs.update(["host_busy"] if closed.is_busy else ())
            site_pass.hold(visit, str(closed))
            return
        await self.ledger.postpone(visit, after_seconds=closed.seconds)
        if is_own:
            site_pass.end_visit(visit)
        else:
            site_pass.postpone(visit, closed.seconds, str(closed))

    async def _try_again(
        self, site_pass: SitePass, visit: Visit, reason: str, evidence: str, status: int | None
    ) -> Ended | None:
        if visit.attempt >= MAX_ATTEMPTS:
            return end(visit, "dead", reason, evidence, status)
        self.tally.pages_again += status is not None
        await self.ledger.retry(visit, after_seconds=RETRY_SECONDS[visit.attempt - 1])
        site_pass.end_visit(visit)
        return None

    # ── signals ───────────────────────────────────────────────────────────────────────────────────────────

    def end_item(self, item: Any, response: Response | Failure | None) -> None:
        """Make room for the next visit."""
        self.tally.visits_fetched += isinstance(item, Cleaned) or item.status is not None
        self._passes[item.visit.site].ended[find_outcome(item)] += 1
        self._make_room(item, response)

    def _make_room(self, item: Any, response: Response | Failure | None) -> None:
        site_pass = self._passes[item.visit.site]
        signs = [*read_signs(item, response if isinstance(response, Response) else None)]
        site_pass.signs.update(signs)
        self.watcher.note_item(site_pass, item, signs)
        if response is None:
            site_pass.end_visit(item.visit)
        else:
            end_request(response)

    async def give_back_item(self, item: Any, response: Response | Failure | None) -> None:
        """Give a visit's claim back: the crawl ends before the article was complete."""
        self.tally.pages_again += 1
        await self.ledger.release(item.visit)
        self._make_room(item, response)

    def fail_item(self, item: Any, response: Response | Failure | None, failure: Failure) -> None:
        """Stop for what a pipeline raised: a full disk, a lost Redis, a bug."""
        self._make_room(item, response)
        self.fail(failure.value)

    def fail_callback(self, response: Response | Failure | None, failure: Failure) -> None:
        """Stop for what a callback raised."""
        if response is not None:
            end_request(response)
        self.fail(failure.value)

    def _note_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)


def _may_run(parts: dict[str, Any]) -> bool:
    listing = parts.get("listing")
    return listing is None or listing.kind == "section"
