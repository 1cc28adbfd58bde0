"""Lines that say only what interfaces say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.text.openings import is_opened, may_be_opened

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page
    from cleaners.rules import PhraseMatch

META_KINDS = frozenset(
    ("author", "date_line", "reading_time", "counter", "share", "listen", "player", "comments")
)
MAX_META_CHARS = 160
MAX_PART_CHARS = 60
_CLOCK = re.compile(r"\{n\}[:h.]\{n\}(?: [a-z]{1,4})?")
_PARTS = re.compile("[·•|]")


def drop_phrases(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Pieces that are, whole, a phrase of the rules, or a short line that opens with one and goes on like a call."""
    openings = {}
    rules = {}
    for piece in pieces:
        if piece.kind in ("code", "table"):
            continue
        match = page.rules.line(piece.text, language=page.language)
        if match is None and may_be_opened(piece):
            match = openings[id(piece)] = page.rules.opening(piece.text, language=page.language)
        rules[id(piece)] = match
    prose = [
        index for index, piece in enumerate(pieces) if piece.is_prose and openings.get(id(piece)) is None
    ]
    first, last = (prose[0], prose[-1]) if prose else (0, -1)
    clocks = sum(match is not None and _is_clock(match) for match in rules.values())
    hits = []
    for index, piece in enumerate(pieces):
        if id(piece) not in rules:
            continue
        match = rules[id(piece)]
        if match is not None and _is_clock(match) and (clocks > 1 or first < index < last):
            continue
        opening = openings.get(id(piece))
        if opening is not None and not is_opened(piece, opening, at_edge=not first < index < last):
            match = None
        if match is None or match.weak:
            match = _match_meta_line(piece.text, page)
        if match is not None:
            hits.append(PieceHit(piece, match.rule))
    return hits


def _is_clock(match: PhraseMatch) -> bool:
    """Whether an entry is a time of day and nothing else: several of them are the hours of a live blog or a programme."""
    return _CLOCK.fullmatch(match.rule.partition(":")[2]) is not None


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
