"""Cuts inputs into spans: at the same places whenever it is asked, so that a run that goes on cuts as the first did."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.given import InputError
from pipelines.inputs import MAX_LINE_BYTES, decompress, find_kind, naming
from pipelines.log import Read
from pipelines.spans.span import Span, know
from pipelines.warc import places
from pipelines.warc.members import is_compressed
from pipelines.warc.records import read_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from pipelines.spans.progress import Progress
    from pipelines.spans.span import How, Known

_SKIP_BYTES = 1 << 20
_PAGES_AT_ONCE = 64
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large spans are. Some seconds of work each: little is lost with one, and none is waited for at the end."""

    archive_bytes: int = 2 << 20
    """Of a WARC file, as it is stored: about 80 pages of CC-NEWS."""
    line_bytes: int = 4 << 20
    """Of plain lines: about 40 pages, or a thousand texts."""


@dataclass(slots=True)
class Planner:
    """Gives the spans of inputs that are not done."""

    how: How
    progress: Progress
    sizes: Sizes = field(default_factory=Sizes)
    inputs: dict[str, str] = field(default_factory=dict)
    """Name of each input by its digest, as far as it has come."""
    again: list[str] = field(default_factory=list)
    """Names of files that are the same as one before them."""

    def plan(self, sources: Iterable[str]) -> Iterator[Span]:
        """Cut all sources, in their order. Raises InputError, one line."""
        waiting: list[Known] = []
        for name in sources:
            kind = "warc" if places.is_remote(name) else find_kind(Path(name))
            known = know(name, self.how)
            if known.digest in self.inputs:
                self.again.append(name)
                continue
            self.inputs[known.digest] = name
            if kind in ("html", "text"):
                waiting.append(known)
                if len(waiting) == _PAGES_AT_ONCE:
                    yield from self._cut_pages(waiting)
                    waiting = []
                continue
            yield from self._cut_pages(waiting)
            waiting = []
            yield from self._cut_archive(known) if kind == "warc" else self._cut_lines(known)
        yield from self._cut_pages(waiting)

    def _cut_pages(self, files: list[Known]) -> Iterator[Span]:
        due = [known for known in files if not self.progress.is_done(known.digest, 0, known.size)]
        if due:
            yield Span(
                kind="pages",
                reads=tuple(_read(known, 0, known.size) for known in due),
                written_at=tuple(known.written_at for known in due),
                how=self.how,
            )

    def _cut_archive(self, known: Known) -> Iterator[Span]:
        if is_compressed(known.start) or not known.start:
            cuts: Iterable[int] = range(0, max(known.size, 1), self.sizes.archive_bytes)
        elif self.progress.is_done(known.digest, 0, known.size):
            return
        else:
            cuts = self._find_records(known)
        yield from self._cut(known, "warc", cuts)

    def _find_records(self, known: Known) -> Iterator[int]:
        """Where records of a plain file begin, some way apart: their payload may look like one."""
        yield 0
        last = 0
        with places.naming(known.name):
            raw = places.open_place(known.name)
            try:
                for record in read_records(raw, Counter(), wants=lambda _: False):
                    if record.offset - last >= self.sizes.archive_bytes:
                        last = record.offset
                        yield last
            finally:
                raw.close()

    def _cut_lines(self, known: Known) -> Iterator[Span]:
        if not known.start.startswith(_PACKED):
            cuts = range(0, max(known.size, 1), self.sizes.line_bytes)
            yield from self._cut(known, "lines", cuts)
            return
        with naming(known.name), io.FileIO(known.name) as raw:
            yield from self._cut_stream(known, decompress(io.BufferedReader(raw, 1 << 16)))

    def _cut(self, known: Known, kind: Any, cuts: Iterable[int]) -> Iterator[Span]:
        for start, end in pairwise(chain(cuts, (known.size,))):
            for first, last in self.progress.gaps(known.digest, start, end):
                yield self._span(known, kind, first, last)

    def _cut_stream(self, known: Known, stream: BinaryIO) -> Iterator[Span]:
        """Cut lines that can only be read from their start: they come with the span."""
        lines: list[tuple[int, bytes | None]] = []
        start = place = 0
        while line := stream.readline(MAX_LINE_BYTES):
            if place // self.sizes.line_bytes != start // self.sizes.line_bytes:
                yield from self._end_stream(known, start, place, lines)
                lines, start = [], place
            is_long = len(line) == MAX_LINE_BYTES and not line.endswith(b"\n")
            lines.append((place, None if is_long else line))
            place += len(line)
            while is_long and not line.endswith(b"\n") and (line := stream.readline(_SKIP_BYTES)):
                place += len(line)
        yield from self._end_stream(known, start, place, lines)

    def _end_stream(
        self, known: Known, start: int, end: int, lines: list[tuple[int, bytes | None]]
    ) -> Iterator[Span]:
        for first, last in self.progress.gaps(known.digest, start, end):
            some = tuple((place, line) for place, line in lines if first <= place < last)
            yield self._span(known, "lines", first, last, some)

    def _span(
        self,
        known: Known,
        kind: Any,
        start: int,
        end: int,
        lines: tuple[tuple[int, bytes | None], ...] | None = None,
    ) -> Span:
        return Span(
            kind=kind,
            reads=(_read(known, start, end),),
            written_at=(known.written_at,),
            how=self.how,
            lines=lines,
        )


def check_inputs(names: Iterable[str]) -> None:
    """Raise InputError, one line, for what a run cannot go on with."""
    for name in names:
        if name == "-":
            raise InputError("standard input: cannot be read again where a run goes on: name files")


def _read(known: Known, start: int, end: int) -> Read:
    return Read(input=known.digest, name=known.name, start=start, end=end)
