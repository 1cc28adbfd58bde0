"""Features: what tells the article's pieces from the interface around them, in numbers that need no language.

The judge (`cleaners/judge.py`) weighs them. Every feature is a property of markup, shape, place or repetition; the
only words it knows are those of the rules and the names of elements.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cleaners.boxes import BOX_KINDS
from cleaners.elements import LEVELS, NAME_WORDS, Element, elements_around, nearest_article
from cleaners.words import fold_words, weighted_chars, words

if TYPE_CHECKING:
    from cleaners.layout import Layout, Piece
    from cleaners.page import Page

SENTENCE_ENDS = frozenset(".!?…。！？।؟۔")
CLOSERS = "\"'”’»)」』】›*"
_STOPS = re.compile("[.!?…。！？।؟۔]")
_COMMAS = re.compile("[,،、]")
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_MARKS = re.compile("[@©]")
_BARS = re.compile("[|»›→]")

_KINDS = ("paragraph", "heading", "list_item", "quote", "code", "table")
_TAGS = ("p", "div", "li", "h2", "h3", "span", "td")
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


def describe(layout: Layout, page: Page, scene: Scene) -> list[list[float]]:
    """One row of `FEATURES` for each piece."""
    pieces = layout.pieces
    if not pieces:
        return []
    view = _View(layout, page, scene)
    return [
        view.itself(i, piece) + view.place(i, piece) + view.neighbours(i) + view.kin(i) + view.whole(i)
        for i, piece in enumerate(pieces)
    ]


class _View:
    """A page's pieces with everything counted that more than one of them needs."""

    def __init__(self, layout: Layout, page: Page, scene: Scene) -> None:
        pieces = layout.pieces
        size = len(pieces)
        self.layout, self.pieces, self.page, self.scene, self.size = layout, pieces, page, scene, size
        self.chars = [weighted_chars(piece.text) for piece in pieces]
        self.prose = [piece.is_prose for piece in pieces]
        self.links = [piece.link_share for piece in pieces]
        self.words = [words(piece.text) for piece in pieces]
        self.flat = [" ".join(own) for own in self.words]
        self.chains: list[tuple[int, ...]] = []
        for piece in pieces:
            self.chains.append(layout.chain(piece.node.place) if piece.node is not None else ())
        self.inside = [scene.body in chain for chain in self.chains]
        self._count_prose()
        self._count_kin()
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
        self.group_chars: Counter[int] = Counter()
        self.group_links: Counter[int] = Counter()
        self.parent_prose: Counter[int] = Counter()
        self.holds_prose: Counter[int] = Counter()
        self.holds_headings: Counter[int] = Counter()
        self.name_prose: Counter[str] = Counter()
        self.path_prose: Counter[str] = Counter()
        self.path_chars: Counter[str] = Counter()
        self.path_links: Counter[str] = Counter()
        self.path_count: Counter[str] = Counter()
        self.paths: list[str] = []
        self.names: list[str] = []
        self.kin_places: list[list[tuple[int, str]]] = []
        self.known_words: list[frozenset[str]] = []
        twins: dict[tuple[int, str], set[int]] = {}
        elements: dict[int, Element] = {}
        for i, (piece, chain) in enumerate(zip(self.pieces, self.chains, strict=True)):
            chars, linked = self.chars[i], int(self.chars[i] * self.links[i])
            for key in chain[1:3]:
                self.group_chars[key] += chars
                self.group_links[key] += linked
            for key in chain[: LEVELS + 1]:
                self.holds_prose[key] += self.prose[i]
                self.holds_headings[key] += piece.kind == "heading"
            around = elements_around(piece.node, self.layout, elements)
            places = [element.place for element in around]
            for element in around:
                twins.setdefault(element.place, set()).add(element.key)
            self.kin_places.append(places)
            self.known_words.append(frozenset().union(*(element.words for element in around[:3])))
            name = around[0].name if around else ""
            path = f"{around[1].name if len(around) > 1 else ''}>{name}"
            self.names.append(name)
            self.paths.append(path)
            self.path_count[path] += 1
            self.path_chars[path] += chars
            self.path_links[path] += linked
            if self.prose[i] and self.inside[i]:
                self.name_prose[name] += chars
                self.path_prose[path] += chars
                if len(chain) > 1:
                    self.parent_prose[chain[1]] += chars
        self.twins = {place: min(30, len(keys)) for place, keys in twins.items()}
        self.article_of = [nearest_article(chain, elements) for chain in self.chains]
        self.articles = len(set(self.article_of) - {0})
        self.cluster_of = [
            next((key for key in chain[1 : LEVELS + 1] if self.holds_prose[key] >= 2), 0)
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
        for i, piece in enumerate(self.pieces):
            self.heads.append(head)
            if piece.kind == "heading":
                head = i
        self.next_heads = [0] * self.size
        upcoming = self.size
        for i in range(self.size - 1, -1, -1):
            self.next_heads[i] = upcoming
            if self.pieces[i].kind == "heading":
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

    def itself(self, i: int, piece: Piece) -> list[float]:
        """What the piece is and says."""
        text, length, own = piece.text, len(piece.text), self.words[i]
        start = text[:200]
        flat = self.flat[i]
        rules, language = self.page.rules, self.page.language
        line = rules.line(text, language=language) if length <= MAX_LINE_CHARS else None
        opening = rules.opening(text, language=language) if length <= MAX_OPENED_CHARS else None
        heading = self.heading_rules[i]
        known = self.known_words[i]
        tag = (piece.node.tag or "") if piece.node is not None else ""
        return [
            *_kind_row(piece.kind, tag),
            *_box_row(piece.boxes),
            *_name_row(known),
            piece.level or 0,
            math.log1p(self.chars[i]),
            min(len(own), 60),
            self.links[i],
            min(piece.links, 10),
            piece.strong_chars / length,
            float(text.rstrip(CLOSERS)[-1:] in SENTENCE_ENDS),
            float(text[-1] in ":："),
            float(text[0].islower()),
            sum(map(str.isdigit, start)) / len(start),
            sum(map(str.isupper, start)) / len(start),
            len(_COMMAS.findall(text)),
            min(len(_STOPS.findall(text)), 12),
            min(text.count("\n"), 5),
            float(_CLOCK.search(start) is not None),
            float(_YEAR.search(start) is not None),
            float(_MARKS.search(text) is not None),
            float(_BARS.search(text) is not None),
            float(self.prose[i]),
            float(line is not None and not line.weak),
            float(line is not None and line.weak),
            0.0 if heading is None else 0.5 if heading.weak else 1.0,
            float(opening is not None),
            len(self.title_words.intersection(own)) / (len(set(own)) or 1),
            float(
                bool(self.description)
                and len(flat) > 20
                and (flat in self.description or self.description in flat)
            ),
            min(self.repeats[flat], 5),
            float(len(own) >= 8 and self.openings[" ".join(own[:6])] > self.prose[i]),
        ]

    def place(self, i: int, piece: Piece) -> list[float]:
        """Where on the page it stands."""
        first, last, title_at, chain = self.first, self.last, self.scene.title_at, self.chains[i]
        distance = first - i if i < first else i - last if i > last else 0
        article, cluster = self.article_of[i], self.cluster_of[i]
        return [
            float(self.inside[i]),
            float(i < first),
            float(i > last),
            min(60, distance),
            (i - first) / (last - first + 1),
            float(0 <= title_at <= i),
            max(-60, min(60, i - title_at)) if title_at >= 0 else -61,
            float(not self.scene.title_chain.isdisjoint(chain[1:4])),
            piece.depth - self.depth,
            min(30, self.gaps[i]),
            self.branch_prose[article] / self.page_prose if article else -1.0,
            self.articles,
            self.branch_prose[cluster] / self.page_prose if cluster else -1.0,
            min(20, self.cluster_ranks.get(cluster, 20)),
        ]

    def neighbours(self, i: int) -> list[float]:
        """What stands around it."""
        row: list[float] = []
        for j in (i - 1, i + 1):
            if 0 <= j < self.size:
                row += [
                    math.log1p(self.chars[j]),
                    self.links[j],
                    float(self.prose[j]),
                    float(self.pieces[j].kind == "heading"),
                ]
            else:
                row += [0.0, 0.0, 0.0, 0.0]
        near = range(max(0, i - 3), min(self.size, i + 4))
        near_chars = sum(self.chars[j] for j in near) or 1
        head = self.heads[i]
        row += [
            sum(self.chars[j] for j in near if self.prose[j]) / near_chars,
            sum(self.chars[j] * self.links[j] for j in near) / near_chars,
        ]
        if head >= 0:
            row += [
                min(30, i - head),
                self.links[head],
                math.log1p(self.chars[head]),
                float(self.heading_rules[head] is not None),
                self.pieces[head].level or 0,
            ]
        else:
            row += [31.0, 0.0, 0.0, 0.0, 0.0]
        row.append(min(30, self.next_heads[i] - i))
        return row

    def kin(self, i: int) -> list[float]:
        """What stands in the same element, and in elements of the same name."""
        chain, path, places = self.chains[i], self.paths[i], self.kin_places[i]
        parent = chain[1] if len(chain) > 1 else 0
        grand = chain[2] if len(chain) > 2 else 0
        great = chain[3] if len(chain) > 3 else 0
        return [
            self.parent_prose[parent] / self.body_prose,
            self.name_prose[self.names[i]] / self.body_prose,
            self.path_prose[path] / self.body_prose,
            min(self.path_count[path], 50),
            self.path_links[path] / (self.path_chars[path] or 1),
            math.log1p(self.path_chars[path] / self.path_count[path]),
            self.group_links[parent] / (self.group_chars[parent] or 1),
            math.log1p(self.group_chars[parent]),
            self.group_links[grand] / (self.group_chars[grand] or 1),
            math.log1p(self.group_chars[grand]),
            self.branch_prose[parent] / self.page_prose,
            self.branch_prose[grand] / self.page_prose,
            self.branch_prose[great] / self.page_prose if great else 1.0,
            *(self.twins[places[k]] if k < len(places) else 0 for k in range(LEVELS)),
            *(min(30, self.holds_prose[chain[k]]) if k < len(chain) else 30 for k in range(1, LEVELS + 1)),
            *(min(30, self.holds_headings[chain[k]]) if k < len(chain) else 30 for k in range(1, LEVELS)),
        ]

    def whole(self, i: int) -> list[float]:
        """What the page is like."""
        return [
            float(self.has_body_text),
            float(self.in_body_text[i]),
            self.body_text_cover,
            math.log1p(self.page_prose),
            math.log1p(self.size),
            self.body_prose / self.page_prose,
        ]


@lru_cache(maxsize=200)
def _kind_row(kind: str, tag: str) -> tuple[float, ...]:
    return (*(float(kind == k) for k in _KINDS), *(float(tag == t) for t in _TAGS))


@lru_cache(maxsize=2_000)
def _box_row(boxes: int) -> tuple[float, ...]:
    return tuple(float(boxes >> bit & 1) for bit in range(len(BOX_KINDS)))


@lru_cache(maxsize=5_000)
def _name_row(known: frozenset[str]) -> tuple[float, ...]:
    return tuple(float(word in known) for word in NAME_WORDS)


def _stands_in(flat: str, padded: str) -> bool:
    """Whether a text stands in another; a long one by its beginning and its end, since markup differs in between."""
    if len(flat) <= 80:
        return f" {flat} " in padded
    return flat[:60] in padded and flat[-60:] in padded
