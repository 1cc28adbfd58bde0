"""The crawl of a service: one round after another, each for a day, and a new one where one has met a fault."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from crawler.browser import try_browser
from crawler.errors import Fault, UserError
from crawler.site_pass import Budget
from crawler.spider_run import make_plan, make_scrapy_settings, run_spider
from crawler.tally import Tally
from pipelines.ledger import open_ledger
from pipelines.log import Genesis, decode_entry, entry_path
from pipelines.objects import StoreError
from pipelines.patience import Patience
from pipelines.pool import PoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

    from crawler.addresses import AddressGuard
    from crawler.service.seed_watch import SeedWatch
    from crawler.service.service import Service
    from crawler.site_pass import Task
    from pipelines.ledger import Ledger

ROUND_SECONDS = 86_400.0
"""After which a round is ended and a new one begun, which takes seconds: what a round collects does not grow for months."""
LONGEST_PAUSE_SECONDS = 60.0
"""Between two attempts, where one fault follows another."""

_EXPECTED = (StoreError, RedisError, PoolError, UserError, Fault, OSError)
_log = logging.getLogger(__name__)


class CrawlLoop:
    """Crawls until it is told to stop; no fault ends it."""

    def __init__(self, service: Service, redis: Redis, guard: AddressGuard, seeds: SeedWatch) -> None:
        self.tally: Tally | None = None
        """The counts of the present round; None: there is none."""
        self.ledger: Ledger | None = None
        """This worker's, as long as a round lasts; None: there is none."""
        self._service = service
        self._redis = redis
        self._guard = guard
        self._seeds = seeds
        self._patience = Patience()
        self._stop: Callable[[], None] | None = None
        self._round_ends_at = 0.0

    @property
    def is_waiting_for_store(self) -> bool:
        """Whether the store takes nothing for now, so that nothing new is fetched."""
        return self.ledger is not None and self._patience.is_waiting

    async def run(self) -> None:
        """Crawl until `stop`."""
        failures = 0
        while not self._service.stopping.is_set():
            since = time.monotonic()
            try:
                await self._run_round()
            except _EXPECTED as error:
                why = str(error) or type(error).__name__
                if isinstance(error, PoolError):
                    # Its processes do not start any more: new ones may.
                    await self._service.pool.close()
            except Exception as error:  # noqa: BLE001 - told in health and log; what crawls must go on crawling
                _log.exception("crawl: a fault of ours")
                why = f"{type(error).__name__}: {error}"
            else:
                failures = 0
                continue
            failures = 1 if time.monotonic() - since > LONGEST_PAUSE_SECONDS else failures + 1
            pause = min(2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS)
            self._service.health.note("crawl", "waiting", f"begins again after {pause:.0f} s: {why}")
            _log.warning("crawl: %s; begins again after %.0f s", why, pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._service.stopping.wait(), pause)
        self._service.health.note("crawl", "off", "was stopped")

    def stop(self) -> None:
        """End in good order: what is fetched is published, the rest given back."""
        self._patience.end()
        if self._stop is not None:
            self._stop()

    async def find_tasks(self) -> Sequence[Task]:
        """Find all sites to look after, by the seeds as they are by now."""
        await self._seeds.look()
        problem = self._seeds.problem
        self._service.health.note("seeds", "waiting" if problem else "ok", problem)
        return self._seeds.tasks

    def is_over(self) -> bool:
        """Whether the round has lasted for a day."""
        return time.monotonic() >= self._round_ends_at

    async def _run_round(self) -> None:
        service, environment = self._service, self._service.environment
        self._patience, self._stop = Patience(), None
        await self._check_log()
        await self._try_browser()
        try:
            async with open_ledger(
                redis=self._redis,
                data=service.data,
                state=service.state,
                lease_seconds=environment.lease_seconds,
                batch_age_seconds=environment.batch_age_seconds,
                patience=self._patience,
                policy=environment.policy,
            ) as ledger:
                self.ledger, self.tally = ledger, Tally()
                self._round_ends_at = time.monotonic() + ROUND_SECONDS
                service.know_log(ledger.log_id)
                service.health.note("crawl", "ok")
                plan = make_plan(
                    redis=self._redis,
                    ledger=ledger,
                    guard=self._guard,
                    tally=self.tally,
                    budget=Budget(None),
                    lease_seconds=environment.lease_seconds,
                    alerts=service.settings.alerts,
                    metrics=service.metrics,
                    feed=self,
                    clean_pool=service.pool.get(),
                )
                if not service.stopping.is_set():
                    settings = make_scrapy_settings(environment, environment.contact, progress=False)
                    await run_spider(plan, settings, self._hear)
        finally:
            self.ledger = self.tally = self._stop = None

    async def _check_log(self) -> None:
        """Begin no other log where the one that was here is gone, such as with a disk that is not mounted."""
        known = self._service.log_id
        if known is None:
            return
        objects = self._service.objects
        body = await objects.read(entry_path(1))
        entry = None if body is None else decode_entry(body)
        if not isinstance(entry, Genesis) or entry.log_id != known:
            raise StoreError(f"{objects.name}: the log {known}, which was here, is gone")

    async def _try_browser(self) -> None:
        """Say where Chromium does not start for the sites that need it: the others are crawled all the same."""
        browsed = next((task.seed.id for task in self._seeds.tasks if task.seed.browser), None)
        if browsed is None:
            return
        try:
            await try_browser(browsed, self._service.environment.chromium)
        except UserError as error:
            self._service.health.note("browser", "waiting", str(error))
            _log.warning("%s", error)
        else:
            self._service.health.note("browser", "ok")

    def _hear(self, stop: Callable[[], None]) -> None:
        self._stop = stop
