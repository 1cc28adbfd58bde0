"""What readers see of an element: its text without scripts, icons, controls and hidden parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.structured import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

MAX_DEPTH = 40
"""Of elements inside a headline or a byline."""

UNSHOWN_TAGS = frozenset(
    ["script", "style", "template", "noscript", "svg", "button", "select", "option", "textarea"]
)
BREAK_TAGS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)
"""Elements that begin a new line."""
_HIDDEN_TOKENS = frozenset(
    [
        "hidden",
        "sr-only",
        "visually-hidden",
        "visuallyhidden",
        "screen-reader-text",
        "screenreader",
        "u-hidden",
        "offscreen",
    ]
)


def shown_text(node: LexborNode, *, limit: int = 1_000) -> str | None:
    """Return an element's text as one line, as a reader sees it: without scripts, icons, buttons and hidden parts."""
    return plain_text(_shown(node, limit), limit=limit, markup=False)


def shown_lines(node: LexborNode, *, limit: int = 1_000) -> list[str]:
    """Return an element's text as the lines that its blocks make."""
    return [
        line
        for part in _shown(node, limit).split("\n")
        if (line := plain_text(part, limit=limit, markup=False))
    ]


def _shown(node: LexborNode, limit: int) -> str:
    parts: list[str] = []
    length = 0
    for text in _texts(node):
        parts.append(text)
        length += len(text)
        if length > limit:
            break
    return "".join(parts)


def is_hidden(node: LexborNode) -> bool:
    """Tell whether an element's own attributes hide it from readers."""
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    style, classes = attributes.get("style"), attributes.get("class")
    if style and "display:none" in style.replace(" ", "").lower():
        return True
    return classes is not None and not _HIDDEN_TOKENS.isdisjoint(classes.lower().split())


def _texts(node: LexborNode, depth: int = 0) -> Iterator[str]:
    for child in node.iter(include_text=True):
        tag = child.tag
        if tag == "-text":
            yield child.text().replace("\n", " ")
        elif depth < MAX_DEPTH and tag not in UNSHOWN_TAGS and not is_hidden(child):
            if tag in BREAK_TAGS:
                yield "\n"
            elif _follows_its_like(child, tag):
                yield " "
            yield from _texts(child, depth + 1)
            if tag in BREAK_TAGS:
                yield "\n"


def _follows_its_like(node: LexborNode, tag: str | None) -> bool:
    # Two spans without white space between them are set apart by style.
    before = node.prev
    return before is not None and before.tag == tag
