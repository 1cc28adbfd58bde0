"""The title, standing again as a heading, a paragraph, a caption or in capitals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.words import fold_words

MAX_TIMES = 4

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page


def drop_titles(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Every piece that says the title and nothing else, once or several times, whatever its tag, case or punctuation."""
    compact = {title.replace(" ", "") for title in page.titles}
    longest = max(map(len, compact), default=0)
    hits = []
    for piece in pieces:
        if len(piece.text) > MAX_TIMES * (longest + 40):
            continue
        text = fold_words(piece.text).replace(" ", "")
        if text and any(_is_repeat(text, title) for title in compact):
            hits.append(PieceHit(piece, "titles/repeat"))
    return hits


def _is_repeat(text: str, title: str) -> bool:
    times, rest = divmod(len(text), len(title))
    return not rest and 1 <= times <= MAX_TIMES and text == title * times
