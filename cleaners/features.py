"""Features: what tells the article's pieces from the interface around them, in numbers that need no language.

The judge (`cleaners/judge.py`) weighs them. Every feature is a property of markup, shape, place or repetition; the
only words it knows are those of the rules.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cleaners.boxes import BOX_KINDS
from cleaners.markup import is_prose, name_words

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from cleaners.layout import Piece
    from cleaners.page import Page

SENTENCE_ENDS = frozenset(".!?…。！？।؟۔")
CLOSERS = "\"'”’»)」』】›*"
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORD = re.compile(r"\w+")

_KINDS = ("paragraph", "heading", "list_item", "quote", "code", "table")
# Words of the names of an element and the two around it: what builders of news templates call the parts of a page.
_NAME_WORDS = (
    "article", "body", "content", "text", "story", "entry", "post", "paragraph", "rich", "main", "detail", "lead", "intro",
    "summary", "excerpt", "subtitle", "standfirst", "description", "title", "headline", "kicker", "meta", "date", "time",
    "info", "label", "button", "link", "links", "more", "list", "item", "card", "teaser", "image", "photo", "gallery",
    "media", "video", "embed", "tweet", "twitter", "instagram", "quote", "pullquote", "disclaimer", "footnote", "table",
    "toc", "block", "box", "inner", "wrapper", "container", "section", "module", "component", "row", "col", "column",
    "left", "right", "top", "bottom", "hidden", "product", "price", "recipe", "ingredients", "fact", "facts", "key",
    "highlights", "liveblog", "update", "faq", "answer", "question", "wp", "elementor", "social", "account", "login",
)  # fmt: skip
_NAME_WORD_SET = frozenset(_NAME_WORDS)
_TAGS = ("p", "div", "span", "a", "li", "section", "article", "td", "blockquote", "h1", "h2", "h3", "h4", "header", "body")

FEATURES = (
    *(f"kind:{kind}" for kind in _KINDS),
    *(f"tag:{tag}" for tag in _TAGS),
    *(f"box:{kind}" for kind in BOX_KINDS),
    "level", "chars", "words", "link_share", "links", "strong_share", "ends_sentence", "ends_colon", "starts_lower",
    "digits", "uppers", "commas", "stops", "breaks", "clock", "year", "at_or_copyright", "bar",
    "prose", "phrase_strong", "phrase_weak", "heading_rule", "opening_rule",
    "is_title", "title_overlap", "is_description", "repeats", "starts_like_prose",
    "in_body", "before_first", "after_last", "distance", "place",
    "prev_chars", "prev_link", "prev_prose", "prev_heading", "next_chars", "next_link", "next_prose", "next_heading",
    "prev2_prose", "next2_prose", "prose_near", "link_near",
    "parent_prose", "name_prose", "path_prose", "path_count", "path_link", "path_chars", "depth_gap",
    "parent_link_share", "parent_chars", "grand_link_share", "grand_chars",
    "after_h1", "h1_distance", "with_h1", "article_prose", "articles", "parent_prose_share", "grand_prose_share",
    "great_prose_share", "head_distance", "head_link", "head_chars", "head_rule", "head_level", "next_head_distance",
    *(f"twins:{level}" for level in range(5)), *(f"holds_prose:{level}" for level in range(1, 6)),
    *(f"holds_headings:{level}" for level in range(1, 5)), "prose_gap", "cluster_share", "cluster_rank",
    *(f"name:{word}" for word in _NAME_WORDS),
    "has_body_text", "in_body_text", "body_text_cover", "page_prose", "page_pieces", "body_share",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the features compare pieces with."""

    body: int
    """`mem_id` of the chosen body element."""
    description: str | None
    article_body: str | None
    """The text that the page's structured data gives as the article's body."""


def describe(pieces: list[Piece], page: Page, scene: Scene) -> list[list[float]]:
    """One row of `FEATURES` for each piece."""
    size = len(pieces)
    if not size:
        return []
    chars = [_weighted_chars(piece.text) for piece in pieces]
    prose = [is_prose(piece) for piece in pieces]
    links = [piece.link_share for piece in pieces]
    words = [_WORD.findall(piece.text.casefold()) for piece in pieces]
    flat = [" ".join(w) for w in words]
    chains = [_chain(piece.node) for piece in pieces]
    inside = [scene.body in chain for chain in chains]
    body_prose = [i for i in range(size) if prose[i] and inside[i]]
    first = body_prose[0] if body_prose else 0
    last = body_prose[-1] if body_prose else size - 1
    prose_total = sum(chars[i] for i in body_prose) or 1
    page_prose = sum(chars[i] for i in range(size) if prose[i])

    group_chars: Counter[int] = Counter()
    group_links: Counter[int] = Counter()
    parent_prose: Counter[int] = Counter()
    for i, chain in enumerate(chains):
        for key in chain[1:3]:
            group_chars[key] += chars[i]
            group_links[key] += int(chars[i] * links[i])
        if prose[i] and inside[i] and len(chain) > 1:
            parent_prose[chain[1]] += chars[i]
    names = [_name(piece.node) for piece in pieces]
    paths = [_path(piece.node, names[i]) for i, piece in enumerate(pieces)]
    name_prose: Counter[str] = Counter()
    path_prose: Counter[str] = Counter()
    path_chars: Counter[str] = Counter()
    path_links: Counter[str] = Counter()
    path_count = Counter(paths)
    for i in range(size):
        path_chars[paths[i]] += chars[i]
        path_links[paths[i]] += int(chars[i] * links[i])
        if prose[i] and inside[i]:
            name_prose[names[i]] += chars[i]
            path_prose[paths[i]] += chars[i]
    depths = Counter[int]()
    for i in body_prose:
        depths[pieces[i].depth] += chars[i]
    depth = depths.most_common(1)[0][0] if depths else pieces[0].depth
    repeats = Counter(flat)
    openings = Counter(" ".join(words[i][:6]) for i in range(size) if prose[i] and len(words[i]) >= 8)
    title_words = set(_WORD.findall((page.title or "").casefold()))
    description = " ".join(_WORD.findall((scene.description or "").casefold()))
    article_body = " ".join(_WORD.findall(scene.article_body.casefold())) if scene.article_body else ""
    inside_text = [bool(article_body) and bool(flat[i]) and _stands_in(flat[i], article_body) for i in range(size)]
    cover = min(1.0, sum(len(flat[i]) for i in range(size) if inside_text[i]) / (len(article_body) + 1))

    h1 = next((i for i in range(size) if pieces[i].kind == "heading" and pieces[i].level == 1 and not inside_link(links[i])), -1)
    if h1 < 0:
        h1 = next((i for i in range(size) if fold_words(pieces[i].text) in page.titles), -1)
    h1_chain = set(chains[h1][:14]) if h1 >= 0 else set()
    branch_prose: Counter[int] = Counter()
    for i, chain in enumerate(chains):
        if prose[i]:
            for key in chain:
                branch_prose[key] += chars[i]
    whole = page_prose or 1
    articles: dict[int, int] = {}
    article_of = []
    for piece in pieces:
        key = _nearest_article(piece.node)
        article_of.append(key)
        if key:
            articles[key] = 1
    heads: list[int] = []
    head = -1
    for i, piece in enumerate(pieces):
        heads.append(head)
        if piece.kind == "heading":
            head = i
    next_heads = [0] * size
    upcoming = size
    for i in range(size - 1, -1, -1):
        next_heads[i] = upcoming
        if pieces[i].kind == "heading":
            upcoming = i
    heading_rules = [
        page.rules.heading(piece.text, language=page.language) is not None if len(piece.text) < 100 else False
        for piece in pieces
    ]
    twins: dict[tuple[int, str], set[int]] = {}
    kin: list[list[tuple[int, str]]] = []
    known: dict[int, tuple[int, str]] = {}
    holds_prose: Counter[int] = Counter()
    holds_headings: Counter[int] = Counter()
    for i, piece in enumerate(pieces):
        node = piece.node
        own = []
        for _ in range(5):
            if node is None:
                break
            key = node.mem_id
            place = known.get(key)
            if place is None:
                parent_node = node.parent
                place = known[key] = (parent_node.mem_id if parent_node is not None else 0, _name(node))
            twins.setdefault(place, set()).add(key)
            own.append(place)
            node = node.parent
        kin.append(own)
        for key in chains[i][:6]:
            holds_prose[key] += prose[i]
            holds_headings[key] += piece.kind == "heading"
    clusters: dict[int, int] = {}
    cluster_of = []
    for i in range(size):
        key = next((key for key in chains[i][1:6] if holds_prose[key] >= 2), 0)
        cluster_of.append(key)
        if i >= h1 and key and prose[i]:
            clusters.setdefault(key, len(clusters))
    gap = 0
    rows = []
    for i, piece in enumerate(pieces):
        gap = 0 if prose[i] else gap + 1
        text = piece.text
        length = len(text)
        row = [float(piece.kind == kind) for kind in _KINDS]
        tag = piece.node.tag if piece.node is not None else ""
        row += [float(tag == t) for t in _TAGS]
        row += [float(piece.boxes >> bit & 1) for bit in range(len(BOX_KINDS))]
        bare = text.rstrip(CLOSERS)
        line = page.rules.line(text, language=page.language) if length < 200 else None
        heading = page.rules.heading(text, language=page.language) if length < 100 else None
        opening = page.rules.opening(text, language=page.language)
        chain = chains[i]
        parent = chain[1] if len(chain) > 1 else 0
        grand = chain[2] if len(chain) > 2 else 0
        overlap = len(title_words.intersection(words[i])) / (len(set(words[i])) or 1) if title_words else 0.0
        row += [
            piece.level or 0,
            math.log1p(chars[i]),
            min(len(words[i]), 60),
            links[i],
            min(piece.links, 10),
            piece.strong_chars / length,
            float(bare[-1:] in SENTENCE_ENDS),
            float(text[-1:] in ":："),
            float(text[:1].islower()),
            sum(c.isdigit() for c in text[:200]) / min(length, 200),
            sum(c.isupper() for c in text[:200]) / min(length, 200),
            text.count(",") + text.count("،") + text.count("、"),
            min(sum(text.count(c) for c in SENTENCE_ENDS), 12),
            min(text.count("\n"), 5),
            float(bool(_CLOCK.search(text[:200]))),
            float(bool(_YEAR.search(text[:200]))),
            float("@" in text or "©" in text),
            float("|" in text or "»" in text or "›" in text or "→" in text),
            float(prose[i]),
            float(line is not None and not line.weak),
            float(line is not None and line.weak),
            float(heading is not None) * (0.5 if heading is not None and heading.weak else 1.0),
            float(opening is not None),
            float(fold_words(text) in page.titles),
            overlap,
            float(bool(description) and len(flat[i]) > 20 and (flat[i] in description or description in flat[i])),
            min(repeats[flat[i]], 5),
            float(len(words[i]) >= 8 and openings[" ".join(words[i][:6])] > (1 if prose[i] else 0)),
            float(inside[i]),
            float(i < first),
            float(i > last),
            min(60, first - i if i < first else i - last if i > last else 0),
            (i - first) / (last - first + 1),
        ]
        for j in (i - 1, i + 1):
            if 0 <= j < size:
                row += [math.log1p(chars[j]), links[j], float(prose[j]), float(pieces[j].kind == "heading")]
            else:
                row += [0.0, 0.0, 0.0, 0.0]
        near = range(max(0, i - 3), min(size, i + 4))
        near_chars = sum(chars[j] for j in near) or 1
        row += [
            float(i >= 2 and prose[i - 2]),
            float(i + 2 < size and prose[i + 2]),
            sum(chars[j] for j in near if prose[j]) / near_chars,
            sum(chars[j] * links[j] for j in near) / near_chars,
            parent_prose[parent] / prose_total,
            name_prose[names[i]] / prose_total,
            path_prose[paths[i]] / prose_total,
            min(path_count[paths[i]], 50),
            path_links[paths[i]] / (path_chars[paths[i]] or 1),
            math.log1p(path_chars[paths[i]] / path_count[paths[i]]),
            piece.depth - depth,
            group_links[parent] / (group_chars[parent] or 1),
            math.log1p(group_chars[parent]),
            group_links[grand] / (group_chars[grand] or 1),
            math.log1p(group_chars[grand]),
            float(0 <= h1 < i),
            max(-60, min(60, i - h1)) if h1 >= 0 else -61,
            float(any(key in h1_chain for key in chain[1:4])),
            branch_prose[article_of[i]] / whole if article_of[i] else -1.0,
            len(articles),
            branch_prose[parent] / whole,
            branch_prose[grand] / whole,
            branch_prose[chain[3]] / whole if len(chain) > 3 else 1.0,
            min(30, i - heads[i]) if heads[i] >= 0 else 31,
            links[heads[i]] if heads[i] >= 0 else 0.0,
            math.log1p(chars[heads[i]]) if heads[i] >= 0 else 0.0,
            float(heads[i] >= 0 and heading_rules[heads[i]]),
            (pieces[heads[i]].level or 0) if heads[i] >= 0 else 0,
            min(30, next_heads[i] - i),
        ]
        row += [min(30, len(twins[kin[i][k]])) if k < len(kin[i]) else 0 for k in range(5)]
        row += [min(30, holds_prose[chain[k]]) if k < len(chain) else 30 for k in range(1, 6)]
        row += [min(30, holds_headings[chain[k]]) if k < len(chain) else 30 for k in range(1, 5)]
        row += [min(gap, 30), branch_prose[cluster_of[i]] / whole if cluster_of[i] else -1.0, min(20, clusters.get(cluster_of[i], 20))]
        named = _names_around(piece.node)
        row += [float(word in named) for word in _NAME_WORDS]
        row += [
            float(bool(article_body)),
            float(inside_text[i]),
            cover,
            math.log1p(page_prose),
            math.log1p(size),
            prose_total / (page_prose or 1),
        ]
        rows.append(row)
    return rows


def inside_link(share: float) -> bool:
    return share > 0.5


def _nearest_article(node: LexborNode | None) -> int:
    while node is not None:
        if node.tag == "article":
            return node.mem_id
        node = node.parent
    return 0


def _names_around(node: LexborNode | None) -> frozenset[str]:
    words: frozenset[str] = frozenset()
    for _ in range(3):
        if node is None:
            break
        attributes = node.attributes
        words |= _known_words(attributes.get("class") or "") | _known_words(attributes.get("id") or "")
        node = node.parent
    return words


@lru_cache(maxsize=20_000)
def _known_words(name: str) -> frozenset[str]:
    return name_words(name) & _NAME_WORD_SET if name else frozenset()


def fold_words(text: str) -> str:
    """The words of a text in one case, joined by blanks: punctuation and spacing do not count."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _weighted_chars(text: str) -> int:
    """Characters, those of scripts that write a word in one or two counted double."""
    if text.isascii():
        return len(text)
    return len(text) + sum("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in text)


def _stands_in(flat: str, article_body: str) -> bool:
    """Whether a text stands in another; a long one by its beginning and its end, since markup differs in between."""
    if len(flat) <= 80:
        return f" {flat} " in f" {article_body} "
    return flat[:60] in article_body and flat[-60:] in article_body


def _chain(node: LexborNode | None) -> list[int]:
    """`mem_id` of an element and of those around it."""
    chain = []
    while node is not None:
        chain.append(node.mem_id)
        node = node.parent
    return chain


def _name(node: LexborNode | None) -> str:
    """Tag and class of an element."""
    if node is None:
        return ""
    return f"{node.tag}.{node.attributes.get('class') or ''}"


def _path(node: LexborNode | None, name: str) -> str:
    """Name of an element below the name of its parent."""
    parent = node.parent if node is not None else None
    return f"{_name(parent)}>{name}"
