"""Holders: the elements that pieces stand in, which of them are boxes, and what is said outside of them."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from cleaners.boxes import telling_box
from cleaners.markup import name_words
from cleaners.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.layout import Piece
    from cleaners.markup import Element

# An element that holds no more than this of the page's prose may be a box; a section of a long article is one, too.
BOX_PROSE = 0.15
LARGE_BOX_PROSE = 0.3
# What markup calls a summary, by whole words of a class or an id.
SUMMARY_NAMES = frozenset(
    ("summary", "takeaway", "takeaways", "tldr", "tl-dr", "highlights", "key-points", "keypoints", "key-facts", "recap",
     "bullet-points", "at-a-glance", "infobox", "factbox", "fact-box", "info-box", "zusammenfassung", "resumen", "resumo",
     "sommaire", "sintesi", "samenvatting")
)  # fmt: skip
# How many elements around a piece are asked for such a name.
NAMED_LEVELS = 3
# A piece repeats others where this share of its five-word runs stands there too, and it has so many at least: cut and
# slightly edited points keep more than 0.9, two sentences on one subject share fewer than 0.3.
REPEATED_SHARE = 0.75
MIN_RUNS = 3
_NUMBERED = re.compile(r"\d{1,2}[.)]?\s?(?=\D)")

Runs = set[tuple[str, ...]]


class Holders:
    """The elements that hold pieces, and which of them are boxes: they hold little of the page's prose.

    Counted when asked for: most pages have no heading that heads a box.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces

    @cached_property
    def _of(self) -> dict[int, int]:
        return {id(piece): _holder(piece) for piece in self._pieces}

    @cached_property
    def _prose(self) -> Counter[int]:
        prose: Counter[int] = Counter()
        for piece in self._pieces:
            if piece.is_prose:
                prose[self._of[id(piece)]] += len(piece.text)
        return prose

    @cached_property
    def _boxes(self) -> set[int]:
        count = Counter(self._of.values())
        most = BOX_PROSE * self._prose.total()
        return {holder for holder in count if holder and count[holder] > 1 and self._prose[holder] <= most}

    @cached_property
    def _linked(self) -> set[int]:
        return {self._of[id(piece)] for piece in self._pieces if piece.link_share > 0.6}

    @cached_property
    def _times_said(self) -> Counter[tuple[str, ...]]:
        """How many holders say each run of words."""
        said: dict[int, Runs] = {}
        for piece in self._pieces:
            said.setdefault(self._of[id(piece)], set()).update(runs_of(piece))
        return Counter(run for runs in said.values() for run in runs)

    def is_box(self, piece: Piece) -> bool:
        """Whether a piece stands with others in an element that holds little prose."""
        return self._of[id(piece)] in self._boxes

    def share_box(self, piece: Piece, other: Piece) -> bool:
        """Whether two pieces stand together in one such element."""
        return self.stand_together(piece, other) and (
            self.is_box(other) or self.prose_around(other) <= BOX_PROSE * self._prose.total()
        )

    def stand_together(self, piece: Piece, other: Piece) -> bool:
        """Whether two pieces stand in one element, whatever it holds; never without markup.

        The first may also be a text that the element around the second begins with: `<div><b>In short</b><p>…</p></div>`.
        """
        around = self._of[id(other)]
        return around != 0 and (
            self._of[id(piece)] == around or (piece.node is not None and piece.node.place == around)
        )

    def has_links(self, piece: Piece) -> bool:
        """Whether a link stands in the same element by itself."""
        return self._of[id(piece)] in self._linked

    def prose_around(self, piece: Piece) -> int:
        """Characters of running text in the same element."""
        return self._prose[self._of[id(piece)]]

    def is_called_summary(self, piece: Piece) -> bool:
        """Whether an element closely around it is named like a summary, or set aside."""
        around = piece.node.parent if piece.node is not None else None
        if around is None:
            return False
        near = itertools.islice(around.self_and_ancestors(), NAMED_LEVELS)
        return any(map(_is_called_summary, near)) or telling_box(piece.boxes) is not None

    def is_large_summary(self, piece: Piece) -> bool:
        """Whether the element that it stands in is itself named so, and small enough to be one on a short page."""
        around = piece.node.parent if piece.node is not None else None
        return (
            around is not None
            and _is_called_summary(around)
            and self.prose_around(piece) <= LARGE_BOX_PROSE * self._prose.total()
        )

    def says_again(self, piece: Piece) -> bool:
        """Whether another element of the page says nearly all that it says."""
        own = runs_of(piece)
        return len(own) >= MIN_RUNS and (
            sum(self._times_said[run] > 1 for run in own) >= REPEATED_SHARE * len(own)
        )


def _is_called_summary(element: Element) -> bool:
    names = f"{element.attributes.get('class') or ''} {element.attributes.get('id') or ''}"
    return element.tag == "aside" or not SUMMARY_NAMES.isdisjoint(name_words(names))


def _holder(piece: Piece) -> int:
    parent = piece.node.parent if piece.node is not None else None
    return parent.place if parent is not None else 0


def is_said(own: Runs, body: Runs) -> bool:
    """Whether a text whose runs of words are `own` stands in one whose runs are `body`."""
    return len(own) >= MIN_RUNS and len(own & body) >= REPEATED_SHARE * len(own)


def runs_of(piece: Piece) -> Runs:
    """Each five words in a row of a piece, without the number of a point and the word where a point was cut."""
    own = words(unnumbered(piece.text))
    return word_runs(own[:-1] if piece.kind == "list_item" else own)


def word_runs(own: Sequence[str]) -> Runs:
    """Each five words in a row."""
    return set(zip(own, own[1:], own[2:], own[3:], own[4:], strict=False))


def unnumbered(text: str) -> str:
    """A point's text without the number before it."""
    return _NUMBERED.sub("", text, count=1)
