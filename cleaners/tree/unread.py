"""Elements that no reader reads as text: scripts, styles, controls, embedded media."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleaners.markup import Markup
    from cleaners.page import Page

CONTROLS = "button, input, select, textarea, datalist, progress, meter, [role=button], [role=tooltip], [role=menu], [role=dialog], [role=alert]"
HIDDEN = '[hidden], [aria-hidden="true"], [style*="display:none"], [style*="display: none"], [style*="visibility:hidden"]'


def find_controls(markup: Markup, page: Page) -> Iterator[Hit]:
    """Buttons, fields and menus: what they say is for the hand, not for the reader."""
    for node in markup.tree.css(CONTROLS):
        yield Hit(node, "unread/control")


def find_hidden(markup: Markup, page: Page) -> Iterator[Hit]:
    """Elements that the page itself keeps from view."""
    for node in markup.tree.css(HIDDEN):
        yield Hit(node, "unread/hidden")
