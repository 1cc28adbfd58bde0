"""Times of an audio or video player."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.boxes import BOX_BITS
from cleaners.hits import PieceHit
from cleaners.markup import name_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.layout import Piece
    from cleaners.page import Page
    from cleaners.rules import PhraseMatch

# "0:000:00", "00:00 / 04:32", "-12:07", "1x": nothing but clock times, speeds and separators.
_PLAYER = re.compile(r"[-–\s/|·•]{0,40}(?:\d{1,2}:\d{2}(?::\d{2})?[-–\s/|·•]*)+(?:\d(?:[.,]\d+)?[x×])?")
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
PLAYER_KINDS = frozenset(("player", "listen"))
PLAYER_NAMES = frozenset(
    ("player", "audio", "video", "duration", "playback", "podcast", "timecode", "currenttime")
)
NEAR = 2
"""How many pieces off a player's other parts stand at most."""


def drop_player_times(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Pieces that are player times only, near another sign of a player.

    A clock time alone is the time of an entry of a live blog, or the hour of a programme.
    """
    times = [
        len(piece.text) < 40 and piece.kind != "table" and _PLAYER.fullmatch(piece.text) is not None
        for piece in pieces
    ]
    return [
        PieceHit(piece, "players/times")
        for index, piece in enumerate(pieces)
        if times[index] and (_is_player(piece) or _stands_by_player(pieces, index, page))
    ]


def _is_player(piece: Piece) -> bool:
    if _says_more_than_clock(piece.text) or piece.boxes & BOX_BITS["player"]:
        return True
    names = "" if piece.node is None else piece.node.attributes.get("class") or ""
    return not PLAYER_NAMES.isdisjoint(name_words(names))


def _says_more_than_clock(text: str) -> bool:
    """Whether a player's time is none of a day: two times in one line, a speed, what is left, or the start."""
    times = _TIME.findall(text)
    return len(times) > 1 or text[-1] in "x×" or text[0] in "-–" or times[:1] in (["0:00"], ["00:00:00"])


def _stands_by_player(pieces: Sequence[Piece], index: int, page: Page) -> bool:
    near = (*pieces[max(0, index - NEAR) : index], *pieces[index + 1 : index + 1 + NEAR])
    return any(_says_player(piece, page) for piece in near)


def _says_player(piece: Piece, page: Page) -> bool:
    """Whether a short piece is a label of a player, or a time of one."""
    if len(piece.text) > 40:
        return False
    if _PLAYER.fullmatch(piece.text):
        return _says_more_than_clock(piece.text)
    match: PhraseMatch | None = page.rules.line(piece.text, language=page.language)
    return match is not None and match.kind in PLAYER_KINDS
