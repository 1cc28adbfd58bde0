"""Watches a worker's passes: gathers what they say, has it judged and remembered, and sends what alerts say."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from crawler.service.settings import AlertSettings
from crawler.watch.alerts import note_visit
from crawler.watch.book import Book, Noted
from crawler.watch.metrics import Metrics
from crawler.watch.sinks import send
from crawler.watch.visits import MOST_SAMPLES, Sample, note_lags
from pipelines.freshness import Lags
from pipelines.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from crawler.site_pass import SitePass
    from crawler.tally import Tally
    from crawler.watch.alerts import SiteMemory
    from crawler.watch.visits import Visit
    from pipelines.ledger import Ledger

LAST_SECONDS, STOPPED_SECONDS = 60.0, 5.0
"""That a crawl's end may wait for alerts to be sent; what is not sent by then is sent by the next one."""
AGAIN_SECONDS = 300.0
"""From one time that all that waits is sent to the next, in a crawl that goes on."""

_log = logging.getLogger(__name__)


class Watcher:
    """One worker's watch over its sites. Nothing that it fails at ends a crawl, but a Redis that is gone."""

    def __init__(
        self,
        redis: Redis,
        ledger: Ledger,
        tally: Tally,
        settings: AlertSettings | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """`settings`: where alerts are sent, None: nowhere; `metrics`: those of the process, None: nobody reads them."""
        self.metrics = metrics or Metrics()
        self._book = Book(redis, ledger, ledger.is_taken_down)
        self._ledger = ledger
        self._tally = tally
        self._settings = settings or AlertSettings()
        self._lags: dict[str, Lags] = {}
        self._sending: asyncio.Task[None] | None = None
        self._is_asked = False
        self._sent_at = time.monotonic()

    def begin(self, site_pass: SitePass) -> None:
        """Note that a pass begins."""
        site_pass.is_first = not site_pass.polls.state.since
        lags = self._ledger.freshness.lags.get(site_pass.seed.id)
        self._lags[site_pass.seed.id] = lags.since(None) if lags else Lags()

    def note_item(self, site_pass: SitePass, item: Any, signs: Sequence[str]) -> None:
        """Note how a visit ended; `signs` are what `crawler.verdicts.read_signs` reads of it."""
        try:
            site_pass.facts.note(item, signs)
            self.metrics.note_item(item)
        except Exception:  # noqa: BLE001 -- a fault of ours in watching a page is no reason not to publish it
            _log.exception("%s: a page cannot be watched; it is published all the same", item.visit.url)
        self.metrics.note_outcomes(self._ledger.counts)

    async def end(self, site_pass: SitePass, now: float) -> Noted | None:
        """Judge the site after a pass, at the Unix second `now`; None: the pass says nothing of how the site is.

        A pass over single addresses, or over an archive, brings other pages than those that the site publishes.
        """
        site = site_pass.seed.id
        lags = self._ledger.freshness.lags.get(site)
        lags = lags.since(self._lags.pop(site, None)) if lags else Lags()
        self.metrics.note_pass(lags, self._tally.listed)
        self.metrics.note_outcomes(self._ledger.counts)
        self._log_pass(site_pass)
        if not site_pass.task.read_listings or site_pass.task.urls or site_pass.backfill is not None:
            return None
        memory = await self._book.read(site)
        try:
            return self._judge(site_pass, memory, lags, now)
        except Exception:  # noqa: BLE001 -- nor one in judging a site to stop crawling it
            _log.exception("%s: the pass cannot be judged", site)
            return None

    def _log_pass(self, site_pass: SitePass) -> None:
        site, state = site_pass.seed.id, site_pass.polls.state
        said: dict[str, Any] = {
            "site": site,
            "pages": dict(site_pass.ended),
            "new_links": self._tally.listed[site].links - site_pass.listed_before,
            "owed": state.owed,
            "put_off": site_pass.put_off,
            "verdict": state.verdict or None,
        }
        _log.info("pass over a site ended", extra=said)

    def _judge(self, site_pass: SitePass, memory: SiteMemory, lags: Lags, now: float) -> Noted:
        site = site_pass.seed.id
        visit = site_pass.facts.to_visit(memory.visits[-1] if memory.visits else None)
        note_lags(visit, lags)
        self._add_listings(visit, site_pass, memory, round(now))
        samples = {**site_pass.facts.samples, "listings": _find_listings(site_pass)}
        messages = note_visit(memory, site, visit, samples, site_pass.facts.removals)
        standing = tuple(alert.monitor for alert in memory.alerts)
        return Noted(packed=memory.packed(), open=standing, messages=tuple(messages))

    def tell(self, noted: Noted | None) -> None:
        """Take up what alerts say, once the pass is remembered; it is sent in the background."""
        if noted is not None and noted.messages:
            self._tally.alerts += noted.messages
            for message in noted.messages:
                said: dict[str, Any] = {
                    "site": message.site,
                    "alert": message.id,
                    "monitor": message.monitor,
                    "evidence": message.evidence,
                    "opened_at": message.opened_at,
                }
                _log.info("alert %s", message.event, extra=said)
            self.send_soon()
        elif time.monotonic() - self._sent_at > AGAIN_SECONDS:
            self.send_soon()

    def send_soon(self) -> None:
        """Send what waits, in the background; a failure is logged, and what it concerns waits on."""
        self._is_asked = True
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    async def finish(self, *, is_stopped: bool) -> None:
        """Send what waits, also from earlier crawls, before the crawl ends; one that was stopped waits for seconds only."""
        if self._sending is None:
            self.send_soon()
        assert self._sending is not None
        await asyncio.wait({self._sending}, timeout=STOPPED_SECONDS if is_stopped else LAST_SECONDS)
        self._sending.cancel()
        await asyncio.wait({self._sending})

    async def _send(self) -> None:
        while self._is_asked:
            self._is_asked, self._sent_at = False, time.monotonic()
            try:
                await self._book.send_waiting(
                    lambda message, done: send(message, self._settings, done), now=time.time()
                )
            except StoreError as error:
                _log.warning("alerts wait: %s", error)

    def _add_listings(self, visit: Visit, site_pass: SitePass, memory: SiteMemory, now: int) -> None:
        state = site_pass.polls.state
        visit.at = now
        visit.answered, visit.failed, new = site_pass.polls.count()
        visit.links = sum(source.links for source in state.sources)
        visit.verdict = state.verdict
        if not site_pass.is_first:
            visit.new = new
        if visit.new:
            known = [*memory.days, *memory.visits]
            last = max((one.at for one in known if one.gap), default=known[0].at if known else now)
            visit.gap = max(now - last, 1)
        listed = self._tally.listed[site_pass.seed.id]
        if listed.links:
            visit.captured = round(100 * max(listed.links - listed.owed, 0) / listed.links)


def _find_listings(site_pass: SitePass) -> list[Sample]:
    """The site's listings, those that fail first."""
    sources = sorted(site_pass.polls.state.sources, key=lambda source: -source.failures)
    return [Sample(source.url[:200]) for source in sources[:MOST_SAMPLES]]
