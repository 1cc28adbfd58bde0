"""Where on a page its links stand: in a heading, a teaser, a menu; what is written there, and beside what."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.discovery.links import absolute

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_NAVIGATION = {"nav", "footer"}
_TEASER = re.compile(r"\b(headline|teaser|story|article|card|post|entry|news-?item)", re.IGNORECASE)
_HEADINGS = {"h1", "h2", "h3", "h4", "h5"}
_HEADING_SELECTOR = "h1, h2, h3, h4, h5"
_DIGITS = re.compile(r"\d+")
_SEVERAL = ""
_SAME_TEXT = 3
_MOST_BLOCK_CHARS = 1_000
_DEEPEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One link where it stands."""

    url: str
    title: str
    """The headline that it belongs to, as far as one can be told; may be empty."""
    has_headline: bool
    """Whether its text, or that of the block which holds no other link, is longer than a section's name."""
    is_teaser: bool
    """Whether it is in or around a heading, or in something called a teaser, card, story …"""
    signature: str
    """Elements and classes around it, the same for links that stand in lists of the same kind."""


def find_places(tree: LexborHTMLParser, url: str) -> list[Place]:
    """Every link of the page outside of its `nav` and `footer`, in order."""
    base = tree.css_first("base[href]")
    base_url = (absolute(url, base.attributes.get("href")) if base is not None else None) or url
    links = [
        (link, node, chain)
        for node in tree.css("a[href]")
        if (link := absolute(base_url, node.attributes.get("href"))) and (chain := _climb(node)) is not None
    ]
    owners = _find_owners(links)
    texts = [_read(node) for _, node, _ in links]
    # "Read more" stands at every article; what says the same of several links says nothing of any.
    repeated = Counter(
        text for text, _ in {(text, link) for text, (link, _, _) in zip(texts, links, strict=True)}
    )
    places = []
    for text, (link, node, chain) in zip(texts, links, strict=True):
        own = "" if repeated[text] >= _SAME_TEXT else text
        block = _find_block(chain, owners)
        around = own if is_sentence(own) or block is None else _read(block)
        heading = (block if block is not None and not is_sentence(own) else node).css_first(_HEADING_SELECTOR)
        title = _read(heading) if heading is not None else own
        places.append(
            Place(
                url=link,
                title=title or own,
                has_headline=is_sentence(own) or is_sentence(around),
                is_teaser=_is_teaser(chain) or heading is not None,
                signature=_sign(chain),
            )
        )
    return places


def is_sentence(text: str) -> bool:
    """Whether a text is longer than the names of sections: four words or, in scripts without spaces, twelve letters."""
    return len(text.split()) >= 4 or sum(ord(character) > 0x2E80 for character in text[:200]) >= 12


def _climb(node: LexborNode) -> list[LexborNode] | None:
    """The link and all around it, inside out; None inside navigation."""
    chain: list[LexborNode] = []
    place: LexborNode | None = node
    while place is not None:
        if place.tag in _NAVIGATION or place.attributes.get("role") == "navigation":
            return None
        chain.append(place)
        place = place.parent
    return chain


def _find_owners(links: list[tuple[str, LexborNode, list[LexborNode]]]) -> dict[int, str]:
    """For each element around a link, by its identity: the one address that all links in it have, or none."""
    owners: dict[int, str] = {}
    for link, _, chain in links:
        for place in chain:
            if owners.setdefault(place.mem_id, link) != link:
                owners[place.mem_id] = _SEVERAL
    return owners


def _find_block(chain: list[LexborNode], owners: dict[int, str]) -> LexborNode | None:
    """The largest element around a link that holds no link to anything else; None: the link itself."""
    block = None
    for place in chain[1:]:
        if owners[place.mem_id] == _SEVERAL or place.tag in {"body", "html", "-undef"}:
            break
        block = place
    return block


def _read(node: LexborNode) -> str:
    return " ".join(node.text(deep=True)[:_MOST_BLOCK_CHARS].split())


def _is_teaser(chain: list[LexborNode]) -> bool:
    return any(
        place.tag in _HEADINGS
        or place.tag == "article"
        or _TEASER.search(place.attributes.get("class") or "")
        for place in chain
    )


def _sign(chain: list[LexborNode]) -> str:
    parts = []
    for place in chain[:_DEEPEST]:
        name = (place.attributes.get("class") or "").split()[:1]
        parts.append(f"{place.tag}.{_DIGITS.sub('0', name[0])}" if name else str(place.tag))
    return " ".join(parts)
