"""Series: what the judge would take alone and what its kin and the text under it speak for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleaners.boxes import telling_box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.layout import Piece

MAX_HEAD_CHARS = 120
# So many of one kin, each over text that stays, are the heads of a series: list articles, live blogs.
MIN_SERIES = 3
SERIES_SHARE = 0.8
# Of 57 headings that the judge took from the midst of text, on every third page of the shared sets, 55 are in the
# references; of 121 in a series, 115. Linked ones are what to read next as often as not, and other short pieces captions.
_CLOCK = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}(?:\s?\w{1,4})?")


def heads_to_keep(pieces: Sequence[Piece], kept: Sequence[bool]) -> list[int]:
    """The places of pieces that were not kept although they head text that is: their text would run together.

    A heading stays that stands between text of one element, and headings and clock times that head a series: the entries
    of a list article or of a live blog.
    """
    keeps = list(kept)
    kin: dict[tuple[str | None, ...], list[int]] = {}
    for index, piece in enumerate(pieces):
        if _may_head(piece):
            kin.setdefault(_path(piece), []).append(index)
    series = {path for path, own in kin.items() if _heads_series(pieces, keeps, own)}
    found = []
    # Above the first text that stays, a heading is the page's, a rubric or a standfirst.
    first = next((index for index, keep in enumerate(keeps) if keep), len(keeps))
    for index, piece in enumerate(pieces[:-1]):
        if keeps[index] or not _may_head(piece) or not _is_text(pieces, keeps, index + 1):
            continue
        is_heading = piece.kind == "heading"
        if is_heading and index < first:
            continue
        under = pieces[index + 1]
        if (is_heading and keeps[index - 1] and under.is_prose and _stand_together(piece, under)) or _path(
            piece
        ) in series:
            keeps[index] = True
            found.append(index)
    return found


def _may_head(piece: Piece) -> bool:
    if piece.node is None or len(piece.text) > MAX_HEAD_CHARS or telling_box(piece.boxes):
        return False
    return piece.link_share <= 0.5 and (piece.kind == "heading" or _CLOCK.fullmatch(piece.text) is not None)


def _is_text(pieces: Sequence[Piece], keeps: Sequence[bool], index: int) -> bool:
    """Whether running text that stays stands there, or its heading."""
    return (
        index < len(pieces) and keeps[index] and (pieces[index].is_prose or pieces[index].kind == "heading")
    )


def _stand_together(piece: Piece, other: Piece) -> bool:
    return piece.node is not None and other.node is not None and piece.node.parent is other.node.parent


def _heads_series(pieces: Sequence[Piece], keeps: Sequence[bool], kin: Sequence[int]) -> bool:
    """Whether pieces of one path are the heads of a series."""
    heads = sum(_is_text(pieces, keeps, index + 1) for index in kin)
    # What says the same each time is a label: "Share this update".
    texts = len({pieces[index].text for index in kin})
    is_heading = pieces[kin[0]].kind == "heading"
    return heads >= MIN_SERIES and texts >= MIN_SERIES and (is_heading or heads >= SERIES_SHARE * len(kin))


def _path(piece: Piece) -> tuple[str | None, ...]:
    """A piece's kind, with tags and classes of its element and of the one around it."""
    node = piece.node
    if node is None:
        return ()
    steps = (node, node.parent) if node.parent is not None else (node,)
    return (piece.kind, *(part for step in steps for part in (step.tag, step.attributes.get("class"))))
