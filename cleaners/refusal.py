"""Refusal: pages that would stall the parser or the judge, told before either is asked."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cleaners.layout import Piece

# Of 1,439 real pages none is larger than 2.3 million characters, or has more than 9,770 angle brackets, 54 nested
# elements, 1,200 attributes in a tag, 1,372 blocks or 72,000 characters of text. What is refused is several times that,
# and less than what takes three seconds.
MAX_CHARS = 12_000_000
MAX_BRACKETS = 80_000
"""Each 10,000 elements take half a second."""
MAX_DEPTH = 500
"""Parsing is quadratic in depth (selectolax 1.0.2: 2.6 s for 40,000 nested divs, 22 s for 100,000)."""
MAX_ATTRIBUTES = 12_000
"""It is quadratic in the attributes of a tag, too (5 s for 40,000)."""
FEW_TAGS = 2_000
"""A page of no more is not slow, however deep."""
MAX_REOPENED = 200_000
"""The parser opens formatting elements again in each block after the one that left them open: 590 of them in 5,000
paragraphs become three million elements, and 1.6 GB."""
MAX_BLOCKS = 6_000
MAX_ANCESTORS = 1_000_000
"""Elements around all blocks together; 55,000 on the largest real page."""
MAX_TEXT_CHARS = 1_000_000

# Possessive throughout: what was read is never read again, however the rest goes on.
_ATTRIBUTE = (
    r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>"'][^\s>]*+)?+)?+"""
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
# What nearly all tags look like, read in half the time: names, and values in double quotes right behind them.
_PLAIN_REST = r"""[^>"'=]*+(?:(?<![\s/"'=])="[^"]*+"[^>"'=]*+)*+>"""
_TOKEN = re.compile(
    rf"<!--(?:-?>|.*?--!?>|.*)|<(/?)([A-Za-z][^\s/>]*+)(?:{_PLAIN_REST}|(?:{_ATTRIBUTE})*+[\s/]*+>?)",
    re.DOTALL,
)
_TAG_START = re.compile("<[A-Za-z]")
_LONG_CHARS = 2 * MAX_ATTRIBUTES
"""A tag of no more cannot hold too many attributes."""
# What stands inside these is no markup.
_RAW = frozenset(("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"))
_RAW_ENDS = {name: re.compile(rf"</{name}", re.IGNORECASE) for name in _RAW}
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)  # fmt: skip
# The parser closes these where the next one opens.
_NEVER_DEEP = frozenset(
    ("html", "head", "body", "p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th", "thead", "tbody", "tfoot",
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
    if brackets > FEW_TAGS and brackets - html.count("</") > FEW_TAGS:
        return _scan(html)
    return _scan(html) if any(_TAG_START.search(html, *run) for run in _long_runs(html)) else None


def find_overlength(pieces: Sequence[Piece]) -> Refusal | None:
    """Why a page that was laid out is not to be judged, or None."""
    if len(pieces) > MAX_BLOCKS:
        return "overrun", f"{len(pieces):,} blocks of text, more than {MAX_BLOCKS:,}"
    ancestors = sum(piece.depth for piece in pieces)
    if ancestors > MAX_ANCESTORS:
        return "overrun", f"{len(pieces):,} blocks of text, {ancestors // len(pieces):,} deep on average"
    chars = sum(len(piece.text) for piece in pieces)
    if chars > MAX_TEXT_CHARS:
        return "overrun", f"{chars:,} characters of text, more than {MAX_TEXT_CHARS:,}"
    return None


def _long_runs(html: str) -> Iterator[tuple[int, int]]:
    """Where the stretches without a closing bracket that can hold too many attributes begin and end."""
    start = 0
    while len(html) - start > _LONG_CHARS:
        # From the far end: a bracket that is near is found at once, and most of the page is never read.
        end = html.rfind(">", start, start + _LONG_CHARS + 1)
        if end < 0:
            end = html.find(">", start)
            end = end if end >= 0 else len(html)
            yield start, end
        start = end + 1


def _scan(html: str) -> Refusal | None:
    """The same from the page's tags, one by one."""
    elements = _OpenElements()
    tokens = _TOKEN.finditer(html)
    while token := next(tokens, None):
        slash, name = token.groups()
        if name is None:
            continue
        name = name.lower()
        # Nearly all tags are too short to hold so many.
        refusal = _count_attributes(token) if token.end() - token.start() > _LONG_CHARS else None
        if slash:
            elements.close(name)
        elif name in _RAW:
            end = _RAW_ENDS[name].search(html, token.end())
            tokens = _TOKEN.finditer(html, end.start() if end else len(html))
        else:
            closes_itself = html.startswith("/>", token.end() - 2)
            refusal = refusal or elements.open(name, closes_itself=closes_itself)
        if refusal:
            return refusal
    return None


def _count_attributes(tag: re.Match[str]) -> Refusal | None:
    attributes = sum(1 for _ in _ATTRIBUTES.finditer(tag.string, tag.end(2), tag.end()))
    if attributes <= MAX_ATTRIBUTES:
        return None
    return "overrun", f"one tag with {attributes:,} attributes, more than {MAX_ATTRIBUTES:,}"


class _OpenElements:
    """What is open at a place of a page, about as the parser sees it."""

    def __init__(self) -> None:
        self._stack: list[str] = []
        # No counters: those run Python code for each name that they do not hold.
        self._open: defaultdict[str, int] = defaultdict(int)
        self._formatting = dict.fromkeys(_FORMATTING, 0)
        self._formatting_open = 0
        self._reopened = 0

    def open(self, name: str, *, closes_itself: bool) -> Refusal | None:
        """Open an element; gives a refusal where too many are open."""
        # A slash closes a tag inside drawings and formulas only.
        if name in _VOID or (closes_itself and (self._open["svg"] or self._open["math"])):
            return None
        if name in self._formatting:
            self._formatting[name] += 1
            self._formatting_open += 1
        elif name not in _NEVER_DEEP:
            self._stack.append(name)
            self._open[name] += 1
        self._reopened += self._formatting_open
        if len(self._stack) > MAX_DEPTH:
            return "overrun", f"elements nested more than {MAX_DEPTH:,} deep"
        if self._reopened > MAX_REOPENED:
            return "overrun", f"formatting left open and opened again more than {MAX_REOPENED:,} times"
        return None

    def close(self, name: str) -> None:
        """Close an element and those left open inside it; a tag that closes nothing does nothing."""
        if self._formatting.get(name):
            self._formatting[name] -= 1
            self._formatting_open -= 1
        elif self._open[name]:
            while (inner := self._stack.pop()) != name:
                self._open[inner] -= 1
            self._open[name] -= 1
