"""Folding: the one form in which a line of a page and an entry of the rules are compared."""

from __future__ import annotations

import functools
import re
import unicodedata

# A number in any script, grouped or decimal, with the k of "1.2K shares"; NFKD has made every
# digit form that has a plain equal plain, and `\d` covers the other scripts.
_NUMBER = re.compile(r"\d+(?:[.,'٬٫]\d+| \d{3}(?!\d))*(?:k(?!\w))?")

# Marks that sites set and leave out at will: accents (French capitals, Vietnamese), Arabic vowel
# signs and hamza seats, Hebrew points. Indic, Thai and kana signs are letters to their readers: kept.
_MARKS = (*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x610, 0x61B), *range(0x64B, 0x660), 0x670)

_FOLDS = dict.fromkeys(_MARKS, "") | {
    # Joiners, direction marks, soft hyphen, variation selectors, Arabic tatweel: seen by nobody.
    **dict.fromkeys(
        (0xAD, 0x640, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)), ""
    ),
    **dict.fromkeys((0xFEFF, *range(0xFE00, 0xFE10), 0x20E3), ""),
    # Casefold leaves Turkish "HABERİN DEVAMI" and "haberin devamı" unequal; with one i they are equal.
    ord("ı"): "i",
    # Arabic letters that Persian and Urdu keyboards and fonts write in two ways.
    ord("ي"): "ی",
    ord("ى"): "ی",
    ord("ك"): "ک",
    ord("ة"): "ه",
    ord("ہ"): "ه",
    **dict.fromkeys(map(ord, "‘’‚‛ʼ`´′"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»″"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    ord("・"): "·",
    ord("。"): ".",
    ord("、"): ",",
}


# Few characters of a line fold: finding them is four times faster than str.translate.
_FOLDABLE = re.compile("[" + "".join(map(re.escape, map(chr, _FOLDS))) + "]")


def _fold_char(match: re.Match[str]) -> str:
    return _FOLDS[ord(match[0])]


def _is_ornament(char: str) -> bool:
    """Punctuation, symbol, emoji, space or private-use character; © says too much, and {n} is a number."""
    return unicodedata.category(char)[0] in "PSZC" and char not in "©{}"


# A line is looked up in three folders, one right after the other.
@functools.lru_cache(maxsize=64)
def fold(text: str) -> str:
    """The form of `text` that rules are looked up by.

    NFKD without accents, case-folded, white space as single spaces, nothing but letters and numbers at
    either end (bullets, arrows, colons, emoji and icon-font characters go), each number `{n}`.

    >>> fold("▶ Lesezeit: 4 Min. »")
    'lesezeit: {n} min'
    """
    return _NUMBER.sub("{n}", strip_ornaments(fold_letters(text)))


def fold_letters(text: str) -> str:
    """`text` in one case, one spelling and with single spaces; its ends and numbers are untouched."""
    if not text.isascii():
        # NFKD would make the Korean copyright sign a bare c.
        text = unicodedata.normalize("NFKD", text.replace("ⓒ", "©")).casefold()
        text = _FOLDABLE.sub(_fold_char, text)
    return " ".join(text.casefold().split())


def strip_ornaments(text: str) -> str:
    """`text` without whatever is neither letter, digit nor © at its two ends."""
    if text and text[0].isalnum() and text[-1].isalnum():
        return text
    start, end = 0, len(text)
    while start < end and _is_ornament(text[start]):
        start += 1
    while end > start and _is_ornament(text[end - 1]):
        end -= 1
    return text[start:end]
