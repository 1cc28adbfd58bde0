"""One round over the sites: lease those that are due, pass over many at once, publish, and return them."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from crawler.polls import Polls
from crawler.runs import NAMED_FAILURES, Run
from crawler.single_urls import save_urls
from crawler.site_pass import SitePass
from crawler.timing import Timing
from crawler.verdicts import EVIDENCE_CHARS, add_signs, judge
from pipelines.record import to_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.addresses import AddressGuard
    from crawler.agenda import Agenda
    from crawler.backfill import Backfill
    from crawler.closures import Closures
    from crawler.kept_robots import KeptRobots
    from crawler.reservations import Reservations
    from crawler.runs import Runs
    from crawler.site_pass import Budget, Task
    from crawler.sources import SiteState
    from crawler.spiders.news import NewsSpider
    from crawler.tally import Tally
    from crawler.turns import Turns
    from crawler.watch.watcher import Watcher
    from pipelines.ledger import Ledger
    from pipelines.pool import CleanPool

SITES_AT_ONCE = 64
"""Passes in one process. Each holds at most its window of pages in memory."""
ASKED_AT_ONCE = 64
"""Sites named in one call of the lease script, which may take at most a millisecond of the server's time."""
PUBLISH_SECONDS = 30.0
"""How long a finished site waits for others to finish, so that one batch publishes them together."""

LOOK_SECONDS = 5.0
"""Between two looks at the seeds and at what is due, in a round that goes on."""
SITES_A_LOOK_SECOND = 100
"""With more sites, looks are as rare as this says: one at 500 sites reads half a megabyte of states."""

_POLL_SECONDS = 0.5
_log = logging.getLogger(__name__)


class Feed(Protocol):
    """Says what a round that goes on is to look after, each time it looks anew."""

    async def find_tasks(self) -> Sequence[Task]:
        """Find all sites that are to be visited whenever they are due."""

    def is_over(self) -> bool:
        """Say whether the round is to end, so that a fresh one can begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a crawl works with, and what it is to do."""

    ledger: Ledger
    agenda: Agenda
    reservations: Reservations
    kept_robots: KeptRobots
    turns: Turns
    closures: Closures
    runs: Runs
    watcher: Watcher
    guard: AddressGuard
    tasks: Sequence[Task]
    tally: Tally
    budget: Budget
    anytime: bool
    """Visit each site whether it is due or not."""
    lease_seconds: float
    make_backfill: Callable[[str, datetime], Backfill]
    """The reader of a site's archive, by its id and the day it goes back to."""
    feed: Feed | None = None
    """Where the sites to look after come from, as long as the round goes on. None: it visits those of `tasks` once."""
    clean_pool: CleanPool | None = None
    """The processes that clean. None: the crawl has its own."""


class Round:
    """Visits each site once; with a feed, whenever it is due."""

    def __init__(self, plan: Plan, spider: NewsSpider) -> None:
        self._spider = spider
        self._ledger = plan.ledger
        self._agenda = plan.agenda
        self._tally = plan.tally
        self._budget = plan.budget
        self._anytime = plan.anytime
        self._lease_seconds = plan.lease_seconds
        self._make_backfill = plan.make_backfill
        self._runs = plan.runs
        self._watcher = plan.watcher
        self._feed = plan.feed
        self._look_at = 0.0
        self._wanted: dict[str, str] = {}
        self._wishes: dict[str, str] = {}
        self._waiting = {task.seed.id: task for task in plan.tasks}
        self._timings = {task.seed.id: Timing.of(task.seed) for task in plan.tasks}
        self._held: dict[str, tuple[float, float]] = {}
        self._running: dict[asyncio.Task[None], SitePass] = {}
        self._finished: list[SitePass] = []
        self._finished_at = 0.0
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Lease no more; end the passes that run, publish what they have, return their sites."""
        self._stopped.set()
        for site_pass in self._running.values():
            site_pass.stop()

    async def run(self) -> None:
        """Go on until every site is passed over, held by another worker, or not due; with a feed, until stopped."""
        await self._order()
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            while self._running or self._finished or (self._has_more and not self._is_over):
                if self._feed is not None and not self._is_over:
                    await self._look(self._feed)
                if not self._is_over:
                    await self._lease()
                if self._running:
                    waited = {*self._running} if self._stopped.is_set() else {*self._running, stopped}
                    timeout = _POLL_SECONDS if self._held or self._finished or self._feed else None
                    await asyncio.wait(waited, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                elif (self._held or self._feed) and not self._finished:
                    await asyncio.wait({stopped}, timeout=_POLL_SECONDS)
                await self._collect()
            await self._watcher.finish(is_stopped=self._stopped.is_set())
        finally:
            stopped.cancel()
            for running in self._running:
                running.cancel()

    @property
    def _is_over(self) -> bool:
        return self._stopped.is_set() or self._budget.is_spent

    @property
    def _has_more(self) -> bool:
        return bool(self._waiting) or self._feed is not None

    async def _look(self, feed: Feed) -> None:
        """Take up what is due by now, by the seeds as they are by now."""
        if time.monotonic() < self._look_at:
            return
        self._ledger.check()
        if feed.is_over():
            self._spider.stop()
            return
        tasks = await feed.find_tasks()
        self._look_at = time.monotonic() + max(LOOK_SECONDS, len(tasks) / SITES_A_LOOK_SECOND)
        busy = {site_pass.seed.id for site_pass in (*self._running.values(), *self._finished)}
        self._timings = {task.seed.id: Timing.of(task.seed) for task in tasks}
        self._waiting = {task.seed.id: task for task in tasks if task.seed.id not in busy}
        self._tally.not_due.clear()
        await self._order()
        self._held = {site: held for site, held in self._held.items() if site in self._waiting}

    async def _order(self) -> None:
        """Put the sites in the order in which they are due, the longest overdue first, and leave out those that are not.

        Sites that somebody wants to have visited stand before all.
        """
        if self._anytime or not self._waiting:
            return
        dues = await self._agenda.survey({site: self._timings[site] for site in self._waiting})
        self._wanted = await self._agenda.wanted()
        now = self._agenda.now()
        wanted = [site for site in dues if site in self._wanted]
        due = [site for site in dues if dues[site] <= now and site not in self._wanted]
        self._waiting = {site: self._waiting[site] for site in (*wanted, *due)}
        self._tally.not_due.update((site, due) for site, due in dues.items() if site not in self._waiting)

    async def _lease(self) -> None:
        asked = list(self._waiting)[:ASKED_AT_ONCE]
        wanted = [site for site in asked if site in self._wanted]
        for site in await self._lease_some(wanted, anytime=True):
            # Fulfilled when the pass is over: it may not come to its end.
            self._wishes[site] = self._wanted[site]
        await self._lease_some([site for site in asked if site not in self._wanted], anytime=self._anytime)

    async def _lease_some(self, asked: Sequence[str], *, anytime: bool) -> Sequence[str]:
        """Begin with those of the sites that nobody has, as far as there is room; names them."""
        room = SITES_AT_ONCE - len(self._running)
        if not asked or room <= 0:
            return ()
        answer = await self._agenda.lease(asked, room, anytime=anytime)
        for site in answer.leased:
            self._held.pop(site, None)
            self._start(self._make_pass(site, answer.states[site], anytime=anytime), first=True)
        for site, due_at in answer.not_due.items():
            del self._waiting[site]
            self._tally.not_due[site] = due_at
        for site, left in answer.held.items():
            self._note_held(site, left)
        return answer.leased

    def _make_pass(self, site: str, state: SiteState, *, anytime: bool) -> SitePass:
        timing, now = self._timings[site], self._agenda.now()
        quiet_at = None if anytime else timing.next_quiet(now)
        task = self._waiting.pop(site)
        backfill = None
        if task.since is not None:
            backfill = self._make_backfill(site, task.since)
            self._tally.backfills[site] = backfill.figures
        return SitePass(
            task,
            self._ledger,
            self._budget,
            self._spider,
            polls=Polls(timing, state, now=now, anytime=anytime),
            quiet_in_seconds=None if quiet_at is None else quiet_at - now,
            backfill=backfill,
        )

    def _note_held(self, site: str, left: float) -> None:
        """Wait for a site as long as its holder's heartbeat only runs down; once it rises, the holder lives."""
        last, since = self._held.get(site, (left, time.monotonic()))
        self._held[site] = (left, since)
        # Asked again after the others: sites that may be free must not stand behind one that is not.
        self._waiting[site] = self._waiting.pop(site)
        if left > last or time.monotonic() - since > self._lease_seconds + 1.0:
            del self._waiting[site], self._held[site]
            if site not in self._tally.held:
                self._tally.held.append(site)

    def _start(self, site_pass: SitePass, *, first: bool) -> None:
        self._running[asyncio.create_task(self._pass(site_pass, first=first))] = site_pass

    async def _pass(self, site_pass: SitePass, *, first: bool) -> None:
        if first:
            self._watcher.begin(site_pass)
            self._ledger.freshness.watch(site_pass.seed.id, site_pass.polls.watched_since)
            owed = await self._ledger.owed(site_pass.seed.id)
            listed = self._tally.listed[site_pass.seed.id]
            self._tally.owed_before += listed.begin_pass(owed)
            site_pass.listed_before = listed.links
            await save_urls(site_pass.task, self._ledger, self._tally)
            seed = site_pass.seed
            # What is still owed at a site that is taken down ends as blocked, without a request.
            if self._ledger.is_site_taken_down(seed.id, seed.home):
                site_pass.polls.postpone()
            elif site_pass.task.read_listings:
                await site_pass.start_listings()
            await site_pass.run()
        else:
            await site_pass.run(patience_seconds=self._lease_seconds + 1.0)

    async def _collect(self) -> None:
        """Take the passes that ended; publish and return their sites when it is time."""
        for task in [task for task in self._running if task.done()]:
            site_pass = self._running.pop(task)
            task.result()
            self._tally.passed.add(site_pass.seed.id)
            if not self._finished:
                self._finished_at = time.monotonic()
            self._finished.append(site_pass)
        late = time.monotonic() - self._finished_at > PUBLISH_SECONDS
        if self._finished and (late or not self._running):
            await self._publish()

    async def _publish(self) -> None:
        await self._ledger.drain()
        finished, self._finished = self._finished, []
        for site_pass in finished:
            if not site_pass.is_closed and not self._stopped.is_set():
                count = await self._ledger.pending(site_pass.seed.id)
                # All of ours is settled, so what still waits is a dead worker's, or came back.
                if count.ready or (count.waiting > site_pass.postponed and not site_pass.is_resumed):
                    site_pass.is_resumed = True
                    self._tally.passed.discard(site_pass.seed.id)
                    self._start(site_pass, first=False)
                    continue
            await self._return(site_pass)

    async def _return(self, site_pass: SitePass) -> None:
        site = site_pass.seed.id
        if reason := site_pass.put_off or site_pass.left:
            self._tally.put_off[site] = reason
        if site not in self._tally.visited:
            self._tally.visited.append(site)
        self._spider.pacer.forget(site)
        polls = site_pass.polls
        polls.close()
        is_lost = site_pass.epoch != self._ledger.epoch
        if is_lost:
            polls.begin_anew()
        self._tally.rolled_over += polls.rolled_over
        self._tally.distrusted += polls.distrusted
        self._tally.retired += polls.retired
        self._tally.revived += polls.revived
        if polls.has_dropped_children:
            await self._ledger.forget_listings(site, polls.is_remembered)
        polls.state.owed = self._tally.listed[site].owed = await self._ledger.owed(site)
        if site_pass.backfill is not None:
            site_pass.backfill.estimate(owed=polls.state.owed, visited=site_pass.visits_ended)
        polls.state.put_off = (site_pass.put_off or "")[:EVIDENCE_CHARS]
        self._judge(site, site_pass)
        count, now = await self._ledger.pending(site), self._agenda.now()
        links = [count.next_at, count.next_revisit_at, now if count.ready else None]
        due = polls.next_visit(
            now,
            put_off=site_pass.put_off is not None,
            next_link_at=min((moment for moment in links if moment is not None), default=None),
        )
        # Nor is a site visited before its host is open again.
        due = max(due, now + site_pass.closed_seconds)
        # A pass that was cut short is due at once: what it left is pending, and the next worker takes it up.
        due = now if self._is_over else due
        noted = await self._watcher.end(site_pass, now)
        if await self._agenda.give_back(site, due_at=due, state=polls.state, noted=noted):
            self._watcher.tell(noted)
        if (wish := self._wishes.pop(site, None)) is not None:
            await self._agenda.fulfil(site, wish)
        await self._runs.add(self._to_run(site_pass, due))
        if self._feed is not None:
            self._tally.forget(site)
        if is_lost and not self._is_over:
            self._begin_anew(site_pass)

    def _begin_anew(self, site_pass: SitePass) -> None:
        """Visit the site once more: the links that its listings gave may have gone with what Redis held."""
        site = site_pass.seed.id
        _log.warning(
            "Redis was emptied or restarted during the pass over %s: its listings are read again, so that no link is lost",
            site,
        )
        if self._feed is None:
            self._waiting[site] = site_pass.task
            self._tally.passed.discard(site)

    def _to_run(self, site_pass: SitePass, due: float) -> Run:
        site, state = site_pass.seed.id, site_pass.polls.state
        failed = [
            f"{one.kind} {url}: {one.reason}"
            for url, one in self._tally.listings_failed.items()
            if one.site == site
        ]
        return Run(
            site=site,
            worker=self._ledger.worker_id,
            started_at=_moment(site_pass.started_at),
            ended_at=_moment(time.time()),
            new_links=self._tally.listed[site].links - site_pass.listed_before,
            owed=state.owed,
            pages=dict(site_pass.ended),
            listings_failed=tuple(failed[:NAMED_FAILURES]),
            put_off=site_pass.put_off,
            verdict=state.verdict or None,
            due_at=_moment(due),
        )

    def _judge(self, site: str, site_pass: SitePass) -> None:
        state = site_pass.polls.state
        state.signs = add_signs(state.signs, site_pass.signs) if site_pass.signs else state.signs
        lives = site_pass.signs["article"] > 0 or site_pass.polls.is_answered
        if (verdict := judge(state.signs, lives=lives)) is not None:
            state.verdict, state.evidence = verdict.kind, verdict.evidence[:EVIDENCE_CHARS]
            self._tally.verdicts[site] = verdict
        elif lives and state.verdict == "dead":
            state.verdict = state.evidence = ""


def _moment(seconds: float) -> str:
    return to_timestamp(datetime.fromtimestamp(seconds, UTC))
