"""What stands before the first and after the last paragraph of a text that has lost its markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.shape import ends_sentence

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page


def drop_edges(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Lines without a sentence above the first paragraph and below the last: labels, names, dates, links.

    With markup the judge sees more than this; without it, place is all there is.
    """
    prose = [index for index, piece in enumerate(pieces) if piece.is_prose]
    if not prose:
        return []
    hits = [PieceHit(piece, "edges/lead") for piece in pieces[: prose[0]] if not _is_sentence(piece)]
    hits += [PieceHit(piece, "edges/tail") for piece in pieces[prose[-1] + 1 :] if not _is_sentence(piece)]
    return hits


def _is_sentence(piece: Piece) -> bool:
    return ends_sentence(piece.text) and " " in piece.text
