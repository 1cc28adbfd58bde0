"""One crawl in this process: from options to a report."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.browser import try_browser
from crawler.captured import make_figures
from crawler.data_folder import make_data_folder
from crawler.errors import Fault, Interrupted, UserError
from crawler.identity import make_guard
from crawler.interruption import hear_interruption
from crawler.seeds import load_seeds
from crawler.service.settings import AlertSettings
from crawler.settings import Environment, read_environment
from crawler.site_pass import Budget
from crawler.spider_run import check_extras, make_plan, make_scrapy_settings, run_spider
from crawler.tally import Tally
from crawler.tasks import SiteFinder, check_contact_needed, plan_tasks
from crawler.url_lists import check_url_list, save_url_list
from pipelines.ledger import open_ledger
from pipelines.patience import Patience
from pipelines.store import StoreError, open_redis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from crawler.backfill import BackfillFigures
    from crawler.captured import SiteFigures
    from crawler.interruption import Interruption
    from crawler.site_pass import Task
    from crawler.tally import CutListing, FailedListing
    from crawler.verdicts import Verdict
    from crawler.watch.alerts import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """What a crawl is asked to do; the defaults are the command's."""

    seeds: tuple[Path, ...] | None = None
    """Seed files or folders of them. None: the default seeds."""
    sites: tuple[str, ...] = ()
    """Ids of the sites to visit, whether they are due or not."""
    urls: tuple[str, ...] = ()
    """Single addresses to visit; without `sites`, nothing else is."""
    url_list: Path | None = None
    """A file of such addresses, one a line; `-` is standard input."""
    data: str = "data"
    """The folder or URL that is published to."""
    state: Path | None = None
    """The folder of the embedded Redis. None: `.state` in a local data folder."""
    allow_addresses: tuple[str, ...] = ()
    """Networks (CIDR) that are not public and may be fetched from all the same."""
    contact: str | None = None
    """A mail address or a page. None: the environment's."""
    limit: int | None = None
    """How many pages to visit at most. None: all."""
    since: datetime | None = None
    """The day, in UTC, from which on the whole archive of each site in `sites` is read. None: only what is new."""
    now: bool = False
    """Visit each site whether it is due or not."""
    progress: bool = False
    """Show progress on standard error: a bar on a terminal, a line now and then elsewhere."""
    environment: Environment = field(default_factory=read_environment)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    """Where alerts are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport:
    """What a crawl did."""

    pages: int
    """Pages fetched: answers to requests for pages, whatever they said, so that also one that is gone counts."""
    further_pages: int
    """Of them, those for further pages of articles."""
    pages_again: int
    """Of them, those that ended no visit: the page was fetched again, or is still owed."""
    visits_fetched: int
    """Visits that ended by one of the others; the rest of all visits ended with nothing fetched (`robots`, `dns` …)."""
    seconds: float
    outcomes: Mapping[str, int]
    """Visits that ended, each in one row, by outcome: `article`, `duplicate`, `rejected`, `unchanged`, `gone`, `blocked`, `dead`."""
    reasons: Mapping[str, Mapping[str, int]]
    """Per outcome that has reasons, rows by reason."""
    removals: Mapping[str, Mapping[str, int]]
    """Per site, how often each rule took something from its pages; word rules by their file (`phrases/de`)."""
    sites_visited: tuple[str, ...]
    sites_not_due: Mapping[str, float]
    """Site: Unix seconds when it is due."""
    sites_held: tuple[str, ...]
    """Sites that a living worker has."""
    sites_put_off: Mapping[str, str]
    """Site: why its pages are left for a later pass."""
    listings: int
    listings_unchanged: int
    listings_left: int
    """Those that were left for a later pass: their host was closed, or the crawl ended."""
    listings_failed: Mapping[str, FailedListing]
    """By address: those that could not be read."""
    listings_cut: Mapping[str, CutListing]
    """By address: those of which only the beginning was read, since they are longer than the limits."""
    listings_rolled_over: tuple[str, ...]
    """Listings with none of the links of the poll before: what stood in between was missed."""
    listings_distrusted: tuple[str, ...]
    """Listings that changed under the same ETag or Last-Modified, which are not sent to them any more."""
    listings_retired: tuple[str, ...]
    """Listings that have failed for so long that they are only asked once a week from now on."""
    listings_revived: tuple[str, ...]
    """Retired listings that have answered."""
    sites: Mapping[str, SiteFigures]
    """By site that was visited: how much of what it lists is captured, and how fresh."""
    backfills: Mapping[str, BackfillFigures]
    """By site whose archive was read: how far."""
    verdicts: Mapping[str, Verdict]
    """By site that was visited: ok, blocked, paywalled, needs_script, robots, terms_notice or dead, with the evidence."""
    new_links: int
    due_links: int
    """Known links that were modified since their last visit."""
    known_links: int
    """Links skipped since they are known and not due."""
    refused_links: Mapping[str, int]
    """Links of listings that were not followed, by reason: `scope`, `media`, `trap_calendar` …"""
    known_urls: tuple[str, ...]
    """Of the single addresses asked for, those that were known before: visited and not due, or still owed a visit."""
    alerts: tuple[Message, ...]
    """Alerts that were opened or closed: `crawler.watch.alerts` has their fields."""
    owed_before: int
    """Pages that earlier crawls, or another worker, had found and not visited."""
    data: str
    stopped: bool
    """Whether a signal ended the crawl early."""

    @property
    def visits(self) -> int:
        """Visits that ended; each has one row."""
        return sum(self.outcomes.values())

    @property
    def articles(self) -> int:
        """New articles, and new revisions of known ones."""
        return self.outcomes.get("article", 0)

    @property
    def duplicates(self) -> int:
        """Pages whose article is known from elsewhere."""
        return self.outcomes.get("duplicate", 0)

    @property
    def pages_per_second(self) -> float:
        """Pages fetched, over the whole crawl."""
        return self.pages / self.seconds if self.seconds else 0.0


def run_crawl(options: CrawlOptions) -> CrawlReport:
    """Visit the sites that are due, once each, and publish what they gave.

    SIGINT and SIGTERM end it in good order: what is fetched is published, claims and sites go back. Raises
    UserError for the user's mistakes, `pipelines.store.StoreError` and Fault for what is not, Interrupted where a
    signal came and not all that was fetched could be published, KeyboardInterrupt after a second signal.
    """
    return asyncio.run(crawl(options))


async def crawl(options: CrawlOptions) -> CrawlReport:
    """`run_crawl`, for those who have an event loop."""
    environment = options.environment
    contact = options.contact or environment.contact
    guard = make_guard(options.allow_addresses, contact)
    if options.limit is not None and options.limit < 1:
        raise UserError(f"--limit {options.limit}: must be at least 1")
    # Single addresses are visited without seeds too: a broken folder of seeds must still be named.
    seeds = load_seeds(options.seeds)
    if options.url_list is not None:
        check_url_list(options.url_list)
    is_listed = options.url_list is not None and not (options.sites or options.urls)
    tasks = () if is_listed else plan_tasks(seeds, options.sites, options.urls)
    tasks = _go_back(tasks, options)
    if contact is None:
        check_contact_needed(tasks, guard)
    check_extras(tasks)
    if browsed := next((task.seed.id for task in tasks if task.seed.browser), None):
        await try_browser(browsed, environment.chromium)
    tally = Tally()
    settings = make_scrapy_settings(environment, contact, progress=options.progress)
    with ExitStack() as stack:
        interruption = stack.enter_context(hear_interruption())
        patience = Patience()
        state = _find_state(options, stack)
        try:
            async with (
                open_redis(environment.redis_url, state, patience=patience) as redis,
                open_ledger(
                    redis=redis,
                    data=options.data,
                    state=state,
                    lease_seconds=environment.lease_seconds,
                    batch_age_seconds=environment.batch_age_seconds,
                    patience=patience,
                    policy=environment.policy,
                ) as ledger,
            ):
                if options.url_list is not None:
                    listed = await save_url_list(
                        options.url_list,
                        finder=SiteFinder(seeds),
                        ledger=ledger,
                        tally=tally,
                        guard=guard,
                        needs_contact=contact is None,
                    )
                    planned = {task.seed.id for task in tasks}
                    tasks += tuple(task for task in listed if task.seed.id not in planned)
                plan = make_plan(
                    redis=redis,
                    ledger=ledger,
                    guard=guard,
                    tasks=tasks,
                    tally=tally,
                    budget=Budget(options.limit),
                    anytime=options.now or bool(options.sites or options.urls or options.url_list),
                    lease_seconds=environment.lease_seconds,
                    alerts=options.alerts,
                )
                stats = await run_spider(
                    plan, settings, lambda stop: _end_by_signal(interruption, patience, stop)
                )
                tally.lags = dict(ledger.freshness.lags)
        except StoreError as error:
            if interruption.is_heard:
                raise Interrupted(
                    f"stopped by a signal; what is not published is still owed: {error}"
                ) from error
            raise
        except (UserError, Fault):
            raise
        except Exception as error:
            raise Fault(f"{type(error).__name__}: {error}") from error
    # Not before the ledger was left: its last batches may still have been decided otherwise.
    return _make_report(tally, ledger.counts, stats, options.data, stopped=interruption.is_heard)


def _go_back(tasks: tuple[Task, ...], options: CrawlOptions) -> tuple[Task, ...]:
    """Have the sites asked for read their archives, where the options say so."""
    if options.since is None:
        return tasks
    if not options.sites:
        raise UserError("--since: name the sites whose archives are to be read with --site")
    return tuple(replace(task, since=options.since if task.read_listings else None) for task in tasks)


def _end_by_signal(interruption: Interruption, patience: Patience, stop: Callable[[], None]) -> None:
    """Have the first signal end the crawl in good order."""

    def end() -> None:
        # What waits for a full store would keep the crawl from its end.
        patience.end()
        stop()

    interruption.stop = end


def _find_state(options: CrawlOptions, stack: ExitStack) -> Path:
    folder = Path(options.data)
    if "://" not in options.data:
        make_data_folder(folder)
    if options.state is not None:
        return options.state
    if "://" not in options.data:
        return folder / ".state"
    if options.environment.redis_url is None:
        raise UserError(f"--data {options.data}: name a --state folder, or a Redis by REDIS_URL")
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broadsheet-")))


def _make_report(
    tally: Tally,
    counts: Mapping[tuple[str, str | None], int],
    stats: Mapping[str, int],
    data: str,
    *,
    stopped: bool,
) -> CrawlReport:
    outcomes: Counter[str] = Counter()
    reasons: dict[str, dict[str, int]] = {}
    for (outcome, reason), count in sorted(counts.items(), key=lambda item: -item[1]):
        if count:
            outcomes[outcome] += count
            if reason:
                reasons.setdefault(outcome, {})[reason] = count
    removals: dict[str, Counter[str]] = {}
    prefix = "clean/removed/"
    for name, count in stats.items():
        if name.startswith(prefix):
            site, _, rule = name.removeprefix(prefix).partition("/")
            removals.setdefault(site, Counter())[rule] = count
    return CrawlReport(
        pages=tally.pages,
        further_pages=tally.further_pages,
        pages_again=tally.pages_again,
        visits_fetched=tally.visits_fetched,
        seconds=tally.seconds,
        outcomes=dict(outcomes.most_common()),
        reasons=reasons,
        removals={site: dict(rules.most_common()) for site, rules in sorted(removals.items())},
        sites_visited=tuple(tally.visited),
        sites_not_due=tally.not_due,
        sites_held=tuple(tally.held),
        sites_put_off=tally.put_off,
        listings=tally.listings,
        listings_unchanged=tally.listings_unchanged,
        listings_left=tally.listings_left,
        listings_failed=tally.listings_failed,
        listings_cut=tally.listings_cut,
        listings_rolled_over=tuple(tally.rolled_over),
        listings_distrusted=tuple(tally.distrusted),
        listings_retired=tuple(tally.retired),
        listings_revived=tuple(tally.revived),
        sites=make_figures(tally.listed, tally.lags),
        backfills=tally.backfills,
        verdicts=dict(sorted(tally.verdicts.items())),
        new_links=tally.new_links,
        due_links=tally.due_links,
        known_links=tally.known_links,
        refused_links=dict(tally.refused_links.most_common()),
        known_urls=tuple(tally.known_urls),
        alerts=tuple(tally.alerts),
        owed_before=tally.owed_before,
        data=data,
        stopped=stopped,
    )
