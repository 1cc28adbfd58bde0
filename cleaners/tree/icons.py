"""Elements that print an icon font's ligature: their text is a name, and the font draws a picture for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleaners.markup import Element, Markup
    from cleaners.page import Page
    from cleaners.rules import Icons

_LIGATURE = re.compile(r"[a-z0-9_]{2,40}|[a-z]{2,20}(?:-[a-z]{2,20}){1,3}|[\ue000-\uf8ff]{1,3}")
_ICON_FONT = re.compile(r"font-family:[^;]{0,10}(?:material|font ?awesome|icomoon|ionicons|glyphicons)")
STYLED = frozenset(("span", "i", "em"))
HOLDERS = frozenset(("span", "i", "em", "b", "a", "div", "button"))


def find_icons(markup: Markup, page: Page) -> Iterator[Hit]:
    """Icon elements by tag, by class, or by text that nothing but an icon has (`psychology_alt`).

    A name that is an ordinary word counts only in an element that its tag or class calls an icon, that is hidden from
    screen readers, or that leads a label.
    """
    icons = page.rules.icons
    for element in markup.elements:
        if element.tag not in HOLDERS and element.tag not in icons.tags:
            continue
        text = _only_text(markup, element)
        if text is None or not _LIGATURE.fullmatch(text := text.strip()):
            continue
        if element.tag in icons.tags or _is_icon_class(element, icons) or _is_set_in_icons(element):
            yield Hit(element, "icons/markup")
        elif text in icons.names and (
            "_" in text or element.attributes.get("aria-hidden") == "true" or _leads_label(markup, element)
        ):
            yield Hit(element, "icons/ligature")


def _only_text(markup: Markup, element: Element) -> str | None:
    """The text of an element that holds nothing else, or None."""
    text = markup.content[element.place + 1]
    return text if isinstance(text, str) and element.end == element.place + 2 else None


def _leads_label(markup: Markup, element: Element) -> bool:
    """Whether a styled word stands first in its element and a capital follows: `<span class="i1">done</span> Saved`."""
    if element.tag not in STYLED or not element.attributes.get("class") or element.parent is None:
        return False
    after = markup.content[element.end + 1]
    if not isinstance(after, str) or not after.lstrip()[:1].isupper():
        return False
    place = element.parent.place + 1
    before = markup.content[place]
    return element.place == place or (
        element.place == place + 1 and isinstance(before, str) and before.isspace()
    )


def _is_set_in_icons(element: Element) -> bool:
    """Whether its own style sets it in an icon font."""
    style = (element.attributes.get("style") or "").lower()
    return "font-family" in style and _ICON_FONT.search(style) is not None


def _is_icon_class(element: Element, icons: Icons) -> bool:
    return any(icons.is_class(token) for token in (element.attributes.get("class") or "").lower().split())
