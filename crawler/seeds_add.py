"""From a home page's address to a seed: what is tried at the site, in which order, and what came of it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from cleaners.urls import registrable_domain
from crawler.addresses import to_address
from crawler.discovery.home_page import (
    USUAL_FEEDS,
    USUAL_SITEMAPS,
    HomePage,
    find_robots_sitemaps,
    read_home_page,
)
from crawler.discovery.listings import find_links
from crawler.discovery.scope import Scope
from crawler.errors import Fault
from crawler.fetching.failures import FetchError
from crawler.held_robots import HeldRobots
from crawler.identity import make_settings
from crawler.probe import fetch_all
from crawler.robots import MAX_ROBOTS_BYTES, decode_robots, reduce_robots
from crawler.seeds import DEFAULT_DELAY_SECONDS, UNKNOWN_LANGUAGE, Seed
from crawler.settings import SITEMAP_MAX_BYTES
from crawler.site_pass import Task
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scrapy.http import Response

    from crawler.discovery.listings import ListingKind

LEAST_SECTION_LINKS = 5
"""Articles on a page that is worth being asked again."""
MAX_NEWS_CHILDREN = 4
"""Sitemaps of an index that are looked at: those named as news first, then the newest."""

_NEWS_NAME = re.compile(r"news|nachricht|noticia|haber|actu", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One address that was asked for."""

    kind: str
    """`home`, `robots`, `feed`, `sitemap` or `section`."""
    url: str
    """As answered, after redirects; as asked where there was no answer."""
    result: str
    """What came of it, in a few words."""
    links: int = 0
    """Articles of the site that it lists."""
    is_news: bool = False
    children: tuple[str, ...] = ()
    """Of a sitemap index: the sitemaps to look at."""


@dataclass(slots=True)
class Bootstrap:
    """Asks a site, round by round: home page and robots.txt, what they name, else the usual places, then sections."""

    url: str
    id: str
    allow_addresses: Sequence[str]
    contact: str | None
    report: Callable[[Try], object]
    tries: list[Try] = field(default_factory=list)
    _robots: HeldRobots = field(default_factory=HeldRobots)
    _has_asked: bool = False

    def run(self) -> Seed:
        """The seed, of which nothing may be found; raises UserError, SettingError and Fault."""
        # Before all else, so that the requests after it need not ask again.
        robots = self._ask_robots(self.url)
        (home,) = self._ask([("home", self.url)])
        if isinstance(home, FetchError):
            raise Fault(f"{self.url}: {home.reason}: {home}")
        if home.status != 200:
            raise Fault(f"{self.url}: answers {home.status}")
        seed = Seed(id=self.id, name=urlsplit(home.url).hostname or self.id, language="und", home=home.url)
        scope = Scope.of(seed)
        page = read_home_page(home.body, home.url, _content_type(home), scope)
        self._note(Try(kind="home", url=home.url, result=_describe_home(page)))
        sitemaps = self._read_robots(self.url, robots)
        if _find_origin(home.url) != _find_origin(self.url):
            sitemaps += self._read_robots(home.url, self._ask_robots(home.url))
        feeds = self._look("feed", page.feeds, USUAL_FEEDS, home.url, scope)
        maps = self._look("sitemap", sitemaps, USUAL_SITEMAPS, home.url, scope)
        children = [child for found in maps for child in found.children]
        maps += self._look("sitemap", children, (), home.url, scope)
        sections = self._look("section", page.sections, (), home.url, scope)
        return _choose(seed, page, feeds, maps, sections)

    def _look(
        self, kind: ListingKind, named: Iterable[str], usual: Iterable[str], home: str, scope: Scope
    ) -> list[Try]:
        """What the named addresses list, or else the usual ones; each only once in all rounds."""
        for urls in (named, [urljoin(home, path) for path in usual]):
            asked = {entry.url for entry in self.tries if entry.kind == kind}
            wanted = [url for url in dict.fromkeys(urls) if url not in asked]
            answers = self._ask([(kind, url) for url in wanted])
            found = [_read(kind, url, answer, scope) for url, answer in zip(wanted, answers, strict=True)]
            for entry in found:
                self._note(entry)
            good = [entry for entry in found if entry.links or entry.children]
            if good:
                return list({entry.url: entry for entry in good}.values())
        return []

    def _ask_robots(self, page: str) -> Response | FetchError:
        (answer,) = self._ask([("robots", urljoin(page, "/robots.txt"))])
        if not isinstance(answer, FetchError) and answer.status < 500 and answer.status != 429:
            agent = make_settings(self.contact).get("ROBOTSTXT_USER_AGENT")
            # Where there is none, all is allowed.
            text = decode_robots(answer.body) if answer.status == 200 else ""
            self._robots.hold(_find_origin(page), reduce_robots(text, agent))
        return answer

    def _read_robots(self, page: str, answer: Response | FetchError) -> tuple[str, ...]:
        url = urljoin(page, "/robots.txt")
        if isinstance(answer, FetchError):
            self._note(Try(kind="robots", url=url, result=f"{answer.reason}: {answer}"))
            return ()
        if answer.status != 200:
            self._note(Try(kind="robots", url=url, result=f"answers {answer.status}"))
            return ()
        found = find_robots_sitemaps(answer.body.decode("utf-8-sig", "replace"), answer.url)
        self._note(Try(kind="robots", url=answer.url, result=f"names {counted(len(found), 'sitemap')}"))
        return found

    def _ask(self, wanted: Sequence[tuple[str, str]]) -> list[Response | FetchError]:
        if not wanted:
            return []
        if self._has_asked:
            # Each round is a crawl of its own, which knows nothing of the last request before it.
            time.sleep(DEFAULT_DELAY_SECONDS)
        self._has_asked = True
        probes = [(url, self._meta(kind)) for kind, url in wanted]
        seed = Seed(id=self.id, name=self.id, language=UNKNOWN_LANGUAGE, home=self.url)
        return fetch_all(
            probes,
            tasks=[Task(seed=seed, urls=tuple(url for _, url in wanted), read_listings=False)],
            allow_addresses=self.allow_addresses,
            contact=self.contact,
            robots=self._robots,
        )

    def _meta(self, kind: str) -> dict[str, Any]:
        meta: dict[str, Any] = {"site": self.id, "delay_seconds": DEFAULT_DELAY_SECONDS}
        if kind == "robots":
            meta |= {"is_robots": True, "max_bytes": MAX_ROBOTS_BYTES, "cut": True}
        elif kind == "sitemap":
            meta["max_bytes"] = SITEMAP_MAX_BYTES
        return meta

    def _note(self, entry: Try) -> None:
        self.tries.append(entry)
        self.report(entry)


def make_id(url: str) -> str:
    """A site's id by its address: the name that somebody registered, without its suffix; an address with its port.

    >>> make_id("https://www.daily-gazette.co.uk/"), make_id("http://127.0.0.1:8000/")
    ('daily-gazette', '127.0.0.1-8000')
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if to_address(host) is None and "." in host:
        return registrable_domain(host).partition(".")[0][:63]
    return re.sub(r"[^a-z0-9.-]+", "-", parts.netloc.lower()).strip("-")[:63]


def _read(kind: ListingKind, url: str, answer: Response | FetchError, scope: Scope) -> Try:
    if isinstance(answer, FetchError):
        return Try(kind=kind, url=url, result=f"{answer.reason}: {answer}")
    if answer.status != 200:
        return Try(kind=kind, url=url, result=f"answers {answer.status}")
    found = find_links(kind, answer.body, answer.url, _content_type(answer))
    if found.about.problem:
        return Try(kind=kind, url=answer.url, result=found.about.problem)
    links = sum(scope.admits(link.url) for link in found.links)
    result = counted(links, "article") + (
        f", {len(found.links) - links} of other sites" if links < len(found.links) else ""
    )
    children: list[str] = []
    if found.sitemaps:
        newest = sorted(found.sitemaps, key=lambda entry: entry.modified_at or "", reverse=True)
        by_name = sorted(newest, key=lambda entry: not _NEWS_NAME.search(urlsplit(entry.url).path))
        children = [entry.url for entry in by_name[:MAX_NEWS_CHILDREN]]
        result = f"an index of {counted(len(found.sitemaps), 'sitemap')}"
    if kind == "section" and links < LEAST_SECTION_LINKS:
        result, links = f"{result}: too few", 0
    if found.about.is_news:
        result += ", a news sitemap"
    return Try(
        kind=kind,
        url=answer.url,
        result=result,
        links=links,
        is_news=found.about.is_news,
        children=tuple(children),
    )


def _choose(seed: Seed, page: HomePage, feeds: list[Try], maps: list[Try], sections: list[Try]) -> Seed:
    """The seed with what tells of new articles soonest and costs the site least.

    News sitemaps and feeds; a site's whole sitemap where there is neither, since it leads through the whole archive;
    sections where there is nothing else.
    """
    news = tuple(entry.url for entry in maps if entry.is_news)
    listed = tuple(entry.url for entry in feeds)
    whole = (
        ()
        if news or listed
        else tuple(entry.url for entry in maps if entry.children or not _is_child(entry, maps))
    )
    pages = () if news or listed or whole else tuple(entry.url for entry in sections)
    return Seed(
        id=seed.id,
        name=page.name or seed.name,
        language=page.language or UNKNOWN_LANGUAGE,
        home=seed.home,
        feeds=listed,
        sitemaps=news or whole,
        sections=pages,
    )


def _find_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_child(entry: Try, maps: list[Try]) -> bool:
    return any(entry.url in other.children for other in maps)


def _describe_home(page: HomePage) -> str:
    named = f"{page.name!r}, " if page.name else ""
    language = page.language or "language unknown"
    return f"{named}{language}; names {counted(len(page.feeds), 'feed')} and {counted(len(page.sections), 'section')}"


def _content_type(answer: Response) -> str | None:
    return (answer.headers.get("Content-Type") or b"").decode("latin-1") or None
