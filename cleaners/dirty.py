"""Dirty text: somebody's earlier scrape, lines without markup, brought to pieces."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cleaners.layout import Piece, fold_space
from cleaners.text.boxes import repeats
from cleaners.words import fold_words

if TYPE_CHECKING:
    from collections.abc import Sequence

_BULLET = re.compile(r"(?:[•●▪◦‣·*]|[-–](?=\s))\s*")
MIN_TITLE_WORDS = 3
MAX_TITLE_CHARS = 250


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
    for line in text.splitlines():
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
    """The line that stands more than once, else the first line that reads like a headline."""
    lines = [
        piece.text
        for piece in pieces
        if len(piece.text) <= MAX_TITLE_CHARS and len(fold_words(piece.text).split()) >= MIN_TITLE_WORDS
    ]
    if not lines:
        return None
    line, times = Counter(lines).most_common(1)[0]
    if times > 1:
        return line
    return lines[0] if lines[0][-1] not in ".…。" and lines[0] == pieces[0].text else None


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
