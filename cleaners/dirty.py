"""Dirty text: somebody's earlier scrape, lines without markup, brought to pieces."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from cleaners.layout import Piece, fold_space
from cleaners.text.boxes import repeats
from cleaners.words import fold_words
from cleaners.wrapping import unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

_BULLET = re.compile(r"(?:[•●▪◦‣·*]|[-–](?=\s))\s*")
# A summary's point, its number glued to it; "3D printers" has one letter.
_NUMBERED = re.compile(r"\d{1,2}[^\W\d_]{2}")
MIN_TITLE_WORDS = 3
MAX_TITLE_CHARS = 250
MAX_TITLE_LINES = 60
"""The lowest title of 87 scrapes that hold theirs stands in line 22."""
MIN_TITLE_SHARE = 0.25
# Tried from 0.3 and 0.5 upwards: of the 87 scrapes, 73 titles are found, as against 48.
REPEATED_BONUS = 0.6
MAX_TIMES = 3
PLACE_WEIGHT = 2.0
MAX_BARE_LEAD = 3
"""Of a text that begins with more lines than these above its first paragraph, the first may be a menu's."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """What lines of a scrape turn out to be."""

    pieces: list[Piece]
    title: str | None
    description: str | None
    """The paragraph that stands above the text's last title and that a summary point repeats."""


def read_scrape(text: str, title: str | None) -> Scrape:
    """Part a scrape into pieces; find its title, where none is given, and its standfirst."""
    pieces = []
    for line in unwrap(text.splitlines()):
        bare = fold_space(line)
        bullet = _BULLET.match(bare)
        content = bare[bullet.end() :] if bullet else bare
        if content:
            pieces.append(Piece("list_item", content, 1) if bullet else Piece("paragraph", content))
    title = title or find_title(pieces)
    standfirst = _standfirst(pieces, title)
    if standfirst is not None:
        pieces.remove(standfirst)
    return Scrape(pieces, title, standfirst.text if standfirst is not None else None)


def find_title(pieces: Sequence[Piece]) -> str | None:
    """The line that the text's paragraphs speak of; None where no line is one.

    A headline shares its longer words with the text below it, in any language; menus, labels, and the headlines of
    other articles do not. It stands above, and often more than once.
    """
    prose = [piece for piece in pieces if piece.is_prose]
    body = Counter(word for piece in prose for word in _long_words(piece.text))
    said_in_full = "\n".join(fold_words(piece.text) for piece in prose)
    times = Counter(fold_words(piece.text) for piece in pieces)
    best, best_score = None, 0.0
    for place, piece in enumerate(pieces[:MAX_TITLE_LINES]):
        if not _may_be_title(piece.text):
            continue
        folded, own = fold_words(piece.text), _long_words(piece.text)
        # A long headline reads like prose, and says itself as often as it stands there.
        least = times[folded] if piece.is_prose else 0
        said = sum(body[word] > least for word in own)
        # A point of a summary is the beginning of a paragraph, behind its number.
        is_point = times[folded] == 1 and said_in_full.count(folded.lstrip("0123456789 ")[:40]) > least
        if said < 2 or said < MIN_TITLE_SHARE * len(own) or is_point:
            continue
        score = said / (len(own) + 2) - PLACE_WEIGHT * place / len(pieces)
        score += REPEATED_BONUS * (min(times[folded], MAX_TIMES) - 1)
        if best is None or score > best_score:
            best, best_score = piece.text, score
    if best is None and prose and pieces.index(prose[0]) <= MAX_BARE_LEAD and _may_be_title(pieces[0].text):
        return pieces[0].text if not pieces[0].is_prose else None
    return best


def _may_be_title(text: str) -> bool:
    words = len(fold_words(text).split())
    is_whole = len(text) <= MAX_TITLE_CHARS and text[-1] not in ".…。:" and not _NUMBERED.match(text)
    return is_whole and words >= MIN_TITLE_WORDS


def _long_words(text: str) -> set[str]:
    """Words of four letters and more, cut to six, since endings change; pairs of characters where words have no spaces."""
    folded = fold_words(text).split()
    found = {word[:6] for word in folded if len(word) >= 4}
    return found | {first + second for first, second in pairwise(folded) if len(first) == len(second) == 1}


def _standfirst(pieces: Sequence[Piece], title: str | None) -> Piece | None:
    """The one paragraph above the last title, where a point of a summary says it again."""
    folded = fold_words(title or "")
    titles = [index for index, piece in enumerate(pieces) if folded and fold_words(piece.text) == folded]
    if not titles:
        return None
    above = pieces[: titles[-1]]
    paragraphs = [
        piece
        for piece in above
        if piece.kind == "paragraph" and piece.is_prose and fold_words(piece.text) != folded
    ]
    points = [piece for piece in above if piece.kind == "list_item"]
    said = {fold_words(paragraph.text) for paragraph in paragraphs}
    if len(said) == 1 and any(repeats(point, paragraphs[:1]) for point in points):
        return paragraphs[0]
    return None
