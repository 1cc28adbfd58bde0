"""The rows of a snapshot in their one order: by the entry that published them first, then by their place in it.

Compaction moves rows and keeps this order: an entry has one part a folder, and a part that was made of others has
their rows by entry. So the parts that count are read side by side, like the runs of a merge sort; few are open at a
time, since a part is opened only when the first entry in it is reached.
"""

from __future__ import annotations

import asyncio
import heapq
import re
import zlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipelines.objects import StoreError
from pipelines.part_lines import split_lines
from pipelines.record import encode_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines.live import LivePart
    from pipelines.log import Part
    from pipelines.objects import Objects

_GZIP = zlib.MAX_WBITS | 16
_PIECE_BYTES = 4 << 20
_START_BYTES = 1 << 16
"""Enough for the first row of a part: an article is about 5 kB, packed 2 kB."""
_READS_AT_ONCE = 32
# A quote inside of a string is written \", so this can only be the row's own field, and nothing nested has its name.
_NOT_MOVED = b',"log_entry":null,'
_LOG_ENTRY = re.compile(rb',"log_entry":(\d+),')


class OptOutSource(msgspec.Struct):
    """What is counted of an article's evidence that uses are reserved."""

    source: str = ""


class CleanedBy(msgspec.Struct):
    """What cleaned an article."""

    version: str = ""
    rules: str = ""


class Row(msgspec.Struct):
    """What is filtered and counted by; reading only this takes a third of the time of reading everything."""

    visit: str | None = None
    site: str | None = None
    fetched_at: str | None = None
    language: str | None = None
    section: str | None = None
    revision: int | None = None
    duplicate_of: str | None = None
    opt_out: list[OptOutSource] = []
    cleaner: CleanedBy = msgspec.field(default_factory=CleanedBy)
    outcome: str = ""
    reason: str | None = None
    evidence: str | None = None
    alike: str | None = None
    of: str | None = None
    log_entry: int | None = None


class Position(NamedTuple):
    """Behind which row somebody stands; it means the same before and after compaction."""

    entry: int = 0
    folder: str = ""
    rows: int = 0
    """Rows of the entry in this folder that are behind."""


class Placed(NamedTuple):
    """A row with its place."""

    line: bytes
    """As a row that names its entry; line feed included."""
    row: Row
    position: Position
    """Right behind it."""


class PartGoneError(Exception):
    """A part was replaced and deleted while its rows were wanted: what counts must be read anew."""


class Reader:
    """Reads published parts for code that is not asynchronous."""

    def __init__(self, objects: Objects, runner: asyncio.Runner) -> None:
        self.objects = objects
        self.runner = runner
        self._read_row = msgspec.json.Decoder(Row).decode

    def rows(self, part: Part, place: LivePart) -> Iterator[tuple[int, bytes, Row]]:
        """Each row of a part with the entry that published it first.

        Raises PartGoneError, and StoreError, which names the part, where it cannot be read.
        """
        number = 0
        try:
            for bare in split_lines(self._read(part)):
                number += 1
                row, line = self._read_row(bare), bare + b"\n"
                if row.log_entry is None:
                    row.log_entry = place.entry
                    line = name_entry(line, place.entry)
                yield row.log_entry, line, row
        except ValueError as error:
            where = f" line {number}" if isinstance(error, msgspec.DecodeError) else ""
            raise StoreError(
                f"{self.objects.name}: {part.path}{where} {error}; run broadsheet verify"
            ) from error

    def _read(self, part: Part) -> Iterator[bytes]:
        """The bytes of a part, piece by piece: few parts are open at a time, but each may have 40 MB."""
        offset = 0
        while piece := self.runner.run(self.objects.read_range(part.path, offset, _PIECE_BYTES)):
            yield piece
            offset += len(piece)
            if len(piece) < _PIECE_BYTES:
                return
        if offset < part.bytes:
            raise PartGoneError(part.path)

    def first_entries(self, parts: Iterable[tuple[Part, LivePart]]) -> list[int]:
        """For each part, the entry that published its first row."""

        async def read_all() -> list[int]:
            turns = asyncio.Semaphore(_READS_AT_ONCE)

            async def read(part: Part, place: LivePart) -> int:
                async with turns:
                    return await self._first_entry(part, place)

            return await asyncio.gather(*(read(part, place) for part, place in parts))

        return self.runner.run(read_all())

    async def _first_entry(self, part: Part, place: LivePart) -> int:
        if not place.is_moved:
            return place.entry
        start = await self.objects.read_start(part.path, _START_BYTES)
        if start is None:
            raise PartGoneError(part.path)
        line = _first_line(start)
        if line is None:
            # A row of hundreds of kilobytes.
            line = _first_line(await self.objects.read(part.path) or b"")
        found = _LOG_ENTRY.search(line or b"")
        # Damage is told of when the part's rows are wanted.
        return int(found[1]) if found else 0


def name_entry(line: bytes, entry: int) -> bytes:
    """Let the line of a row that has not moved say which entry published it first, as compaction does.

    >>> name_entry(b'{"site":"a","log_entry":null,"schema_version":1}', 7)
    b'{"site":"a","log_entry":7,"schema_version":1}'
    """
    if _NOT_MOVED in line:
        return line.replace(_NOT_MOVED, b',"log_entry":%d,' % entry, 1)
    # A row from before there was such a field.
    return encode_line({**msgspec.json.decode(line), "log_entry": entry})


def ordered_rows(
    reader: Reader,
    parts: list[tuple[Part, LivePart]],
    *,
    behind: Position,
    exhausted: list[str],
) -> Iterator[Placed]:
    """The rows of parts in their order, from a position on; `exhausted` gets the path of each part whose rows are through.

    Raises as `Reader.rows`.
    """
    # The next row of each part by its key; that of a part which is not open is where it begins.
    waiting: list[tuple[int, str, int, Iterator[tuple[int, bytes, Row]] | None]] = [
        (entry, part.path.rsplit("/", 1)[0], index, None)
        for index, ((part, _), entry) in enumerate(zip(parts, reader.first_entries(parts), strict=True))
    ]
    heapq.heapify(waiting)
    counted: dict[str, tuple[int, int]] = {}
    ahead: dict[int, tuple[int, bytes, Row]] = {}
    while waiting:
        entry, folder, index, stream = heapq.heappop(waiting)
        if stream is None:
            stream = reader.rows(*parts[index])
            current = next(stream, None)
        else:
            current = ahead.pop(index)
        while current is not None:
            entry, line, row = current
            if waiting and (entry, folder, index) > waiting[0][:3]:
                ahead[index] = current
                heapq.heappush(waiting, (entry, folder, index, stream))
                break
            before, rows = counted.get(folder, (0, 0))
            rows = rows + 1 if before == entry else 1
            counted[folder] = (entry, rows)
            position = Position(entry, folder, rows)
            if position > behind:
                yield Placed(line, row, position)
            current = next(stream, None)
        else:
            exhausted.append(parts[index][0].path)


def _first_line(start: bytes) -> bytes | None:
    expand = zlib.decompressobj(_GZIP)
    try:
        plain = expand.decompress(start)
    except zlib.error:
        return b""
    line, end, _ = plain.partition(b"\n")
    return line if end else None
