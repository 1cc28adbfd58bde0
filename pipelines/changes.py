"""What changed from one revision of an article to the next, told by a print of the earlier one that is small to keep."""

from __future__ import annotations

import re
import struct
from collections import Counter
from typing import TYPE_CHECKING, Any

import xxhash

from pipelines.record import encode_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.record import ChangesRow

FIELDS = (
    "title",
    "description",
    "text",
    "authors",
    "published_at",
    "modified_at",
    "language",
    "section",
    "tags",
    "images",
    "paywalled",
)
"""The fields whose changes are named, in the record's order. Only `title` and `text` make a revision."""

# The end of a sentence, in scripts with and without spaces, or of a block. Where it is wrong, it is so both times.
# It begins with a plain set, to which a search skips: 0.2 ms a page, where trying all of it at each place takes 0.9.
_END = re.compile(
    r"[.!?…。！？\n](?:(?<=[.!?…])[.!?…]*[\"'”’»)\]]*\s+|(?<=[。！？])[。！？]*[」』”’）]*\s*|(?<=\n)\n*)"
)
# A longer text is cut into fewer, longer pieces: 600 bytes are kept of it.
_MOST_PIECES = 100
_HEAD = struct.Struct(">HB")
_FIELD = struct.Struct(">I")
_LENGTHS = struct.Struct(">II")


def to_print(record: Mapping[str, Any], revision: int) -> bytes:
    """Give the print of a revision: its number, a hash of each field, hash and length of each piece of its text.

    At most about 850 bytes; 60 and 8 for each sentence of a text of up to a hundred.
    """
    sentences = _split(record["text"])
    coarseness = 0
    while len(pieces := _join(sentences, coarseness)) > _MOST_PIECES:
        coarseness += 1
    return b"".join(
        (
            _HEAD.pack(revision, coarseness),
            *(_FIELD.pack(_hash_field(record[name])) for name in FIELDS),
            *(_LENGTHS.pack(hashed, length) for hashed, length in pieces),
        )
    )


def find_changes(before: bytes, record: Mapping[str, Any]) -> ChangesRow:
    """Compare a record with the print of the revision before it.

    Characters are counted by whole sentences, or runs of them in a long text: a changed one counts as removed and as
    added. A sentence that has moved is neither.
    """
    _, coarseness = _HEAD.unpack_from(before)
    place = _HEAD.size
    changed = []
    for name in FIELDS:
        if _FIELD.unpack_from(before, place)[0] != _hash_field(record[name]):
            changed.append(name)
        place += _FIELD.size
    old = Counter(_LENGTHS.iter_unpack(before[place:]))
    new = Counter(_join(_split(record["text"]), coarseness))
    return {
        "fields": changed,
        "chars_added": _count_chars(new - old),
        "chars_removed": _count_chars(old - new),
    }


def _split(text: str) -> list[tuple[int, int]]:
    """The text's sentences, each as a hash and its characters."""
    found = []
    start = 0
    while start < len(text):
        # From the second character on: what begins with an end's sign is a sentence, not the rest of none.
        match = _END.search(text, start + 1)
        end = match.end() if match else len(text)
        if piece := text[start:end].strip():
            found.append((xxhash.xxh3_64_intdigest(piece.encode()) >> 32, len(piece)))
        start = end
    return found


def _join(sentences: list[tuple[int, int]], coarseness: int) -> list[tuple[int, int]]:
    """Runs of sentences: one ends where its last sentence's hash says so, so that a change moves only its own run."""
    pieces = []
    hashed = length = 0
    for index, (sentence, chars) in enumerate(sentences, 1):
        hashed = (hashed * 31 + sentence) % 2**32
        length += chars
        if sentence % (1 << coarseness) == 0 or index == len(sentences):
            pieces.append((hashed, length))
            hashed = length = 0
    return pieces


def _count_chars(pieces: Counter[tuple[int, int]]) -> int:
    return sum(length * count for (_, length), count in pieces.items())


def _hash_field(value: Any) -> int:
    # As it is written: what no line can hold is gone when the print is made again from the published row.
    return xxhash.xxh3_64_intdigest(encode_line({"": value})) >> 32
