"""What agencies and desks set below a text: initials, an address, rights, a template's leftovers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.page import Page

MAX_CHARS = 60
SOURCE_KINDS = frozenset(("tail", "author"))
"""Not credits: "(Graphic: Global currencies)" is a reference of the text."""
MAX_RIGHTS_CHARS = 160
_RIGHTS = re.compile(r"[©ⓒ]|(?:\([Cc]\)|[Cc]opyright)\s+(?:\([Cc]\)\s+)?\d{4}")
# (dpa/lno), (dna/tor), [afp]: small letters only, for a word in brackets is a joke, and "(sic)" stands in its sentence.
_INITIALS = re.compile(r"[(\[][a-z]{2,6}(?:[/,-] ?[a-z]{2,6}){0,3}[)\]]")
_MAIL = re.compile(r"[\w.+-]{1,40}@[\w-]{1,40}(?:\.[\w-]{1,20}){1,4}")
# [Gambas:Video 20detik], [gallery ids="1,2"]: what a template should have replaced.
_SHORTCODE = re.compile(r"\[/?[A-Za-z_]{3,20}(?::\S|\s\w{1,20}=)[^\[\]]{0,60}\]")


def drop_signatures(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Lines below the last paragraph that are initials, an address, a source or a notice of rights; a template's own lines anywhere."""
    last = max((index for index, piece in enumerate(pieces) if piece.is_prose), default=len(pieces))
    hits = []
    for index, piece in enumerate(pieces):
        if piece.kind in ("code", "table"):
            continue
        if index > last and len(piece.text) <= MAX_RIGHTS_CHARS and _RIGHTS.match(piece.text):
            hits.append(PieceHit(piece, "signatures/rights"))
        elif len(piece.text) > MAX_CHARS:
            continue
        elif _SHORTCODE.fullmatch(piece.text):
            hits.append(PieceHit(piece, "signatures/shortcode"))
        elif index > last and (
            _INITIALS.fullmatch(piece.text) or _MAIL.fullmatch(piece.text) or _is_source(piece.text, page)
        ):
            hits.append(PieceHit(piece, "signatures/line"))
    return hits


def _is_source(text: str, page: Page) -> bool:
    """Whether a line in brackets says where its text is from: `(With inputs from: AP)`."""
    if text[0] not in "(（[" or text[-1] not in ")）]":
        return False
    match = page.rules.opening(text[1:-1], language=page.language)
    return match is not None and match.kind in SOURCE_KINDS and match.rule.endswith(":")
