"""Lines that say only what interfaces say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page
    from cleaners.rules import PhraseMatch

META_KINDS = frozenset(
    ("author", "date_line", "reading_time", "counter", "share", "listen", "player", "comments")
)
MAX_META_CHARS = 160
MAX_PART_CHARS = 60
_PARTS = re.compile("[·•|]")
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
        if match is None or match.weak:
            match = _match_meta_line(piece.text, page)
        if match is not None:
            hits.append(PieceHit(piece, match.rule))
    return hits


def _match_meta_line(text: str, page: Page) -> PhraseMatch | None:
    """The phrase in a line of labels, `By Ada · 3 May 2026 · 4 min read`, or None where it is no such line."""
    if len(text) > MAX_META_CHARS or not _PARTS.search(text):
        return None
    parts = [part.strip() for part in _PARTS.split(text)]
    if any(len(part) > MAX_PART_CHARS or part[-1:] in "!?…。" for part in parts):
        return None
    for part in parts:
        match = page.rules.line(part, language=page.language) or page.rules.opening(
            part, language=page.language
        )
        if match is not None and not match.weak and match.kind in META_KINDS:
            return match
    return None
