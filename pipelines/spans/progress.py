"""How far a run has come: what the log says was read of its inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.log import Commit, read_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines.log import Read
    from pipelines.objects import Objects


@dataclass(slots=True)
class Progress:
    """Pieces of inputs that are done with."""

    is_foreign: bool = False
    """The log has rows that no bulk run has published."""
    _done: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By input: pieces that do not touch, sorted."""

    def add(self, read: Read) -> None:
        """Note a piece."""
        self._done[read.input] = _merged([*self._done.get(read.input, ()), (read.start, read.end)])

    def is_done(self, name: str, start: int, end: int) -> bool:
        """Say whether all from start to end is done."""
        return next(self.gaps(name, start, end), None) is None

    def gaps(self, name: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Give the pieces between start and end that are not done; an empty input counts as one piece."""
        done = self._done.get(name, [])
        if start == end:
            if (start, end) not in done:
                yield start, end
            return
        for first, last in done:
            if last <= start or first >= end:
                continue
            if first > start:
                yield start, first
            start = last
        if start < end:
            yield start, end


async def read_progress(objects: Objects) -> Progress:
    """Read the whole log. Raises StoreError."""
    progress = Progress()
    async for _, entry in read_entries(objects, 0):
        if isinstance(entry, Commit):
            progress.is_foreign |= not entry.reads
            for read in entry.reads:
                progress.add(read)
    return progress


def _merged(pieces: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(pieces):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
