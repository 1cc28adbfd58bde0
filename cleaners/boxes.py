"""Boxes: the kinds of interface box that a page's names and tags give away."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

BOX_KINDS = (
    "share", "related", "newsletter", "advertisement", "comments", "breadcrumb", "author", "caption", "tags",
    "navigation", "consent", "paywall", "player", "popup", "unprinted", "rating", "donate", "widget", "unseen",
    "tag:aside", "tag:figure", "tag:header", "tag:footer", "tag:form", "tag:section", "tag:article", "tag:ul", "tag:table",
)  # fmt: skip
"""In the order of their bits; the judge's features follow it."""
BOX_BITS = {kind: 1 << bit for bit, kind in enumerate(BOX_KINDS)}

# Every article stands in some of these: they are evidence, and no reason.
_PLAIN = frozenset(
    ("tag:section", "tag:article", "tag:ul", "tag:table", "tag:header", "tag:form", "tag:figure")
)
_TELLING = tuple((kind, bit) for kind, bit in BOX_BITS.items() if kind not in _PLAIN)


def telling_box(boxes: int) -> str | None:
    """The first kind among a piece's box bits that says why it is no text, or None."""
    return next((kind for kind, bit in _TELLING if boxes & bit), None)


class _SelectorFile(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    licence: str
    retrieved: str
    maintained: str
    words: dict[str, frozenset[str]]


@functools.cache
def box_words() -> dict[str, frozenset[str]]:
    """Per kind of box, the whole words of class names, ids and roles that give it away."""
    path = Path(__file__).parent / "rules" / "selectors.toml"
    return msgspec.toml.decode(path.read_bytes(), type=_SelectorFile).words
