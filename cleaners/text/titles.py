"""The title, standing again as a heading, a paragraph, a caption or in capitals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.words import words

MAX_TIMES = 4

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page


def drop_titles(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Every piece that says the title and nothing else, once or several times, whatever its tag, case or punctuation."""
    compact = {title.replace(" ", "") for title in page.titles} - {""}
    longest = max(map(len, compact), default=0)
    repeats = {title * times for title in compact for times in range(1, MAX_TIMES + 1)}
    return [
        PieceHit(piece, "titles/repeat")
        for piece in pieces
        if len(piece.text) <= MAX_TIMES * (longest + 40) and "".join(words(piece.text)) in repeats
    ]
