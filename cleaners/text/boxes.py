"""Boxes that only their heading, their icons or their repetition of the body give away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.features import SENTENCE_ENDS, fold_words
from cleaners.hits import PieceHit
from cleaners.markup import is_prose

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

MAX_HEADING_CHARS = 80
MAX_BOX_PIECES = 14
# So many characters of a point must stand in the body again before it counts as a summary of it: cut points keep 100
# to 200, and 40 are enough to rule out chance.
REPEAT_CHARS = 40
_NUMBERED = re.compile(r"\d{1,2}[.)]?\s?(?=\D)")
# A box whose heading names one of these goes with what it heads; the others head prose, too.
LISTS_OF_LINKS = frozenset(("related", "most_read", "next_article", "navigation", "tags", "share", "follow", "switch"))


def drop_repeated_points(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """List items and short paragraphs that say again what the body says: summary boxes, pull quotes."""
    folded = [fold_words(piece.text) for piece in pieces]
    bodies = [text if is_prose(piece) else "" for piece, text in zip(pieces, folded, strict=True)]
    prose_total = sum(map(len, bodies)) or 1
    hits = []
    for index, (piece, text) in enumerate(zip(pieces, folded, strict=True)):
        point = fold_words(_NUMBERED.sub("", piece.text, count=1)) if piece.kind == "list_item" else text
        if len(point) < REPEAT_CHARS or len(point) > 0.3 * prose_total:
            continue
        # The last word of a point may be cut; what stands before it is whole.
        stem = point.rsplit(" ", 1)[0] if piece.kind == "list_item" else point
        if len(stem) < REPEAT_CHARS:
            continue
        later = any(stem in body for body in bodies[index + 1 :] if len(body) >= len(stem))
        if piece.kind == "list_item" and later:
            hits.append(PieceHit(piece, "repeats/point"))
        elif piece.kind == "list_item" and any(stem in body for body in bodies[:index] if len(body) > len(stem)):
            hits.append(PieceHit(piece, "repeats/point"))
        elif piece.kind in ("quote", "heading") and any(
            stem in body for other, body in enumerate(bodies) if other != index and len(body) > len(stem)
        ):
            hits.append(PieceHit(piece, "repeats/pull_quote"))
    return hits


def drop_twins(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Long pieces that stand twice, word for word: the later one goes."""
    seen: set[str] = set()
    hits = []
    for piece in pieces:
        text = fold_words(piece.text)
        if len(text) >= REPEAT_CHARS and piece.kind in ("paragraph", "heading", "quote"):
            if text in seen:
                hits.append(PieceHit(piece, "repeats/twin"))
            seen.add(text)
    return hits


def drop_icon_labels(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Short pieces that an icon led: buttons and badges, not sentences."""
    return [
        PieceHit(piece, "icons/label")
        for piece in pieces
        if piece.icon and piece.kind != "heading" and len(piece.text) <= 40 and not _ends_sentence(piece.text)
    ]


def drop_headed_boxes(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """A heading that an icon led or that the rules know, with the points, links and labels under it."""
    hits: list[PieceHit] = []
    index = 0
    while index < len(pieces):
        rule = _box_heading(pieces[index], page)
        if rule is None:
            index += 1
            continue
        hits.append(PieceHit(pieces[index], rule))
        index += 1
        taken = 0
        while index < len(pieces) and taken < MAX_BOX_PIECES and _belongs_to_box(pieces[index], page):
            hits.append(PieceHit(pieces[index], rule))
            index += 1
            taken += 1
    return hits


def _box_heading(piece: Piece, page: Page) -> str | None:
    """The rule by which a piece heads a box, or None."""
    if len(piece.text) > MAX_HEADING_CHARS or _ends_sentence(piece.text):
        return None
    match = page.rules.heading(piece.text, language=page.language)
    if match is not None and (not match.weak or piece.icon):
        return match.rule
    if piece.icon and (piece.kind == "heading" or len(piece.text) <= 40):
        return "boxes/icon_heading"
    return None


def _belongs_to_box(piece: Piece, page: Page) -> bool:
    """Whether a piece under a box's heading is one of its points, links or labels."""
    if piece.icon and len(piece.text) < 300:
        return True
    if piece.kind == "heading":
        return False
    if piece.link_share > 0.6:
        return True
    if is_prose(piece):
        return False
    if piece.kind == "list_item":
        return not _ends_sentence(piece.text)
    return not _ends_sentence(piece.text) and len(piece.text) < 120


def _ends_sentence(text: str) -> bool:
    return text.rstrip("\"'”’»)」』】›*")[-1:] in SENTENCE_ENDS
