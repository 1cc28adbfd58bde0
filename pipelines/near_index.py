"""Articles of one batch, found by nearly the same text: in the worker's memory, as scripts/near.lua does it in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from pipelines.near import Near, split_bands

if TYPE_CHECKING:
    from pipelines.near import NearRule
    from pipelines.traces import Trace

T = TypeVar("T")


class NearIndex(Generic[T]):
    """Maps bands to what has them. Of what shares a band, the first is found."""

    def __init__(self) -> None:
        self._by_band: dict[bytes, tuple[int, Trace, T]] = {}
        self._count = 0

    def add(self, trace: Trace, entry: T) -> None:
        """Make the entry known by its trace."""
        self._count += 1
        for band in split_bands(trace.bands):
            self._by_band.setdefault(band, (self._count, trace, entry))

    def find(self, trace: Trace, rule: NearRule) -> tuple[T, Near] | None:
        """Find the first entry of another article that this one is nearly the same as."""
        bands = split_bands(trace.bands)
        best: tuple[int, T, Near] | None = None
        for place, band in enumerate(bands, 1):
            number, other, entry = self._by_band.get(band, (0, trace, None))
            if entry is None or other.id == trace.id or (best is not None and number >= best[0]):
                continue
            is_named = place == len(bands)
            similarity = rule.find_similarity(trace.sketch, other.sketch, named=is_named)
            if similarity is not None:
                best = (number, entry, Near(id=other.id, similarity=similarity, is_named=is_named))
        return best and best[1:]
