"""A span: a piece of an input that is cleaned at once and published at once, and what comes of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pipelines.opt_out import OptOutPolicy
from pipelines.warc.filters import Filters
from pipelines.warc.places import describe, naming, open_place
from pipelines.warc.reading import ReadReport

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.foreign import LineFormat
    from pipelines.held_batch import Outcome
    from pipelines.log import Read
    from pipelines.staged import Candidate

_EDGE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What a run was told of how its inputs are read: other answers make other inputs of the same files."""

    filters: Filters = field(default_factory=Filters)
    lines: LineFormat | None = None
    """None: the keys of a line tell."""
    opt_out: OptOutPolicy = OptOutPolicy.FLAG

    def digest(self) -> str:
        """Name the answers that decide what is read."""
        keys = sorted(self.lines.keys.items()) if self.lines is not None else None
        return hashlib.sha256(repr((self.filters, keys)).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What one task is given; it needs nothing else but the files."""

    kind: Literal["warc", "lines", "pages"]
    reads: tuple[Read, ...]
    """One piece of a file; of pages, a whole file each."""
    written_at: tuple[datetime, ...]
    """When each file was written: what says nothing of its fetch was fetched by then."""
    how: How
    lines: tuple[tuple[int, bytes | None], ...] | None = field(default=None, repr=False)
    """Lines, and where each begins, of what cannot be read from the middle; None of a line: it is too long."""
    is_isolated: bool = False
    """A task has died of it before: each page is cleaned in a process of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What came of a span."""

    items: tuple[Candidate | Outcome, ...] = ()
    report: ReadReport = field(default_factory=ReadReport)
    error: str | None = None
    """One line: the input cannot be read on. None: it was read."""

    @property
    def pages(self) -> int:
        """How many pages or texts there were."""
        return len(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An input that is known by its content: wherever it lies and however it is called."""

    name: str
    digest: str
    """32 hex digits, of its size, its first and last 64 KiB, and how it is to be read."""
    size: int
    """In bytes."""
    written_at: datetime
    start: bytes = field(repr=False)


def know(name: str, how: How) -> Known:
    """Look at an input. Raises `pipelines.given.InputError`, one line."""
    with naming(name):
        size, written_at = describe(name)
        raw = open_place(name)
        try:
            start = _read(raw, 0, min(size, _EDGE_BYTES))
            end = _read(raw, max(size - _EDGE_BYTES, 0), min(size, _EDGE_BYTES))
        finally:
            raw.close()
    digest = hashlib.sha256(b"%d " % size + start + end + how.digest().encode()).hexdigest()[:32]
    return Known(name=name, digest=digest, size=size, written_at=written_at, start=start)


def visit_token(input_digest: str, place: str) -> str:
    """Name the visit of what stands at a place of an input: the same whenever, and by whatever, it is cleaned."""
    return hashlib.sha256(f"{input_digest} {place}".encode()).hexdigest()[:32]


def _read(raw: object, offset: int, count: int) -> bytes:
    raw.seek(offset)  # type: ignore[attr-defined]
    pieces = []
    while count > 0 and (piece := bytes(raw.read(count))):  # type: ignore[attr-defined]
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
