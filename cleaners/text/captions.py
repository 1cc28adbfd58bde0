"""Captions that no markup gives away: their credit does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.shape import ends_sentence

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

MAX_CAPTION_CHARS = 250
MAX_CREDIT_CHARS = 60
MAX_BREAKS = 4
CREDIT_KINDS = frozenset(("credit", "caption"))
# Where a credit begins: behind a sentence, a bar, a slash or a bracket.
_BREAK = re.compile(r"[.!?…。]['\"”’»)]?\s+|[|｜(（\[]\s*|\s[/–—-]\s?")
_RIGHTS = re.compile(r"©\s?\S")
# 本报记者 方茗 摄: who pressed the button stands last in Chinese.
_SHOT_BY = re.compile(r"[\s。，/（(]\S{1,12}\s?摄[)）]?$")


def drop_credited_captions(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Short paragraphs that end in a picture's credit: `The dining car. Photo: Ines Bo/NTB`.

    The credit has to be the last thing said, a label of the rules or © with a name, and no sentence.
    """
    return [
        PieceHit(piece, "captions/credited")
        for piece in pieces
        if piece.kind == "paragraph"
        and len(piece.text) <= MAX_CAPTION_CHARS
        and _ends_in_credit(piece.text, page)
    ]


def _ends_in_credit(text: str, page: Page) -> bool:
    if _SHOT_BY.search(text):
        return True
    breaks = [found.end() for found in _BREAK.finditer(text)]
    for start in breaks[-MAX_BREAKS:]:
        credit = text[start:].rstrip(")）] ")
        if not 3 < len(credit) <= MAX_CREDIT_CHARS or ends_sentence(credit):
            continue
        if _RIGHTS.match(credit):
            return True
        match = page.rules.opening(credit, language=page.language)
        if (
            match is not None
            and not match.weak
            and match.kind in CREDIT_KINDS
            and match.rule.endswith((":", "."))
        ):
            return True
    return False
