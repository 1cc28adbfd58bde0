"""What tells a crawler where the stories are: feeds, sitemaps and robots.txt of the bundled sites."""

from __future__ import annotations

import gzip
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.demo.content import Site

FEED_ENTRIES = 8
"""How many stories a feed names; the rest is in the sitemap alone."""

_SITEMAP_NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NEWS_NS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


class _Entry(NamedTuple):
    url: str
    title: str
    dek: str
    author: str
    published_at: datetime
    modified_at: datetime


def render_robots(site: Site) -> str:
    """The site's robots.txt."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in site.disallow)]
    return "\n".join([*lines, "", f"Sitemap: {site.base}{site.sitemap_path}", ""])


def render_feed(site: Site, edited_at: datetime | None) -> str:
    """The site's newest stories as RSS or Atom, with the mistakes it lists among them."""
    entries = _entries(site, "feed", edited_at)
    return _rss(site, entries) if site.feed_kind == "rss" else _atom(site, entries)


def sitemaps(site: Site, edited_at: datetime | None) -> dict[str, bytes]:
    """Every sitemap file of the site by its path; paths that end in `.gz` are gzipped."""
    entries = _entries(site, "sitemap", edited_at)
    if site.sitemap_kind == "news":
        return {site.sitemap_path: _news_sitemap(site, entries)}
    if site.sitemap_kind == "plain":
        return {site.sitemap_path: _url_set(entries)}
    half = len(entries) // 2
    children = {
        "/post-sitemap.xml": _url_set(entries[:half]),
        # One set time in the gzip header, so that the same list is the same bytes.
        "/post-sitemap2.xml.gz": gzip.compress(_url_set(entries[half:]), mtime=0),
    }
    named = "".join(f"<sitemap><loc>{site.base}{path}</loc></sitemap>" for path in children)
    return {site.sitemap_path: _xml(f"<sitemapindex {_SITEMAP_NS}>{named}</sitemapindex>")} | children


def _entries(site: Site, listing: str, edited_at: datetime | None) -> list[_Entry]:
    stories = [story for story in site.stories if not story.only_in_section]
    query = site.feed_query if listing == "feed" else ""
    entries = [
        _Entry(
            url=site.base + story.listed_path + query,
            title=story.title,
            dek=story.dek,
            author=story.author,
            published_at=story.published_at,
            modified_at=story.modified_at(edited_at),
        )
        for story in (stories[:FEED_ENTRIES] if listing == "feed" else stories)
    ]
    entries += [
        _Entry(
            url=site.base + special.path,
            title=special.title,
            dek="",
            author=site.name,
            published_at=special.published_at,
            modified_at=special.published_at,
        )
        for special in site.specials
        if special.listed_in == listing
    ]
    return sorted(entries, key=lambda entry: (entry.modified_at, entry.url), reverse=True)


def _rss(site: Site, entries: Sequence[_Entry]) -> str:
    items = "".join(
        f"<item><title>{escape(entry.title)}</title><link>{escape(entry.url)}</link>"
        f'<guid isPermaLink="false">{escape(entry.url)}</guid>'
        f"<pubDate>{format_datetime(entry.published_at)}</pubDate>"
        f"<atom:updated>{entry.modified_at.isoformat()}</atom:updated>"
        f"<dc:creator>{escape(entry.author)}</dc:creator>"
        f"<description>{escape(entry.dek)}</description></item>"
        for entry in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>{escape(site.name)}</title><link>{site.base}/</link>"
        f"<description>{escape(site.tagline)}</description><language>{site.language}</language>{items}</channel></rss>"
    )


def _atom(site: Site, entries: Sequence[_Entry]) -> str:
    items = "".join(
        f"<entry><title>{escape(entry.title)}</title><id>{escape(entry.url)}</id>"
        f'<link rel="alternate" type="text/html" href="{escape(entry.url)}"/>'
        f"<published>{entry.published_at.isoformat()}</published>"
        f"<updated>{entry.modified_at.isoformat()}</updated>"
        f"<author><name>{escape(entry.author)}</name></author>"
        f"<summary>{escape(entry.dek)}</summary></entry>"
        for entry in entries
    )
    updated = max(entry.modified_at for entry in entries).isoformat()
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{site.language}"><title>{escape(site.name)}</title>'
        f'<id>{site.base}/</id><link rel="self" href="{site.base}{site.feed_path}"/>'
        f"<updated>{updated}</updated>{items}</feed>"
    )


def _url_set(entries: Sequence[_Entry]) -> bytes:
    urls = "".join(
        f"<url><loc>{escape(entry.url)}</loc><lastmod>{entry.modified_at.isoformat()}</lastmod></url>"
        for entry in entries
    )
    return _xml(f"<urlset {_SITEMAP_NS}>{urls}</urlset>")


def _news_sitemap(site: Site, entries: Sequence[_Entry]) -> bytes:
    urls = "".join(
        f"<url><loc>{escape(entry.url)}</loc><news:news><news:publication>"
        f"<news:name>{escape(site.name)}</news:name><news:language>{site.language}</news:language>"
        f"</news:publication><news:publication_date>{entry.published_at.isoformat()}</news:publication_date>"
        f"<news:title>{escape(entry.title)}</news:title></news:news></url>"
        for entry in entries
    )
    return _xml(f"<urlset {_SITEMAP_NS} {_NEWS_NS}>{urls}</urlset>")


def _xml(root: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'.encode()
