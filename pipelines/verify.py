"""Proves on any data folder what a reader may rely on, or names what is broken. Reads only; repairs nothing."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.archive.checking import ArchiveChecks
from pipelines.archive.files import ARCHIVE_NAME, index_path
from pipelines.live import Live, checkpoint_sequence, decode_checkpoint, to_part
from pipelines.log import (
    Abort,
    ArchiveChange,
    Commit,
    Epoch,
    Genesis,
    Replace,
    Takedown,
    decode_entry,
    entry_path,
)
from pipelines.objects import MistakeError, StoreError, open_objects
from pipelines.parts import PART_NAME
from pipelines.upkeep import DAY_MARK
from pipelines.verify_rows import RowChecks

if TYPE_CHECKING:
    from pipelines.log import Archive, Entry, Part
    from pipelines.objects import Objects

_ENTRY_NAME = re.compile(r"log/(\d{20})\.json")
_MARK_NAME = re.compile(rf"(?:articles|outcomes)/date=(\d{{4}}-\d\d-\d\d)/{DAY_MARK}")
# Missing entries; more in a row say no more.
_NAMED_IN_A_ROW = 100
# What workers have on its way, and the embedded server's own: of no concern to a reader.
_PRIVATE = ("staging/", ".state/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a data folder holds, and what of it breaks a promise."""

    entries: int
    parts: int
    """Those that count by now."""
    rows: int
    articles: int
    """Ids published; each counts once, whatever its revisions."""
    pages: int
    """Archived."""
    orphans: tuple[str, ...]
    """Parts, WARC files and indexes that do not count: of batches that were given up, or replaced not long ago. No reader needs them."""
    foreign: tuple[str, ...]
    """Files that are not ours."""
    problems: tuple[str, ...]
    """One line each; empty: every promise holds."""


async def verify(data: str) -> Verification:
    """Check every entry, part and row under `data`. Raises StoreError where there is no log or it cannot be read."""
    objects = open_objects(data, Path(), worker_id="verify")
    # Listed first: what is committed after this is no part without an entry.
    found = [file.path for file in await objects.files("") if not file.path.startswith(_PRIVATE)]
    checkpoints = {number: path for path in found if (number := checkpoint_sequence(path)) is not None}
    log = _LogChecks()
    for sequence, entry in await _read_log(objects, found, log.problems):
        log.take(sequence, entry)
        if sequence in checkpoints:
            log.compare(checkpoints[sequence], await objects.read(checkpoints[sequence]))
    rows = RowChecks(takedowns=log.live.all_takedowns())
    for part, place in log.live.live_parts():
        body = await objects.read(part.path)
        await asyncio.to_thread(rows.take_part, part, place, body)
    rows.judge()
    archives = ArchiveChecks(takedowns=rows.takedowns)
    for archive in log.live.live_archives():
        bodies = [await objects.read(path) for path in (archive.path, index_path(archive.path))]
        await asyncio.to_thread(archives.take, archive, *bodies)
    archives.judge(rows.places, rows.visits)
    unnamed = [path for path in found if not log.live.has_file(path) and not log.is_known(path)]
    return Verification(
        entries=log.count,
        parts=len(log.live.parts),
        rows=rows.count,
        articles=len(rows.published),
        pages=archives.pages,
        orphans=tuple(path for path in unnamed if _is_ours(path)),
        foreign=tuple(path for path in unnamed if not _is_ours(path)),
        problems=(*log.problems, *rows.problems, *archives.problems),
    )


def _is_ours(path: str) -> bool:
    return bool(PART_NAME.fullmatch(path) or ARCHIVE_NAME.fullmatch(path))


async def _read_log(objects: Objects, found: list[str], problems: list[str]) -> list[tuple[int, Entry]]:
    numbers = sorted(int(match[1]) for path in found if (match := _ENTRY_NAME.fullmatch(path)))
    if not numbers:
        raise MistakeError(f"{objects.name}: there is no log here")
    for before, number in pairwise([0, *numbers]):
        problems += [
            f"{entry_path(missing)}: {await _fault_of(objects, missing) or 'is missing'}"
            for missing in range(before + 1, number)[:_NAMED_IN_A_ROW]
        ]
    # What is no file is not listed, and keeps the next entry from being made.
    if fault := await _fault_of(objects, numbers[-1] + 1):
        problems.append(f"{entry_path(numbers[-1] + 1)}: {fault}")
    entries: list[tuple[int, Entry]] = []
    for number in numbers:
        try:
            entries.append((number, decode_entry(await objects.read(entry_path(number)) or b"")))
        except ValueError as error:
            problems.append(f"{entry_path(number)}: {error}")
    return entries


async def _fault_of(objects: Objects, number: int) -> str | None:
    """Say why an entry cannot be read; None: it can, or there is none."""
    try:
        await objects.read(entry_path(number))
    except StoreError as error:
        return str(error).removeprefix(f"{objects.name}: ").removeprefix(f"{entry_path(number)}: ")
    return None


@dataclass(slots=True)
class _LogChecks:
    """What the entries say, each judged by those before it."""

    live: Live = field(default_factory=Live)
    count: int = 0
    problems: list[str] = field(default_factory=list)
    _batches: set[str] = field(default_factory=set)
    """Committed or aborted."""

    def take(self, sequence: int, entry: Entry) -> None:
        """Judge an entry by those before it."""
        path = entry_path(sequence)
        self.count += 1
        self.problems += [f"{path}: {fault}" for fault in self._faults(sequence, entry)]
        self.live.take(sequence, entry)

    def compare(self, path: str, body: bytes | None) -> None:
        """Judge a checkpoint by the entries up to it."""
        try:
            is_same = decode_checkpoint(body or b"") == self.live
        except ValueError as error:
            self.problems.append(f"{path}: {error}")
            return
        if not is_same:
            self.problems.append(f"{path}: says something else than the entries up to it")

    def is_known(self, path: str) -> bool:
        """Say whether a file that is no live part belongs to the log all the same."""
        if _ENTRY_NAME.fullmatch(path):
            return True
        mark = _MARK_NAME.fullmatch(path)
        if mark is not None:
            return mark[1] in self.live.sealed
        number = checkpoint_sequence(path)
        return number is not None and number <= self.live.sequence

    def _faults(self, sequence: int, entry: Entry) -> list[str]:
        faults = []
        if isinstance(entry, Genesis) != (sequence == 1):
            faults.append("the log's name stands in entry 1, and only there")
        match entry:
            case Epoch() if entry.epoch <= self.live.epoch:
                faults.append(f"epoch {entry.epoch} follows epoch {self.live.epoch}")
            case Commit() | Abort():
                if entry.batch in self._batches:
                    faults.append(f"batch {entry.batch} was decided before")
                self._batches.add(entry.batch)
                if isinstance(entry, Commit):
                    faults += self._faults_of_commit(entry)
            case Replace():
                faults += self._faults_of_replace(entry)
            case ArchiveChange():
                gone = [path for path in entry.removes if path not in self.live.archives]
                faults += [f"removes {path}, which did not count" for path in gone]
                faults += self._faults_of_archives(entry.archives)
            case Takedown() if entry.of is not None and entry.of not in self.live.takedowns:
                faults.append(f"is about copies of entry {entry.of}, which takes nothing down")
            case _:
                pass
        return faults

    def _faults_of_commit(self, entry: Commit) -> list[str]:
        faults = [*self._faults_of_adds(entry.adds), *self._faults_of_archives(entry.archives)]
        if entry.epoch != self.live.epoch:
            faults.append(f"a commit of epoch {entry.epoch} in epoch {self.live.epoch}")
        for part in entry.adds:
            name = PART_NAME.fullmatch(part.path)
            if name and name["date"] in self.live.sealed:
                faults.append(f"adds {part.path}, and the day was complete before it")
        return faults

    def _faults_of_replace(self, entry: Replace) -> list[str]:
        faults = [*self._faults_of_adds(entry.adds)]
        gone = [path for path in entry.removes if path not in self.live.parts]
        faults += [f"removes {path}, which did not count" for path in gone]
        if entry.takedown is not None and entry.takedown not in self.live.takedowns:
            faults.append(f"carries out entry {entry.takedown}, which takes nothing down")
        if not gone:
            before = sum(to_part(self.live.parts[path]).rows for path in entry.removes)
            after = sum(part.rows for part in entry.adds)
            if before != after:
                faults.append(f"has {after} rows in the place of {before}")
        return faults

    def _faults_of_archives(self, archives: list[Archive]) -> list[str]:
        return [
            f"adds {archive.path}, which an entry before it adds"
            for archive in archives
            if archive.path in self.live.archives or archive.path in self.live.replaced
        ]

    def _faults_of_adds(self, adds: list[Part]) -> list[str]:
        return [
            f"adds {part.path}, which an entry before it adds"
            for part in adds
            if part.path in self.live.parts or part.path in self.live.replaced
        ]
