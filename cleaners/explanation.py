"""What became of each part of a page: the account that `broadsheet explain` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleaners.models import Article, BlockKind, Rejection, Removal


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One block of the page as a reader saw it, and whether it is in the article."""

    kind: BlockKind
    text: str
    """As it is in the article where it was kept, else as it was on the page, whole."""
    level: int | None = None
    is_kept: bool
    removals: tuple[Removal, ...] = ()
    """Of a part that went, the removal that took it; of one that stayed, what was stripped out of it or refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A page's parts in page order, and what cleaning made of it."""

    result: Article | Rejection
    parts: tuple[Part, ...]
