"""Interface boxes that their element's name or tag gives away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.boxes import box_words
from cleaners.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleaners.markup import Markup
    from cleaners.page import Page

BOX_TAGS = ("nav", "footer", "aside", "menu", "dialog")
BOX_ROLES = frozenset(("navigation", "complementary", "contentinfo", "banner", "search"))


def find_tagged_boxes(markup: Markup, page: Page) -> Iterator[Hit]:
    """Elements whose tag or role says that they are not the article."""
    for element in markup.tagged(*BOX_TAGS):
        yield Hit(element, f"boxes/tag:{element.tag}")
    for element in markup.tagged("figcaption"):
        yield Hit(element, "boxes/caption")
    for element in markup.tagged("amp-ad", "amp-embed"):
        yield Hit(element, "boxes/advertisement")
    for element in markup.tagged("amp-consent"):
        yield Hit(element, "boxes/consent")
    for element in markup.having("role"):
        if element.attributes["role"] in BOX_ROLES:
            yield Hit(element, f"boxes/role:{element.attributes['role']}")


def find_named_boxes(markup: Markup, page: Page) -> Iterator[Hit]:
    """Elements whose class, id or test id names an interface box, by whole words."""
    for kind, words in box_words().items():
        for element in markup.named(words):
            yield Hit(element, f"boxes/{kind}")
