"""Interface boxes that their element's name or tag gives away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.boxes import box_words
from cleaners.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleaners.markup import Markup
    from cleaners.page import Page

BOX_TAGS = "nav, footer, aside, menu, dialog"
BOX_ROLES = "[role=navigation], [role=complementary], [role=contentinfo], [role=banner], [role=search]"


def find_tagged_boxes(markup: Markup, page: Page) -> Iterator[Hit]:
    """Elements whose tag or role says that they are not the article."""
    for node in markup.tree.css(BOX_TAGS):
        yield Hit(node, f"boxes/tag:{node.tag}")
    for node in markup.tree.css("figcaption"):
        yield Hit(node, "boxes/caption")
    for node in markup.tree.css("amp-ad, amp-embed"):
        yield Hit(node, "boxes/advertisement")
    for node in markup.tree.css("amp-consent"):
        yield Hit(node, "boxes/consent")
    for node in markup.tree.css(BOX_ROLES):
        yield Hit(node, f"boxes/role:{node.attributes.get('role')}")


def find_named_boxes(markup: Markup, page: Page) -> Iterator[Hit]:
    """Elements whose class, id or test id names an interface box, by whole words."""
    for kind, words in box_words().items():
        for node in markup.named(words):
            yield Hit(node, f"boxes/{kind}")
