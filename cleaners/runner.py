"""The runner: takes what finders and passes found, keeps the account, and guards against taking too much."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from cleaners.models import Removal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cleaners.hits import Hit, PieceHit
    from cleaners.layout import Layout, Piece
    from cleaners.markup import Element, Markup

SAMPLE_CHARS = 200
ROOT_TAGS = frozenset(("html", "head", "body", "main", "-document"))
# What may go at once, as a share of the page's running text. Comments, footers and consent texts outweigh a short
# article; any other box that holds a third of the text is a layout's wrapper or the article itself.
MAX_SHARE = 0.3
MAX_SHARE_SURE = 0.75
SURE = frozenset(("boxes/comments", "boxes/consent", "boxes/tag:footer", "boxes/tag:nav"))
# The same for all hits of a rule together.
MAX_SHARE_OF_RULE = 0.5
# What the words of a rule's kind (headings, openings …) may take of the running text on the whole page, hit for hit, and
# what all such kinds may take together, with the points of lists, of which a short article's summary has as much. On 935
# pages the largest shares of what went rightly are 0.07 and 0.2. Titles and repetitions stand elsewhere as well, and further
# articles are each as long as the first: they do not count.
MAX_SHARE_OF_KIND = 0.2
MAX_SHARE_OF_KINDS = 0.4
SAID_ELSEWHERE = frozenset(("titles", "repeats", "articles"))
# An element around the title or the marked body may hold this share of the text at most.
MAX_SHARE_GUARDED = 0.1


class Runner:
    """Applies hits to one page."""

    def __init__(self, markup: Markup | None = None) -> None:
        self._markup = markup
        self._numbers: dict[int, int] = {}
        self.removals: list[Removal] = []
        self.gone: dict[int, Removal] = {}
        """What each element went by, by its `place`."""
        self.dropped: dict[int, Removal] = {}
        """What each piece went by, by its `id()`; the caller keeps the pieces."""
        self.stripped: dict[int, Removal] = {}
        """The icon names stripped from a piece, by its `id()`."""
        self._offered: int | None = None
        """Characters of running text before any pass."""
        self._taken: Counter[str] = Counter()
        """Of those, how many went by the words of each kind of rule."""

    def number(self, pieces: Iterable[Piece]) -> None:
        """Number the pieces of a text without markup, from 1, for the account to name them by."""
        self._numbers = {id(piece): number for number, piece in enumerate(pieces, start=1)}

    def take_icons(self, hits: Iterable[Hit]) -> dict[int, str]:
        """Account for each icon's element; returns the names printed, by `place`."""
        icons: dict[int, str] = {}
        for hit in hits:
            name = hit.node.node.text().strip()
            icons[hit.node.place] = name
            self.removals.append(self._to_removal(hit, name))
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
        hits = list(hits)
        too_much = self._rules_over_share(hits, layout)
        for hit in hits:
            key = hit.node.place
            if hit.node.tag in ROOT_TAGS or not self.gone.keys().isdisjoint(layout.chain(key)):
                continue
            prose = layout.prose[key]
            share = prose / layout.page_prose if prose else 0.0
            limit = MAX_SHARE_SURE if hit.rule in SURE else MAX_SHARE
            if (
                (prose > SAMPLE_CHARS and share > limit)
                or (key in guarded and share > MAX_SHARE_GUARDED)
                or (prose and hit.rule in too_much)
            ):
                self.removals.append(self._to_removal(hit, element_text(hit.node), refused=True))
            else:
                self._take(hit)

    def _rules_over_share(self, hits: Sequence[Hit], layout: Layout) -> set[str]:
        """The rules whose hits together hold more of the page's running text than one hit may."""
        held: Counter[str] = Counter()
        inside: dict[str, set[int]] = defaultdict(set)
        for hit in hits:
            prose = layout.prose[hit.node.place]
            share = prose / layout.page_prose if prose else 0.0
            # What is refused by itself, or stands inside another hit, does not count.
            if hit.rule in SURE or not prose or share > MAX_SHARE:
                continue
            chain = layout.chain(hit.node.place)
            if inside[hit.rule].isdisjoint(chain):
                inside[hit.rule].add(hit.node.place)
                held[hit.rule] += prose
        return {rule for rule, prose in held.items() if prose > MAX_SHARE_OF_RULE * layout.page_prose}

    def _take(self, hit: Hit) -> None:
        removal = self.gone[hit.node.place] = self._to_removal(hit, element_text(hit.node))
        if removal.chars:
            self.removals.append(removal)

    def drop(self, pieces: list[Piece], hits: Iterable[PieceHit]) -> list[Piece]:
        """The pieces without those that a pass found, each accounted for."""
        hits = list(hits)
        if self._offered is None:
            self._offered = sum(len(piece.text) for piece in pieces if piece.is_prose)
        rules = {id(hit.piece): hit.rule for hit in hits}
        if not rules:
            return pieces
        refused = self._refuse(hits)
        kept = []
        for index, piece in enumerate(pieces):
            rule = rules.get(id(piece))
            # The heading of text that stays has to stay, too.
            under = pieces[index + 1] if piece.kind == "heading" and index + 1 < len(pieces) else piece
            if rule is None:
                kept.append(piece)
            elif _kind_of(rule) in refused and under.is_prose and rules.get(id(under)) == rule:
                self.removals.append(self._account([piece], rule, refused=True))
                kept.append(piece)
            else:
                self.note_run([piece], rule)
        return kept

    def _refuse(self, hits: Sequence[PieceHit]) -> frozenset[str]:
        """The kinds of rule that would take too much of the page's running text with what they took before."""
        offered = self._offered or 0
        prose: Counter[str] = Counter()
        points: Counter[str] = Counter()
        for hit in hits:
            kind = _kind_of(hit.rule)
            if hit.piece.is_prose and kind not in SAID_ELSEWHERE:
                held = points if hit.piece.kind == "list_item" else prose
                held[kind] += len(hit.piece.text)
        over_all = (self._taken + prose + points).total() > MAX_SHARE_OF_KINDS * offered
        refused = frozenset(
            kind
            for kind in prose.keys() | points.keys()
            if prose[kind] + points[kind] > SAMPLE_CHARS
            and (over_all or self._taken[kind] + prose[kind] > MAX_SHARE_OF_KIND * offered)
        )
        self._taken.update({kind: chars for kind, chars in (prose + points).items() if kind not in refused})
        return refused

    def note_run(self, pieces: Sequence[Piece], rule: str) -> None:
        """Account for neighbouring pieces that one rule drops."""
        removal = self._account(pieces, rule)
        self.removals.append(removal)
        for piece in pieces:
            self.dropped[id(piece)] = removal

    def _account(self, pieces: Sequence[Piece], rule: str, *, refused: bool = False) -> Removal:
        ends = [self._place(pieces[0])]
        if len(pieces) > 1 and (last := self._place(pieces[-1])) != ends[0]:
            ends.append(last)
        return Removal(
            rule=rule,
            stage="text",
            where=" … ".join(ends),
            sample="\n".join(piece.text for piece in pieces)[:SAMPLE_CHARS],
            chars=sum(len(piece.text) for piece in pieces),
            refused=refused,
        )

    def _place(self, piece: Piece) -> str:
        """Where a piece stands on its page, or in its text."""
        if piece.node is not None and self._markup is not None:
            return self._markup.path_of(piece.node)
        return f"block {self._numbers[id(piece)]}" if id(piece) in self._numbers else ""

    def _to_removal(self, hit: Hit, text: str, *, refused: bool = False) -> Removal:
        """The account of one element."""
        return Removal(
            rule=hit.rule,
            stage="tree",
            where=self._markup.path_of(hit.node) if text and self._markup is not None else "",
            sample=text[:SAMPLE_CHARS],
            chars=len(text),
            refused=refused,
        )

    def note_icons(self, piece: Piece, icons: Sequence[str], chars: int) -> None:
        """Account for icon names stripped from a piece."""
        removal = Removal(
            rule="icons/name",
            stage="text",
            where=self._place(piece),
            sample=" ".join(icons)[:SAMPLE_CHARS],
            chars=chars,
        )
        self.removals.append(removal)
        self.stripped[id(piece)] = removal


def _kind_of(rule: str) -> str:
    return rule.partition("/")[0]


def element_text(element: Element) -> str:
    """All text of an element, on one line."""
    return " ".join(element.node.text(deep=True, separator=" ").split())
