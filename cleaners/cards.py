"""Cards of a list: elements beside each other, each of which leads to another page of the site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from cleaners.metadata.site import host_of
from cleaners.urls import registrable_domain

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MIN_CARDS = 4
"""Fewer beside each other are an article with pictures that lead somewhere."""
MIN_CARD_CHARS = 40
MIN_HEADLINE_CHARS = 15
MAX_CARD_CHARS = 2_000
_MAX_LEVELS = 6
_MAX_ANCHORS = 2_000
_MEDIA = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", ".pdf", ".mp4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One entry of a list of at least MIN_CARDS that lead to different pages."""

    text: str
    """White space folded."""
    is_silent: bool
    """Its link has no words: a picture, or an empty anchor laid over the whole card."""


def read_cards(tree: LexborHTMLParser, url: str) -> tuple[Card, ...]:
    """Return the cards of all lists on a page, in no order."""
    lists: dict[tuple[int, str, str], dict[str, tuple[LexborNode, bool]]] = defaultdict(dict)
    domain = registrable_domain(host_of(url))
    own = _find_target(url, url, domain)
    lengths: dict[int, int] = {}
    for anchor in tree.css("a[href]")[:_MAX_ANCHORS]:
        target = _find_target(url, anchor.attributes.get("href") or "", domain)
        if target is None or target == own:
            continue
        words = anchor.text(strip=True)
        # Short words are a section, an author, a number of comments; where all entries have the same, "read more".
        label = words if 2 < len(words) < MIN_HEADLINE_CHARS else ""
        card = _find_card(anchor, len(words), lengths)
        if card is not None and card.parent is not None:
            entries = lists[card.parent.mem_id, card.tag or "", label]
            entries.setdefault(target, (card, len(words) <= 2))
    found: dict[int, Card] = {}
    for cards in lists.values():
        each = {card.mem_id: (card, is_silent) for card, is_silent in cards.values()}
        if len(each) >= MIN_CARDS:
            for mem_id, (card, is_silent) in each.items():
                found.setdefault(mem_id, Card(text=_folded(card), is_silent=is_silent))
    return tuple(found.values())


def _find_target(url: str, href: str, domain: str) -> str | None:
    try:
        parts = urlsplit(urljoin(url, href.strip()))
    except ValueError:
        return None
    is_page = parts.scheme in {"http", "https"} and len(parts.path) > 1
    if not is_page or registrable_domain(parts.hostname or "") != domain:
        return None
    return None if parts.path.lower().endswith(_MEDIA) else parts.path


def _find_card(anchor: LexborNode, words: int, lengths: dict[int, int]) -> LexborNode | None:
    """The nearest element around a link that has text beside the link's own; none for a link in running text."""
    node = anchor.parent
    for level in range(_MAX_LEVELS):
        if node is None or node.tag in {"body", "html", "main"}:
            return None
        # Menus have hundreds of links in one element: its text is taken once.
        if (known := lengths.get(node.mem_id)) is None:
            known = lengths[node.mem_id] = len(node.text(strip=True))
        length = known - words
        if length >= MIN_CARD_CHARS:
            # "Read more" at the end of a teaser is a card's link, a headline within a sentence is not.
            is_label = 2 < words < MIN_HEADLINE_CHARS
            is_running = not is_label and (node.tag == "p" or (level == 0 and words > 2))
            return node if length <= MAX_CARD_CHARS and not is_running else None
        node = node.parent
    return None


def _folded(card: LexborNode) -> str:
    return " ".join(card.text(separator=" ").split())
