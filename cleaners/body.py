"""Body choice: the element that holds the article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.words import weighted_chars

if TYPE_CHECKING:
    from cleaners.layout import Layout, Piece

# An element further in that still holds this share of the best one's worth is the better choice.
KEPT_SHARE = 0.92


def choose_body(layout: Layout) -> int:
    """`place` of the innermost element that holds nearly all that is worth reading; 0 where nothing is.

    Each piece adds its worth (prose adds its length, link lists take theirs away) to all elements around it; the
    element with the most is the article or something around it.
    """
    worth: dict[int, float] = {}
    for piece in layout.pieces:
        if piece.node is None:
            continue
        value = piece_worth(piece)
        for key in layout.chain(piece.node.place):
            worth[key] = worth.get(key, 0.0) + value
    best = max(worth, key=lambda key: (worth[key], len(layout.chain(key))), default=0)
    if not best or worth[best] <= 0:
        return 0
    inside = [key for key in worth if worth[key] >= KEPT_SHARE * worth[best] and best in layout.chain(key)]
    return max(inside, key=lambda key: (len(layout.chain(key)), worth[key]))


def piece_worth(piece: Piece) -> float:
    """What a piece says for or against the element around it."""
    chars = weighted_chars(piece.text)
    if piece.link_share > 0.6:
        return -min(chars, 150)
    if piece.is_prose:
        return chars
    if piece.kind != "paragraph":
        return 0.3 * chars * (1 - piece.link_share)
    return 0.1 * chars
