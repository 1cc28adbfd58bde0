"""Gathers, in one walk over the tree, what the head and the markup say about the article."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from cleaners.headers import read_link_header
from cleaners.metadata.shown import shown_text
from cleaners.structured import find_article, index_by_id, plain_text, read_json_ld, without_formatting

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from cleaners.models import Document

# One selector list: lexbor tests it in one walk of 0.2 ms; a selector each walks the page again.
_SELECTOR = (
    "html, base, meta, link, title, h1, figure, img, time, a[rel~=next], a[rel~=prev], [rel~=author], [rel~=license], [itemprop], "
    "[property]"
)

_SCHEMA_PREFIX = re.compile(r"\bschema:", re.IGNORECASE)
_NUMBER_END = re.compile(r"[,_-][a-z]{0,8}[-_]?\d{1,2}$", re.IGNORECASE)
_PLAIN_SEGMENT = re.compile(r"[\w~-]{3,120}", re.ASCII)

MAX_ELEMENTS = 400
"""Of each kind; beyond it a page repeats itself (comment lists, endless teasers)."""

Attributes = dict[str, "str | None"]


@dataclass(slots=True, kw_only=True, eq=False)
class PageFacts:
    """What the page's head, its JSON-LD and its telling elements hold, unjudged."""

    tree: LexborHTMLParser
    document: Document
    base: str
    """What relative addresses are resolved against."""
    html_attributes: Attributes = field(default_factory=dict)
    metas: dict[str, list[str]] = field(default_factory=dict)
    """By `name`, `property` or `http-equiv` in lower case; contents as one line of text, in page order."""
    links: list[tuple[frozenset[str], str]] = field(default_factory=list)
    """Relations in lower case, and `href` as written."""
    print_links: list[str] = field(default_factory=list)
    """`href` of the variants for print, as written."""
    title: str | None = None
    h1s: list[LexborNode] = field(default_factory=list)
    figures: list[LexborNode] = field(default_factory=list)
    images: list[LexborNode] = field(default_factory=list)
    times: list[LexborNode] = field(default_factory=list)
    author_links: list[LexborNode] = field(default_factory=list)
    """Elements with `rel=author`."""
    page_links: list[LexborNode] = field(default_factory=list)
    """Links to what may be further pages of the article: `rel=next` and `prev`, and those that name its address."""
    items: dict[str, list[LexborNode]] = field(default_factory=dict)
    """Elements by each token of their `itemprop` or of RDFa's `property`, in lower case."""
    nodes: tuple[dict[str, Any], ...] = ()
    article: dict[str, Any] = field(default_factory=dict)
    """The JSON-LD node of the page's own article; empty if there is none."""
    nodes_by_id: dict[str, dict[str, Any]] = field(default_factory=dict)

    _text: str | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """All that the page's body holds, scripts included, each text node on a line of its own."""
        if self._text is None:
            body = self.tree.body
            self._text = body.text(separator="\n") if body is not None else ""
        return self._text

    def meta(self, *names: str) -> str | None:
        """Return the first non-empty content of the first of these metas that the page has."""
        for name in names:
            for content in self.metas.get(name, ()):
                if content:
                    return content
        return None

    def item_text(self, name: str) -> str | None:
        """Return the `content` or the text of the first element with this `itemprop`."""
        for node in self.items.get(name, ()):
            text = plain_text(node.attributes.get("content") or "") or shown_text(node)
            if text:
                return text
        return None

    def resolve(self, node: Any) -> Any:
        """Return the object that `{"@id": …}` points at; anything else as it is."""
        if isinstance(node, dict) and "name" not in node:
            name = node.get("@id")
            if isinstance(name, str):
                return self.nodes_by_id.get(name, node)
        return node

    def absolute(self, address: str | None) -> str | None:
        """Return an http(s) address, resolved against the page's base; None for anything else."""
        return absolute_address(self.base, address)


def read_facts(
    tree: LexborHTMLParser, document: Document, nodes: tuple[dict[str, Any], ...] | None
) -> PageFacts:
    """Walk the tree once and return what it holds. The tree stays as it is."""
    if nodes is None:
        nodes = read_json_ld(tree)
    facts = PageFacts(
        tree=tree,
        document=document,
        base=document.url,
        nodes=nodes,
        nodes_by_id=index_by_id(nodes),
    )
    for node in tree.css(_SELECTOR + _own_links(document.first_page_url or document.url)):
        attributes = node.attributes
        if itemprop := attributes.get("itemprop"):
            _add_item(facts.items, itemprop, node)
        elif node.tag not in {"meta", "link"} and (rdfa := attributes.get("property")):
            _add_item(facts.items, _SCHEMA_PREFIX.sub("", rdfa), node)
        _ADD.get(node.tag or "", _add_author_link)(facts, node, attributes)
    facts.links += read_link_header(document.headers.get("link", ""))
    facts.article = find_article(nodes, _own_addresses(facts), _own_titles(facts))
    return facts


def _own_addresses(facts: PageFacts) -> list[str]:
    document = facts.document
    canonical = [href for rel, href in facts.links if "canonical" in rel]
    return [document.url, document.requested_url, *canonical[:3], *facts.metas.get("og:url", ())[:2]]


def _own_titles(facts: PageFacts) -> list[str]:
    shown = [text for node in facts.h1s[:5] if (text := shown_text(node, limit=500))]
    stated = [facts.title, facts.meta("og:title"), facts.meta("twitter:title")]
    return [*shown, *(title for title in stated if title)]


def _own_links(address: str) -> str:
    """The selectors of links to other pages of an address; none where its path has no telling part."""
    try:
        path = urlsplit(address).path
    except ValueError:
        return ""
    segment = next((part for part in reversed(path.split("/")) if len(part) > 3), "").partition(".")[0]
    # A page's number and what stands before it are not in the addresses of its neighbours.
    segment = _NUMBER_END.sub("", segment)
    return f', a[href^="?"], a[href*="{segment}"]' if _PLAIN_SEGMENT.fullmatch(segment) else ""


def absolute_address(base: str, address: str | None) -> str | None:
    """Return an http(s) address resolved against `base`, or None."""
    if not address or len(address) > 4_000:
        return None
    whole = address.strip()
    try:
        if not whole.startswith(("https://", "http://")):
            whole = urljoin(base, whole)
        parts = urlsplit(whole)
        host = parts.hostname
    except ValueError:
        return None
    return whole if parts.scheme in {"http", "https"} and host else None


def _add_item(items: dict[str, list[LexborNode]], itemprop: str, node: LexborNode) -> None:
    for token in itemprop[:200].lower().split():
        kept = items.setdefault(token, [])
        if len(kept) < MAX_ELEMENTS:
            kept.append(node)


def _add_html(facts: PageFacts, _node: LexborNode, attributes: Attributes) -> None:
    facts.html_attributes = attributes


def _add_base(facts: PageFacts, _node: LexborNode, attributes: Attributes) -> None:
    facts.base = absolute_address(facts.document.url, attributes.get("href")) or facts.base


def _add_meta(facts: PageFacts, _node: LexborNode, attributes: Attributes) -> None:
    content = attributes.get("content")
    if content is None:
        return
    text = plain_text(content)
    for key in ("name", "property", "http-equiv"):
        name = attributes.get(key)
        if name and len(name) < 200:
            kept = facts.metas.setdefault(name.strip().lower(), [])
            if text and len(kept) < MAX_ELEMENTS:
                kept.append(text)


def _add_link(facts: PageFacts, node: LexborNode, attributes: Attributes) -> None:
    href, rel = attributes.get("href"), attributes.get("rel")
    if href and rel and len(facts.links) < MAX_ELEMENTS and _is_of_page(node):
        relations = _relations(rel[:200])
        facts.links.append((relations, href.strip()))
        if "alternate" in relations and "print" in (attributes.get("media") or "").lower():
            facts.print_links.append(href.strip())
    if rel:
        _add_author_link(facts, node, attributes)


def _is_of_page(node: LexborNode) -> bool:
    """Whether the link speaks for the page: one deeper in it may be a reader's comment.

    A parser moves what follows a misplaced element out of the head, into the body itself.
    """
    parent = node.parent
    return parent is None or parent.tag in {"head", "body", "html", "noscript"}


@lru_cache(maxsize=100)
def _relations(rel: str) -> frozenset[str]:
    return frozenset(rel.lower().split())


def _add_a(facts: PageFacts, node: LexborNode, attributes: Attributes) -> None:
    if len(facts.page_links) < MAX_ELEMENTS:
        facts.page_links.append(node)
    _add_author_link(facts, node, attributes)
    rel, href = attributes.get("rel"), attributes.get("href")
    if rel and href and "license" in rel.lower().split() and len(facts.links) < MAX_ELEMENTS:
        facts.links.append((frozenset({"license"}), href.strip()))


def _add_author_link(facts: PageFacts, node: LexborNode, attributes: Attributes) -> None:
    rel = attributes.get("rel")
    if rel and len(facts.author_links) < 50 and "author" in rel.lower().split():
        facts.author_links.append(node)


def _add_figure(facts: PageFacts, node: LexborNode, _attributes: Attributes) -> None:
    if len(facts.figures) < MAX_ELEMENTS:
        facts.figures.append(node)


def _add_image(facts: PageFacts, node: LexborNode, _attributes: Attributes) -> None:
    if len(facts.images) < MAX_ELEMENTS:
        facts.images.append(node)


def _add_time(facts: PageFacts, node: LexborNode, _attributes: Attributes) -> None:
    if len(facts.times) < MAX_ELEMENTS:
        facts.times.append(node)


def _add_title(facts: PageFacts, node: LexborNode, _attributes: Attributes) -> None:
    parent = node.parent
    if facts.title is None and (parent is None or parent.tag not in {"svg", "g", "symbol", "a", "button"}):
        facts.title = plain_text(without_formatting(node.text()), markup=False)


def _add_h1(facts: PageFacts, node: LexborNode, _attributes: Attributes) -> None:
    if len(facts.h1s) < 20:
        facts.h1s.append(node)


_ADD = {
    "html": _add_html,
    "base": _add_base,
    "meta": _add_meta,
    "link": _add_link,
    "title": _add_title,
    "h1": _add_h1,
    "figure": _add_figure,
    "img": _add_image,
    "time": _add_time,
    "a": _add_a,
}
