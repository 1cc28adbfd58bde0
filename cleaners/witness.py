"""The witness: trafilatura's reading of a page, asked where the judge is of two minds.

The only importer of trafilatura.
"""

from __future__ import annotations

import logging
import math
from functools import lru_cache
from typing import TYPE_CHECKING

from trafilatura import bare_extraction
from trafilatura.settings import Document, Extractor

from cleaners.words import fold_words, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cleaners.layout import Piece

# It reports each page that it gives up on; here that is an answer like any other.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

RUN = 5
"""Words in a row that a text shares with another where both say the same."""


def read_witness(html: str) -> str:
    """The text that trafilatura extracts, lines parted by line feeds; empty where it finds none."""
    document = bare_extraction(html, options=_options())
    return document.text or "" if isinstance(document, Document) else ""


@lru_cache(maxsize=1)
def _options() -> Extractor:
    return Extractor(output_format="python", fast=True, comments=False)


def agreement(pieces: Sequence[Piece], witness: str) -> list[float]:
    """Per piece, the share of its words that the witness says as well: 0 to 1."""
    lines = {fold_words(line.lstrip("-# ")) for line in witness.split("\n")}
    runs = set(_runs(words(witness)))
    shares = []
    for piece in pieces:
        own = words(piece.text)
        if len(own) < RUN + 1:
            shares.append(float(" ".join(own) in lines))
        else:
            shares.append(sum(map(runs.__contains__, _runs(own))) / (len(own) - RUN + 1))
    return shares


def _runs(said: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(said[i:] for i in range(RUN)), strict=False)


WITNESS_FEATURES = ("said", "previous_said", "next_said", "witness_cover", "witness_words", "witness_share")


def add_witness(rows: list[list[float]], pieces: Sequence[Piece], witness: str) -> list[list[float]]:
    """The rows with what the witness says of each piece (`WITNESS_FEATURES`)."""
    said = [0.0, *agreement(pieces, witness), 0.0]
    counts = [len(words(piece.text)) for piece in pieces]
    heard = len(words(witness))
    cover = sum(share * count for share, count in zip(said[1:-1], counts, strict=True)) / (heard + 1)
    page = [cover, math.log1p(heard), heard / (sum(counts) + 1)]
    return [[*row, said[i + 1], said[i], said[i + 2], *page] for i, row in enumerate(rows)]
