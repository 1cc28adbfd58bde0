"""Links out of section pages: articles told from navigation by their addresses and their place."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from cleaners.decode import decode
from cleaners.models import Listed
from crawler.discovery.links import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

MAX_SECTION_LINKS = 2_000
"""Front pages of large papers hold about 400 article links; far more is an archive or a trap."""

_ARTICLE_SCORE = 2
_SHARED_SHAPE = 3

_NAVIGATION = {"nav", "footer"}
_TEASER = re.compile(r"\b(headline|teaser|story|article|card|post|entry|news-?item)", re.IGNORECASE)
_HEADINGS = {"h1", "h2", "h3", "h4", "h5"}
_DATE = re.compile(r"/(19|20)\d\d[/-]?(0?[1-9]|1[0-2])([/-]?[0-3]?\d)?(?=[/-]|$)")
_ID = re.compile(r"\d{5,}")
_SHORT_ID = re.compile(r"\d+")
_PAGE_SUFFIX = re.compile(r"\.(html?|php|aspx?|ece|cms|shtml)$", re.IGNORECASE)
_NO_PAGE = re.compile(
    r"\.(jpe?g|png|gif|webp|svg|ico|pdf|mp[34]|m4[av]|webm|zip|gz|xml|rss|json|css|js|docx?|xlsx?)$",
    re.IGNORECASE,
)
_QUERY_ID = re.compile(r"(^|&)(p|id|article|newsid|storyid|articleid|nid|sid|idx?)=\d+", re.IGNORECASE)
_OTHER_KINDS = re.compile(
    r"/(tags?|topics?|themen?|categor(y|ies)|authors?|autor(en)?|profiles?|users?|account|log-?in|sign-?(in|up)|"
    r"register|subscri(be|ption)s?|abo|search|suche|about|contact|kontakt|impressum|privacy|datenschutz|terms|"
    r"imprint|newsletters?|rss|feeds?|shop|jobs?|help|faq|archives?|page)(/|$|\.)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Candidate:
    url: str
    text: str = ""
    structure: int = 0
    shape: str = field(default="")


def find_section_links(body: bytes, url: str, content_type: str | None = None) -> Iterator[Listed]:
    """The links of a page that look like articles, in the page's order, each address once.

    A link is taken where address and place together speak for an article: a date, a number or a long slug in
    the path, a heading or a teaser around it, a sentence as its text, other links of the same shape.
    """
    tree = LexborHTMLParser(decode(body, content_type))
    base = tree.css_first("base[href]")
    base_url = absolute(url, base.attributes.get("href")) if base is not None else None
    candidates: dict[str, _Candidate] = {}
    for node in tree.css("a[href]"):
        link = absolute(base_url or url, node.attributes.get("href"))
        if link is None or link == url or _NO_PAGE.search(urlsplit(link).path):
            continue
        place = _score_place(node)
        if place is None:
            continue
        candidate = candidates.setdefault(link, _Candidate(url=link, shape=_SHORT_ID.sub("0", link)))
        text = " ".join(node.text(deep=True).split())
        candidate.text = max(candidate.text, text, key=len)
        candidate.structure = max(candidate.structure, place)
    shapes = Counter(candidate.shape for candidate in candidates.values())
    taken = 0
    for candidate in candidates.values():
        shared = candidate.shape != candidate.url and shapes[candidate.shape] >= _SHARED_SHAPE
        score = candidate.structure + _score_text(candidate.text) + _score_address(candidate.url) + shared
        if score >= _ARTICLE_SCORE and taken < MAX_SECTION_LINKS:
            taken += 1
            yield Listed(url=candidate.url, title=candidate.text or None)


def _score_place(node: LexborNode) -> int | None:
    """1 inside a heading or a teaser, 0 elsewhere, None inside navigation."""
    score = 0
    parent: LexborNode | None = node
    while parent is not None:
        if parent.tag in _NAVIGATION or parent.attributes.get("role") == "navigation":
            return None
        if (
            parent.tag in _HEADINGS
            or parent.tag == "article"
            or _TEASER.search(parent.attributes.get("class") or "")
        ):
            score = 1
        parent = parent.parent
    if not score and node.css_first("h1, h2, h3, h4, h5") is not None:
        score = 1
    return score


def _score_text(text: str) -> int:
    # Four words or, in scripts without spaces, twelve characters: section names are shorter.
    words = text.split()
    unspaced = sum(ord(character) > 0x2E80 for character in text)
    return int(len(words) >= 4 or unspaced >= 12)


def _score_address(url: str) -> int:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path and not parts.query:
        return -5
    slug = _PAGE_SUFFIX.sub("", path.rpartition("/")[2])
    words = [word for word in re.split(r"[-_+]|%20", slug) if word]
    score = 0
    if _DATE.search(path):
        score += 2
    if _ID.search(path) or _QUERY_ID.search(parts.query):
        score += 2
    elif _SHORT_ID.search(slug) and _PAGE_SUFFIX.search(path):
        score += 1
    if len(words) >= 4:
        score += 2
    elif len(words) == 3 or len(slug) >= 40:
        score += 1
    if _OTHER_KINDS.search(path + "/"):
        score -= 3
    elif score == 0 and path.count("/") <= 1:
        score -= 1
    return score
