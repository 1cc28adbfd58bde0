"""The runner: takes what finders and passes found, keeps the account, and guards against taking too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleaners.body import MARKED_BODY
from cleaners.layout import Piece, fold_space
from cleaners.markup import self_and_ancestors
from cleaners.models import Removal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from selectolax.lexbor import LexborNode

    from cleaners.hits import Hit, PieceHit
    from cleaners.markup import Markup

SAMPLE_CHARS = 200
ROOT_TAGS = frozenset(("html", "head", "body", "main", "-document"))
# What may go at once, as a share of the page's running text. Comments and footers outweigh a short article; a hidden
# or named box that holds a third of the text is the article behind a "read on" button or a layout's wrapper.
MAX_SHARE = 0.3
MAX_SHARE_SURE = 0.75
SURE = frozenset(("boxes/comments", "boxes/tag:footer", "boxes/tag:nav"))


class Runner:
    """Applies hits to one page."""

    def __init__(self, markup: Markup | None) -> None:
        self.markup = markup
        self.removals: list[Removal] = []
        self.gone: set[int] = set()
        """`mem_id` of each element taken."""
        self._guarded = {
            ancestor.mem_id
            for node in (markup.tree.css(f"h1, {MARKED_BODY}") if markup is not None else ())
            for ancestor in self_and_ancestors(node)
        }

    def take(self, hits: Iterable[Hit]) -> None:
        """Take each hit's element, unless the guard keeps it; either way the account says so."""
        for hit in hits:
            node = hit.node
            if node.tag in ROOT_TAGS or any(element.mem_id in self.gone for element in self_and_ancestors(node)):
                continue
            prose = self.markup.prose[node.mem_id]
            share = prose / self.markup.page_prose if prose else 0.0
            limit = MAX_SHARE_SURE if hit.rule in SURE else MAX_SHARE
            refused = (prose > 200 and share > limit) or (node.mem_id in self._guarded and share > 0.1)
            if not refused:
                self.gone.add(node.mem_id)
            text = fold_space(node.text(deep=True, separator=" "))
            if text:
                self.removals.append(
                    Removal(
                        rule=hit.rule,
                        stage="tree",
                        where=path_of(node),
                        sample=text[:SAMPLE_CHARS],
                        chars=len(text),
                        refused=refused,
                    )
                )

    def drop(self, pieces: list[Piece], hits: Iterable[PieceHit]) -> list[Piece]:
        """The pieces without those that a pass found, each accounted for."""
        dropped = {id(hit.piece): hit.rule for hit in hits}
        if not dropped:
            return pieces
        kept = []
        for index, piece in enumerate(pieces):
            rule = dropped.get(id(piece))
            if rule is None:
                kept.append(piece)
            else:
                self.removals.append(
                    Removal(rule=rule, stage="text", where=f"block {index + 1}", sample=piece.text[:SAMPLE_CHARS], chars=len(piece.text))
                )
        return kept


def path_of(node: LexborNode) -> str:
    """A short CSS path of an element: its last four steps, with first class names."""
    steps: list[str] = []
    for element in self_and_ancestors(node):
        if element.tag in ("html", "-document", None):
            break
        name = (element.attributes.get("class") or "").split()
        steps.append(f"{element.tag}.{name[0]}" if name else str(element.tag))
        if len(steps) == 4:
            break
    return " > ".join(reversed(steps))
