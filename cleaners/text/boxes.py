"""Boxes that only their heading, their icons or their repetition of the body give away."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cleaners.hits import PieceHit
from cleaners.rules import PhraseMatch
from cleaners.shape import ends_sentence
from cleaners.text.holders import MIN_RUNS, Holders, is_said, runs_of, unnumbered, word_runs
from cleaners.words import fold_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.layout import Piece
    from cleaners.page import Page
    from cleaners.rules import Kind

MAX_HEADING_CHARS = 80
MAX_BOX_PIECES = 14
# Without markup, more lines than these may as well be a list of the article.
MAX_BOX_LINES = 8
# A list of points goes whole where so many of them repeat the body.
REPEATED_POINTS = 0.6
# The kinds of heading that take what stands under them along; the others are lines by themselves.
HEADING_KINDS = frozenset(
    ("related", "most_read", "next_article", "summary", "why_it_matters", "tags", "share", "follow", "newsletter",
     "subscribe", "app", "donate", "comments")
)  # fmt: skip
SUMMARY_KINDS = frozenset(("summary", "why_it_matters"))
# What these head are links: prose without one near it is none of theirs.
LINK_KINDS = frozenset(("related", "most_read", "next_article", "tags", "share"))
# A summary stands above the text; further down "Key points" heads a section of the article.
PROSE_BEFORE_SUMMARY = 1
MAX_LABEL_CHARS = 40
MAX_STANDFIRST_CHARS = 600
MAX_SUMMARY_CHARS = 600
# A page has one summary, two where it prints it for narrow screens as well; a heading that stands oftener is the
# article's, as "Fast facts" over each entry of a list.
MANY_SUMMARIES = 3
# A point of a summary; a longer list item is a paragraph that somebody numbered.
MAX_POINT_CHARS = 250
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
    return [PieceHit(piece, "repeats/standfirst") for piece in standfirsts if is_said(runs_of(piece), points)]


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
        body |= word_runs(title.split())
    body |= word_runs(page.description.split())
    hits = []
    head: Piece | None = None
    points: list[Piece] = []
    for piece in [*pieces, None]:
        if piece is not None and piece.kind == "list_item":
            points.append(piece)
            continue
        said = [point for point in points if is_said(runs_of(point), body) or _stands_in(point, text)]
        if points and len(said) >= REPEATED_POINTS * len(points):
            said = [head, *points] if head is not None else points
        hits += [PieceHit(point, "repeats/point") for point in said]
        head = piece if piece is not None and piece.kind == "heading" else None
        points = []
    return hits


def repeats(point: Piece, paragraphs: Sequence[Piece]) -> bool:
    """Whether a point of a summary says what the paragraphs say."""
    return is_said(runs_of(point), _said(paragraphs))


def _said(paragraphs: Sequence[Piece]) -> set[tuple[str, ...]]:
    return {run for paragraph in paragraphs for run in runs_of(paragraph)}


def _stands_in(point: Piece, text: str) -> bool:
    """Whether a point too short for runs stands in a text word for word."""
    own = fold_words(unnumbered(point.text))
    return own.count(" ") >= MIN_RUNS and f" {own} " in text


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
    """A heading that an icon led or that the rules know, with the points, links and labels under it.

    A heading that may be an article's own and has prose under it heads a section, which stays with it.
    """
    holders = Holders(pieces)
    times = Counter(fold_words(piece.text) for piece in pieces if len(piece.text) <= MAX_HEADING_CHARS)
    hits: list[PieceHit] = []
    prose = 0
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        match = _match_heading(piece, page, prose, holders)
        if match is not None and match.weak and times[fold_words(piece.text)] >= MANY_SUMMARIES:
            match = None
        end = index + 1
        if match is not None and match.kind in HEADING_KINDS:
            reach = MAX_BOX_PIECES if piece.node is not None else MAX_BOX_LINES
            last = min(len(pieces), end + reach)
            while end < last and (
                _belongs_to_box(pieces[end], match.kind) or _shares_box(piece, pieces[end], match, holders)
            ):
                end += 1
        if match is not None and _heads_prose(pieces, index, end, match):
            match, end = None, index + 1
        if match is None:
            prose += piece.kind == "paragraph" and piece.is_prose
        else:
            hits += [PieceHit(taken, match.rule) for taken in pieces[index:end]]
        index = end
    return hits


def _shares_box(head: Piece, piece: Piece, match: PhraseMatch, holders: Holders) -> bool:
    """Whether a piece goes along since it stands in one box with the heading.

    An element with little of the page's prose may be a section of the article as well: its prose goes only where it is no
    summary's, stands among links, says what the page says elsewhere, or where the markup calls it a summary, too.
    """
    if not holders.share_box(head, piece):
        return (
            match.kind in SUMMARY_KINDS
            and piece.kind != "heading"
            and holders.stand_together(head, piece)
            and (holders.is_large_summary(piece) or holders.says_again(piece))
        )
    if not piece.is_prose:
        return True
    if match.kind in LINK_KINDS:
        return holders.has_links(piece)
    if match.kind not in SUMMARY_KINDS:
        return True
    return (
        (not match.weak and match.rule != ICON_HEADING and holders.prose_around(piece) <= MAX_SUMMARY_CHARS)
        or holders.is_called_summary(piece)
        or holders.says_again(piece)
    )


def _match_heading(piece: Piece, page: Page, prose: int, holders: Holders) -> PhraseMatch | None:
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


def _heads_prose(pieces: Sequence[Piece], index: int, end: int, match: PhraseMatch) -> bool:
    """Whether a heading that an article may have heads a section of this one: nothing of a box follows, but prose."""
    own = match.rule == ICON_HEADING or (match.weak and match.kind in SUMMARY_KINDS)
    return own and end == index + 1 and end < len(pieces) and _is_text(pieces[end], pieces[index])


def _is_text(piece: Piece, heading: Piece) -> bool:
    """Whether what follows a heading is text under it: prose, or a heading below it."""
    if piece.kind == "heading":
        return heading.kind == "heading" and (piece.level or 0) > (heading.level or 0)
    return piece.is_prose


def _belongs_to_box(piece: Piece, kind: Kind) -> bool:
    """Whether a piece under a box's heading is one of its points, links or labels."""
    if piece.kind == "heading":
        return False
    if piece.icon and len(piece.text) < 300:
        return True
    if piece.link_share > 0.6:
        return True
    if piece.kind == "list_item" and kind in SUMMARY_KINDS:
        return len(piece.text) <= MAX_POINT_CHARS
    # Where markup is left, a line of a box is a link; where it is lost, a line without a sentence may have been one.
    return piece.node is None and len(piece.text) < MAX_LINK_LINE_CHARS and not ends_sentence(piece.text)
