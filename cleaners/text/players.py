"""Times of an audio or video player."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

# "0:000:00", "00:00 / 04:32", "-12:07", "1x": nothing but clock times, speeds and separators.
_PLAYER = re.compile(r"[-–\s/|·•]{0,40}(?:\d{1,2}:\d{2}(?::\d{2})?[-–\s/|·•]*)+(?:\d(?:[.,]\d+)?[x×])?")


def drop_player_times(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Pieces that are player times only."""
    return [
        PieceHit(piece, "players/times")
        for piece in pieces
        if len(piece.text) < 40 and piece.kind != "table" and _PLAYER.fullmatch(piece.text)
    ]
