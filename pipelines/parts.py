"""Staged rows and the parts made of them, on their way from a worker's folder to their final names."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipelines.archive.files import file_paths, write_archive
from pipelines.archive.staging import name_place, stage_page, write_pages
from pipelines.log import Part
from pipelines.objects import StoreError, make_parents
from pipelines.record import SCHEMA_VERSION, encode_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipelines.archive.files import PageInFile
    from pipelines.archive.packing import Original, PackedPage
    from pipelines.archive.staging import StagedPage
    from pipelines.log import Archive
    from pipelines.objects import Objects
    from pipelines.seen import Mark
    from pipelines.traces import Trace

PART_NAME = re.compile(
    r"(?:articles|outcomes)/date=(?P<date>\d{4}-\d\d-\d\d)/(?P<batch>(?P<made>[0-9a-f]{12})-[0-9a-f]{16})\.jsonl\.gz"
)
"""A part's path; `made`: when it was begun, milliseconds by its worker's clock, in hex."""

_BUFFER_BYTES = 1 << 18
_GZIP = zlib.MAX_WBITS | 16
# Half the time of the usual 6, for files 3 % larger (842 articles).
_LEVEL = 4
_BOMB_BYTES = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StagedRow:
    """One row in a worker's spool: where it lies, and what its part and its prepare need of it."""

    mark: Mark
    offset: int
    bytes: int
    fetched_at: str
    site: str
    language: str | None
    status: int | None
    """The answer's HTTP status, for the row that a refused article may become."""
    original: StagedRow | None = None
    """The row of the same batch that this one is a duplicate of."""
    trace: Trace | None = None
    """What its article is compared by; None: it is the row of none."""
    article: tuple[int, int]
    """Where in the spool the article's record lies, and its bytes: the row itself, unless it says `duplicate`."""
    pages: tuple[StagedPage, ...] = ()
    """The pages that it was made of, where they are to be archived."""

    @property
    def folder(self) -> str:
        """`articles/date=…` or `outcomes/date=…`, by the day of the fetch, UTC."""
        top = "articles" if self.mark.outcome == "article" else "outcomes"
        return f"{top}/date={self.day}"

    @property
    def day(self) -> str:
        """The day of the fetch, UTC."""
        return self.fetched_at[:10]


def new_name() -> str:
    """The name of a batch or a moved part: sorts by time, never the same twice."""
    return f"{time.time_ns() // 1_000_000:012x}-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFiles:
    """What a batch's commit is to name, under its final names in the worker's folder."""

    parts: list[Part]
    archives: list[Archive]
    originals: list[tuple[str, Original]]
    """Address and place of each page that was archived whole."""

    @property
    def paths(self) -> list[str]:
        """All files, in the order in which they are published."""
        return [*file_paths(self.archives), *(part.path for part in self.parts)]


class PartLine(NamedTuple):
    """A row on its way into a part, with what the part's entry says of it."""

    line: bytes
    fetched_at: str
    site: str
    language: str | None


class Staging:
    """A worker's own folder, locked for as long as its process lives."""

    def __init__(self, folder: Path) -> None:
        self.worker_id = folder.name
        self._root = folder.parent
        self._folder = folder
        self._spools = 0
        hidden = folder.with_name(f".{folder.name}")
        with _explained(folder):
            hidden.mkdir(parents=True)
            self._lock = os.open(hidden, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            # Under its name it is never seen without its lock.
            hidden.rename(folder)

    def dead_workers(self) -> list[str]:
        """Name the workers of this folder whose process is gone: nobody holds their lock."""
        return [folder.name for folder in self._others() if _is_unlocked(folder)]

    def remove(self, worker_id: str) -> None:
        """Remove what a dead worker has staged, once its batches are decided and its claims are free."""
        folder = self._root / worker_id
        if folder != self._folder and _is_unlocked(folder):
            shutil.rmtree(folder, ignore_errors=True)

    def open_spool(self) -> Spool:
        """Open a new, empty spool."""
        self._spools += 1
        with _explained(self._folder):
            return Spool(self._folder / f"rows-{self._spools}.jsonl")

    async def write_files(
        self,
        batch: str,
        spool: Spool,
        rows: Sequence[StagedRow],
        *,
        is_forbidden: Callable[[str, str], bool] = lambda *_: False,
    ) -> StagedFiles:
        """Write the rows as parts, compressed and synced, and their pages as WARC files.

        `is_forbidden` says by address and site which pages may not be kept.
        """
        await spool.flush()
        return await asyncio.to_thread(self._write_files, batch, spool, rows, is_forbidden)

    async def publish(self, objects: Objects, paths: Sequence[str]) -> None:
        """Give staged files their final names in the store."""
        for path in paths:
            await objects.publish(self._folder / path, path)

    async def drop(self, paths: Sequence[str]) -> None:
        """Remove staged files: they are published, or are written again."""
        for path in paths:
            await asyncio.to_thread((self._folder / path).unlink, missing_ok=True)

    def close(self) -> None:
        """Remove the folder and give up its lock."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def _others(self) -> list[Path]:
        with _explained(self._root):
            return [
                folder
                for folder in self._root.iterdir()
                if folder.is_dir() and folder != self._folder and folder.name[0] != "."
            ]

    def _write_files(
        self,
        batch: str,
        spool: Spool,
        rows: Sequence[StagedRow],
        is_forbidden: Callable[[str, str], bool],
    ) -> StagedFiles:
        by_folder: dict[str, list[StagedRow]] = {}
        for row in rows:
            by_folder.setdefault(row.folder, []).append(row)
        with _explained(self._folder):
            pages = write_pages(self._folder, batch, rows, spool.read, is_forbidden)
        parts = [
            self.write_part(
                f"{folder}/{batch}.jsonl.gz",
                (
                    PartLine(
                        name_place(spool.line(row), pages.places.get(row.mark.token)),
                        row.fetched_at,
                        row.site,
                        row.language,
                    )
                    for row in chosen
                ),
            )
            for folder, chosen in sorted(by_folder.items())
        ]
        return StagedFiles(parts=parts, archives=pages.archives, originals=pages.originals)

    async def write_archive(self, path: str, known_as: str, pages: Iterable[PageInFile]) -> Archive:
        """Write pages as a WARC file with its index, synced, under its final name in this folder."""

        def write() -> Archive:
            with _explained(self._folder):
                return write_archive(self._folder, path, known_as, pages)[0]

        return await asyncio.to_thread(write)

    def write_part(self, path: str, lines: Iterable[PartLine]) -> Part:
        """Write the lines as one part, compressed and synced, under its final name in this folder."""
        target = self._folder / path
        with _explained(self._folder):
            make_parents(self._folder, path)
            return _write_part(target, path, lines)


def _write_part(target: Path, path: str, lines: Iterable[PartLine]) -> Part:
    digest, size, times, sites, languages = hashlib.sha256(), 0, list[str](), set[str](), set[str]()
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    with target.open("wb") as file:
        for line, fetched_at, site, language in lines:
            chunk = squeeze.compress(line)
            digest.update(chunk)
            size += file.write(chunk)
            times.append(fetched_at)
            sites |= {site} - {""}
            languages |= {language} if language else set()
        chunk = squeeze.flush()
        digest.update(chunk)
        size += file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Part(
        path=path,
        rows=len(times),
        bytes=size,
        sha256=digest.hexdigest(),
        codec="gzip",
        schema_version=SCHEMA_VERSION,
        min_fetched_at=min(times),
        max_fetched_at=max(times),
        sites=sorted(sites),
        languages=sorted(languages),
    )


class Spool:
    """The rows of one batch as lines of a file, kept plain so that a refused row can be cut out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("x+b", buffering=0)
        self._waiting = bytearray()
        self._written = 0
        self._turn = asyncio.Lock()
        self.bytes = 0

    def append(  # noqa: PLR0913 - one keyword a field of the staged row
        self,
        mark: Mark,
        record: Mapping[str, Any],
        *,
        status: int | None = None,
        original: StagedRow | None = None,
        article: Mapping[str, Any] | None = None,
        trace: Trace | None = None,
        pages: Sequence[PackedPage] = (),
    ) -> StagedRow:
        """Add a row, and the pages to be archived with it; the file has them after the next flush.

        `article`: the record of an article whose row says that it is a duplicate, in case it will be published after all.
        """
        place = self._add(record)
        return StagedRow(
            mark=mark,
            offset=place[0],
            bytes=place[1],
            fetched_at=record["fetched_at"],
            site=record["site"] or "",
            language=record.get("language"),
            status=status,
            original=original,
            trace=trace,
            article=place if article is None else self._add(article),
            pages=tuple(stage_page(page, self._add_bytes(page.members)[0]) for page in pages),
        )

    def _add(self, record: Mapping[str, Any]) -> tuple[int, int]:
        return self._add_bytes(encode_line(record))

    def _add_bytes(self, line: bytes) -> tuple[int, int]:
        place = (self.bytes, len(line))
        self._waiting += line
        self.bytes += len(line)
        return place

    async def flush(self, *, only_full: bool = False) -> None:
        """Write what waits; `only_full`: if it is worth a write."""
        if only_full and len(self._waiting) < _BUFFER_BYTES:
            return
        async with self._turn:
            chunk = bytes(self._waiting)
            with _explained(self._path):
                await asyncio.to_thread(self._write, chunk)
            del self._waiting[: len(chunk)]

    async def article(self, row: StagedRow) -> dict[str, Any]:
        """Read back the record of the article that the row was made of."""
        await self.flush()
        with _explained(self._path):
            line = await asyncio.to_thread(self.read, *row.article)
        record: dict[str, Any] = msgspec.json.decode(line)
        return record

    async def pages(self, row: StagedRow) -> tuple[PackedPage, ...]:
        """Read back the pages that are to be archived with the row."""
        await self.flush()
        with _explained(self._path):
            return tuple(
                [
                    replace(
                        staged.page, members=await asyncio.to_thread(self.read, staged.offset, staged.bytes)
                    )
                    for staged in row.pages
                ]
            )

    def line(self, row: StagedRow) -> bytes:
        """Read a row's line from the file."""
        return self.read(row.offset, row.bytes)

    def close(self) -> None:
        """Close and remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def read(self, offset: int, count: int) -> bytes:
        """Read a piece of the file, which has it since a flush."""
        line = os.pread(self._file.fileno(), count, offset)
        if len(line) != count:
            raise OSError(errno.EIO, "a staged row is cut short")
        return line

    def _write(self, chunk: bytes) -> None:
        # A write may take less than it was given, as on a disk that is filling up; a failed one is made again whole.
        done = 0
        while done < len(chunk):
            done += os.pwrite(self._file.fileno(), chunk[done:], self._written + done)
        self._written += done


def read_rows(body: bytes) -> Iterator[dict[str, Any]]:
    """Read the rows of a part. Raises ValueError, one line, where it is torn or is no part."""
    expand = zlib.decompressobj(_GZIP)
    try:
        plain = expand.decompress(body, _BOMB_BYTES)
    except zlib.error as error:
        raise ValueError(f"is no gzip file: {error}") from error
    if not expand.eof or expand.unused_data or not plain.endswith(b"\n"):
        raise ValueError("is torn, or has something behind its end")
    for number, line in enumerate(plain[:-1].split(b"\n"), 1):
        row = msgspec.json.decode(line)
        if not isinstance(row, dict):
            raise ValueError(f"line {number} is no JSON object")  # noqa: TRY004 - as for all other faults of a part
        yield row


def _is_unlocked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
