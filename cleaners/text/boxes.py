"""Boxes that only their heading, their icons or their repetition of the body give away."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.rules import PhraseMatch
from cleaners.shape import ends_sentence
from cleaners.words import fold_words, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.layout import Piece
    from cleaners.page import Page
    from cleaners.rules import Kind

MAX_HEADING_CHARS = 80
MAX_BOX_PIECES = 14
# Without markup, more lines than these may as well be a list of the article.
MAX_BOX_LINES = 8
# A point repeats the body where this share of its five-word runs stands there too, and it has so many at least:
# cut and slightly edited points keep more than 0.9, two sentences on one subject share fewer than 0.3.
REPEATED_SHARE = 0.75
MIN_RUNS = 3
# A list of points goes whole where so many of them repeat the body.
REPEATED_POINTS = 0.6
_NUMBERED = re.compile(r"\d{1,2}[.)]?\s?(?=\D)")
# The kinds of heading that take what stands under them along; the others are lines by themselves.
HEADING_KINDS = frozenset(
    ("related", "most_read", "next_article", "summary", "why_it_matters", "tags", "share", "follow", "newsletter",
     "subscribe", "app", "donate", "comments")
)  # fmt: skip
SUMMARY_KINDS = frozenset(("summary", "why_it_matters"))
# A summary stands above the text; further down "Key points" heads a section of the article.
PROSE_BEFORE_SUMMARY = 1
MAX_LABEL_CHARS = 40
MAX_STANDFIRST_CHARS = 600
# An element that holds no more than this of the page's prose is no body of an article.
BOX_PROSE = 0.15
ICON_HEADING = "boxes/icon_heading"
MAX_LINK_LINE_CHARS = 120


def drop_standfirst(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """The description above the text, where a summary makes it its point: it stands in the record's description."""
    standfirsts = [
        piece
        for piece in pieces
        if piece.kind != "list_item"
        and len(piece.text) <= MAX_STANDFIRST_CHARS
        and page.description
        and fold_words(piece.text) == page.description
    ]
    if not standfirsts:
        return []
    points = _said([piece for piece in pieces if piece.kind == "list_item"])
    return [PieceHit(piece, "repeats/standfirst") for piece in standfirsts if _is_said(_runs(piece), points)]


def drop_repeated_points(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """List items that say again what title, description and paragraphs say, and the heading over nothing but such points.

    Pull quotes repeat the body, too, but two of three references count them as text: they stay.
    """
    if not any(piece.kind == "list_item" for piece in pieces):
        return []
    paragraphs = [piece for piece in pieces if piece.kind == "paragraph"]
    text = f" {' '.join(fold_words(piece.text) for piece in paragraphs)} "
    body = _said(paragraphs)
    for title in page.titles:
        body |= _word_runs(title.split())
    body |= _word_runs(page.description.split())
    hits = []
    head: Piece | None = None
    points: list[Piece] = []
    for piece in [*pieces, None]:
        if piece is not None and piece.kind == "list_item":
            points.append(piece)
            continue
        said = [point for point in points if _is_said(_runs(point), body) or _stands_in(point, text)]
        if points and len(said) >= REPEATED_POINTS * len(points):
            said = [head, *points] if head is not None else points
        hits += [PieceHit(point, "repeats/point") for point in said]
        head = piece if piece is not None and piece.kind == "heading" else None
        points = []
    return hits


def repeats(point: Piece, paragraphs: Sequence[Piece]) -> bool:
    """Whether a point of a summary says what the paragraphs say."""
    return _is_said(_runs(point), _said(paragraphs))


def _said(paragraphs: Sequence[Piece]) -> set[tuple[str, ...]]:
    return {run for paragraph in paragraphs for run in _runs(paragraph)}


def _is_said(own: set[tuple[str, ...]], body: set[tuple[str, ...]]) -> bool:
    return len(own) >= MIN_RUNS and len(own & body) >= REPEATED_SHARE * len(own)


def _stands_in(point: Piece, text: str) -> bool:
    """Whether a point too short for runs stands in a text word for word."""
    own = fold_words(_NUMBERED.sub("", point.text, count=1))
    return own.count(" ") >= MIN_RUNS and f" {own} " in text


def _runs(piece: Piece) -> set[tuple[str, ...]]:
    """Each five words in a row of a piece, without the number of a point and the word where a point was cut."""
    own = words(_NUMBERED.sub("", piece.text, count=1))
    return _word_runs(own[:-1] if piece.kind == "list_item" else own)


def _word_runs(own: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(own, own[1:], own[2:], own[3:], own[4:], strict=False))


def drop_twins(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Long pieces that stand exactly twice, word for word: the later one goes. What stands oftener is a refrain."""
    texts = [
        fold_words(piece.text) if piece.is_prose and piece.kind != "list_item" else "" for piece in pieces
    ]
    times = Counter(texts)
    seen: set[str] = set()
    hits = []
    for piece, text in zip(pieces, texts, strict=True):
        if text and times[text] == 2:
            if text in seen:
                hits.append(PieceHit(piece, "repeats/twin"))
            seen.add(text)
    return hits


def drop_icon_labels(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """Short pieces that an icon led: buttons and badges, not sentences."""
    return [
        PieceHit(piece, "icons/label")
        for piece in pieces
        if piece.icon
        and piece.kind != "heading"
        and len(piece.text) <= MAX_LABEL_CHARS
        and not ends_sentence(piece.text)
    ]


def drop_headed_boxes(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """A heading that an icon led or that the rules know, with the points, links and labels under it."""
    holders = _Holders(pieces)
    hits: list[PieceHit] = []
    prose = 0
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        match = _match_heading(piece, page, prose, holders)
        end = index + 1
        if match is not None and match.kind in HEADING_KINDS:
            reach = MAX_BOX_PIECES if piece.node is not None else MAX_BOX_LINES
            last = min(len(pieces), end + reach)
            while end < last and (
                _belongs_to_box(pieces[end], match.kind) or holders.share_box(piece, pieces[end])
            ):
                end += 1
        if match is not None and match.rule == ICON_HEADING and _heads_prose(pieces, index, end):
            match, end = None, index + 1
        if match is None:
            prose += piece.kind == "paragraph" and piece.is_prose
        else:
            hits += [PieceHit(taken, match.rule) for taken in pieces[index:end]]
        index = end
    return hits


class _Holders:
    """The elements that hold pieces, and which of them are boxes: they hold little of the page's prose.

    Counted when asked for: most pages have no heading that heads a box.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces

    @cached_property
    def _of(self) -> dict[int, int]:
        return {id(piece): self._holder(piece) for piece in self._pieces}

    @cached_property
    def _boxes(self) -> set[int]:
        count = Counter(self._of.values())
        prose: Counter[int] = Counter()
        for piece in self._pieces:
            if piece.is_prose:
                prose[self._of[id(piece)]] += len(piece.text)
        total = prose.total()
        return {
            holder for holder in count if holder and count[holder] > 1 and prose[holder] <= BOX_PROSE * total
        }

    @staticmethod
    def _holder(piece: Piece) -> int:
        parent = piece.node.parent if piece.node is not None else None
        return parent.place if parent is not None else 0

    def is_box(self, piece: Piece) -> bool:
        """Whether a piece stands with others in an element that holds little prose."""
        return self._of[id(piece)] in self._boxes

    def share_box(self, piece: Piece, other: Piece) -> bool:
        """Whether two pieces stand in one such element."""
        return self.is_box(piece) and self._of[id(piece)] == self._of[id(other)]


def _match_heading(piece: Piece, page: Page, prose: int, holders: _Holders) -> PhraseMatch | None:
    """What box a piece heads, or None. `prose` counts the paragraphs before it."""
    if len(piece.text) > MAX_HEADING_CHARS:
        return None
    match = page.rules.heading(piece.text, language=page.language)
    if match is not None and (not match.weak or piece.icon):
        return match
    if (
        match is not None
        and match.kind in SUMMARY_KINDS
        and (prose <= PROSE_BEFORE_SUMMARY or holders.is_box(piece))
    ):
        return match
    if piece.icon and (
        piece.kind == "heading" or (len(piece.text) <= MAX_LABEL_CHARS and not ends_sentence(piece.text))
    ):
        return PhraseMatch(rule=ICON_HEADING, kind="summary")
    return None


def _heads_prose(pieces: Sequence[Piece], index: int, end: int) -> bool:
    """Whether a heading that only an icon speaks against heads a section of the article: prose follows at once."""
    return pieces[index].kind == "heading" and end == index + 1 and end < len(pieces) and pieces[end].is_prose


def _belongs_to_box(piece: Piece, kind: Kind) -> bool:
    """Whether a piece under a box's heading is one of its points, links or labels."""
    if piece.icon and len(piece.text) < 300:
        return True
    if piece.kind == "heading":
        return False
    if piece.link_share > 0.6 or (piece.kind == "list_item" and kind in SUMMARY_KINDS):
        return True
    # Where markup is left, a line of a box is a link; where it is lost, a line without a sentence may have been one.
    return piece.node is None and len(piece.text) < MAX_LINK_LINE_CHARS and not ends_sentence(piece.text)
