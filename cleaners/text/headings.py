"""Headings over nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page


def drop_empty_headings(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Headings at the end of the text: what they headed is gone."""
    hits = []
    for piece in reversed(pieces):
        if piece.kind != "heading":
            break
        hits.append(PieceHit(piece, "headings/empty"))
    return hits
