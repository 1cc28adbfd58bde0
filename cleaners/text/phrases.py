"""Lines that say only what interfaces say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

# A line that opens like "Read also:" or "Photo:" and is longer than this carries text of its own.
MAX_OPENED_CHARS = 220


def drop_phrases(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Pieces that are, whole, a phrase of the rules, or a short line that opens with one."""
    hits = []
    for piece in pieces:
        if piece.kind in ("code", "table"):
            continue
        match = page.rules.line(piece.text, language=page.language)
        # A list of an article may well have a point that opens like a call; a call in a list is a link.
        if (
            match is None
            and len(piece.text) <= MAX_OPENED_CHARS
            and (piece.kind != "list_item" or piece.links)
        ):
            match = page.rules.opening(piece.text, language=page.language)
        if match is not None and not match.weak:
            hits.append(PieceHit(piece, match.rule))
    return hits
