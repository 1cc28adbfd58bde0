"""The data files of a dump: the same rows give the same bytes, whenever and wherever they are written."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec
from backports import zstd

from pipelines.dumps.selection import DumpError
from pipelines.export import ExportError, import_duckdb, to_columns, write_parquet
from pipelines.objects import StoreError
from pipelines.record import Record, encode_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path
    from typing import BinaryIO

    from pipelines.dumps.selection import DumpFormat

_CHUNK_BYTES = 1 << 20
_WINDOW_BYTES = 1 << 15
"""How far back gzip looks."""
_GZIP_LEVEL = 4
"""As parts have it: half the time of the usual 6, for files 3 % larger."""
_ZSTD_LEVEL = 3
# No name, no time, no system: the same rows give the same bytes.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_BLOCK = b"\x03\x00"
# Cores beyond these wait for the one that reads the rows.
_THREADS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A finished file of a dump."""

    name: str
    rows: int
    bytes: int
    sha256: str
    """Hex, of the file."""
    plain_bytes: int
    """Of its rows as JSON Lines."""
    plain_sha256: str
    """Of its rows as JSON Lines: the same whatever has packed them."""


class _Packer(Protocol):
    def write(self, chunk: bytes) -> None:
        """Take some rows."""

    def close(self) -> None:
        """Write what waits, and bring the file to the disk."""

    def give_up(self) -> None:
        """Close what is open."""


class FileWriter:
    """Writes one data file under a hidden name; it has its own once it is complete."""

    def __init__(self, folder: Path, name: str, *, packing: DumpFormat, removals: bool) -> None:
        self.plain_bytes = 0
        self.rows = 0
        self._name = name
        self._path = folder / name
        self._hidden = folder / f".{name}.unfinished"
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self._removals = removals
        with explained(self._hidden):
            self._packer = _open_packer(self._hidden, packing, removals=removals)

    def add(self, line: bytes) -> None:
        """Add a row."""
        if not self._removals:
            line = without_removals(line)
        self._waiting += line
        self.rows += 1
        self.plain_bytes += len(line)
        if len(self._waiting) >= _CHUNK_BYTES:
            self._flush()

    def give_up(self) -> None:
        """Let go of the file; what it holds is of no use."""
        self._packer.give_up()

    def close(self) -> DataFile:
        """Finish the file and give it its name."""
        self._flush()
        with explained(self._hidden):
            self._packer.close()
            with self._hidden.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256")
            size = self._hidden.stat().st_size
            self._hidden.replace(self._path)
        return DataFile(
            name=self._name,
            rows=self.rows,
            bytes=size,
            sha256=digest.hexdigest(),
            plain_bytes=self.plain_bytes,
            plain_sha256=self._digest.hexdigest(),
        )

    def _flush(self) -> None:
        chunk = bytes(self._waiting)
        self._waiting.clear()
        self._digest.update(chunk)
        with explained(self._hidden):
            self._packer.write(chunk)


def without_removals(line: bytes) -> bytes:
    """Leave out what a row says of removals: the field goes, since an empty list would say that there were none."""
    row = msgspec.json.decode(line)
    row.pop("removals", None)
    return encode_line(row)


def check_format(packing: DumpFormat) -> None:
    """Raise DumpError where a format needs what is not installed."""
    if packing == "parquet":
        try:
            import_duckdb()
        except ExportError as error:
            raise DumpError(str(error).removeprefix("--"), option="format") from error


def _open_packer(path: Path, packing: DumpFormat, *, removals: bool) -> _Packer:
    match packing:
        case "jsonl.gz":
            return _Gzip(path)
        case "jsonl.zst":
            return _Zstd(path)
        case "parquet":
            return _Parquet(path, removals=removals)


class _Gzip:
    """One gzip member, packed a chunk at a time on several cores.

    Each chunk is packed by itself, with the end of the one before as its dictionary and a sync point at its end; so
    what comes out depends on the rows only.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(_GZIP_HEADER)
        self._pool = ThreadPoolExecutor(_THREADS)
        self._packed: deque[Future[bytes]] = deque()
        self._window = b""
        self._crc = 0
        self._bytes = 0

    def write(self, chunk: bytes) -> None:
        self._packed.append(self._pool.submit(_deflate, chunk, self._window))
        self._crc = zlib.crc32(chunk, self._crc)
        self._bytes += len(chunk)
        self._window = chunk[-_WINDOW_BYTES:]
        while len(self._packed) > 2 * _THREADS:
            self._file.write(self._packed.popleft().result())

    def close(self) -> None:
        while self._packed:
            self._file.write(self._packed.popleft().result())
        self._pool.shutdown()
        self._file.write(_LAST_BLOCK + struct.pack("<II", self._crc, self._bytes & 0xFFFFFFFF))
        _close_synced(self._file)

    def give_up(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        with suppress(OSError):
            self._file.close()


def _deflate(chunk: bytes, window: bytes) -> bytes:
    squeeze = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=window)
    return squeeze.compress(chunk) + squeeze.flush(zlib.Z_SYNC_FLUSH)


class _Zstd:
    """One zstd frame, packed beside the reading of the rows."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._pool = ThreadPoolExecutor(1)
        self._packed: deque[Future[bytes]] = deque()
        self._squeeze = zstd.ZstdCompressor(
            options={
                zstd.CompressionParameter.compression_level: _ZSTD_LEVEL,
                zstd.CompressionParameter.checksum_flag: 1,
            }
        )

    def write(self, chunk: bytes) -> None:
        self._packed.append(self._pool.submit(self._squeeze.compress, chunk))
        while len(self._packed) > 2:
            self._file.write(self._packed.popleft().result())

    def close(self) -> None:
        while self._packed:
            self._file.write(self._packed.popleft().result())
        self._pool.shutdown()
        self._file.write(self._squeeze.flush())
        _close_synced(self._file)

    def give_up(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        with suppress(OSError):
            self._file.close()


class _Parquet:
    """Gathers the rows as JSON Lines; DuckDB makes Parquet of them at the end."""

    def __init__(self, path: Path, *, removals: bool) -> None:
        self._duckdb = import_duckdb()
        self._columns = to_columns(Record)
        if not removals:
            del self._columns["removals"]
        self._path = path
        self._lines = path.with_name(f"{path.name}.jsonl")
        self._file = self._lines.open("wb")

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def close(self) -> None:
        self._file.close()
        try:
            write_parquet(self._duckdb, self._lines, self._path, self._columns, is_reproducible=True)
        except self._duckdb.Error as error:
            raise StoreError(f"{self._path}: {str(error).splitlines()[0]}") from error
        self._lines.unlink()
        with self._path.open("rb") as file:
            os.fsync(file.fileno())

    def give_up(self) -> None:
        with suppress(OSError):
            self._file.close()


def _close_synced(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what a disk raises into one line that names the file."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
