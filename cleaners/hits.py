"""Hits: what finders and passes find, before the runner takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleaners.layout import Piece
    from cleaners.markup import Element


@dataclass(frozen=True, slots=True)
class Hit:
    """An element that a tree finder would remove."""

    node: Element
    rule: str


@dataclass(frozen=True, slots=True)
class PieceHit:
    """A piece that a text pass would drop."""

    piece: Piece
    rule: str
