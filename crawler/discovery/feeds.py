"""Links out of RSS and Atom feeds."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import feedparser

from cleaners.models import Listed
from crawler.discovery.links import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FEED_LINKS = 50_000
"""As many as one sitemap may hold; a feed of 100,000 items is cut there."""


def find_feed_links(body: bytes, url: str, content_type: str | None = None) -> Iterator[Listed]:
    """The articles that a feed lists, in its order, each address once; a broken feed gives what it can.

    `url` is the feed's own final address, against which relative links are resolved.
    """
    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    # A stream: feedparser would take bytes or str for the name of a file, and str for an address to fetch.
    feed = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    seen: set[str] = set()
    for entry in feed.entries[:MAX_FEED_LINKS]:
        link = absolute(url, _find_link(entry))
        if link and link not in seen:
            seen.add(link)
            yield Listed(
                url=link,
                title=_text(entry, "title"),
                published_at=_text(entry, "published"),
                modified_at=_text(entry, "updated"),
                authors=tuple(_find_authors(entry)),
            )


def _find_link(entry: Any) -> str | None:
    for link in entry.get("links", ()):
        if link.get("rel", "alternate") == "alternate" and link.get("href"):
            return str(link["href"])
    if entry.get("link"):
        return str(entry["link"])
    # RSS: a guid is the article's address unless isPermaLink says no; many say nothing and mean it.
    guid = str(entry.get("id") or "")
    return guid if guid.startswith(("http://", "https://")) else None


def _find_authors(entry: Any) -> Iterator[str]:
    for author in entry.get("authors", ()):
        name = str(author.get("name") or "").strip()
        if name:
            yield name


def _text(entry: Any, key: str) -> str | None:
    # `in` and not get(): feedparser answers a missing `updated` with `published`.
    if key not in entry:
        return None
    return str(entry[key]).strip() or None
