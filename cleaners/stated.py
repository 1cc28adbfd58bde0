"""Whether a page says of itself that it is an article."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from cleaners.structured import ARTICLE_TYPES, text_of, types_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborHTMLParser


def states_article(tree: LexborHTMLParser, nodes: Iterable[dict[str, Any]], url: str) -> bool:
    """Tell whether the page itself says that it is an article: by a JSON-LD article or a publication time for one.

    Two or more articles that all name other pages are the entries of a list.
    """
    articles = [
        _names_page(node, url)
        for node in nodes
        if types_of(node) & ARTICLE_TYPES and text_of(node.get("headline") or node.get("name"))
    ]
    if len(articles) == 1 or any(is_own is not False for is_own in articles):
        return True
    return (
        tree.css_first("meta[property='article:published_time'], [itemtype*='schema.org/NewsArticle']")
        is not None
    )


def _names_page(node: dict[str, Any], url: str) -> bool | None:
    """Whether a JSON-LD node is about the page at an address; None: it does not say."""
    named = [text_of(node.get(key), limit=2_000) for key in ("url", "mainEntityOfPage")]
    named += [
        text_of(value.get("@id"), limit=2_000)
        for key in ("mainEntityOfPage",)
        if isinstance(value := node.get(key), dict)
    ]
    addresses = [name for name in named if name and "/" in name]
    if not addresses:
        return None
    own = _path_of(url, url)
    return own is not None and any(_path_of(url, address) == own for address in addresses)


def _path_of(url: str, address: str) -> str | None:
    try:
        return urlsplit(urljoin(url, address)).path.rstrip("/")
    except ValueError:
        return None
