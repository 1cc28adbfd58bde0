"""The ledger: which URLs are owed a visit, who makes it, and the one row that each visit ends in."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.batches import Batches, Row
from pipelines.hiding import hide_links, hide_pending, rewrite_history
from pipelines.log import FORMAT, Genesis, Log, open_genesis
from pipelines.memory import Memory
from pipelines.names import key_prefix
from pipelines.objects import StoreError, open_objects
from pipelines.parts import Staging
from pipelines.patience import Patience, PatientObjects
from pipelines.pending import Pending, PendingCount, SavedListing, Validators, listing_digest
from pipelines.policy import Policy
from pipelines.reaper import Reaper
from pipelines.record import to_timestamp
from pipelines.recover import Gate
from pipelines.rewrite import Rewriter
from pipelines.store import check_server
from pipelines.upkeep import keep_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from redis.asyncio import Redis

    from cleaners.models import Listed
    from pipelines.objects import Objects
    from pipelines.visits import Cleaned, Ended, Visit

__all__ = [
    "Ledger",
    "PendingCount",
    "Row",
    "SavedListing",
    "Validators",
    "listing_digest",
    "open_ledger",
]

_POLICY_CHECK_SECONDS = 60
# Lists all parts: not in crawls that are over in a minute.
_FIRST_UPKEEP_SECONDS = 60.0
_UPKEEP_SECONDS = 3600.0


class Ledger:
    """One worker's hand on the shared ledger. Made by `open_ledger`; safe to use from many tasks at once.

    Every method raises `pipelines.store.StoreError`, also for what went wrong in the background since the last call.
    """

    def __init__(  # noqa: PLR0913 - one keyword a part that it is made of
        self,
        *,
        redis: Redis,
        gate: Gate,
        staging: Staging,
        log_id: str,
        batch_age_seconds: float,
        patience: Patience,
    ) -> None:
        self.worker_id = gate.worker_id
        self.log_id = log_id
        self._redis = redis
        self._gate = gate
        self._staging = staging
        self._batch_age_seconds = batch_age_seconds
        self._held: dict[str, Visit] = {}
        self._drawing: set[str] = set()
        self._links = Pending(gate)
        self.memory = Memory(gate, log_id)
        self._patience = patience
        self._batches = Batches(gate=gate, staging=staging, held=self._held, patience=patience)
        self.freshness = self._batches.freshness
        self._reaper = Reaper(gate=gate, pending=self._links, staging=staging)
        self._rewriter = Rewriter(gate.log.objects, staging)
        self._hidden = 0
        self._fault: StoreError | None = None
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        gate.on_open = self._reconcile

    @property
    def epoch(self) -> int:
        """Grows when Redis was lost: links that were pending may be gone, and are found again by their listings."""
        return self._gate.epoch

    @property
    def counts(self) -> Mapping[tuple[str, str | None], int]:
        """The rows of this worker so far, by outcome and reason; what waits is in none of them yet."""
        return self._batches.counts

    def key(self, kind: str, *parts: str) -> str:
        """Give the name of a Redis key of this log: `bs:2:<log id>:<kind>:<part>:…`."""
        return self._gate.key(kind, *parts)

    async def listing_validators(self, site: str, listing_url: str) -> Validators | None:
        """Read what the listing's last saved answer gave; None: it was never saved, or gave none."""
        with self._watched():
            return await self._links.validators(site, listing_url)

    async def save_listing(
        self, site: str, listing_url: str, validators: Validators | None, links: Sequence[Listed]
    ) -> SavedListing:
        """Make the listing's unknown and due links pending and store its validators, never the latter alone.

        A link is due if the listing's `modified_at` is later than the last settled visit, and not in the future.
        """
        with self._watched():
            hidden = hide_links(links, site, self._gate.log.takedowns)
            return await self._links.save_listing(site, listing_url, validators, hidden)

    async def forget_listings(self, site: str, is_kept: Callable[[bytes], bool]) -> None:
        """Drop the validators of the site's listings that are not kept, by their `listing_digest`."""
        with self._watched():
            await self._links.forget_listings(site, is_kept)

    async def draw(self, site: str, n: int) -> list[Visit]:
        """Claim up to `n` of the site's pending links whose time has come; none while a store takes nothing."""
        await self._patience.ready()
        with self._watched():
            while drawn := await self._draw(site, n):
                forbidden = [visit for visit in drawn if self.is_taken_down(visit.url, visit.site)]
                for visit in forbidden:
                    await self._batches.block(visit)
                if len(forbidden) < len(drawn):
                    return [visit for visit in drawn if visit not in forbidden]
            return []

    async def _draw(self, site: str, n: int) -> list[Visit]:
        tokens = [secrets.token_hex(16) for _ in range(n)]
        self._drawing.update(tokens)
        try:
            visits = await self._links.draw(site, tokens)
            self._held.update((visit.token, visit) for visit in visits)
        finally:
            self._drawing.difference_update(tokens)
        return visits

    def is_taken_down(self, url: str, site: str) -> bool:
        """Say whether a page may not be fetched any more; submitted all the same, its visit ends as blocked."""
        return self._gate.log.takedowns.forbids(url, site)

    def is_site_taken_down(self, site: str, home: str) -> bool:
        """Say whether nothing of the site with this id and home page may be fetched any more."""
        return self._gate.log.takedowns.forbids_site(site, home)

    async def hide_taken_down(self, *, at_once: bool = False) -> bool:
        """Take out of Redis what it holds of taken-down links, as far as the log was read.

        `at_once`: though it was done before. False: the server will not rewrite its history before it does so by itself.
        """
        takedowns = self._gate.log.takedowns
        version = takedowns.version
        count = 0
        if version != self._hidden or at_once:
            count = await hide_pending(self._gate, takedowns) if version else 0
            self._hidden = version
        if not (count or at_once or self._batches.has_blocked):
            return True
        self._batches.has_blocked = False
        return await rewrite_history(self._gate)

    async def pending(self, site: str) -> PendingCount:
        """Count the site's pending links."""
        with self._watched():
            return await self._links.count(site)

    def held(self, site: str) -> int:
        """Count the site's visits that this worker has: under way, or ended and not published yet."""
        return sum(visit.site == site for visit in self._held.values())

    async def owed(self, site: str) -> int:
        """Count the site's links that were listed and have no outcome yet."""
        with self._watched():
            return await self._links.owed(site)

    async def retry(self, visit: Visit, *, after_seconds: float) -> None:
        """Give the claim back; the URL stays pending, one attempt older, not before `after_seconds` from now."""
        with self._watched():
            await self._links.give_back([visit], after_seconds=after_seconds, tried=1)
            self._held.pop(visit.token, None)

    async def postpone(self, visit: Visit, *, after_seconds: float) -> None:
        """Give the claim back; the URL stays pending, as often tried as before, not before `after_seconds` from now."""
        with self._watched():
            await self._links.give_back([visit], after_seconds=after_seconds)
            self._held.pop(visit.token, None)

    async def release(self, visit: Visit) -> None:
        """Give the claim back untouched, as at shutdown."""
        with self._watched():
            await self._links.give_back([visit])
            self._held.pop(visit.token, None)

    async def submit(self, item: Cleaned | Ended) -> Row | None:
        """End the visit with exactly one staged row.

        None: the row waits for a batch that is about to publish the same article or text, or the visit is no longer
        this worker's and has no row.
        """
        with self._watched():
            if item.visit.token not in self._held:
                return None
            return await self._batches.submit(item)

    async def drain(self) -> None:
        """Prepare, publish and settle all that is staged, until nothing of this worker waits."""
        while not self._batches.is_empty:
            with self._watched():
                await self._batches.commit()
                await self._batches.reconsider()
                if self._batches.has_waiting:
                    # What it waits for is another worker's, perhaps a dead one's.
                    await self._reaper.reap()
                    await asyncio.sleep(0.1)
        with self._watched():
            pass

    def start(self) -> None:
        """Start the heartbeat, the reaper and the batches' clock."""
        lease_seconds = self._gate.lease_ms / 1000
        self._tasks = [
            asyncio.create_task(self._repeat(self._beat, lease_seconds / 3)),
            asyncio.create_task(self._repeat(self._turn_batch, min(1.0, self._batch_age_seconds / 4))),
            asyncio.create_task(self._repeat(self._watch_redis, _POLICY_CHECK_SECONDS)),
            asyncio.create_task(
                self._repeat(self._keep_up, _UPKEEP_SECONDS, first_seconds=_FIRST_UPKEEP_SECONDS)
            ),
        ]

    async def leave(self) -> None:
        """Stop, and give back every claim; what is staged and not published is given up."""
        self._stop.set()
        self._patience.end()
        await asyncio.gather(*self._tasks)
        # Whatever fails here is put right by the next worker, one lease later.
        with suppress(StoreError):
            await self.hide_taken_down()
            await self._reaper.decide_own_batches()
            await self._links.give_back(list(self._held.values()))
            await self._gate.stop_beating(self.worker_id)
            await self._gate.call("workers", self.worker_id)

    def check(self) -> None:
        """Do nothing but raise what went wrong in the background."""
        with self._watched():
            pass

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Raise what went wrong before, and keep what goes wrong now: the run must not end as if it had not."""
        for task in self._tasks:
            if task.done():
                task.result()
        if self._fault is not None:
            raise self._fault
        try:
            yield
        except StoreError as error:
            self._fault = self._fault or error
            raise

    async def _repeat(
        self, step: Callable[[], Awaitable[None]], seconds: float, *, first_seconds: float = 0.0
    ) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), first_seconds)
        while not self._stop.is_set():
            try:
                await step()
            except StoreError as error:
                self._fault = self._fault or error
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)

    async def _beat(self) -> None:
        await self._gate.beat()
        await self._reaper.reap()
        await self._gate.log.read_on()
        await self._gate.mark_read()
        await self.hide_taken_down()

    async def _keep_up(self) -> None:
        await keep_up(self._rewriter, archive_days=self._gate.policy.archive_days)

    async def _turn_batch(self) -> None:
        if self._batches.has_waiting:
            await self._batches.reconsider()
        if self._batches.age() >= self._batch_age_seconds:
            await self._batches.commit()

    async def _watch_redis(self) -> None:
        await check_server(self._redis)
        await self.memory.warn_of_server()
        if self._gate.policy.memory_bytes:
            await self.memory.keep_within(self._gate.policy.memory_bytes)

    async def _reconcile(self) -> None:
        """After a loss of Redis: claim again what is being visited, give back what Redis alone thinks is."""
        await self._links.reclaim(list(self._held.values()))
        claims = await self._links.claims_of({self.worker_id})
        await self._links.give_back_claims(
            (digest, token)
            for digest, token in claims
            if token not in self._held and token not in self._drawing
        )


@asynccontextmanager
async def open_ledger(  # noqa: PLR0913 - one keyword a setting
    *,
    redis: Redis,
    data: str,
    state: Path,
    lease_seconds: float = 60,
    batch_age_seconds: float = 60,
    patience: Patience | None = None,
    policy: Policy | None = None,
) -> AsyncIterator[Ledger]:
    """Open the log under `data` and join its ledger in Redis; start both where there is none yet.

    `data` is a folder or a URL of an object store. On leaving, what is staged is drained and claims go back.
    A store that takes nothing (a full disk, a server that fails) is waited for with `patience`, None: for an hour; nothing
    new is claimed meanwhile. `policy`: None for the defaults. Raises `pipelines.store.StoreError` where the store cannot keep the promises.
    """
    objects = open_objects(data, state, worker_id=secrets.token_hex(8))
    staging = await asyncio.to_thread(Staging, objects.staging)
    try:
        ledger = await _join(
            redis=redis,
            objects=objects,
            staging=staging,
            lease_seconds=lease_seconds,
            batch_age_seconds=batch_age_seconds,
            patience=patience or Patience(),
            policy=policy or Policy(),
        )
        try:
            yield ledger
            await ledger.drain()
        except StoreError:
            raise
        except BaseException:
            # What was fetched is published even so; the first error is the one to tell.
            with suppress(StoreError):
                await ledger.drain()
            raise
        finally:
            await ledger.leave()
    finally:
        await asyncio.to_thread(staging.close)


async def _join(  # noqa: PLR0913 - as open_ledger
    *,
    redis: Redis,
    objects: Objects,
    staging: Staging,
    lease_seconds: float,
    batch_age_seconds: float,
    patience: Patience,
    policy: Policy,
) -> Ledger:
    await objects.probe()
    genesis = await open_genesis(objects, make_genesis)
    gate = Gate(
        redis=redis,
        log=Log(objects=PatientObjects(objects, patience), position=0, epoch=0),
        prefix=key_prefix(genesis.log_id),
        worker_id=staging.worker_id,
        lease_seconds=lease_seconds,
        policy=policy,
    )
    await gate.enter()
    ledger = Ledger(
        redis=redis,
        gate=gate,
        staging=staging,
        log_id=genesis.log_id,
        batch_age_seconds=batch_age_seconds,
        patience=patience,
    )
    ledger.start()
    return ledger


def make_genesis() -> Genesis:
    return Genesis(log_id=secrets.token_hex(8), format=FORMAT, created_at=to_timestamp(datetime.now(UTC)))
