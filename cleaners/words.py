"""Words: the form in which texts are compared and measured."""

from __future__ import annotations

import re
import unicodedata

# Thai, kana and Han are written without spaces between words: there a character counts as a word.
UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(f"[{UNSPACED}]|[^\\W{UNSPACED}]+")
_WIDE = re.compile("[\u3040-\u9fff\uac00-\ud7af]")


def words(text: str) -> list[str]:
    """The words of a text in one case and compatibility form; punctuation and spacing do not count."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.casefold())


def fold_words(text: str) -> str:
    """The words of a text joined by blanks."""
    return " ".join(words(text))


def weighted_chars(text: str) -> int:
    """Characters, with those of scripts that write a word in one or two of them counted double."""
    if text.isascii() or max(text) < "\u3040":
        return len(text)
    return len(text) + len(_WIDE.findall(text))
