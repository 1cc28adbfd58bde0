"""The numbers of a sketch: a MinHash of 64-bit hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xxhash
from rensa import RMinHash

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SEED = 1
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)


def hash_runs(found: list[str], run: int) -> NDArray[np.uint64]:
    """Give one hash for each run of so many words; there are at least as many words."""
    hashed = np.fromiter(map(xxhash.xxh3_64_intdigest, map(str.encode, found)), np.uint64, len(found))
    count = len(found) - run + 1
    runs = hashed[:count].copy()
    for place in range(1, run):
        runs = runs * _MIX[place % 2] + hashed[place : place + count]
    return runs


def find_values(hashes: ArrayLike, count: int) -> bytes:
    """Give so many MinHash values, zeros of no hashes; two bytes of the four that each has are as good for counting equal ones."""
    hashed = np.asarray(hashes, np.uint64)
    if not len(hashed):
        return bytes(2 * count)
    rows = RMinHash.digest_matrix_from_flat_token_hashes(hashed, [0, len(hashed)], count, _SEED).to_rows()
    return np.array(rows[0], np.uint64).astype(">u2").tobytes()
