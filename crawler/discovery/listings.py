"""One entry for all kinds of listing: what a fetched feed, sitemap or section page lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cleaners.models import Listed
from crawler.discovery.feeds import find_feed_links
from crawler.discovery.sections import find_section_links
from crawler.discovery.sitemaps import SubSitemap, find_sitemap_links

ListingKind = Literal["feed", "sitemap", "section"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one listing gave."""

    links: tuple[Listed, ...]
    """Articles, in the listing's order, each address once."""
    sitemaps: tuple[SubSitemap, ...] = ()
    """Further sitemaps that a sitemap index names."""


def find_links(kind: ListingKind, body: bytes, url: str, content_type: str | None = None) -> Found:
    """What a listing lists. `url` is its final address; nothing is fetched, and broken input is no error."""
    if kind == "feed":
        return Found(links=tuple(find_feed_links(body, url, content_type)))
    if kind == "section":
        return Found(links=tuple(find_section_links(body, url, content_type)))
    links: dict[str, Listed] = {}
    sitemaps: dict[str, SubSitemap] = {}
    for entry in find_sitemap_links(body, url):
        if isinstance(entry, Listed):
            links.setdefault(entry.url, entry)
        else:
            sitemaps.setdefault(entry.url, entry)
    return Found(links=tuple(links.values()), sitemaps=tuple(sitemaps.values()))
