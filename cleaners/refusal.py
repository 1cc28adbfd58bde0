"""Refusal: pages that would stall the parser, told by a scan before parsing."""

from __future__ import annotations

import re

# Measured with selectolax 1.0.2: one tag with 40,000 attributes takes 5 s, 100,000 nested divs take 22 s, 40,000 take
# 2.6 s; both are quadratic. Of 1,575 real pages the richest tag looks like 4,710 attributes, and no page is 100 deep.
MAX_ATTRIBUTES = 12_000
MAX_DEPTH = 8_000
MAX_CHARS = 12_000_000
_LONG_TAG = re.compile(rf"<[A-Za-z][^<>]{{{2 * MAX_ATTRIBUTES},}}")
_NESTING = re.compile(
    r"<(/?)(?:div|span|section|article|font|b|i|em|strong|u|a|center|blockquote|ul|ol|li|table|tbody|tr|td|p|small|big|code|nobr|s|strike|tt)\b",
    re.IGNORECASE,
)


def find_refusal(html: str) -> tuple[str, str] | None:
    """Reason and evidence where a page is not to be parsed, else None. One look at each character."""
    if len(html) > MAX_CHARS:
        return "overrun", f"{len(html):,} characters of markup, more than {MAX_CHARS:,}"
    attributes = _most_equals(html)
    if attributes > MAX_ATTRIBUTES:
        return "overrun", f"one tag with about {attributes:,} attributes, more than {MAX_ATTRIBUTES:,}"
    depth = _depth(html)
    if depth > MAX_DEPTH:
        return "overrun", f"elements nested about {depth:,} deep, more than {MAX_DEPTH:,}"
    return None


def _most_equals(html: str) -> int:
    """Attributes of the tag that has most, counted by the blanks between two angle brackets."""
    # Only a long tag can hold so many; a script's text between two brackets is no tag.
    return max((len(tag[0].split()) - 1 for tag in _LONG_TAG.finditer(html)), default=0)


def _depth(html: str) -> int:
    """How deep elements nest at most, by opened and closed tags; cheap where few are left open."""
    if html.count("<") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _NESTING.finditer(html):
        depth = depth - 1 if match[1] else depth + 1
        deepest = max(deepest, depth)
        depth = max(depth, 0)
    return deepest
