"""Links to the page in other languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
# Codes of languages and of countries that stand for one, as sites print them side by side.
_CODES = frozenset(
    ("ar", "az", "be", "bg", "bn", "ca", "cn", "cs", "cz", "da", "de", "dk", "ee", "el", "en", "es", "et", "eu",
     "fa", "fi", "fr", "ge", "gr", "he", "hi", "hr", "hu", "hy", "id", "il", "in", "ir", "it", "ja", "jp", "ka",
     "kk", "ko", "kr", "kz", "lt", "lv", "mk", "ms", "nl", "no", "pl", "pt", "ro", "rs", "ru", "se", "si", "sk",
     "sl", "sq", "sr", "sv", "th", "tr", "ua", "uk", "ur", "us", "uz", "vi", "vn", "zh")
)  # fmt: skip
_BETWEEN = re.compile(r"\s*[|/·•,]\s*|\s+")
MIN_CODES = 2
MAX_CHARS = 40


def drop_switchers(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Short pieces that begin with a flag and say no sentence, or that name languages by their codes only.

    `🇹🇷Türkçe versiyonu`; `UA | RU | EN`.
    """
    hits = []
    for piece in pieces:
        if len(piece.text) > MAX_CHARS:
            continue
        if _FLAG.match(piece.text) and piece.text[-1] not in ".!?":
            hits.append(PieceHit(piece, "switchers/flag"))
        elif piece.kind != "table" and _names_languages(piece.text):
            hits.append(PieceHit(piece, "switchers/codes"))
    return hits


def _names_languages(text: str) -> bool:
    codes = [code for code in _BETWEEN.split(text.lower()) if code]
    return len(codes) >= MIN_CODES and len(set(codes)) == len(codes) and _CODES.issuperset(codes)
