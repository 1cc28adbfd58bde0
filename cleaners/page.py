"""Page: what every finder and pass may know of the page it works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleaners.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The context handed to each finder and pass."""

    url: str
    title: str | None
    titles: frozenset[str]
    """Every spelling of the title that the page uses, folded by `cleaners.words.fold_words`."""
    description: str = ""
    """What the page's metadata says of the article, folded likewise."""
    language: str | None
    """BCP 47 primary subtag, or None."""
    rules: Rules
