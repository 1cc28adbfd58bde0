"""Elements that no reader reads as text: scripts, styles, controls, embedded media."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import Hit
from cleaners.layout import HEADINGS
from cleaners.markup import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleaners.markup import Element, Markup
    from cleaners.page import Page

CONTROL_TAGS = ("button", "input", "select", "textarea", "datalist", "progress", "meter")
CONTROL_ROLES = frozenset(("button", "tooltip", "menu", "dialog", "alert"))
# As long as what the layout calls prose in the scripts that need most room for it.
PARAGRAPH_CHARS = 80
HIDING_STYLES = ("display:none", "display: none", "visibility:hidden")


def find_controls(markup: Markup, page: Page) -> Iterator[Hit]:
    """Buttons, fields and menus: what they say is for the hand, not for the reader."""
    called = [element for element in markup.having("role") if element.attributes["role"] in CONTROL_ROLES]
    for element in in_order((*markup.tagged(*CONTROL_TAGS), *called)):
        # The question of a list of questions is often a button in a heading: pressed, it opens its answer.
        if element.parent is None or element.parent.tag not in HEADINGS:
            yield Hit(element, "unread/control")


def find_hidden(markup: Markup, page: Page) -> Iterator[Hit]:
    """Elements that the page itself keeps from view.

    Hidden paragraphs are the rest of the article behind a "read on" as often as anything else: there the judge decides.
    """
    for element in markup.having("hidden", "aria-hidden", "style"):
        if _is_hidden(element):
            holds_paragraph = len(element.node.text()) >= PARAGRAPH_CHARS
            yield Hit(element, "boxes/unseen" if holds_paragraph else "unread/hidden")


def _is_hidden(element: Element) -> bool:
    attributes = element.attributes
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    style = attributes.get("style") or ""
    return any(hiding in style for hiding in HIDING_STYLES)
