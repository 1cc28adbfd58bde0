"""Nearly the same text: a sketch of each article, small enough to remember, and when two sketches are of one story.

A sketch is a MinHash of the text's runs of words, and a smaller one of how its paragraphs begin. The second tells an
edited copy, which keeps most of its paragraphs' openings, from texts that a template made, which share long runs and
put something of their own into each paragraph. docs/adr/0011-near-duplicates.md has the measurements.
"""

from __future__ import annotations

import operator
import re
import struct
from dataclasses import dataclass

import xxhash
from rensa import RMinHash

from cleaners.words import UNSPACED, words

VERSION = f"{RMinHash.ALGORITHM_VERSION}.2"
"""Of rensa's algorithm and of this module: sketches of two versions are never compared, so they are kept apart."""

VALUES = 128
"""Of a text's sketch, 2 bytes each: at a similarity of 0.8 the estimate is off by 0.035 on average."""
OPENINGS = 32
"""Of the sketch of its paragraphs' openings, 2 bytes each."""
BAND_BYTES = 6
"""A band as it is looked up: 2 bytes that name the shard, 4 that name the band in it."""

_SKETCH_BYTES = 2 * VALUES + 1 + 2 * OPENINGS
# Of two texts that are 0.8 alike 99 % share a band, of those 0.4 alike 12 %; each band is a look-up a day.
_ROWS = 5
_BANDS = 12
# Two texts of fewer words are alike or not by one or two of them.
_LEAST_WORDS = 24
_RUN_WORDS = 3
# A word of a script without spaces is one character here: five carry what three words do.
_RUN_CHARS = 5
# Shorter blocks are headings, captions and list items, which a template repeats. A quarter of it without spaces.
_LEAST_OPENING_CHARS = 80
_OPENING_WORDS = 4
# With fewer paragraphs their openings say nothing.
_LEAST_OPENINGS = 3
_UNSPACED = re.compile(f"[{UNSPACED}]")
_RULE = struct.Struct(">HBBB")


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRule:
    """When two articles are taken for one."""

    similarity: float = 0.75
    """Estimated Jaccard similarity of their runs of words from which on they are."""
    named_similarity: float = 0.5
    """The same where one names the other, or both a third, as its original (`syndicated_from`)."""
    openings: float = 0.45
    """And so alike must the openings of their paragraphs be, unless an original is named."""
    days: int = 7
    """How many days back, by their fetch, articles are compared with; 0: none is compared."""
    publish: bool = False
    """A near-duplicate is published as an article that says so, instead of as a row under `outcomes/`."""

    def packed(self) -> bytes:
        """Give the rule as scripts/near.lua takes it: in counts of equal values."""
        return _RULE.pack(
            self.days,
            *(
                min(round(share * count), 255)
                for share, count in (
                    (self.similarity, VALUES),
                    (self.named_similarity, VALUES),
                    (self.openings, OPENINGS),
                )
            ),
        )

    def find_similarity(self, one: bytes, other: bytes, *, named: bool) -> float | None:
        """Give how alike two sketches are, if that makes them near-duplicates, else None."""
        if not one or not other:
            return None
        same = _count_same(one, other, 0, VALUES)
        if named:
            return same / VALUES if same >= round(self.named_similarity * VALUES) else None
        if same < round(self.similarity * VALUES):
            return None
        place = 2 * VALUES
        if min(one[place], other[place]) >= _LEAST_OPENINGS:
            kept = _count_same(one, other, place + 1, OPENINGS)
            if kept < round(self.openings * OPENINGS):
                return None
        return same / VALUES


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The first article that another one is nearly the same as."""

    id: bytes
    similarity: float
    """From 0 to 1, estimated: the Jaccard similarity of their runs of three words."""
    is_named: bool
    """Told by an original that one or both name; their similarity alone need not have told it."""


def to_sketch(text: str) -> bytes:
    """Give the text's sketch: its values, the number of its paragraphs (up to 255), their openings' values.

    Empty: the text is too short to be compared. The same text gives the same bytes in any process and on any machine.
    """
    # Here, since it brings numpy, of 0.1 to 0.4 s: a crawl's own process leaves the sketches to those that clean.
    from pipelines.minhash import find_values, hash_runs  # noqa: PLC0415

    found = words(text)
    if len(found) < _LEAST_WORDS:
        return b""
    unspaced = len(_UNSPACED.findall(text))
    run, least = (
        (_RUN_CHARS, _LEAST_OPENING_CHARS // 4)
        if 2 * unspaced > len(found)
        else (_RUN_WORDS, _LEAST_OPENING_CHARS)
    )
    openings = {
        xxhash.xxh3_64_intdigest(" ".join(words(block[:_LEAST_OPENING_CHARS])[:_OPENING_WORDS]).encode())
        for block in text.split("\n\n")
        if len(block) >= least
    }
    return b"".join(
        (
            find_values(hash_runs(found, run), VALUES),
            bytes((min(len(openings), 255),)),
            find_values(sorted(openings), OPENINGS),
        )
    )


def to_bands(sketch: bytes, original: bytes) -> bytes:
    """Give what the sketch is looked up by, one band after another; empty for an empty sketch.

    Sketches that share a band are compared. `original` is the id of the article that this one names as its original,
    or its own id: that makes the last band.
    """
    if not sketch:
        return b""
    size = 2 * _ROWS
    keys = (bytes((band,)) + sketch[band * size : (band + 1) * size] for band in range(_BANDS))
    return b"".join(xxhash.xxh3_64_digest(key)[:BAND_BYTES] for key in (*keys, b"original" + original))


def split_bands(bands: bytes) -> list[bytes]:
    """Give each band of them; the last one is that of the named original."""
    return [bands[place : place + BAND_BYTES] for place in range(0, len(bands), BAND_BYTES)]


def _count_same(one: bytes, other: bytes, place: int, count: int) -> int:
    values = (memoryview(sketch)[place : place + 2 * count].cast("H") for sketch in (one, other))
    return sum(map(operator.eq, *values))
