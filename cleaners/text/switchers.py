"""Links to the page in other languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
MAX_CHARS = 40


def drop_switchers(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Short pieces that begin with a flag and say no sentence: `🇹🇷Türkçe versiyonu`."""
    return [
        PieceHit(piece, "switchers/flag")
        for piece in pieces
        if len(piece.text) <= MAX_CHARS and _FLAG.match(piece.text) and piece.text[-1] not in ".!?"
    ]
