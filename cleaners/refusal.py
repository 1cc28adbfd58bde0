"""Refusal: pages that would stall the parser or the judge, told before either is asked."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.layout import Piece

# Of 1,575 real pages none is larger than 2.3 million characters, or has more than 9,770 angle brackets, 434 open
# elements, 1,200 attributes in a tag, 1,372 blocks or 72,000 characters of text. What is refused is several times that,
# and less than what takes three seconds.
MAX_CHARS = 12_000_000
MAX_BRACKETS = 80_000
"""Each 10,000 elements take half a second."""
MAX_DEPTH = 2_000
"""Parsing is quadratic in depth (selectolax 1.0.2: 2.6 s for 40,000 nested divs, 22 s for 100,000) …"""
MAX_ATTRIBUTES = 12_000
"""… and in the attributes of a tag (5 s for 40,000)."""
MAX_OPEN_FORMATTING = 600
"""The parser opens formatting elements again in each paragraph after the one that left them open."""
MAX_BLOCKS = 6_000
MAX_TEXT_CHARS = 1_000_000

# Possessive throughout: what was read is never read again, however the rest goes on.
_ATTRIBUTE = (
    r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+)?+"""
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_TOKEN = re.compile(
    rf"<!--(?:-?>|.*?--!?>|.*)|<(/?)([A-Za-z][^\s/>]*+)((?:{_ATTRIBUTE})*+)[\s/]*+>?", re.DOTALL
)
_TAG_START = re.compile("<[A-Za-z]")
# What stands inside these is no markup.
_RAW = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
_RAW_ENDS = {name: re.compile(rf"</{name}", re.IGNORECASE) for name in _RAW}
# These hold nothing, or the parser closes them where the next one opens.
_NEVER_DEEP = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
     "html", "head", "body", "p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th", "thead", "tbody", "tfoot",
     "colgroup", "caption", "rb", "rt", "rp", "rtc")
)  # fmt: skip
_FORMATTING = frozenset(
    ("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)

Refusal = tuple[str, str]
"""Reason and evidence."""


def find_refusal(html: str) -> Refusal | None:
    """Why a page is not to be parsed, or None. Reads each character a fixed number of times."""
    if len(html) > MAX_CHARS:
        return "overrun", f"{len(html):,} characters of markup, more than {MAX_CHARS:,}"
    brackets = html.count("<")
    if brackets > MAX_BRACKETS:
        return "overrun", f"{brackets:,} angle brackets, more than {MAX_BRACKETS:,}"
    # Most pages can be neither deep nor rich in attributes, and need no look at their tags.
    opened = brackets - html.count("</")
    runs = (run for run in html.split(">") if len(run) > 2 * MAX_ATTRIBUTES)
    return _scan(html) if opened > MAX_DEPTH or any(map(_TAG_START.search, runs)) else None


def find_overlength(pieces: Sequence[Piece]) -> Refusal | None:
    """Why a page that was laid out is not to be judged, or None."""
    if len(pieces) > MAX_BLOCKS:
        return "overrun", f"{len(pieces):,} blocks of text, more than {MAX_BLOCKS:,}"
    chars = sum(len(piece.text) for piece in pieces)
    if chars > MAX_TEXT_CHARS:
        return "overrun", f"{chars:,} characters of text, more than {MAX_TEXT_CHARS:,}"
    return None


def _scan(html: str) -> Refusal | None:
    """The same from the page's tags, one by one."""
    stack: list[str] = []
    depths: Counter[str] = Counter()
    formatting: Counter[str] = Counter()
    place = 0
    while token := _TOKEN.search(html, place):
        place = token.end()
        if token[2] is None:
            continue
        name = token[2].lower()
        if len(token[0]) > 2 * MAX_ATTRIBUTES:
            attributes = sum(1 for _ in _ATTRIBUTES.finditer(token[3]))
            if attributes > MAX_ATTRIBUTES:
                return "overrun", f"one tag with {attributes:,} attributes, more than {MAX_ATTRIBUTES:,}"
        if token[1]:
            _close(name, stack, depths, formatting)
        elif name in _RAW:
            end = _RAW_ENDS[name].search(html, place)
            place = end.start() if end else len(html)
        elif name in _FORMATTING:
            formatting[name] += 1
            if formatting[name] > MAX_OPEN_FORMATTING:
                return "overrun", f"more than {MAX_OPEN_FORMATTING:,} open <{name}>"
        elif name not in _NEVER_DEEP and not _closes_itself(token[0], depths):
            stack.append(name)
            depths[name] += 1
            if len(stack) > MAX_DEPTH:
                return "overrun", f"elements nested more than {MAX_DEPTH:,} deep"
    return None


def _close(name: str, stack: list[str], depths: Counter[str], formatting: Counter[str]) -> None:
    """Close an element and those left open inside it; a tag that closes nothing does nothing."""
    if formatting[name]:
        formatting[name] -= 1
    elif depths[name]:
        while (inner := stack.pop()) != name:
            depths[inner] -= 1
        depths[name] -= 1


def _closes_itself(tag: str, depths: Counter[str]) -> bool:
    """Whether a tag ends in a slash that counts: inside drawings and formulas."""
    return tag.endswith("/>") and bool(depths["svg"] or depths["math"])
