"""The runner: takes what finders and passes found, keeps the account, and guards against taking too much."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from cleaners.models import Removal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cleaners.hits import Hit, PieceHit
    from cleaners.layout import Layout, Piece
    from cleaners.markup import Element

SAMPLE_CHARS = 200
ROOT_TAGS = frozenset(("html", "head", "body", "main", "-document"))
# What may go at once, as a share of the page's running text. Comments, footers and consent texts outweigh a short
# article; any other box that holds a third of the text is a layout's wrapper or the article itself.
MAX_SHARE = 0.3
MAX_SHARE_SURE = 0.75
SURE = frozenset(("boxes/comments", "boxes/consent", "boxes/tag:footer", "boxes/tag:nav"))
# An element around the title or the marked body may hold this share of the text at most.
MAX_SHARE_GUARDED = 0.1


class Runner:
    """Applies hits to one page."""

    def __init__(self) -> None:
        self.removals: list[Removal] = []
        self.gone: dict[int, Removal] = {}
        """What each element went by, by its `place`."""
        self.dropped: dict[int, Removal] = {}
        """What each piece went by, by its `id()`; the caller keeps the pieces."""
        self.stripped: dict[int, Removal] = {}
        """The icon names stripped from a piece, by its `id()`."""

    def take_icons(self, hits: Iterable[Hit]) -> dict[int, str]:
        """Account for each icon's element; returns the names printed, by `place`."""
        icons: dict[int, str] = {}
        for hit in hits:
            name = hit.node.node.text().strip()
            icons[hit.node.place] = name
            self.removals.append(to_removal(hit, name))
        return icons

    def take_labels(self, hits: Iterable[Hit]) -> None:
        """Take elements that hold no running text: there is nothing to guard."""
        for hit in hits:
            if hit.node.place not in self.gone:
                self._take(hit)

    def take(self, hits: Iterable[Hit], layout: Layout, guarded: frozenset[int]) -> None:
        """Take each hit's element, unless the guard keeps it; either way the account says so.

        `guarded` holds the `place` of the elements around the title and the marked body.
        """
        for hit in hits:
            key = hit.node.place
            if hit.node.tag in ROOT_TAGS or not self.gone.keys().isdisjoint(layout.chain(key)):
                continue
            prose = layout.prose[key]
            share = prose / layout.page_prose if prose else 0.0
            limit = MAX_SHARE_SURE if hit.rule in SURE else MAX_SHARE
            if (prose > SAMPLE_CHARS and share > limit) or (key in guarded and share > MAX_SHARE_GUARDED):
                self.removals.append(to_removal(hit, element_text(hit.node), refused=True))
            else:
                self._take(hit)

    def _take(self, hit: Hit) -> None:
        removal = self.gone[hit.node.place] = to_removal(hit, element_text(hit.node))
        if removal.chars:
            self.removals.append(removal)

    def drop(self, pieces: list[Piece], hits: Iterable[PieceHit]) -> list[Piece]:
        """The pieces without those that a pass found, each accounted for."""
        rules = {id(hit.piece): hit.rule for hit in hits}
        if not rules:
            return pieces
        kept = []
        for index, piece in enumerate(pieces):
            rule = rules.get(id(piece))
            if rule is None:
                kept.append(piece)
            else:
                self.note(piece, rule, index)
        return kept

    def note(self, piece: Piece, rule: str, index: int) -> None:
        """Account for a piece that is dropped."""
        self.note_run([piece], rule, index)

    def note_run(self, pieces: Sequence[Piece], rule: str, index: int) -> None:
        """Account for neighbouring pieces that one rule drops; `index` is the place of the first."""
        text = "\n".join(piece.text for piece in pieces)
        where = f"block {index + 1}" if len(pieces) == 1 else f"blocks {index + 1} to {index + len(pieces)}"
        chars = sum(len(piece.text) for piece in pieces)
        removal = Removal(rule=rule, stage="text", where=where, sample=text[:SAMPLE_CHARS], chars=chars)
        self.removals.append(removal)
        for piece in pieces:
            self.dropped[id(piece)] = removal

    def note_icons(self, piece: Piece, icons: Sequence[str], chars: int, index: int) -> None:
        """Account for icon names stripped from a piece."""
        removal = Removal(
            rule="icons/name",
            stage="text",
            where=f"block {index + 1}",
            sample=" ".join(icons)[:SAMPLE_CHARS],
            chars=chars,
        )
        self.removals.append(removal)
        self.stripped[id(piece)] = removal


def to_removal(hit: Hit, text: str, *, refused: bool = False) -> Removal:
    """The account of one element."""
    return Removal(
        rule=hit.rule,
        stage="tree",
        where=path_of(hit.node) if text else "",
        sample=text[:SAMPLE_CHARS],
        chars=len(text),
        refused=refused,
    )


def element_text(element: Element) -> str:
    """All text of an element, on one line."""
    return " ".join(element.node.text(deep=True, separator=" ").split())


def path_of(element: Element) -> str:
    """A short CSS path of an element: its last four steps, with first class names."""
    steps: list[str] = []
    for step in itertools.islice(element.self_and_ancestors(), 4):
        if step.tag == "html":
            break
        name = (step.attributes.get("class") or "").split(None, 1)
        steps.append(f"{step.tag}.{name[0]}" if name else step.tag)
    return " > ".join(reversed(steps))
