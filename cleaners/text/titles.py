"""The title, standing again as a heading, a paragraph, a caption or in capitals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.features import fold_words
from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page


def drop_titles(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Every piece that says the title and nothing else, whatever its tag, case or punctuation."""
    return [PieceHit(piece, "titles/repeat") for piece in pieces if fold_words(piece.text) in page.titles]
