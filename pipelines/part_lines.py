"""A published part as its lines: unpacked a step at a time, since a part may be 120 MiB when it is unpacked."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GZIP = zlib.MAX_WBITS | 16
# In small steps: what a step leaves over is copied.
_STEP_BYTES = 1 << 17
_PLAIN_BYTES = 1 << 20
# The largest article of a crawl: a page of 8 MiB, and what stands beside its text.
_LONGEST_LINE_BYTES = 64 << 20


def split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give each line of a part, without its line feed. `pieces`: the part's bytes, in order.

    Raises ValueError, one line, where it is torn or is no part.
    """
    expand = zlib.decompressobj(_GZIP)
    rest = b""
    for piece in pieces:
        for start in range(0, len(piece), _STEP_BYTES):
            packed: bytes | memoryview = memoryview(piece)[start : start + _STEP_BYTES]
            while packed:
                try:
                    plain = expand.decompress(packed, _PLAIN_BYTES)
                except zlib.error as error:
                    raise ValueError(f"is no gzip file: {error}") from error
                packed = expand.unconsumed_tail
                *lines, rest = (rest + plain).split(b"\n")
                if len(rest) > _LONGEST_LINE_BYTES:
                    raise ValueError("has a line of more than 64 MiB")
                yield from lines
    if not expand.eof:
        # What the last call held back, at most the end of one match.
        *lines, rest = (rest + expand.flush()).split(b"\n")
        yield from lines
    if not expand.eof or expand.unused_data or rest:
        raise ValueError("is torn, or has something behind its end")
