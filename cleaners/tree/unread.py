"""Elements that no reader reads as text: scripts, styles, controls, embedded media."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import Hit
from cleaners.layout import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from cleaners.markup import Markup
    from cleaners.page import Page

CONTROLS = "button, input, select, textarea, datalist, progress, meter, [role=button], [role=tooltip], [role=menu], [role=dialog], [role=alert]"
# As long as what the layout calls prose in the scripts that need most room for it.
PARAGRAPH_CHARS = 80
HIDDEN = '[hidden], [aria-hidden="true"], [style*="display:none"], [style*="display: none"], [style*="visibility:hidden"]'


def find_controls(markup: Markup, page: Page) -> Iterator[Hit]:
    """Buttons, fields and menus: what they say is for the hand, not for the reader."""
    for node in markup.tree.css(CONTROLS):
        # The question of a list of questions is often a button in a heading: pressed, it opens its answer.
        if node.parent is None or node.parent.tag not in HEADINGS:
            yield Hit(node, "unread/control")


def find_hidden(markup: Markup, page: Page) -> Iterator[Hit]:
    """Elements that the page itself keeps from view.

    Hidden paragraphs are the rest of the article behind a "read on" as often as anything else: there the judge decides.
    """
    for node in markup.tree.css(HIDDEN):
        yield Hit(node, "boxes/unseen" if _holds_paragraph(node) else "unread/hidden")


def _holds_paragraph(node: LexborNode) -> bool:
    return any(len(paragraph.text()) >= PARAGRAPH_CHARS for paragraph in (node, *node.css("p, li, div")))
