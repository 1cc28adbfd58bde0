"""Shape: what the characters of a text tell of it, whatever its language."""

from __future__ import annotations

import re

_SENTENCE_ENDS = frozenset(".!?…。！？।؟۔")
_CLOSERS = "\"'”’»)」』】›*"
_STOPS = re.compile("[.!?…。！？।؟۔]")
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DIGITS = re.compile("[0-9]")
_UPPERS = re.compile("[A-Z]")
_BEYOND_ASCII = re.compile("[^\\x00-\\x7f]")
STARTS_WITHIN = 200
"""Digits, capitals, times and years are looked for in so many characters: a label has them, a paragraph may."""


def ends_sentence(text: str) -> bool:
    """Whether it ends like a sentence, closing quotes and brackets aside."""
    return text.rstrip(_CLOSERS)[-1:] in _SENTENCE_ENDS


def shape_of(text: str) -> list[float]:
    """The features from `ends_sentence` to `bar` of `cleaners.features.FEATURES`; the text must not be empty."""
    start = text[:STARTS_WITHIN]
    digits, uppers = _count_digits_and_uppers(start)
    return [
        ends_sentence(text),
        text[-1] in ":：",
        text[0].islower(),
        digits / len(start),
        uppers / len(start),
        text.count(",") + text.count("،") + text.count("、"),
        min(len(_STOPS.findall(text)), 12),
        min(text.count("\n"), 5),
        _CLOCK.search(start) is not None,
        _YEAR.search(start) is not None,
        "@" in text or "©" in text,
        "|" in text or "»" in text or "›" in text or "→" in text,
    ]


def _count_digits_and_uppers(text: str) -> tuple[int, int]:
    """How many characters `str.isdigit` and `str.isupper`."""
    digits, uppers = len(_DIGITS.findall(text)), len(_UPPERS.findall(text))
    if not text.isascii():
        others = _BEYOND_ASCII.findall(text)
        digits += sum(map(str.isdigit, others))
        uppers += sum(map(str.isupper, others))
    return digits, uppers
