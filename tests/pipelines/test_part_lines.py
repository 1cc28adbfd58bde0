"""A part is its lines, in whatever pieces it comes; a torn one is told of."""

import gzip
import random

import pytest

from pipelines.part_lines import split_lines


@pytest.mark.parametrize("size", [0, 1, 1 << 18, (1 << 18) + 1, 3_000_000])
def test_a_part_is_unpacked_line_by_line(size):
    chance = random.Random(size)
    lines = [
        bytes([97 + chance.randrange(3)]) * chance.randrange(1, 90_000) for _ in range(max(size // 45_000, 1))
    ]
    lines.append(b"x" * size)
    body = gzip.compress(b"\n".join(lines) + b"\n")
    for piece_bytes in (len(body), 1_000, 7):
        pieces = (body[start : start + piece_bytes] for start in range(0, len(body), piece_bytes))
        assert list(split_lines(pieces)) == lines


def test_a_line_without_end_is_none():
    with pytest.raises(ValueError, match="64 MiB"):
        list(split_lines([gzip.compress(bytes(70 << 20))]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no gzip",
        gzip.compress(b"a\nb", mtime=0),
        gzip.compress(b"a\n", mtime=0)[:-1],
        gzip.compress(b"a\n", mtime=0) + b"x",
    ],
)
def test_a_torn_part_is_none(body):
    with pytest.raises(ValueError, match="is "):
        list(split_lines([body]))
