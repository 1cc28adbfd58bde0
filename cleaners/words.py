"""Words: the form in which texts are compared and measured."""

from __future__ import annotations

import functools
import re
import unicodedata

# Thai, kana and Han are written without spaces between words: there a character counts as a word.
UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
_UNSPACED = re.compile(f"[{UNSPACED}]")
_SPACED_WORD = re.compile(r"\w+")
_WORD = re.compile(f"[{UNSPACED}]|[^\\W{UNSPACED}]+")
# Of ASCII text: capitals to small letters, all but letters, digits and the underscore to blanks. Translating and
# splitting at blanks takes a third of the time of the pattern.
_ASCII = "".join(char.lower() if char.isalnum() or char == "_" else " " for char in map(chr, range(128)))
# With these gone, most English text is ASCII.
_TYPOGRAPHIC = "’‘“”–—…\xa0"
_WIDE = re.compile("[\u3040-\u9fff\uac00-\ud7af]")

# Up to nine passes and features split the same text, one after the other. The largest of 1,439 real pages has 1,372
# pieces; of paragraphs, nine of ten are shorter.
TEXTS_REMEMBERED = 1_500
MAX_REMEMBERED_CHARS = 600


def words(text: str) -> list[str]:
    """The words of a text in one case and compatibility form; punctuation and spacing do not count."""
    return list(_remembered(text))


def count_words(text: str) -> int:
    """How many words a text has; of scripts without spaces, each character counts as one."""
    return sum(1 for _ in _WORD.finditer(text))


def fold_words(text: str) -> str:
    """The words of a text joined by blanks."""
    return " ".join(_remembered(text))


def _remembered(text: str) -> tuple[str, ...]:
    return _split_once(text) if len(text) <= MAX_REMEMBERED_CHARS else _split(text)


def _split(text: str) -> tuple[str, ...]:
    if not text.isascii():
        for mark in _TYPOGRAPHIC:
            text = text.replace(mark, " ")
    if text.isascii():
        return tuple(text.translate(_ASCII).split())
    text = unicodedata.normalize("NFKC", text).casefold()
    return tuple((_WORD if _UNSPACED.search(text) else _SPACED_WORD).findall(text))


_split_once = functools.lru_cache(TEXTS_REMEMBERED)(_split)


def weighted_chars(text: str) -> int:
    """Characters, with those of scripts that write a word in one or two of them counted double."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))
