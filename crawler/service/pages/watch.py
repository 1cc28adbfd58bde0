"""What the watch knows of the sites, as far as Redis can be asked: a page goes on without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from crawler.service.pages.shared import Shared
from crawler.watch.book import Book
from crawler.watch.status import describe_wrong, find_statuses, to_open_alert
from crawler.watch.visits import add_up
from pipelines.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.agenda import Entry
    from crawler.runs import Run
    from crawler.service.service import Service
    from crawler.watch.alerts import SiteMemory
    from crawler.watch.monitors import Monitor
    from crawler.watch.status import OpenAlert

_MOST_SITES = 30
"""With an open alert, and with something else that is wrong, that are shown with what it is."""
_SHOWN_RUNS = 8
_LATEST_RUNS = 50
_AGENDA_SECONDS = 5.0
_RECENT_VISITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAlert:
    """An open alert, and whose it is."""

    site: str
    alert: OpenAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWrong:
    """A site that somebody should look at, though no alert is open."""

    site: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is wrong now, and how the sites that were visited last are."""

    problem: str | None = None
    """Why it is not known, in one line; None: it is."""
    alerts: tuple[SiteAlert, ...] = ()
    """Those opened last first; of the first thirty sites that have some."""
    alert_count: int = 0
    alert_sites: int = 0
    standing: Mapping[str, tuple[Monitor, ...]] = field(default_factory=dict)
    """All open alerts, by site."""
    wrong: tuple[SiteWrong, ...] = ()
    """What else is wrong, as `broadsheet status` finds it: verdicts, listings that fail, pages put off; thirty sites at most."""
    wrong_sites: int = 0
    """Of these, all that there are."""
    known_sites: int = 0
    """In the agenda."""
    waiting: int = 0
    """Messages of alerts that could not be sent yet."""
    runs: tuple[Run, ...] = ()
    """The last passes, the newest first."""
    seen_sites: int = 0
    """Sites that the three below are the middle of: those of the last fifty passes."""
    captured: float | None = None
    """The middle share of listed links that have an outcome, 0 to 1."""
    lag_seconds: float | None = None
    """The middle time from publication until an article stood in the log."""
    leftovers: float | None = None
    """The share of their articles that say something twice: what cleaning may have left."""


async def read_watched(service: Service, agenda: Shared[tuple[Entry, ...]]) -> Watched:
    """Read it; `agenda` gives all its sites."""
    if service.redis is None or service.names is None:
        why = "no Redis is used" if service.redis is None else "there is no log yet"
        return Watched(problem=f"{why}, so nothing is known of passes and alerts")
    book = Book(service.redis, service.names)
    try:
        standing = await book.read_open()
        runs = await service.runs.read(limit=_LATEST_RUNS)
        entries = await agenda.get()
        # Of a site without an alert its state alone says whether something is wrong.
        ailing = [one.site for one in find_statuses(entries, {}) if one.is_wrong and one.site not in standing]
        visited = sorted({run.site for run in runs})
        alerting = sorted(standing)[:_MOST_SITES]
        memories = await book.read_all(sorted({*visited, *alerting, *ailing[:_MOST_SITES]}))
        waiting = await book.count_waiting()
    except (RedisError, StoreError, OSError):
        return Watched(problem="Redis does not answer, so nothing is known of passes and alerts for now")
    alerts = [one for site in alerting for one in to_alerts(site, memories.get(site))]
    shown = set(ailing[:_MOST_SITES])
    wrong = find_statuses((entry for entry in entries if entry.site in shown), memories)
    captured, lags, articles, leftovers = _gather(memories, visited)
    return Watched(
        alerts=tuple(sorted(alerts, key=lambda one: one.alert.opened_at, reverse=True)),
        alert_count=sum(map(len, standing.values())),
        alert_sites=len(standing),
        standing=standing,
        wrong=tuple(SiteWrong(site=one.site, lines=tuple(describe_wrong(one))) for one in wrong),
        wrong_sites=len(ailing),
        known_sites=len(entries),
        waiting=waiting,
        runs=tuple(runs[:_SHOWN_RUNS]),
        seen_sites=len(visited),
        captured=median(captured) if captured else None,
        lag_seconds=median(lags) if lags else None,
        leftovers=leftovers / articles if articles else None,
    )


def share_agenda(service: Service) -> Shared[tuple[Entry, ...]]:
    """All sites of the agenda, read once for all who ask within some seconds: of 10,000 sites that is not little."""

    async def read() -> tuple[Entry, ...]:
        return tuple([entry async for entry in service.agenda.entries()])

    return Shared(read, seconds=_AGENDA_SECONDS)


def _gather(
    memories: Mapping[str, SiteMemory], sites: list[str]
) -> tuple[list[float], list[float], int, int]:
    captured: list[float] = []
    lags: list[float] = []
    articles = leftovers = 0
    for site in sites:
        memory = memories.get(site)
        if memory is None or not memory.visits:
            continue
        known = add_up(memory.visits)
        shares = [visit.captured for visit in memory.visits if visit.captured is not None]
        captured += [share / 100 for share in shares[-1:]]
        lags += [known.lag] if known.lags else []
        articles += known.articles
        leftovers += known.leftovers
    return captured, lags, articles, leftovers


def to_alerts(site: str, memory: SiteMemory | None) -> list[SiteAlert]:
    """Give a site's open alerts."""
    return [
        SiteAlert(site=site, alert=to_open_alert(site, alert)) for alert in (memory.alerts if memory else ())
    ]


async def read_site(service: Service, site: str) -> SiteMemory | None:
    """Read what is remembered of a site; None: nobody can be asked."""
    if service.redis is None or service.names is None:
        return None
    try:
        return await Book(service.redis, service.names).read(site)
    except StoreError:
        return None


def is_barren(memory: SiteMemory | None) -> bool:
    """Say whether the last passes that visited pages, three at most, gave no article."""
    recent = [visit for visit in memory.visits if visit.pages][-_RECENT_VISITS:] if memory else []
    return bool(recent) and not any(visit.articles for visit in recent)


async def find_barren(service: Service, sites: list[str]) -> set[str]:
    """Find those of these sites that give no article any more; none where nobody can be asked."""
    if service.redis is None or service.names is None:
        return set()
    try:
        memories = await Book(service.redis, service.names).read_all(sites)
    except StoreError:
        return set()
    return {site for site, memory in memories.items() if is_barren(memory)}


async def read_open(service: Service) -> Mapping[str, tuple[Monitor, ...]]:
    """Read which alerts stand, by site; none where nobody can be asked."""
    if service.redis is None or service.names is None:
        return {}
    try:
        return await Book(service.redis, service.names).read_open()
    except StoreError:
        return {}
