"""Markup: a page's tree with an index of what its elements are called."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

NAMING_ATTRIBUTES = ("class", "id", "data-testid", "data-component")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W_]+")
# Names longer than this are generated state, not names (one real page carries 20,000 characters of JSON in an id).
_MAX_NAME_CHARS = 400


def name_words(name: str) -> frozenset[str]:
    """The words of a class attribute, and each two neighbours within one class joined by a hyphen or glued.

    >>> sorted(name_words("articleShareBar"))
    ['article', 'article-share', 'articlesharebar', 'bar', 'share', 'share-bar']
    """
    return frozenset().union(*map(_token_words, name[:_MAX_NAME_CHARS].split()))


@lru_cache(maxsize=50_000)
def _token_words(token: str) -> frozenset[str]:
    parts = [part.lower() for part in _WORD.findall(token)]
    if len(parts) < 2:
        return frozenset(parts)
    pairs = [f"{a}-{b}" for a, b in itertools.pairwise(parts)]
    return frozenset((*parts, *pairs, "".join(parts)))


class Markup:
    """A tree and, per word of its elements' names, the elements that bear it.

    Finders read it and never change it: what they find is left out of the layout, so no one meets a freed node.
    """

    def __init__(self, tree: LexborHTMLParser, vocabulary: frozenset[str]) -> None:
        self.tree = tree
        self._by_word: dict[str, list[LexborNode]] = {}
        known: dict[str, frozenset[str]] = {}
        for attribute in NAMING_ATTRIBUTES:
            for node in tree.css(f"[{attribute}]"):
                name = node.attrs.get(attribute)
                if not name:
                    continue
                words = known.get(name)
                if words is None:
                    words = known[name] = name_words(name) & vocabulary
                for word in words:
                    self._by_word.setdefault(word, []).append(node)

    def named(self, words: Iterable[str]) -> Iterator[LexborNode]:
        """The elements whose names hold one of these words, in one order whatever the process."""
        for word in sorted(words):
            yield from self._by_word.get(word, ())
