"""The records of a WARC file that can be believed; what cannot be read costs itself and no other."""

from __future__ import annotations

import io
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from fastwarc.warc import ArchiveIterator

from pipelines.warc.digests import is_digest_of
from pipelines.warc.members import DamagedError, Source, is_compressed, read_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fastwarc.warc import WarcRecord

    from pipelines.warc.members import Member, RawFile

MAX_BLOCK_BYTES = 9 * 1024 * 1024
"""A longer record is passed over: a page of 8 MiB, the most that the crawl takes, and room for its headers."""

_MAX_MEMBER_BYTES = 16 * 1024 * 1024
"""A member up to this size is checked to its end before a record of it is given; of a larger one, records on the way."""
_MAX_HEADER_BYTES = 256 * 1024
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_ENDS = (b"\r\n\r\n", b"\n\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record, whole."""

    type: str
    """`response`, `request` …, in lower case."""
    headers: Mapping[str, str]
    """Those of the record, names in lower case; of a repeated one the last."""
    offset: int
    """Where its member, or in a plain file the record itself, begins."""
    block: bytes = field(repr=False)
    """Empty where only its headers were asked for."""

    @property
    def id(self) -> str:
        """As it stands: `<urn:uuid:…>`; empty: it has none."""
        return self.headers.get("warc-record-id", "")

    @property
    def url(self) -> str:
        """Its target; empty: it has none."""
        # WARC 1.0 was read by some as if the address stood in angle brackets.
        return self.headers.get("warc-target-uri", "").strip().strip("<>")


def read_records(
    raw: RawFile,
    counts: Counter[str],
    *,
    offset: int = 0,
    end: int | None = None,
    wants: Callable[[str], bool] = lambda _: True,
) -> Iterator[Record]:
    """Read the records from `offset` on, which is 0 or that of a record.

    `end`: only those that begin before it; `offset` may then be any place in a compressed file. None: all.

    `wants` says by a record's type whether its block is read. Counts what is left out as `damaged` (a member that does
    not decompress, what is no record), `truncated` (a block shorter than announced), `too_large` and `digest` (a block
    that is not the one that its digest was made of).
    """
    source = Source(raw, 0, end)
    is_packed = is_compressed(source.peek(4))
    source.go_to(offset)
    reader = _Reader(counts, wants)
    if not is_packed:
        yield from reader.read_plain(source)
        return
    damaged: list[int] = []
    # From any place on, the rest of a member looks like a damaged one.
    is_begun = end is None or offset == 0
    before = counts["damaged"]
    for member in read_members(source, damaged):
        for record in reader.read_member(member):
            if not is_begun:
                is_begun, counts["damaged"] = True, before
                damaged.clear()
            yield record
    if not is_begun:
        counts["damaged"] = before
        return
    if damaged:
        counts["damaged"] += len(damaged)


class _Stream(Protocol):
    """What fastwarc reads from."""

    def read(self, size: int = -1, /) -> bytes: ...

    def tell(self) -> int: ...

    def look(self, place: int, size: int) -> bytes | None:
        """Read at any place, when fastwarc reads no more; None: it cannot be done."""


class _Reader:
    def __init__(self, counts: Counter[str], wants: Callable[[str], bool]) -> None:
        self._counts = counts
        self._wants = wants
        self._last = 0
        """Where the record that was read last begins in its stream."""
        self._was_cut = False
        """Whether its block was shorter than announced, so that it may have swallowed others."""

    def read_member(self, member: Member) -> Iterator[Record]:
        """Read the records of one member; a fault of the member itself is counted by who looks for the next."""
        pieces: list[bytes] = []
        try:
            start = _read_start(member, pieces)
            whole = len(start) < _MAX_MEMBER_BYTES
            yield from self._walk(_Whole(start) if whole else _Rest(start, member), member.offset)
        except DamagedError:
            if sum(map(len, pieces)) < _MAX_MEMBER_BYTES:
                yield from self._rescue(b"".join(pieces), member.offset)
        except OSError:
            self._counts["damaged"] += 1

    def _rescue(self, start: bytes, offset: int) -> Iterator[Record]:
        """Read what came out of a damaged member: the records whose digests say that they are whole."""
        quiet = _Reader(Counter(), self._wants)
        with suppress(OSError):
            for record in quiet._walk(_Whole(start), offset):
                if is_digest_of(record.headers.get("warc-block-digest", ""), record.block):
                    yield record

    def read_plain(self, source: Source) -> Iterator[Record]:
        """Read a file without compression; where no record stands, the next one is looked for."""
        while source.peek(1):
            self._last = source.position
            try:
                yield from self._walk(_Plain(source), None)
                if not self._was_cut:
                    return
            except OSError:
                self._counts["damaged"] += 1
            source.go_to(self._last + 1)
            if not source.find(b"WARC/1."):
                return

    def _walk(self, stream: _Stream, offset: int | None) -> Iterator[Record]:
        """Read records as long as they follow each other. Raises OSError where something else does.

        `offset` is that of their member; None: each has its own.
        """
        iterator = ArchiveIterator(
            cast("BinaryIO", stream),
            parse_http=False,
            stream_detect=False,
            max_header_len=_MAX_HEADER_BYTES,
        )
        records, held = iter(iterator), None
        while True:
            try:
                found = next(records)
            except StopIteration:
                break
            except OSError:
                # Where something else follows, the record's length may be wrong.
                if held is not None and self._ends_well(stream, held):
                    yield held
                raise
            if held is not None:
                yield held
            self._last = found.stream_pos
            held = self._take(found, self._last if offset is None else offset)
        if held is not None:
            yield held

    def _take(self, found: WarcRecord, offset: int) -> Record | None:
        headers = {name.lower(): value for name, value in found.headers.items()}
        kind = headers.get("warc-type", "").strip().lower()
        announced = headers.get("content-length", "").strip()
        self._was_cut = False
        if not announced.isdigit():
            raise OSError("a record has no length")
        size = int(announced)
        is_wanted = self._wants(kind)
        block = found.reader.read() if is_wanted and size <= MAX_BLOCK_BYTES else b""
        if len(block) + found.consume() < size:
            self._was_cut = True
            self._counts["truncated"] += 1
            return None
        if is_wanted and size > MAX_BLOCK_BYTES:
            self._counts["too_large"] += 1
            return None
        if is_wanted and is_digest_of(headers.get("warc-block-digest", ""), block) is False:
            self._counts["digest"] += 1
            return None
        return Record(type=kind, headers=headers, offset=offset, block=block)

    def _ends_well(self, stream: _Stream, record: Record) -> bool:
        """Say whether the end of a record stands where its length says."""
        start = stream.look(self._last, _MAX_HEADER_BYTES)
        head = _HEADER_END.search(start) if start else None
        if head is None:
            return False
        end = stream.look(self._last + head.end() + int(record.headers["content-length"]), 4)
        return end is not None and (not end or end.startswith(_ENDS))


def _read_start(member: Member, pieces: list[bytes]) -> bytes:
    """Read a member, or as much of it as is checked before it is believed; `pieces` has what came, whatever happens."""
    left = _MAX_MEMBER_BYTES
    while left and (piece := member.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Whole(io.BytesIO):
    """A member that was read to its end."""

    def look(self, place: int, size: int) -> bytes | None:
        return bytes(self.getbuffer()[place : place + size])


class _Rest:
    """A member that is read on the way, from what was read of it already."""

    def __init__(self, start: bytes, member: Member) -> None:
        self._start = io.BytesIO(start)
        self._member = member

    def read(self, size: int = -1, /) -> bytes:
        return self._start.read(size) or self._member.read(size)

    def tell(self) -> int:
        return self._start.tell() if self._start.tell() < _MAX_MEMBER_BYTES else self._member.tell()

    def look(self, _place: int, _size: int) -> bytes | None:
        return None


class _Plain:
    """A file that is not compressed, from where it stands."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._source.take()
        if 0 <= size < len(chunk):
            self._source.put_back(chunk[size:])
            chunk = chunk[:size]
        return chunk

    def tell(self) -> int:
        return self._source.position

    def look(self, place: int, size: int) -> bytes | None:
        self._source.go_to(place)
        return self._source.peek(size)
