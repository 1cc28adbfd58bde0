"""Tells what stands in the article from what stands around it: comments, teasers, the page's frame."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cleaners.markup import name_words

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_ELSEWHERE_WORDS = frozenset(
    {
        "comment", "comments", "related", "sidebar", "teaser", "recommended", "recommendations", "footer", "carousel", "popular",
        "trending", "copyright", "newsletter", "nav", "menu", "promo", "swiper",
    }
)  # fmt: skip
# Builders of pages name every box a widget; only the bare class means the page's frame.
_ELSEWHERE_TOKENS = frozenset({"widget", "card", "cards", "latest", "recent", "archive"})
# A `<footer class="entry-meta">` is the article's own.
_BYLINE_WORDS = frozenset({"meta", "byline", "author", "dateline"})
_WEAK_WORDS = frozenset({"newsletter", "popular", "promo", "carousel", "trending", "swiper"})
"""What sections of a site and their pages are called, too."""
# Content systems write categories into an article's class; only these bare ones say what it is.
_OTHER_ARTICLES = frozenset({"comment", "comment-body", "teaser", "related", "promo"})


def is_elsewhere(node: LexborNode) -> bool:
    """Tell whether an element stands among comments, teasers or in the page's frame instead of in the article."""
    return box_elsewhere(node) is not None


def box_elsewhere(node: LexborNode) -> LexborNode | None:
    """Return the element around this one that is not the article's: comments, teasers, the page's frame; or None."""
    current: LexborNode | None = node
    for _ in range(8):
        if current is None or current.tag in {"body", "main"}:
            return None
        attributes = current.attributes
        classes = attributes.get("class") or ""
        if current.tag in {"footer", "nav", "aside"} and _BYLINE_WORDS.isdisjoint(name_words(classes)):
            return current
        if current.tag == "article":
            return None if _OTHER_ARTICLES.isdisjoint(classes.lower().split()) else current
        name = f"{classes} {attributes.get('id') or ''}"
        if len(name) > 1 and _names_elsewhere(name):
            return current
        current = current.parent
    return None


def is_weak(box: LexborNode) -> bool:
    """Tell whether an element is thought not to be the article's by no more than a name that sections have, too."""
    if box.tag in {"footer", "nav", "aside", "article"}:
        return False
    words = name_words(f"{box.attributes.get('class') or ''} {box.attributes.get('id') or ''}")
    return (words & _ELSEWHERE_WORDS) <= _WEAK_WORDS


# Of the elements on a page, many have the same name, or stand in the same few.
@lru_cache(maxsize=1_000)
def _names_elsewhere(name: str) -> bool:
    return not (
        _ELSEWHERE_WORDS.isdisjoint(name_words(name)) and _ELSEWHERE_TOKENS.isdisjoint(name.lower().split())
    )
