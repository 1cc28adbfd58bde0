"""What stands before the first and after the last paragraph of a text that has lost its markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.shape import ends_sentence
from cleaners.words import count_words

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

MAX_GAP = 8
"""Lines without a sentence that may stand within the article; on 128 scrapes 1 and 100 give the same."""
MIN_SENTENCE_WORDS = 2


def drop_edges(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Lines without a sentence above the first paragraph and below the last: labels, names, dates, links.

    With markup the judge sees more than this; without it, place is all there is.
    """
    prose = [index for index, piece in enumerate(pieces) if piece.is_prose]
    if not prose:
        return []
    end = _find_end(pieces, prose[-1])
    hits = [PieceHit(piece, "edges/lead") for piece in pieces[: prose[0]] if not _is_sentence(piece)]
    hits += [PieceHit(piece, "edges/tail") for piece in pieces[end + 1 :] if not _is_sentence(piece)]
    return hits


def _find_end(pieces: list[Piece], last: int) -> int:
    """Where the article ends: lines between sentences are a list, a table, a verse, the headings of short parts."""
    for index in range(last + 1, len(pieces)):
        if index - last > MAX_GAP + 1:
            break
        if _is_sentence(pieces[index]):
            last = index
    return last


def _is_sentence(piece: Piece) -> bool:
    return ends_sentence(piece.text) and count_words(piece.text) >= MIN_SENTENCE_WORDS
