"""Elements: what the names of an element and of those around it tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cleaners.markup import name_words

if TYPE_CHECKING:
    from cleaners.layout import Layout
    from cleaners.markup import Element as Markup

# Words of the names of an element and the two around it: what builders of news templates call the parts of a page.
# Of 70 tried, these gain anything on held-out sites.
NAME_WORDS = (
    "answer", "article", "block", "body", "column", "content", "description", "disclaimer", "elementor", "entry", "faq",
    "image", "item", "label", "left", "link", "list", "module", "paragraph", "post", "product", "quote", "recipe",
    "rich", "section", "story", "table", "text", "title",
)  # fmt: skip
_NAME_WORD_SET = frozenset(NAME_WORDS)
LEVELS = 5
"""How many elements outward an element's surroundings are described."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element around a piece, as far as its names go."""

    key: int
    tag: str
    name: str
    """Tag and class."""
    place: tuple[int, str]
    """`place` of the parent, and the name: equal for elements that are twins."""
    words: frozenset[str]
    """The words of `NAME_WORDS` in its class and id."""


def elements_around(node: Markup | None, layout: Layout, known: dict[int, Element]) -> list[Element]:
    """An element and those around it, as far as features look."""
    around: list[Element] = []
    key = node.place if node is not None else 0
    while node is not None and len(around) < LEVELS:
        element = known.get(key)
        if element is None:
            attributes = node.attributes
            classes = attributes.get("class") or ""
            name = f"{node.tag}.{classes}"
            own = _known_words(classes) | _known_words(attributes.get("id") or "")
            element = known[key] = Element(key, node.tag or "", name, (layout.parents.get(key, 0), name), own)
        around.append(element)
        node = node.parent
        key = layout.parents.get(key, 0)
        if not key:
            break
    return around


def nearest_article(chain: tuple[int, ...], elements: dict[int, Element]) -> int:
    return next((key for key in chain if key in elements and elements[key].tag == "article"), 0)


@lru_cache(maxsize=20_000)
def _known_words(name: str) -> frozenset[str]:
    return name_words(name) & _NAME_WORD_SET if name else frozenset()
