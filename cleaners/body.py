"""Body choice: the element that holds the article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.markup import is_prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selectolax.lexbor import LexborNode

    from cleaners.layout import Piece

# An element further in that still holds this share of the best one's worth is the better choice.
KEPT_SHARE = 0.92
MARKED_BODY = '[itemprop~="articleBody"], [property~="schema:articleBody"], [property~="articleBody"]'


def choose_body(root: LexborNode, pieces: Sequence[Piece]) -> LexborNode:
    """The innermost element that holds nearly all that is worth reading of `root`'s pieces.

    Each piece adds its worth (prose adds its length, link lists take theirs away) to all elements around it; the
    element with the most is the article or something around it.
    """
    worth: dict[int, float] = {}
    nodes: dict[int, tuple[int, LexborNode]] = {}
    for piece in pieces:
        value = piece_worth(piece)
        node = piece.node
        chain: list[LexborNode] = []
        while node is not None:
            chain.append(node)
            if node.mem_id == root.mem_id:
                break
            node = node.parent
        for depth, element in enumerate(reversed(chain)):
            key = element.mem_id
            if key not in nodes:
                nodes[key] = (depth, element)
                worth[key] = 0.0
            worth[key] += value
    if not worth:
        return root
    best = max(worth.values())
    if best <= 0:
        return root
    candidates = [(nodes[key][0], worth[key], nodes[key][1]) for key in worth if worth[key] >= KEPT_SHARE * best]
    top = max(candidates, key=lambda c: c[1])
    # Only elements on the way inward from the best one count, not a twin elsewhere.
    inside = [c for c in candidates if c[0] >= top[0] and _holds(top[2], c[2])]
    return max(inside, key=lambda c: (c[0], c[1]))[2]


def piece_worth(piece: Piece) -> float:
    """What a piece says for or against the element around it."""
    chars = len(piece.text) if not piece.text or piece.text.isascii() else _weight(piece.text)
    if piece.link_share > 0.6:
        return -min(chars, 150)
    if is_prose(piece):
        return chars
    if piece.kind in ("heading", "list_item", "quote", "table", "code"):
        return 0.3 * chars * (1 - piece.link_share)
    return 0.1 * chars


def _weight(text: str) -> int:
    """Characters, with those of scripts that write a word in one or two counted double."""
    return len(text) + sum("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in text)


def _holds(outer: LexborNode, inner: LexborNode) -> bool:
    node: LexborNode | None = inner
    while node is not None:
        if node.mem_id == outer.mem_id:
            return True
        node = node.parent
    return False
