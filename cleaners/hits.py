"""Hits: what finders and passes find, before the runner takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from cleaners.layout import Piece


@dataclass(frozen=True, slots=True)
class Hit:
    """An element that a tree finder would remove."""

    node: LexborNode
    rule: str


@dataclass(frozen=True, slots=True)
class PieceHit:
    """A piece that a text pass would drop."""

    piece: Piece
    rule: str
