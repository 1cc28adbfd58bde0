"""Which words an article is found by, and how what people type is turned into a query that cannot be wrong."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EXCERPT_CHARS = 500
"""Of the text, so much is searched: with all of it the index would be larger than the data (docs/operations.md)."""
_MOST_TERMS = 32

# Written without spaces between words, or (Hangul) with endings glued on: each two neighbours make a word, so that any
# piece of a run is found. Thai, Lao, Burmese, Khmer, kana, Han, Hangul.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_RUN = re.compile(f"[{_UNSPACED}]+")
# Private use: they mark the words that filters are made of. Lone surrogates and U+0000 can stand in no query.
_FORBIDDEN = re.compile("[\x00\ud800-\uf8ff\U000f0000-\U0010ffff]")
_MARK = "\ue000"


def _make_folds() -> dict[int, str | None]:
    """What letters are searched as: SQLite's tokenizer folds the accents of Latin letters only, and no letter with a stroke."""
    # Dots and strokes that no decomposition reaches. Whoever writes Turkish in capitals types I for the dotless one.
    folds: dict[int, str | None] = dict(zip(map(ord, "ıłøđðħŧŋ"), "iloddhtn", strict=True))
    folds |= {ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th", ord("ё"): "е", ord("ѐ"): "е", ord("ѝ"): "и"}
    # Latin and Greek without their accents. Cyrillic й, ї and ў are letters of their own, and nobody types others for them.
    for number in (*range(0xC0, 0x250), *range(0x370, 0x400), *range(0x1E00, 0x2000)):
        base = unicodedata.normalize("NFD", chr(number))[0]
        if base != chr(number):
            folds[number] = base
    # Accents that are left where no letter has them; points of Hebrew; vowel signs and the stretcher of Arabic.
    for first, last in ((0x300, 0x36F), (0x591, 0x5BD), (0x5C1, 0x5C2), (0x64B, 0x652), (0x640, 0x640)):
        folds |= dict.fromkeys(range(first, last + 1))
    return folds


_FOLDED = _make_folds()
_PIECE = re.compile(r'"([^"]*)"?|([^\s"]+)')
_WORD = re.compile(r"[^\W_]")


def to_words(title: str, description: str, excerpt: str) -> str:
    """Give what is indexed of an article, apart from its filter words; the same for the same row, always."""
    return " \n ".join(_spread(text) for text in (title, description, excerpt) if text)


def to_filters(site: str, language: str, section: str) -> list[str]:
    """Give the words that filters find an article by: nobody can type them."""
    filters = [filter_word("site", site)]
    if language:
        filters.append(filter_word("language", language))
        base = language.partition("-")[0]
        if base != language:
            filters.append(filter_word("language", base))
    if section:
        filters.append(filter_word("section", section))
    return filters


def filter_word(kind: str, value: str) -> str:
    """Give the one word that stands for a value of `site`, `language` or `section`, whatever its case."""
    digest = hashlib.sha256(f"{kind} {value.strip().casefold()}".encode("utf-8", "surrogatepass"))
    return f"{_MARK}{digest.hexdigest()[:12]}"


def to_match(typed: str) -> str | None:
    """Give the FTS5 query for what was typed: all its words, and what stands in quotes as a phrase.

    None: there is no word in it, so that nothing can be found. Of more than 32 words and phrases the first count.

    >>> to_match('Zug AND "late train" -x*')
    '"zug" AND "and" AND "late train" AND "-x*"'
    >>> to_match("東京都")
    '"東京 京都"'
    """
    terms: list[str] = []
    for phrase, word in _PIECE.findall(_clean(typed)):
        terms += _to_terms(phrase or word)
    return " AND ".join(terms[:_MOST_TERMS]) or None


def _to_terms(piece: str) -> Iterator[str]:
    """Each run without spaces stands for itself: what follows one does not lie beside it in the index."""
    end = 0
    for run in _RUN.finditer(piece):
        yield from _quoted(piece[end : run.start()])
        yield f'"{run[0]}" *' if len(run[0]) == 1 else f'"{" ".join(_pairs(run[0]))}"'
        end = run.end()
    yield from _quoted(piece[end:])


def _quoted(text: str) -> Iterator[str]:
    if _WORD.search(text):
        yield f'"{text.strip()}"'


def _spread(text: str) -> str:
    """The text with a blank between all words, also where its script has none."""
    text = _clean(text)
    return text if text.isascii() else _RUN.sub(_spread_run, text)


def _spread_run(run: re.Match[str]) -> str:
    # The last character alone, too: so that each one begins a word, and can be looked for by itself.
    return f" {' '.join((*_pairs(run[0]), run[0][-1]))} "


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _clean(text: str) -> str:
    if text.isascii():
        return text.replace("\x00", " ").lower()
    return unicodedata.normalize("NFKC", _FORBIDDEN.sub(" ", text)).casefold().translate(_FOLDED)
