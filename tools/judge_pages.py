"""Pages as the judge sees them: the features of each piece, and whether the reference has it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from selectolax.lexbor import LexborHTMLParser
from shared_sets import SENTENCE_SET, load_scorer, to_document

from cleaners.features import FEATURES, describe
from cleaners.stages import read_page
from cleaners.witness import add_witness, read_witness
from cleaners.words import fold_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from cleaners.layout import Piece

LABELLED_TOKENS = 4
"""A piece of fewer tokens has no shingle of its own: it is the article's where it equals a line of the reference."""
SAID_SHARE = 0.5
"""A longer piece is the article's where the reference holds so many of its shingles."""
IN_BODY = FEATURES.index("in_body")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPage:
    """A page of the shared sets, read and labelled."""

    set_name: str
    url: str
    title: str | None
    reference: dict[str, Any]
    pieces: tuple[Piece, ...]
    """Without their elements."""
    tokens: tuple[int, ...]
    """How many each piece has, by the scorer's count."""
    labels: tuple[float | None, ...]
    """1: the article's, 0: not, None: the reference does not say."""
    rows: NDArray[np.float32]
    """The features of each piece."""
    witnessed_rows: NDArray[np.float32]
    """The same with what the witness says of it."""


def read_judged_page(
    shared: Path, set_name: str, page: dict[str, Any], reference: dict[str, Any], grown: str | None = None
) -> JudgedPage:
    """Read a page up to the judge, and label its pieces by its reference.

    `grown` is read in its place where given; the witness still speaks of the page as it was.
    """
    score = load_scorer(shared)
    witness = read_witness(page["html"])
    if grown is not None:
        page = {**page, "html": grown}
    read = read_page(to_document(page), LexborHTMLParser(page["html"]))
    layout = read.survey.layout
    rows = describe(layout, read.survey.page, read.scene)
    witnessed = add_witness(rows.tolist(), layout.pieces, witness)
    texts = [piece.text for piece in layout.pieces]
    labels = (
        _label_by_sentences(texts, reference)
        if set_name == SENTENCE_SET
        else _label_by_body(texts, rows[:, IN_BODY].tolist(), reference["text"], score)
    )
    return JudgedPage(
        set_name=set_name,
        url=page["url"],
        title=read.metadata.title,
        reference=reference,
        pieces=tuple(replace(piece, node=None) for piece in layout.pieces),
        tokens=tuple(len(score.tokens(text)) for text in texts),
        labels=tuple(labels),
        rows=rows.astype(np.float32),
        witnessed_rows=np.array(witnessed, dtype=np.float32),
    )


def _label_by_body(
    texts: Sequence[str], in_body: Sequence[float], body: str, score: Any
) -> list[float | None]:
    """Label pieces by a whole body; of pieces that say the same, one, by preference inside the chosen body."""
    left: Counter[tuple[str, ...]] = Counter(score.shingles(body))
    lines = Counter({fold_words(line): 1 for line in body.split("\n")})
    labels: list[float | None] = [0.0] * len(texts)
    for i in sorted(range(len(texts)), key=lambda i: (-in_body[i], i)):
        count = len(score.tokens(texts[i]))
        if count >= LABELLED_TOKENS:
            own: Counter[tuple[str, ...]] = score.shingles(texts[i])
            if (own & left).total() >= SAID_SHARE * own.total():
                labels[i] = 1.0
                left -= own
        elif count and lines[folded := fold_words(texts[i])]:
            labels[i] = 1.0
            lines[folded] = 0
    return labels


def _label_by_sentences(texts: Sequence[str], reference: dict[str, Any]) -> list[float | None]:
    """Label the pieces that hold a sentence of one side only."""
    labels: list[float | None] = []
    for text in texts:
        wanted = any(sentence in text for sentence in reference["with"])
        unwanted = any(sentence in text for sentence in reference["without"])
        labels.append(None if wanted == unwanted else float(wanted))
    return labels
