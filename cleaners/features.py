"""Features: what tells the article's pieces from the interface around them, in numbers that need no language.

The judge (`cleaners/judge.py`) weighs them. Every feature is a property of markup, shape, place or repetition; the
only words it knows are those of the rules and the names of elements.
"""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from operator import or_
from typing import TYPE_CHECKING

import numpy as np

from cleaners.boxes import BOX_KINDS
from cleaners.elements import LEVELS, NAME_WORDS, Named, names_around
from cleaners.shape import shape_of
from cleaners.words import fold_words, weighted_chars, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cleaners.layout import Layout, Piece
    from cleaners.page import Page

_KINDS = ("paragraph", "heading", "list_item", "quote", "code", "table")
_TAGS = ("p", "div", "li", "h2", "h3", "span", "td")
_KIND_PLACES = {kind: place for place, kind in enumerate(_KINDS)}
_TAG_PLACES = {tag: place for place, tag in enumerate(_TAGS)}
_ONE_HOT = np.eye(1 + max(len(_KINDS), len(_TAGS)))
# Longer lines are no phrases of an interface, whatever they open with.
MAX_LINE_CHARS = 90
MAX_OPENED_CHARS = 180

FEATURES = (
    *(f"kind:{kind}" for kind in _KINDS),
    *(f"tag:{tag}" for tag in _TAGS),
    *(f"box:{kind}" for kind in BOX_KINDS),
    *(f"name:{word}" for word in NAME_WORDS),
    # the piece itself
    "level", "chars", "words", "link_share", "links", "strong_share", "ends_sentence", "ends_colon", "starts_lower",
    "digits", "uppers", "commas", "stops", "breaks", "clock", "year", "mark", "bar", "prose",
    "phrase_strong", "phrase_weak", "heading_rule", "opening_rule", "title_overlap", "is_description", "repeats",
    "starts_like_prose",
    # its place on the page
    "in_body", "before_first", "after_last", "distance", "place", "after_title", "title_distance", "with_title",
    "depth_gap", "prose_gap", "article_prose", "articles", "cluster_share", "cluster_rank",
    # its neighbours
    "prev_chars", "prev_link", "prev_prose", "prev_heading", "next_chars", "next_link", "next_prose", "next_heading",
    "prose_near", "link_near", "head_distance", "head_link", "head_chars", "head_rule", "head_level",
    "next_head_distance",
    # its kin: pieces in the same element, and in elements of the same name
    "parent_prose", "name_prose", "path_prose", "path_count", "path_link", "path_chars", "parent_link_share",
    "parent_chars", "grand_link_share", "grand_chars", "parent_prose_share", "grand_prose_share", "great_prose_share",
    *(f"twins:{level}" for level in range(LEVELS)),
    *(f"holds_prose:{level}" for level in range(1, LEVELS + 1)),
    *(f"holds_headings:{level}" for level in range(1, LEVELS)),
    # the page
    "has_body_text", "in_body_text", "body_text_cover", "page_prose", "page_pieces", "body_share",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the features compare pieces with."""

    body: int
    """`place` of the chosen body element; 0 where none stands out."""
    title_at: int
    """How many pieces stand before the first title on the page; -1 where it shows none."""
    title_chain: frozenset[int]
    """`place` of the elements around that title."""
    description: str | None
    article_body: str | None
    """The text that the page's structured data gives as the article's body."""


def describe(layout: Layout, page: Page, scene: Scene) -> NDArray[np.float64]:
    """A table with a row for each piece and a column for each of `FEATURES`."""
    if not layout.pieces:
        return np.empty((0, len(FEATURES)))
    view = _View(layout, page, scene)
    return np.hstack((view.marks(), view.texts(), view.places(), view.neighbours(), view.kin(), view.whole()))


class _View:
    """A page's pieces with everything counted that more than one of them needs."""

    def __init__(self, layout: Layout, page: Page, scene: Scene) -> None:
        pieces = layout.pieces
        size = len(pieces)
        self.layout, self.pieces, self.page, self.scene, self.size = layout, pieces, page, scene, size
        self.chars = [weighted_chars(piece.text) for piece in pieces]
        self.log_chars = [math.log1p(chars) for chars in self.chars]
        self.prose = [piece.is_prose for piece in pieces]
        self.links = [piece.link_share for piece in pieces]
        self.words = [words(piece.text) for piece in pieces]
        self.flat = [" ".join(own) for own in self.words]
        self.is_heading = [piece.kind == "heading" for piece in pieces]
        self.chains = [layout.chain(piece.node.place) if piece.node is not None else () for piece in pieces]
        self.inside = [scene.body in chain for chain in self.chains]
        self._count_prose()
        self._count_kin()
        self._count_holders()
        self._find_headings()
        self._compare_texts()

    def _count_prose(self) -> None:
        body = [i for i in range(self.size) if self.prose[i] and self.inside[i]]
        self.first = body[0] if body else 0
        self.last = body[-1] if body else self.size - 1
        self.body_prose = sum(self.chars[i] for i in body) or 1
        self.page_prose = sum(self.chars[i] for i in range(self.size) if self.prose[i]) or 1
        depths: Counter[int] = Counter()
        for i in body:
            depths[self.pieces[i].depth] += self.chars[i]
        self.depth = depths.most_common(1)[0][0] if depths else self.pieces[0].depth
        self.branch_prose: Counter[int] = Counter()
        for i, chain in enumerate(self.chains):
            if self.prose[i]:
                for key in chain:
                    self.branch_prose[key] += self.chars[i]
        gap = 0
        self.gaps = []
        for prose in self.prose:
            gap = 0 if prose else gap + 1
            self.gaps.append(gap)

    def _count_kin(self) -> None:
        self.parent_prose: dict[int, int] = defaultdict(int)
        self.name_prose: dict[str, int] = defaultdict(int)
        self.path_prose: dict[str, int] = defaultdict(int)
        self.path_chars: dict[str, int] = defaultdict(int)
        self.path_links: dict[str, int] = defaultdict(int)
        self.path_count: dict[str, int] = defaultdict(int)
        self.paths: list[str] = []
        self.around: list[list[Named]] = []
        known: dict[int, Named] = {}
        for i, (piece, chain) in enumerate(zip(self.pieces, self.chains, strict=True)):
            chars = self.chars[i]
            around = names_around(piece.node, self.layout, known)
            self.around.append(around)
            name = around[0].name if around else ""
            path = f"{around[1].name if len(around) > 1 else ''}>{name}"
            self.paths.append(path)
            self.path_count[path] += 1
            self.path_chars[path] += chars
            self.path_links[path] += int(chars * self.links[i])
            if self.prose[i] and self.inside[i]:
                self.name_prose[name] += chars
                self.path_prose[path] += chars
                if len(chain) > 1:
                    self.parent_prose[chain[1]] += chars
        self.twins = Counter(named.kin for named in known.values())
        articles = {place for place, named in known.items() if named.tag == "article"}
        self.article_of = [next((key for key in chain if key in articles), 0) for chain in self.chains]
        self.articles = len(set(self.article_of) - {0})

    def _count_holders(self) -> None:
        """What the elements around pieces hold, as far out as features look."""
        self.group_chars: dict[int, int] = defaultdict(int)
        self.group_links: dict[int, int] = defaultdict(int)
        self.holds_prose: dict[int, int] = defaultdict(int)
        self.holds_headings: dict[int, int] = defaultdict(int)
        for i, chain in enumerate(self.chains):
            chars = self.chars[i]
            for key in chain[1:3]:
                self.group_chars[key] += chars
                self.group_links[key] += int(chars * self.links[i])
            if self.prose[i]:
                for key in chain[: LEVELS + 1]:
                    self.holds_prose[key] += 1
            if self.is_heading[i]:
                for key in chain[: LEVELS + 1]:
                    self.holds_headings[key] += 1
        self.cluster_of = [
            next((key for key in chain[1 : LEVELS + 1] if self.holds_prose.get(key, 0) >= 2), 0)
            for chain in self.chains
        ]
        self.cluster_ranks: dict[int, int] = {}
        for i, key in enumerate(self.cluster_of):
            if i >= self.scene.title_at and key and self.prose[i]:
                self.cluster_ranks.setdefault(key, len(self.cluster_ranks))

    def _find_headings(self) -> None:
        rules, language = self.page.rules, self.page.language
        self.heading_rules = [
            rules.heading(piece.text, language=language) if len(piece.text) < 100 else None
            for piece in self.pieces
        ]
        self.heads: list[int] = []
        head = -1
        for i, is_heading in enumerate(self.is_heading):
            self.heads.append(head)
            if is_heading:
                head = i
        self.next_heads = [0] * self.size
        upcoming = self.size
        for i in range(self.size - 1, -1, -1):
            self.next_heads[i] = upcoming
            if self.is_heading[i]:
                upcoming = i

    def _compare_texts(self) -> None:
        self.repeats = Counter(self.flat)
        self.openings = Counter(
            " ".join(own[:6])
            for own, prose in zip(self.words, self.prose, strict=True)
            if prose and len(own) >= 8
        )
        self.title_words = frozenset(words(self.page.title or ""))
        self.description = fold_words(self.scene.description or "")
        body = fold_words(self.scene.article_body or "")
        self.has_body_text = bool(body)
        padded = f" {body} "
        self.in_body_text = [bool(body) and bool(flat) and _stands_in(flat, padded) for flat in self.flat]
        covered = sum(len(flat) for flat, said in zip(self.flat, self.in_body_text, strict=True) if said)
        self.body_text_cover = min(1.0, covered / (len(body) + 1))

    def marks(self) -> NDArray[np.float64]:
        """What markup says of each piece: ones and zeros."""
        kinds = [_KIND_PLACES[piece.kind] for piece in self.pieces]
        tags = [
            _TAG_PLACES.get(piece.node.tag, len(_TAGS)) if piece.node is not None else len(_TAGS)
            for piece in self.pieces
        ]
        # The names of an element and of the two around it.
        names = [functools.reduce(or_, (named.words for named in own[:3]), 0) for own in self.around]
        return np.hstack(
            (
                _ONE_HOT[kinds, : len(_KINDS)],
                _ONE_HOT[tags, : len(_TAGS)],
                _bits([piece.boxes for piece in self.pieces], len(BOX_KINDS)),
                _bits(names, len(NAME_WORDS)),
            )
        )

    def texts(self) -> NDArray[np.float64]:
        """What each piece is and says."""
        return np.array([self._text(i, piece) for i, piece in enumerate(self.pieces)], dtype=np.float64)

    def _text(self, i: int, piece: Piece) -> list[float]:
        text, length, own = piece.text, len(piece.text), self.words[i]
        flat = self.flat[i]
        rules, language = self.page.rules, self.page.language
        line = rules.line(text, language=language) if length <= MAX_LINE_CHARS else None
        opening = rules.opening(text, language=language) if length <= MAX_OPENED_CHARS else None
        heading = self.heading_rules[i]
        return [
            piece.level or 0,
            self.log_chars[i],
            min(len(own), 60),
            self.links[i],
            min(piece.links, 10),
            piece.strong_chars / length,
            *shape_of(text),
            self.prose[i],
            line is not None and not line.weak,
            line is not None and line.weak,
            0.0 if heading is None else 0.5 if heading.weak else 1.0,
            opening is not None,
            len(self.title_words.intersection(own)) / (len(set(own)) or 1),
            bool(self.description)
            and len(flat) > 20
            and (flat in self.description or self.description in flat),
            min(self.repeats[flat], 5),
            len(own) >= 8 and self.openings[" ".join(own[:6])] > self.prose[i],
        ]

    def places(self) -> NDArray[np.float64]:
        """Where on the page each stands."""
        return np.array([self._place(i, piece) for i, piece in enumerate(self.pieces)], dtype=np.float64)

    def _place(self, i: int, piece: Piece) -> list[float]:
        first, last, title_at = self.first, self.last, self.scene.title_at
        distance = first - i if i < first else i - last if i > last else 0
        article, cluster = self.article_of[i], self.cluster_of[i]
        return [
            self.inside[i],
            i < first,
            i > last,
            min(60, distance),
            (i - first) / (last - first + 1),
            0 <= title_at <= i,
            max(-60, min(60, i - title_at)) if title_at >= 0 else -61,
            not self.scene.title_chain.isdisjoint(self.chains[i][1:4]),
            piece.depth - self.depth,
            min(30, self.gaps[i]),
            self.branch_prose[article] / self.page_prose if article else -1.0,
            self.articles,
            self.branch_prose[cluster] / self.page_prose if cluster else -1.0,
            min(20, self.cluster_ranks.get(cluster, 20)),
        ]

    def neighbours(self) -> NDArray[np.float64]:
        """What stands around each."""
        size = self.size
        beside = np.zeros((size + 2, 4))
        beside[1:-1] = np.array((self.log_chars, self.links, self.prose, self.is_heading)).T
        # Three pieces to either side; none beyond the ends of the page.
        near = np.zeros((3, size + 6))
        chars = np.array(self.chars)
        near[:, 3:-3] = (chars, chars * self.prose, chars * self.links)
        windows = np.zeros((3, size))
        for k in range(7):
            windows += near[:, k : k + size]
        near_chars, near_prose, near_links = windows
        near_chars[near_chars == 0] = 1
        heads = [
            (
                min(30, i - head),
                self.links[head],
                self.log_chars[head],
                self.heading_rules[head] is not None,
                self.pieces[head].level or 0,
            )
            if head >= 0
            else (31, 0, 0, 0, 0)
            for i, head in enumerate(self.heads)
        ]
        ahead = [min(30, head - i) for i, head in enumerate(self.next_heads)]
        return np.column_stack(
            (beside[:-2], beside[2:], near_prose / near_chars, near_links / near_chars, heads, ahead)
        )

    def kin(self) -> NDArray[np.float64]:
        """What stands in the same element as each, and in elements of the same name."""
        return np.array([self._kin(i) for i in range(self.size)], dtype=np.float64)

    def _kin(self, i: int) -> list[float]:
        chain, path, around = self.chains[i], self.paths[i], self.around[i]
        # Of the parent and the three around it; an element of no text stands for those that there are not.
        parent, grand, great = (*chain[1:4], 0, 0, 0)[:3]
        outer = chain[1 : LEVELS + 1]
        missing = LEVELS - len(outer)
        twins = [min(30, self.twins[named.kin]) for named in around]
        prose = [min(30, self.holds_prose.get(key, 0)) for key in outer]
        headings = [min(30, self.holds_headings.get(key, 0)) for key in outer]
        body_prose, page_prose = self.body_prose, self.page_prose
        parent_chars, grand_chars = self.group_chars.get(parent, 0), self.group_chars.get(grand, 0)
        path_chars, path_count = self.path_chars[path], self.path_count[path]
        return [
            self.parent_prose.get(parent, 0) / body_prose,
            self.name_prose.get(around[0].name if around else "", 0) / body_prose,
            self.path_prose.get(path, 0) / body_prose,
            min(path_count, 50),
            self.path_links[path] / (path_chars or 1),
            math.log1p(path_chars / path_count),
            self.group_links.get(parent, 0) / (parent_chars or 1),
            math.log1p(parent_chars),
            self.group_links.get(grand, 0) / (grand_chars or 1),
            math.log1p(grand_chars),
            self.branch_prose.get(parent, 0) / page_prose,
            self.branch_prose.get(grand, 0) / page_prose,
            self.branch_prose.get(great, 0) / page_prose if great else 1.0,
            *twins,
            *[0] * (LEVELS - len(twins)),
            *prose,
            *[30] * missing,
            *(*headings, *[30] * missing)[: LEVELS - 1],
        ]

    def whole(self) -> NDArray[np.float64]:
        """What the page is like."""
        table = np.empty((self.size, 6))
        table[:] = (
            self.has_body_text,
            0.0,
            self.body_text_cover,
            math.log1p(self.page_prose),
            math.log1p(self.size),
            self.body_prose / self.page_prose,
        )
        table[:, 1] = self.in_body_text
        return table


def _bits(sets: list[int], size: int) -> NDArray[np.int64]:
    """A row of ones and zeros for each set of bits."""
    return np.array(sets)[:, None] >> np.arange(size) & 1


def _stands_in(flat: str, padded: str) -> bool:
    """Whether a text stands in another; a long one by its beginning and its end, since markup differs in between."""
    if len(flat) <= 80:
        return f" {flat} " in padded
    return flat[:60] in padded and flat[-60:] in padded
