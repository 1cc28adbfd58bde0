"""The witness: trafilatura's reading of a page, asked where the judge is of two minds.

The only importer of trafilatura.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from trafilatura import bare_extraction
from trafilatura.settings import Document

from cleaners.words import fold_words, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaners.layout import Piece

# It reports each page that it gives up on; here that is an answer like any other.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

RUN = 5
"""Words in a row that a text shares with another where both say the same."""


def read_witness(html: str) -> str:
    """The text that trafilatura extracts, lines parted by line feeds; empty where it finds none."""
    document = bare_extraction(html, fast=True, include_comments=False, with_metadata=False)
    return document.text or "" if isinstance(document, Document) else ""


def agreement(pieces: Sequence[Piece], witness: str) -> list[float]:
    """Per piece, the share of its words that the witness says as well: 0 to 1."""
    lines = {fold_words(line.lstrip("-# ")) for line in witness.split("\n")}
    said = words(witness)
    runs = {tuple(said[i : i + RUN]) for i in range(len(said) - RUN + 1)}
    shares = []
    for piece in pieces:
        own = words(piece.text)
        if len(own) < RUN + 1:
            shares.append(float(" ".join(own) in lines))
        else:
            own_runs = [tuple(own[i : i + RUN]) for i in range(len(own) - RUN + 1)]
            shares.append(sum(run in runs for run in own_runs) / len(own_runs))
    return shares


WITNESS_FEATURES = ("said", "previous_said", "next_said", "witness_cover", "witness_words", "witness_share")


def add_witness(rows: list[list[float]], pieces: Sequence[Piece], witness: str) -> list[list[float]]:
    """The rows with what the witness says of each piece (`WITNESS_FEATURES`)."""
    said = [0.0, *agreement(pieces, witness), 0.0]
    counts = [len(words(piece.text)) for piece in pieces]
    heard = len(words(witness))
    cover = sum(share * count for share, count in zip(said[1:-1], counts, strict=True)) / (heard + 1)
    page = [cover, math.log1p(heard), heard / (sum(counts) + 1)]
    return [[*row, said[i + 1], said[i], said[i + 2], *page] for i, row in enumerate(rows)]
