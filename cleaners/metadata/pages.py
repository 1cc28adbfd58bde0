"""Finds the pages that one article is spread over: their addresses are alike but for the page's number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

from cleaners.urls import canonical_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleaners.metadata.facts import PageFacts

MAX_LINKS = 200
"""Looked at on one page, of those that name the page's own address."""

_PAGE_WORDS = "page|p|pg|seite|s|pagina|página|pag|side|sida|sivu|strona|strana|stranica|oldal|sayfa|sahifa|halaman|trang|selides|stranitsa"
_NUMBER = re.compile(
    rf"(?P<mark>[/,_-]{{1,2}}(?:(?:{_PAGE_WORDS})[-_/=]?)?)(?P<number>[1-9]\d?)$", re.IGNORECASE
)
_MAX_MARK_CHARS = 16
_PARAMS = frozenset(
    {
        "page",
        "p",
        "pg",
        "seite",
        "pagina",
        "pag",
        "side",
        "sida",
        "sayfa",
        "page_no",
        "pageno",
        "paged",
        "halaman",
    }
)
_FILE_ENDING = re.compile(r"\.(?:[sx]?html?|php\d?|aspx?|jsp|cms|ece)$", re.IGNORECASE)
_DATED = re.compile(r"(?:19|20)\d{2}(?:[/-]\d{1,2})?$")
"""`/2025/05/03`: what follows is a month or a day."""
_WEAK_MARKS = frozenset("-_")
"""`/storm` and `/storm-2` are two articles of one name more often than two pages of one."""


@dataclass(frozen=True, slots=True)
class _Numbered:
    """An address read as the page of a series."""

    stem: str
    """What all addresses of the series have in common."""
    number: int
    is_sure: bool
    """Whether the form alone says that the number is a page's."""


@dataclass(frozen=True, slots=True)
class _Link:
    address: str
    text: str
    is_next: bool
    is_previous: bool


def find_pages(facts: PageFacts) -> tuple[str | None, str | None]:
    """Return the address of the article's first page, where this is not it, and of the page after this one.

    A next page is this page's address with the next number, linked as `rel=next` or by that number. A page is a further
    one where its address is numbered, and it links back to the page before it or names the first one as canonical.
    """
    own = facts.document.url
    series = list(_read_numbered(own))
    stem = _stem_of(own)
    if stem is None:
        return None, None
    links = list(_links(facts))
    first = facts.document.first_page_url
    if first is not None:
        stem = _stem_of(first) or stem
        number = next((page.number for page in series if page.stem == stem), 1)
        return first, _find_next(links, {stem}, number)
    for page in series:
        if page.number > 1 and (first := _find_first(links, page)) is not None:
            return first, _find_next(links, {page.stem}, page.number)
    stems = {stem, *(page.stem for page in series if page.number == 1)}
    return None, _find_next(links, stems, 1)


def _find_next(links: list[_Link], stems: set[str], number: int) -> str | None:
    for link in links:
        for page in _read_numbered(link.address):
            says_so = link.is_next or (page.is_sure and link.text == str(page.number))
            if says_so and page.stem in stems and page.number == number + 1:
                return link.address
    return None


def _find_first(links: list[_Link], page: _Numbered) -> str | None:
    before = False
    first: str | None = None
    for link in links:
        if _stem_of(link.address) == page.stem:
            first = first or link.address
            before = before or link.is_previous or (page.is_sure and link.text == "1")
        elif link.is_previous:
            before = before or any(
                other.stem == page.stem and other.number == page.number - 1
                for other in _read_numbered(link.address)
            )
    return first if before else None


def _links(facts: PageFacts) -> Iterator[_Link]:
    for rel, href in facts.links:
        if rel & {"next", "prev", "previous", "canonical"} and (address := facts.absolute(href)):
            # A further page that names the first one as canonical says as much as one that links back.
            yield _Link(_bare(address), "", "next" in rel, bool(rel - {"next"}))
    for node in facts.page_links[:MAX_LINKS]:
        attributes = node.attributes
        rel = frozenset((attributes.get("rel") or "").lower().split())
        text = node.text().strip()
        if (rel & {"next", "prev"} or text.isdecimal()) and (
            address := facts.absolute(attributes.get("href"))
        ):
            yield _Link(_bare(address), text, "next" in rel, "prev" in rel)


def _bare(address: str) -> str:
    return urldefrag(address).url


def _read_numbered(address: str) -> Iterator[_Numbered]:
    """Read an address as a numbered page in every way that it can be read."""
    try:
        parts = urlsplit(canonical_url(address))
    except ValueError:
        return
    pairs = parts.query.split("&") if parts.query else []
    for place, pair in enumerate(pairs):
        name, _, value = pair.partition("=")
        if name.lower() in _PARAMS and value.isdecimal() and 0 < int(value) < 100:
            yield _Numbered(
                _join(parts.netloc, parts.path, [*pairs[:place], *pairs[place + 1 :]]), int(value), True
            )
    path = _FILE_ENDING.sub("", parts.path.rstrip("/"))
    match = _NUMBER.search(path, max(1, len(path) - _MAX_MARK_CHARS))
    if match is None:
        return
    stem, is_sure = path[: match.start()], match["mark"] not in _WEAK_MARKS
    if not _DATED.search(stem) and (is_sure or not stem[-1].isdecimal()):
        yield _Numbered(_join(parts.netloc, stem, pairs), int(match["number"]), is_sure)


def _stem_of(address: str) -> str | None:
    """Return an address as the stem of its pages; None for a site's root and what is no address."""
    try:
        parts = urlsplit(canonical_url(address))
    except ValueError:
        return None
    path = _FILE_ENDING.sub("", parts.path.rstrip("/"))
    return _join(parts.netloc, path, parts.query.split("&") if parts.query else []) if path else None


def _join(host: str, path: str, pairs: list[str]) -> str:
    return "".join(
        (host.removeprefix("www."), _FILE_ENDING.sub("", path.rstrip("/")), *("?" + pair for pair in pairs))
    )
