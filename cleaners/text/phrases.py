"""Lines that say only what interfaces say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.text.openings import CALL_KINDS, is_opened, may_be_opened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
# Between the parts of a dateline, and in many a sentence: these count beside a date or a reading time only.
_DASHES = re.compile(r"\s[-–—]\s")
DATED_KINDS = frozenset(("date_line", "reading_time"))
MAX_LABELS_CHARS = 80
MIN_LABELS_WORDS = 3


def drop_phrases(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Pieces that are, whole, a phrase of the rules, or a short line that opens with one and goes on like a call."""
    rules = {}
    openings = {}
    for piece in pieces:
        if piece.kind in ("code", "table"):
            continue
        match = rules[id(piece)] = page.rules.line(piece.text, language=page.language)
        if match is None and may_be_opened(piece):
            openings[id(piece)] = page.rules.opening(piece.text, language=page.language)
    prose = [
        index for index, piece in enumerate(pieces) if piece.is_prose and openings.get(id(piece)) is None
    ]
    first, last = (prose[0], prose[-1]) if prose else (0, -1)
    clocks = sum(match is not None and _is_clock(match) for match in rules.values())
    hits = []
    for index, piece in enumerate(pieces):
        if id(piece) not in rules:
            continue
        at_edge = not first < index < last
        match = rules[id(piece)]
        if match is not None and _is_clock(match) and (clocks > 1 or not at_edge):
            continue
        opening = openings.get(id(piece))
        if opening is not None and is_opened(
            piece, opening, at_edge=at_edge or _stands_by_call(pieces, index, openings, opening)
        ):
            match = opening
        if match is None or match.weak:
            match = _match_labels(piece, page)
        if match is not None:
            hits.append(PieceHit(piece, match.rule))
    return hits


def _stands_by_call(
    pieces: Sequence[Piece],
    index: int,
    openings: Mapping[int, PhraseMatch | None],
    opening: PhraseMatch,
) -> bool:
    """Whether a piece that opens like a call stands right beside another: calls come in company."""
    beside = (*pieces[max(index - 1, 0) : index], *pieces[index + 1 : index + 2])
    found = (openings.get(id(piece)) for piece in beside)
    return opening.kind in CALL_KINDS and any(match and match.kind in CALL_KINDS for match in found)


def _match_labels(piece: Piece, page: Page) -> PhraseMatch | None:
    """What a short line of several labels says, or None where it is no such line."""
    meta = _match_meta_line(piece.text, page) if piece.kind != "heading" else None
    return meta or _match_labels_in_a_row(piece.text, page)


def _is_clock(match: PhraseMatch) -> bool:
    """Whether an entry is a time of day and nothing else: several of them are the hours of a live blog or a programme."""
    return _CLOCK.fullmatch(match.rule.partition(":")[2]) is not None


def _match_meta_line(text: str, page: Page) -> PhraseMatch | None:
    """The phrase in a line of labels, `By Ada · 3 May 2026 · 4 min read`, or None where it is no such line."""
    if len(text) > MAX_META_CHARS:
        return None
    for between, kinds in ((_PARTS, META_KINDS), (_DASHES, DATED_KINDS)):
        parts = [part.strip() for part in between.split(text)]
        if len(parts) < 2 or any(len(part) > MAX_PART_CHARS or part[-1:] in "!?…。" for part in parts):
            continue
        for part in parts:
            match = page.rules.line(part, language=page.language)
            match = match or page.rules.opening(part, language=page.language)
            if match is not None and not match.weak and match.kind in kinds:
                return match
    return None


def _match_labels_in_a_row(text: str, page: Page) -> PhraseMatch | None:
    """The first of the phrases that a short line is made of: two or more buttons with nothing between them."""
    words = text.split(" ")
    if len(text) > MAX_LABELS_CHARS or len(words) < MIN_LABELS_WORDS:
        return None
    # The phrase that each stretch from the start ends with, where it is phrases only.
    found: dict[int, PhraseMatch] = {}
    for end in range(1, len(words) + 1):
        for start in (0, *found):
            if start and not (words[start][:1].isupper() or words[start][:1].isdigit()):
                continue
            match = page.rules.line(" ".join(words[start:end]), language=page.language)
            if match is not None and not match.weak:
                found[end] = match
                break
    return found.get(len(words))
