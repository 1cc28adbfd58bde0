"""Elements: what the names of an element and of those around it tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cleaners.markup import name_words

if TYPE_CHECKING:
    from cleaners.layout import Layout
    from cleaners.markup import Element

# Words of the names of an element and the two around it: what builders of news templates call the parts of a page.
# Of 70 tried, these gain anything on held-out sites.
NAME_WORDS = (
    "answer", "article", "block", "body", "column", "content", "description", "disclaimer", "elementor", "entry", "faq",
    "image", "item", "label", "left", "link", "list", "module", "paragraph", "post", "product", "quote", "recipe",
    "rich", "section", "story", "table", "text", "title",
)  # fmt: skip
LEVELS = 5
"""How many elements outward an element's surroundings are described."""


@dataclass(slots=True, eq=False)
class Named:
    """An element around a piece, as far as its names go."""

    place: int
    tag: str
    name: str
    """Tag and class."""
    kin: tuple[int, str]
    """The place of the parent, and the name: equal for elements that are twins."""
    words: int
    """The words of `NAME_WORDS` in its class and id, one bit each."""


def names_around(element: Element | None, layout: Layout, known: dict[int, Named]) -> list[Named]:
    """An element and those around it, as far as features look; `known` keeps those met before."""
    around: list[Named] = []
    while element is not None and len(around) < LEVELS:
        place = element.place
        outer = layout.parents.get(place, 0)
        named = known.get(place)
        if named is None:
            classes = element.attributes.get("class") or ""
            name = f"{element.tag}.{classes}"
            own = _word_bits(classes) | _word_bits(element.attributes.get("id") or "")
            named = known[place] = Named(place, element.tag, name, (outer, name), own)
        around.append(named)
        element = element.parent if outer else None
    return around


@lru_cache(maxsize=20_000)
def _word_bits(name: str) -> int:
    own = name_words(name) if name else frozenset()
    return sum(1 << bit for bit, word in enumerate(NAME_WORDS) if word in own)
