"""One entry for all kinds of listing: what a fetched feed, sitemap or section page lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from crawler.discovery.feeds import read_feed
from crawler.discovery.found import About, Found, SubSitemap
from crawler.discovery.json_feeds import read_json_feed
from crawler.discovery.nothing import find_problem
from crawler.discovery.sections import read_section
from crawler.discovery.sitemaps import GZIP_MAGIC, open_sitemap, read_sitemap
from crawler.discovery.sniff import sniff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleaners.models import Listed
    from crawler.discovery.found import Entry

ListingKind = Literal["feed", "sitemap", "section"]

MAX_UNZIPPED_FEED_BYTES = 8 * 1024 * 1024
"""Of a feed that is served as a gzip file: as many as of any other feed."""
CHUNK_LINKS = 1_000
"""Links handed on at once: what one script call saves in about 10 ms."""


def find_links(kind: ListingKind, body: bytes, url: str, content_type: str | None = None) -> Found:
    """What a listing lists. `url` is its final address; nothing is fetched, and broken input is no error."""
    chunks = list(find_in_chunks(kind, body, url, content_type))
    return Found(
        links=tuple(link for chunk in chunks for link in chunk.links),
        sitemaps=tuple(sitemap for chunk in chunks for sitemap in chunk.sitemaps),
        about=chunks[-1].about,
    )


def find_in_chunks(
    kind: ListingKind, body: bytes, url: str, content_type: str | None = None
) -> Iterator[Found]:
    """The same in chunks, the first of which costs no more than its own links; at least one, if an empty one."""
    links: list[Listed] = []
    sitemaps: list[SubSitemap] = []
    about = About()
    seen: set[str] = set()
    body, cut_at = _unzip_feed(kind, body)
    for entry in _read(kind, body, url, content_type):
        if isinstance(entry, About):
            about = replace(entry, cut_at=entry.cut_at or cut_at)
            if not (seen or about.problem or about.media_links):
                about = replace(about, problem=find_problem(kind, body))
        elif entry.url not in seen:
            seen.add(entry.url)
            if isinstance(entry, SubSitemap):
                sitemaps.append(entry)
            else:
                links.append(entry)
            if len(links) + len(sitemaps) >= CHUNK_LINKS:
                yield Found(links=tuple(links), sitemaps=tuple(sitemaps), is_last=False)
                links, sitemaps = [], []
    yield Found(links=tuple(links), sitemaps=tuple(sitemaps), about=about)


def _unzip_feed(kind: ListingKind, body: bytes) -> tuple[bytes, str | None]:
    """The feed that a gzip file holds, and how much of it is read where that is not all; sitemaps are read piece by piece."""
    if kind != "feed" or not body.startswith(GZIP_MAGIC):
        return body, None
    unzipped = open_sitemap(body).read(MAX_UNZIPPED_FEED_BYTES + 1)
    is_cut = len(unzipped) > MAX_UNZIPPED_FEED_BYTES
    return unzipped[:MAX_UNZIPPED_FEED_BYTES], f"{MAX_UNZIPPED_FEED_BYTES} bytes" if is_cut else None


def _read(kind: ListingKind, body: bytes, url: str, content_type: str | None) -> Iterator[Entry]:
    if kind == "section":
        yield from read_section(body, url, content_type)
        return
    # A feed may stand where a sitemap was announced and the other way round: both list articles.
    found = sniff(body)
    if found == "html":
        yield About(problem=f"it is an HTML page, and no {kind}")
    elif found == "json":
        yield from read_json_feed(body, url)
    elif found == "feed" or (found is None and kind == "feed"):
        yield from read_feed(body, url, content_type)
    else:
        yield from read_sitemap(body, url)
