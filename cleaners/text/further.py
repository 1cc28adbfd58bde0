"""Further articles: what an endless page sets behind the one that it is about."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.words import fold_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.layout import Piece
    from cleaners.markup import Element
    from cleaners.page import Page

# A story has so many paragraphs at least; teasers and the boxes around a story have fewer.
MIN_PARAGRAPHS = 2
# A rubric and the like may stand above a story's headline; a date and a byline between it and the text.
MAX_BEFORE_HEADLINE = 2
# As it was fetched, an endless page has a few stories; more twins than these are the entries of one.
MAX_STORIES = 8
MAX_HEADER = 4
MAX_DATE_CHARS = 80
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
STORY_ADDRESSES = (
    "data-url",
    "data-href",
    "data-permalink",
    "data-article-url",
    "data-canonical",
    "data-path",
)
LABEL_KINDS = frozenset(("next_article", "related"))


def drop_further_articles(pieces: list[Piece], page: Page) -> list[PieceHit]:
    """All that stands in a later twin of the element around title and text, and begins with a headline of its own.

    The sections of one article are twins as well, so something has to say that the twin is a story: its tag (`article`), an
    address or a date of its own, a headline of the first level as the title is, or a label above it ("Next article").
    """
    at = next((index for index, piece in enumerate(pieces) if _is_title(piece, page)), None)
    if at is None:
        return []
    title = pieces[at]
    # The element around the title that stands directly below each element around it.
    inner = {
        around.parent.place: around
        for around in (title.node.self_and_ancestors() if title.node is not None else ())
        if around.parent is not None
    }
    is_told: dict[int, bool] = {}
    hits: list[PieceHit] = []
    stories = 0
    label_before = False
    for other, run in itertools.groupby(pieces[at + 1 :], key=lambda piece: _beside(piece, inner)):
        group = list(run)
        if other is not None and other.parent is not None and _tells_story(group):
            first = inner[other.parent.place]
            headline = next(
                (piece for piece in group[: MAX_BEFORE_HEADLINE + 1] if piece.kind == "heading"), None
            )
            if (
                headline is not None
                and _are_twins(first, other)
                and (label_before or _is_story(first, other, title, headline, group))
            ):
                told = is_told.get(first.place)
                if told is None:
                    told = _tells_story([piece for piece in pieces if _is_inside(piece, first)])
                    is_told[first.place] = told
                stories += told
                hits += [PieceHit(piece, "articles/further") for piece in group if told]
        label_before = len(group) == 1 and _is_label(group[0], page)
    return hits if stories <= MAX_STORIES else []


def _is_title(piece: Piece, page: Page) -> bool:
    return page.title is not None and fold_words(piece.text) == fold_words(page.title)


def _beside(piece: Piece, inner: dict[int, Element]) -> Element | None:
    """The outermost element around a piece that is not around the title."""
    for around in piece.node.self_and_ancestors() if piece.node is not None else ():
        if around.parent is not None and around.parent.place in inner:
            return around
    return None


def _is_inside(piece: Piece, element: Element) -> bool:
    return piece.node is not None and element.place <= piece.node.place < element.end


def _are_twins(first: Element, other: Element) -> bool:
    return first.tag == other.tag and first.attributes.get("class") == other.attributes.get("class")


def _tells_story(pieces: Sequence[Piece]) -> bool:
    return sum(piece.is_prose for piece in pieces) >= MIN_PARAGRAPHS


def _is_story(first: Element, other: Element, title: Piece, headline: Piece, group: Sequence[Piece]) -> bool:
    if other.tag == "article":
        return True
    for name in STORY_ADDRESSES:
        address = other.attributes.get(name)
        if address and address != first.attributes.get(name):
            return True
    if title.level == headline.level == 1 and first.attributes.get("class"):
        return True
    header = itertools.takewhile(lambda piece: not piece.is_prose, group[group.index(headline) + 1 :])
    return any(
        len(piece.text) <= MAX_DATE_CHARS and _YEAR.search(piece.text)
        for piece in itertools.islice(header, MAX_HEADER)
    )


def _is_label(piece: Piece, page: Page) -> bool:
    match = page.rules.heading(piece.text, language=page.language)
    return match is not None and match.kind in LABEL_KINDS
