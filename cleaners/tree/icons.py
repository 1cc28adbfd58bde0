"""Elements that print an icon font's ligature: their text is a name, and the font draws a picture for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from cleaners.markup import Markup
    from cleaners.page import Page
    from cleaners.rules import Icons

_LIGATURE = re.compile(r"[a-z0-9_]{2,40}|[\ue000-\uf8ff]{1,3}")
STYLED = frozenset(("span", "i", "em"))
HOLDERS = "span, i, em, b, a, div, button"


def find_icons(markup: Markup, page: Page) -> Iterator[Hit]:
    """Icon elements by tag, by class, or by text that nothing but an icon has (`psychology_alt`).

    A name that is an ordinary word counts only in an element that its tag or class calls an icon, that is hidden from
    screen readers, or that leads a label.
    """
    icons = page.rules.icons
    for node in markup.tree.css(", ".join((HOLDERS, *sorted(icons.tags)))):
        text = _only_text(node)
        if text is None or not _LIGATURE.fullmatch(text):
            continue
        if node.tag in icons.tags or _is_icon_class(node, icons):
            yield Hit(node, "icons/markup")
        elif text in icons.names and (
            "_" in text or node.attributes.get("aria-hidden") == "true" or _leads_label(node)
        ):
            yield Hit(node, "icons/ligature")


def _only_text(node: LexborNode) -> str | None:
    """The text of an element that holds nothing else, or None."""
    child = node.child
    if child is None or child.next is not None or child.tag != "-text":
        return None
    return (child.text_content or "").strip()


def _leads_label(node: LexborNode) -> bool:
    """Whether a styled word stands first in its element and a capital follows: `<span class="i1">done</span> Saved`."""
    before, after = node.prev, node.next
    if node.tag not in STYLED or not node.attributes.get("class") or after is None or after.tag != "-text":
        return False
    first = before is None or (
        before.tag == "-text" and before.prev is None and not (before.text_content or "").strip()
    )
    return first and (after.text_content or "").lstrip()[:1].isupper()


def _is_icon_class(node: LexborNode, icons: Icons) -> bool:
    return any(icons.is_class(token) for token in (node.attributes.get("class") or "").lower().split())
