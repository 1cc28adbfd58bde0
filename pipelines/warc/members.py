"""The compressed members of a file, each checked to its end before its bytes are believed.

fastwarc alone does not do (2.0.1): it gives out a record before the checksum of its member is read, ends at the first
damaged member, and takes what follows a member that was cut for the rest of it.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Protocol

from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK_BYTES = 1 << 16
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
_MOST_DICTIONARY_BYTES = 16 << 20


class RawFile(Protocol):
    """What is read of a file, or of an object in a store."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; none at the end."""

    def seek(self, offset: int, /) -> object:
        """Go to a place."""

    def close(self) -> None:
        """Close it."""


class DamagedError(Exception):
    """A member that does not decompress, does not match its checksum, or ends early."""


class Source:
    """A file that is read forward; `position` is the place of the next byte.

    `end`: where nothing is looked for any more; None: at the end of the file.
    """

    def __init__(self, raw: RawFile, position: int, end: int | None = None) -> None:
        self._raw = raw
        self._end = end
        self._waiting = b""
        self.position = position
        self.go_to(position)

    def go_to(self, position: int) -> None:
        """Go to a place."""
        self._raw.seek(position)
        self._waiting = b""
        self.position = position

    def take(self) -> bytes:
        """Give the next bytes, as many as come; none at the end."""
        # An object store's reader gives its own kind of bytes.
        chunk = self._waiting or bytes(self._raw.read(_CHUNK_BYTES))
        self._waiting = b""
        self.position += len(chunk)
        return chunk

    def put_back(self, rest: bytes) -> None:
        """Give back the end of what was taken last."""
        self._waiting = rest
        self.position -= len(rest)

    def peek(self, count: int) -> bytes:
        """Give the next bytes and leave them; fewer at the end."""
        start = self.take()
        while len(start) < count and (more := self.take()):
            start += more
        self.put_back(start)
        return start[:count]

    @property
    def is_over(self) -> bool:
        """Whether what begins here is not asked for."""
        return self._end is not None and self.position >= self._end

    def find(self, *marks: bytes) -> bool:
        """Go to where one of the marks stands next; False: there is none up to the end."""
        longest = max(map(len, marks))
        kept = b""
        while chunk := self.take():
            kept += chunk
            places = [place for mark in marks if (place := kept.find(mark)) >= 0]
            if places:
                self.put_back(kept[min(places) :])
                return not self.is_over
            if self._end is not None and self.position - len(kept) >= self._end:
                return False
            kept = kept[-(longest - 1) :]
        return False


class Member:
    """One compressed member as a file of its plain bytes."""

    def __init__(self, source: Source, codec: _Codec) -> None:
        self.offset = source.position
        """Where it begins in the file."""
        self._source = source
        self._codec = codec
        self._place = 0
        self._fault = ""

    def read(self, size: int = -1) -> bytes:
        """Read some bytes, `size` at most; none at its end. Raises DamagedError, and again whenever asked."""
        if self._fault:
            raise DamagedError(self._fault)
        try:
            return self._read(size if size > 0 else _CHUNK_BYTES)
        except (zlib.error, zstd.ZstdError, EOFError) as error:
            self._fault = str(error) or type(error).__name__
            raise DamagedError(self._fault) from None

    def _read(self, size: int) -> bytes:
        while not self._codec.eof:
            chunk = self._source.take() if self._codec.needs_input else b""
            plain = self._codec.decompress(chunk, size)
            if self._codec.eof:
                self._source.put_back(self._codec.unused_data)
            elif not plain and not chunk:
                raise EOFError("it ends early")
            if plain:
                self._place += len(plain)
                return plain
        return b""

    def tell(self) -> int:
        """Give the place in the plain bytes."""
        return self._place


class _Codec(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """`zlib` with the manners of `zstd`."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


def is_compressed(start: bytes) -> bool:
    """Say whether a file that begins so is one of members."""
    return start.startswith((_GZIP, _ZSTD, _ZSTD_DICTIONARY))


def read_start(raw: RawFile) -> bytes:
    """Read how a file begins, once it is decompressed; none where it is empty, or its first member is damaged."""
    source = Source(raw, 0)
    if not is_compressed(source.peek(4)):
        return source.peek(64)
    for member in read_members(source, []):
        try:
            return member.read(64)
        except DamagedError:
            return b""
    return b""


def read_members(source: Source, damaged: list[int]) -> Iterator[Member]:
    """Give the members from here on; each is read to its end, or left, before the next is asked for.

    Where a member is damaged, its place is noted in `damaged` and the search goes on behind its start. Raises
    DamagedError only for a dictionary that cannot be read.
    """
    dictionary = _read_dictionary(source)
    while not source.is_over and (start := source.peek(4)):
        offset = source.position
        if start.startswith(_GZIP):
            member = Member(source, _Gzip())
        elif start == _ZSTD:
            member = Member(source, zstd.ZstdDecompressor(dictionary))
        else:
            damaged.append(offset)
            if not source.find(_GZIP, _ZSTD):
                return
            continue
        try:
            yield member
            while member.read():
                pass
        except DamagedError:
            damaged.append(offset)
            source.go_to(offset + 1)
            if not source.find(_GZIP, _ZSTD):
                return


def _read_dictionary(source: Source) -> zstd.ZstdDict | None:
    """Read the dictionary that stands at the beginning of some `.warc.zst` files, whichever member is read first."""
    position = source.position
    source.go_to(0)
    try:
        start = source.peek(8)
        if not start.startswith(_ZSTD_DICTIONARY):
            return None
        (size,) = struct.unpack("<I", start[4:].ljust(4, b"\0"))
        held = source.peek(8 + min(size, _MOST_DICTIONARY_BYTES))[8:]
        position = max(position, 8 + size)
        try:
            return zstd.ZstdDict(zstd.decompress(held) if held.startswith(_ZSTD) else held)
        except (zstd.ZstdError, ValueError) as error:
            raise DamagedError(f"its dictionary cannot be read: {error}") from None
    finally:
        source.go_to(position)
