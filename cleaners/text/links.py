"""Links to other articles, set between the paragraphs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

# "Read also: …", "Soma pia: …": a label of one to four words, a colon, and a link for the rest, in any language.
_LABEL = re.compile(r"[^\s:：]{1,40}+(?:\s[^\s:：]{1,40}+){0,3}\s?[:：]\s*(?=\S)")
LINKED_SHARE = 0.6
MAX_CHARS = 200


def drop_labelled_links(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Paragraphs that are a short label and one link: what to read next."""
    return [
        PieceHit(piece, "links/labelled")
        for piece in pieces
        if piece.kind == "paragraph"
        and piece.links == 1
        and piece.link_share >= LINKED_SHARE
        and len(piece.text) <= MAX_CHARS
        and _LABEL.match(piece.text)
    ]
