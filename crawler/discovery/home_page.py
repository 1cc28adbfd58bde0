"""What a home page and robots.txt say of a site: its name and language, its feeds, sitemaps and sections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from cleaners.decode import decode
from cleaners.language import detect_language, to_language_tag
from crawler.discovery.addresses import Address
from crawler.discovery.links import absolute
from crawler.discovery.media import find_no_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crawler.discovery.scope import Scope

USUAL_FEEDS = ("/feed/", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json")
"""Where content management systems put their feeds; asked for only where the home page names none."""
USUAL_SITEMAPS = ("/sitemap.xml", "/sitemap_index.xml", "/sitemap-news.xml", "/news-sitemap.xml")
"""The same for sitemaps, where robots.txt names none."""
MAX_ANNOUNCED = 12
"""Feeds, sitemaps or sections of one site that are looked at."""

_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "text/xml",
        "application/xml",
    }
)
_FEED_LINK = re.compile(r"/(rss|feed|feeds|atom)(/|\.xml|\.rdf)?$|\.(rss|atom|rdf)$", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|kommentar|coment|yorum", re.IGNORECASE)
_NO_SECTION = re.compile(
    r"/(log-?in|sign-?(in|up)|register|account|my|subscri\w*|abo|search|suche|about(-us)?|contact(-us)?|kontakt|impressum"
    r"|privacy|datenschutz|terms|imprint|newsletters?|rss|feeds?|shop|jobs?|help|faq|page|authors?|tags?)(/|$|\.)",
    re.IGNORECASE,
)
_SITEMAP = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_TITLE_PARTS = re.compile(r"\s+[-–—·:»]\s+|\s*[|｜]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """What one home page says."""

    name: str | None
    language: str | None
    """BCP 47; None: neither said nor to be told from its text."""
    feeds: tuple[str, ...]
    """Announced or linked; those of comments left out."""
    sections: tuple[str, ...]
    """Pages that may be sections by their names and addresses, in the page's order: its menu's first."""


def read_home_page(body: bytes, url: str, content_type: str | None, scope: Scope) -> HomePage:
    """What a home page says; `url` is its final address."""
    html = decode(body, content_type)
    tree = LexborHTMLParser(html)
    return HomePage(
        name=_find_name(tree),
        language=_find_language(tree),
        feeds=_first(_find_feeds(tree, url)),
        sections=_first(link for link in _find_sections(tree, url) if scope.admits(link)),
    )


def find_robots_sitemaps(text: str, url: str) -> tuple[str, ...]:
    """The sitemaps that a robots.txt names; `url` is its own address."""
    return _first(link for match in _SITEMAP.finditer(text) if (link := absolute(url, match[1])))


def _first(links: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(links))[:MAX_ANNOUNCED]


def _find_feeds(tree: LexborHTMLParser, url: str) -> Iterator[str]:
    for node in tree.css("link[rel~='alternate'][href]"):
        kind = (node.attributes.get("type") or "").partition(";")[0].strip().lower()
        named = f"{node.attributes.get('title') or ''} {node.attributes.get('href')}"
        link = absolute(url, node.attributes.get("href"))
        if link and kind in _FEED_TYPES and not _COMMENTS.search(named) and "oembed" not in named:
            yield link
    for node in tree.css("a[href]"):
        link = absolute(url, node.attributes.get("href"))
        if link and _FEED_LINK.search(urlsplit(link).path) and not _COMMENTS.search(link):
            yield link


def _find_sections(tree: LexborHTMLParser, url: str) -> Iterator[str]:
    for node in tree.css("a[href]"):
        link = absolute(url, node.attributes.get("href"))
        if link is None or link == url or _NO_SECTION.search(urlsplit(link).path) or urlsplit(link).query:
            continue
        # Menus stand first and under any name; a section's name is short, its address has nothing of an article's.
        label = node.text(deep=True).split()
        if 0 < len(label) <= 3 and Address.of(link).score <= 0 and find_no_page(link) is None:
            yield link


def _find_name(tree: LexborHTMLParser) -> str | None:
    for selector in ("meta[property='og:site_name']", "meta[name='application-name']"):
        node = tree.css_first(selector)
        if node is not None and (name := _tidy(node.attributes.get("content"))):
            return name
    node = tree.css_first("title")
    parts = (
        [name for part in _TITLE_PARTS.split(node.text()) if (name := _tidy(part))]
        if node is not None
        else []
    )
    # "Courier - News from the bay", "News from the bay | Courier": the name is the shorter one.
    return min(parts, key=lambda part: (len(part.split()), len(part)), default=None)


def _find_language(tree: LexborHTMLParser) -> str | None:
    html = tree.css_first("html")
    locale = tree.css_first("meta[property='og:locale']")
    said = [html.attributes.get("lang") if html is not None else None]
    said.append(locale.attributes.get("content") if locale is not None else None)
    for tag in said:
        if tag and (language := to_language_tag(tag)):
            return language
    tree.strip_tags(["script", "style", "noscript"])
    return detect_language(tree.body.text(separator=" ")[:5_000]) if tree.body is not None else None


def _tidy(text: str | None) -> str | None:
    return " ".join((text or "").split())[:80] or None
