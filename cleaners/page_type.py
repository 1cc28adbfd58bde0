"""Tells what is no article: hubs, walls, stubs, players. Judged from structure and metadata, in any language."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cleaners.cards import Card, read_cards
from cleaners.metadata.shown import shown_lines
from cleaners.stated import states_article
from cleaners.structured import ARTICLE_TYPES, types_of
from cleaners.urls import names_story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selectolax.lexbor import LexborHTMLParser

    from cleaners.layout import Piece
    from cleaners.models import Document, Metadata

_RULES = Path(__file__).parent / "rules" / "metadata" / "not_articles.toml"

MIN_PROSE_CHARS = 60
"""A shorter piece is a label or a headline."""
MIN_LINK_CHARS = 15
"""A shorter link is a label ("Politics", "Read more"), a longer one a headline."""

# Measured on 935 articles of 814 sites and 256 hubs (96 link lists cut from real pages, 160 made in eight layouts):
# 4 articles lost; 10 hubs let through.
HUB_LINKED_SHARE = 0.8
"""Share of the running text that stands beside a headline link; 99 % of articles are below 0.7."""
HUB_TEXT_CHARS = 600
TEASERS_CHARS = 1_000
"""An article longer than this has a paragraph that stands beside no link."""
HUB_CHARS_PER_LINK = 25
"""A page with more headline links than this share of its text is a list with an introduction."""
MAX_LIST_INTRODUCTION_CHARS = 1_250
UNBROKEN_CHARS = 600
"""So much text with no headline among it is an article's, however long the menus are; the longest introduction of 256
hubs has 528 characters, and link lists of 160 entries stand around notices of 900."""
SHORT_CHARS = 600
"""Below it a page may be a wall, a player, an error. The shortest of 935 articles has 382 characters."""
TOO_SHORT_CHARS = 250
TOO_SHORT_STATED_CHARS = 100
"""Where the page itself says that it is an article: news in brief exist."""
TEASER_WORD_SHARE = 0.3
"""Of the `wordCount` that a paywalled page states."""

_CARD_START_CHARS = 60

MAX_WALL_CHARS = 20_000
MAX_FORM_LINES = 60
"""Many pages keep a log-in form at hand; a page that is one has little else."""

_LIST_TYPES = frozenset({"CollectionPage", "ItemList", "ProfilePage", "SearchResultsPage"})
_GALLERY_TYPES = frozenset({"ImageGallery", "MediaGallery"})
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_REFRESH = re.compile(r"url\s*=\s*['\"]?\s*([^'\"\s>]+)", re.IGNORECASE)
_TITLE_BREAK = re.compile(r"\s[-–—|·:]+\s|[|·:]\s|\s\|")
_LANGUAGE_ROOT = re.compile(r"^/[a-z]{2}(?:-[a-z]{2})?/?$", re.IGNORECASE)

Verdict = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How much of a page's text is running text, and how much of it belongs to links elsewhere."""

    chars: int
    """Of all kept pieces; a character of an unspaced script counts for two and a half."""
    prose: int
    """Of kept pieces that read like sentences."""
    linked: int
    """Of those, what stands beside a headline link."""
    linked_pieces: int
    unbroken: int
    """Of running text of its own, the longest stretch without a headline link in it."""
    in_links: int
    """Of all kept pieces, what stands inside links."""
    headline_links: int
    """In the whole page."""
    cards: int = 0
    """Entries of the lists that all running text stands in; 0 where some of it stands elsewhere."""

    @property
    def linked_share(self) -> float:
        """Share of the running text beside headline links; 0 where there are too few to tell."""
        return self.linked / self.prose if self.prose and self.linked_pieces >= 3 else 0.0


@dataclass(frozen=True, slots=True)
class _Page:
    shape: Shape
    stated: bool
    """Whether the page itself says that it is an article."""


def find_rejection(  # noqa: PLR0913 -- the page from every side
    tree: LexborHTMLParser,
    document: Document,
    metadata: Metadata,
    *,
    nodes: Sequence[dict[str, Any]],
    pieces: Sequence[Piece],
    kept: Sequence[Piece],
) -> Verdict | None:
    """Return why a page is no article and what showed it, or None for an article.

    `tree` is the unpruned page, `nodes` its JSON-LD, `pieces` all that it offered in reading order and `kept` those
    that were judged to be its article. Reasons: error_page, redirect_stub, soft_404, login, consent_wall, hub,
    paywall_teaser, video, gallery, too_short. Live blogs are articles.
    """
    stated = states_article(tree, nodes, document.url)
    is_list = any(types_of(node) & _LIST_TYPES for node in nodes)
    cards = read_cards(tree, document.url) if is_list or not stated else ()
    shape = measure(pieces, kept, cards)
    page = _Page(shape, stated)
    return (
        _error(document)
        or (_stub(tree) if shape.chars < TOO_SHORT_CHARS else None)
        or (_wall(tree, metadata, page) if shape.prose < SHORT_CHARS else None)
        or (None if metadata.is_live_blog else _hub(tree, document, metadata, nodes, page))
        or _teaser(metadata, nodes, kept, shape)
        or (_player(tree, nodes, page) if shape.prose < SHORT_CHARS else None)
        or _short(page)
    )


def measure(pieces: Sequence[Piece], kept: Sequence[Piece], cards: Sequence[Card] = ()) -> Shape:
    """Measure the kept text against the links around it; `cards` as `cleaners.cards.read_cards` gives them."""
    taken = {piece.text for piece in kept}
    prose = linked = linked_pieces = stretch = unbroken = 0
    silent = "\n".join(card.text for card in cards if card.is_silent)
    in_cards = "\n".join(card.text for card in cards)
    headline_links = sum(card.is_silent for card in cards)
    outside = 0
    for position, piece in enumerate(pieces):
        if piece.link_chars >= MIN_LINK_CHARS and len(piece.text) <= 400 and piece.link_share >= 0.6:
            headline_links += 1
            stretch = 0
        if piece.text not in taken or piece.kind == "heading" or len(piece.text) < MIN_PROSE_CHARS:
            continue
        length = reading_length(piece.text)
        prose += length
        start = piece.text[:_CARD_START_CHARS]
        outside += start not in in_cards
        if start in silent or _stands_by_link(pieces, position):
            linked += length
            linked_pieces += 1
        else:
            stretch += length
            unbroken = max(unbroken, stretch)
    return Shape(
        chars=sum(reading_length(piece.text) for piece in kept),
        prose=prose,
        linked=linked,
        linked_pieces=linked_pieces,
        unbroken=unbroken,
        in_links=sum(piece.link_chars for piece in kept),
        headline_links=headline_links,
        cards=0 if outside else len(cards),
    )


def reading_length(text: str) -> int:
    """Return a text's length in characters; one of a script without spaces says as much as two and a half."""
    return len(text) if text.isascii() else len(text) + len(_UNSPACED.findall(text)) * 3 // 2


def _stands_by_link(pieces: Sequence[Piece], position: int) -> bool:
    piece = pieces[position]
    if piece.link_share >= 0.6 or (piece.link_chars >= MIN_LINK_CHARS and len(piece.text) < 500):
        return True
    for before in reversed(pieces[max(0, position - 2) : position]):
        if len(before.text) >= MIN_PROSE_CHARS and before.link_share < 0.6:
            break
        if before.link_chars >= MIN_LINK_CHARS and before.link_share >= 0.5:
            return True
    for after in pieces[position + 1 : position + 3]:
        if len(after.text) >= MIN_PROSE_CHARS or after.link_chars >= MIN_LINK_CHARS:
            break
        # "Read more" below a teaser.
        if after.link_chars >= 3 and after.link_share >= 0.8:
            return True
    return False


def _error(document: Document) -> Verdict | None:
    return ("error_page", f"the server answered {document.status}") if document.status >= 400 else None


def _stub(tree: LexborHTMLParser) -> Verdict | None:
    node = tree.css_first("meta[http-equiv='refresh' i]")
    match = _REFRESH.search((node.attributes.get("content") or "")[:2_000]) if node is not None else None
    return ("redirect_stub", f"the page only sends its reader on to {match[1][:200]}") if match else None


def _wall(tree: LexborHTMLParser, metadata: Metadata, page: _Page) -> Verdict | None:
    shape, stated = page.shape, page.stated
    if stated and shape.prose >= TOO_SHORT_STATED_CHARS:
        return None
    words = _load_words()
    title = tree.css_first("head title")
    headline = tree.css_first("h1")
    for text in (
        metadata.title,
        title.text() if title is not None else None,
        headline.text() if headline is not None else None,
    ):
        found = (
            None
            if stated
            else _find_missing(text or "", words["missing"], short=shape.prose < TOO_SHORT_CHARS)
        )
        if found:
            return "soft_404", f"the title says “{found}” and the page has {shape.prose} characters of text"
    body = tree.body
    lines = shown_lines(body, limit=MAX_WALL_CHARS) if body is not None else []
    if not stated and len(lines) <= MAX_FORM_LINES and tree.css_first("input[type=password]") is not None:
        return "login", f"a password field and {shape.prose} characters of text"
    lines = [line.casefold() for line in lines if len(line) >= MIN_PROSE_CHARS]
    about = sum(any(word in line for word in words["consent"]) for line in lines)
    if about >= 1 and 3 * about >= 2 * len(lines) and len(lines) <= 40:
        return "consent_wall", f"{about} of {len(lines)} paragraphs are about cookies and consent"
    return None


def _find_missing(title: str, words: Sequence[str], *, short: bool) -> str | None:
    """Return the words by which a title says that the page is not there.

    They make half of one part of it ("404 | Gazette"), since news have them too ("404 kilos of cocaine"); on a page
    with next to no text it is enough that they are there.
    """
    for part in _TITLE_BREAK.split(title.casefold()[:200].replace("’", "'")):
        found = [
            word
            for word in words
            if (place := part.find(word)) >= 0 and not _is_inside(part, place, len(word))
        ]
        longest = max(found, key=len, default=None)
        if longest and (short or 2 * len(longest) >= len(part.strip())):
            return longest
    return None


def _is_inside(text: str, place: int, length: int) -> bool:
    """Whether a word of an alphabet stands within a longer word or number."""
    around = text[max(place - 2, 0) : place][::-1], text[place + length : place + length + 2]
    if text[place].isdigit():
        return any(side[:1].isdigit() or (side[:1] in {".", ","} and side[1:].isdigit()) for side in around)
    return text[place].isascii() and any(side[:1].isalnum() for side in around)


def _hub(
    tree: LexborHTMLParser,
    document: Document,
    metadata: Metadata,
    nodes: Sequence[dict[str, Any]],
    page: _Page,
) -> Verdict | None:
    shape = page.shape
    root = _is_root(document.url)
    share = shape.linked_share
    own = shape.prose - (shape.linked if share else 0)
    links = shape.headline_links + shape.linked_pieces
    evidence = f"{shape.headline_links} headline links, {own} characters of text of its own"
    if page.stated:
        return ("hub", f"a site's root with {evidence}") if root and share > 0.5 else None
    if links >= 5 and (share > 0.4 or own < 1_000) and any(types_of(node) & _LIST_TYPES for node in nodes):
        return "hub", f"declared as a list, {evidence}"
    if root and links >= 10 and (share > 0.4 or own < 1_500):
        return "hub", f"a site's root with {evidence}"
    if shape.cards and shape.prose:
        return "hub", f"all text stands in {shape.cards} entries that lead to other pages, {evidence}"
    if shape.unbroken >= UNBROKEN_CHARS:
        return None
    if shape.linked_pieces >= 5 and share >= HUB_LINKED_SHARE and (links >= 12 or own < 700):
        return "hub", f"{share:.0%} of the text stands beside links, {evidence}"
    if shape.headline_links >= 8 and shape.in_links >= shape.chars // 2:
        return "hub", f"half of the text are links, {evidence}"
    # Below the length of an article, it is a question of the reason only.
    least = 2 if shape.prose < TOO_SHORT_CHARS and shape.headline_links >= 4 else 3
    if shape.linked_pieces >= least and shape.linked == shape.prose < TEASERS_CHARS:
        return (
            "hub",
            f"all {shape.linked_pieces} paragraphs stand beside links to what they tell of, {evidence}",
        )
    named = shape.prose >= TOO_SHORT_CHARS and names_story(document.url)
    dated = named or metadata.sources.get("published_at") in {"json-ld", "meta", "microdata", "headline"}
    few = shape.headline_links >= 8 and shape.prose < HUB_TEXT_CHARS
    outnumbered = shape.headline_links >= 20 and shape.prose < min(
        shape.headline_links * HUB_CHARS_PER_LINK, MAX_LIST_INTRODUCTION_CHARS
    )
    if (few and not (named or (dated and _open_graph_type(tree) == "article"))) or (
        outnumbered and not dated
    ):
        return "hub", evidence
    return None


def _teaser(
    metadata: Metadata, nodes: Sequence[dict[str, Any]], kept: Sequence[Piece], shape: Shape
) -> Verdict | None:
    if not metadata.paywalled:
        return None
    words = sum(len(piece.text.split()) for piece in kept)
    stated = max(
        (_count(node.get("wordCount")) for node in nodes if types_of(node) & ARTICLE_TYPES), default=0
    )
    if stated and words < TEASER_WORD_SHARE * stated:
        return "paywall_teaser", f"{words} of the {stated} words that the page states"
    if shape.prose < SHORT_CHARS:
        return "paywall_teaser", f"declared not free, and {shape.prose} characters of text"
    return None


def _player(tree: LexborHTMLParser, nodes: Sequence[dict[str, Any]], page: _Page) -> Verdict | None:
    shape = page.shape
    if page.stated and shape.prose >= TOO_SHORT_CHARS:
        return None
    kinds: set[str] = set()
    for node in nodes:
        kinds |= types_of(node)
    declared = _open_graph_type(tree)
    if (
        declared.startswith("video")
        or "VideoObject" in kinds
        or tree.css_first("video, iframe[src*=youtube], iframe[src*=vimeo]") is not None
    ):
        return "video", f"a player and {shape.prose} characters of text"
    pictures = len(tree.css("main figure, article figure, [class*=gallery i] img, [class*=slideshow i] img"))
    if kinds & _GALLERY_TYPES or pictures >= 8:
        return "gallery", f"{pictures} pictures and {shape.prose} characters of text"
    return None


def _short(page: _Page) -> Verdict | None:
    least = TOO_SHORT_STATED_CHARS if page.stated else TOO_SHORT_CHARS
    return (
        ("too_short", f"{page.shape.chars} characters, fewer than {least}")
        if page.shape.chars < least
        else None
    )


def _is_root(url: str) -> bool:
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    return not address.query and (not address.path.strip("/") or bool(_LANGUAGE_ROOT.match(address.path)))


def _open_graph_type(tree: LexborHTMLParser) -> str:
    node = tree.css_first("meta[property='og:type']")
    return (node.attributes.get("content") or "").strip().lower() if node is not None else ""


def _count(value: Any) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 8:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else 0


@lru_cache(maxsize=1)
def _load_words() -> dict[str, tuple[str, ...]]:
    tables = tomllib.loads(_RULES.read_text(encoding="utf-8"))
    return {name: tuple(word.casefold() for word in tables[name]) for name in ("missing", "consent")}
