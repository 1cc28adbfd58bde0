"""Refusal: pages that would stall the parser, told by a scan before parsing."""

from __future__ import annotations

import re

# Measured with selectolax 1.0.2: one tag with 40,000 attributes takes 5 s (quadratic), 100,000 nested divs take 22 s
# (quadratic), 40,000 take 2.6 s. The richest of 1,575 real pages has 120 attributes in a tag and a depth below 100.
MAX_ATTRIBUTES = 4_000
MAX_DEPTH = 8_000
MAX_CHARS = 12_000_000
_TAG_START = re.compile(r"<[A-Za-z]")
_NESTING = re.compile(r"<(/?)(?:div|span|section|article|font|b|i|em|strong|u|a|center|blockquote|ul|ol|li|table|tbody|tr|td|p|small|big|code|nobr|s|strike|tt)\b", re.IGNORECASE)


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
    most = 0
    # Only long stretches without a closing bracket can hold so many.
    for stretch in html.split(">"):
        if len(stretch) > 2 * MAX_ATTRIBUTES:
            start = _TAG_START.search(stretch)
            if start and not stretch.lstrip().startswith(("<script", "<style")):
                most = max(most, len(stretch[start.start() :].split()) - 1)
    return most


def _depth(html: str) -> int:
    """How deep elements nest at most, by opened and closed tags; cheap where few are left open."""
    opened = len(re.findall(r"<[a-zA-Z]", html))
    if opened <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _NESTING.finditer(html):
        depth = depth - 1 if match[1] else depth + 1
        deepest = max(deepest, depth)
        depth = max(depth, 0)
    return deepest
