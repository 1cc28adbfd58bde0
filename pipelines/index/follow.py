"""The one writer of the index: brings it to where the log is, entry by entry, or makes it anew."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
import sqlite3
import time
from collections import deque
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.index.applying import Applied, Applier
from pipelines.index.removing import sweep
from pipelines.index.tables import (
    DAMAGED,
    FILE,
    VERSION,
    IndexBusyError,
    IndexFileError,
    get_about,
    is_damage,
    open_writer,
    remove_files,
    set_about,
    transaction,
)
from pipelines.live import read_live, to_part
from pipelines.log import (
    Commit,
    Genesis,
    Replace,
    Seal,
    Takedown,
    decode_entry,
    entry_path,
    read_entries,
    refuse_gap,
)
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
    from pathlib import Path
    from threading import Event

    from pipelines.log import Entry, Part
    from pipelines.objects import Objects

_log = logging.getLogger(__name__)

_ROWS_A_TRANSACTION = 5_000
# Further behind, what counts by now is compared with what is here: replaying takes longer, and old parts are deleted.
_MOST_ENTRIES = 1_000
# Parts are read ahead, as long as they are small: a bucket answers after tens of milliseconds.
_AHEAD_BYTES = 16 << 20
_AHEAD_PARTS = 16
_AGAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowReport:
    """What one call of `Follower.follow` did."""

    sequence: int
    """The entry that the index has reached; 0: it is still being made, or there is no log yet."""
    added: int
    """Rows."""
    moved: int
    """Rows that lie in another part now."""
    removed: int
    """Rows that were taken down."""
    unreadable: dict[str, str]
    """Why, by path, of parts that count and cannot be read: their rows are not in the index."""
    rebuilt: str | None
    """Why the index was begun anew; None: it was not."""
    is_swept: bool
    """Nothing that was removed is left in the file; False: a reader is in the way, the next call goes on."""


@contextmanager
def open_follower(state: Path, objects: Objects) -> Iterator[Follower]:
    """Open the index of a state folder for writing; it is made where there is none.

    Raises IndexBusyError where another process has it open, IndexFileError where it cannot be written at all.
    """
    state.mkdir(parents=True, exist_ok=True)
    lock = os.open(state / "index.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IndexBusyError(f"{state / FILE}: another process is writing the index") from error
        follower = Follower(state / FILE, objects)
        try:
            yield follower
        finally:
            follower.close()
    finally:
        os.close(lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """The way from where the index is to an entry."""

    sequence: int
    takedowns: Sequence[tuple[int, Takedown]] = ()
    adds: Sequence[tuple[Part, int, bool]] = ()
    """Part, its entry, and whether its rows may be known from another part."""
    removes: Sequence[str] = ()
    seals: Sequence[tuple[int, Seal]] = ()


class Follower:
    """Made by `open_follower`; called from one thread at a time, and not from an event loop's own."""

    def __init__(self, path: Path, objects: Objects) -> None:
        self._path = path
        self._objects = objects
        self._rebuilt: str | None = None
        self._again_at = 0.0
        self._is_whole = False
        self._db, self._applier = self._open()

    def follow(self, *, stop: Event | None = None) -> FollowReport:
        """Bring the index to the log's end, or, where `stop` is set, as far as it has come.

        Whatever ends it, what is written is whole, and the next call goes on. Raises StoreError where the log cannot be
        read, IndexFileError where the index cannot be written, such as on a full disk.
        """
        try:
            return self._follow(stop)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise IndexFileError(f"{self._path}: {error}") from error
            self._begin_anew(f"the file is damaged: {error}")
            return self._follow(stop)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _open(self) -> tuple[sqlite3.Connection, Applier]:
        mark = self._path.with_name(DAMAGED)
        if mark.exists():
            self._warn("a reader found the file damaged")
            remove_files(self._path)
            mark.unlink(missing_ok=True)
        for _ in range(2):
            try:
                db = open_writer(self._path)
                version = get_about(db, "version")
                if version == VERSION:
                    return db, Applier(db)
                db.close()
                self._warn(
                    f"it was made by another version of Broadsheet ({version}, this one makes {VERSION})"
                )
            except sqlite3.DatabaseError as error:
                if not is_damage(error) and "no such table" not in str(error):
                    raise IndexFileError(f"{self._path}: {error}") from error
                self._warn(f"the file is damaged: {error}")
            remove_files(self._path)
        raise IndexFileError(f"{self._path}: cannot be made")

    def _begin_anew(self, why: str) -> None:
        self._warn(why)
        self._db.close()
        remove_files(self._path)
        self._db, self._applier = self._open()

    def _warn(self, why: str) -> None:
        self._rebuilt = why
        _log.warning("index: begun anew, since %s", why)

    def _follow(self, stop: Event | None) -> FollowReport:
        if self._path.with_name(DAMAGED).exists():
            self._db.close()
            self._db, self._applier = self._open()
        self._applier.done = Applied()
        asyncio.run(self._go_on(stop))
        is_swept = sweep(self._db, is_stopped=_stopper(stop))
        done = self._applier.done
        rebuilt, self._rebuilt = self._rebuilt, None
        return FollowReport(
            sequence=get_about(self._db, "sequence"),
            added=done.added,
            moved=done.moved,
            removed=done.removed,
            unreadable={path: fault for path, fault in self._applier.known_parts().items() if fault},
            rebuilt=rebuilt,
            is_swept=is_swept,
        )

    async def _go_on(self, stop: Event | None) -> None:
        if not self._is_whole:
            await refuse_gap(self._objects)
            self._is_whole = True
        genesis = await self._objects.read(entry_path(1))
        if genesis is None:
            return
        sequence = get_about(self._db, "sequence")
        log_id = _decode_genesis(self._objects, genesis).log_id
        if get_about(self._db, "log_id") not in {None, log_id} or (
            sequence and await self._digest(sequence) != get_about(self._db, "digest")
        ):
            self._begin_anew(f"{self._objects.name} has another log than before")
            sequence = 0
        with transaction(self._db):
            set_about(self._db, log_id=log_id)
        while stop is None or not stop.is_set():
            entries = await self._read_page(sequence) if sequence else None
            if entries == []:
                await self._read_again()
                return
            steps = await self._compare() if entries is None else self._replay(entries)
            await self._apply(steps, stop)
            sequence = get_about(self._db, "sequence")

    async def _read_page(self, after: int) -> list[tuple[int, Entry]] | None:
        """The entries that follow; None: they are too many to be gone through one by one."""
        entries = []
        async for item in read_entries(self._objects, after):
            entries.append(item)
            if len(entries) > _MOST_ENTRIES:
                return None
        return entries

    def _replay(self, entries: list[tuple[int, Entry]]) -> _Steps:
        """What the entries come to together.

        A part that is replaced further on may be deleted by now: its rows come with the part that replaces it.
        """
        known = self._applier.known_parts()
        adds: dict[str, tuple[Part, int, bool]] = {}
        removes: list[str] = []
        for number, entry in entries:
            if isinstance(entry, Commit | Replace):
                is_moved = isinstance(entry, Replace)
                adds |= {part.path: (part, number, is_moved) for part in entry.adds if _has_rows(part)}
            if isinstance(entry, Replace):
                removes += entry.removes
        for path in (*removes, *known):
            adds.pop(path, None)
        return _Steps(
            sequence=entries[-1][0],
            takedowns=[(number, entry) for number, entry in entries if isinstance(entry, Takedown)],
            adds=list(adds.values()),
            removes=removes,
            seals=[(number, entry) for number, entry in entries if isinstance(entry, Seal)],
        )

    async def _compare(self) -> _Steps:
        """What there is between what counts by now and what is here, whatever that is."""
        live = await read_live(self._objects)
        known = self._applier.known_parts()
        return _Steps(
            sequence=live.sequence,
            takedowns=list(live.takedowns.items()),
            adds=[
                (part, place.entry, True)
                for part, place in live.live_parts()
                if part.path not in known and _has_rows(part)
            ],
            removes=[path for path in known if path not in live.parts],
            seals=[(number, Seal(date=date, created_at="")) for date, number in live.sealed.items()],
        )

    async def _read_again(self) -> None:
        """Try the parts once more that could not be read, but not at every turn: they may be large."""
        faults = sorted(path for path, fault in self._applier.known_parts().items() if fault)
        if not faults or time.monotonic() < self._again_at:
            return
        self._again_at = time.monotonic() + _AGAIN_SECONDS
        live = await read_live(self._objects)
        places = [live.parts[path] for path in faults if path in live.parts]
        sequence = get_about(self._db, "sequence")
        await self._apply(
            _Steps(sequence=sequence, adds=[(to_part(place), place.entry, True) for place in places]), None
        )

    async def _apply(self, steps: _Steps, stop: Event | None) -> None:
        """Go the way, in as many transactions as it takes; only the last one says that its end is reached.

        What is taken down goes first. Parts come before others go, so that a row that moves is never away. The way from a
        place in between is the same one, without the parts that are there.
        """
        applier, db, is_stopped = self._applier, self._db, _stopper(stop)
        applier.expect(steps.takedowns)
        digest = await self._digest(steps.sequence)
        with _transaction(db, applier):
            for number, takedown in steps.takedowns:
                applier.take_down(number, takedown)
        sweep(db, is_stopped=is_stopped)
        bodies = _read_ahead(self._objects, [part for part, _, _ in steps.adds])
        async with aclosing(bodies):
            for group in _groups(steps.adds):
                with _transaction(db, applier):
                    for part, entry, is_moved in group:
                        body = await anext(bodies)
                        applier.add_part(part, entry=entry, is_moved=is_moved, body=body)
                        if is_stopped():
                            return
        with _transaction(db, applier):
            applier.drop_parts(steps.removes)
            for number, seal in steps.seals:
                applier.seal(number, seal)
            set_about(db, sequence=steps.sequence, digest=digest)

    async def _digest(self, sequence: int) -> str | None:
        """What tells the log from another one that is as long."""
        body = await self._objects.read(entry_path(sequence))
        return None if body is None else hashlib.sha256(body).hexdigest()


def _groups(adds: Sequence[tuple[Part, int, bool]]) -> Iterator[list[tuple[Part, int, bool]]]:
    """The parts that are written in one transaction."""
    group: list[tuple[Part, int, bool]] = []
    rows = 0
    for add in adds:
        group.append(add)
        rows += add[0].rows
        if rows >= _ROWS_A_TRANSACTION:
            yield group
            group, rows = [], 0
    if group:
        yield group


@contextmanager
def _transaction(db: sqlite3.Connection, applier: Applier) -> Iterator[None]:
    try:
        with transaction(db):
            yield
            applier.flush()
    finally:
        applier.forget()


def _has_rows(part: Part) -> bool:
    """Whether it is one of rows: the log may name files of other kinds."""
    return part.path.startswith(("articles/", "outcomes/"))


def _stopper(stop: Event | None) -> Callable[[], bool]:
    return lambda: stop is not None and stop.is_set()


def _decode_genesis(objects: Objects, body: bytes) -> Genesis:
    try:
        entry = decode_entry(body)
    except ValueError as error:
        raise StoreError(f"{objects.name}: {entry_path(1)} {error}") from error
    if not isinstance(entry, Genesis):
        raise StoreError(f"{objects.name}: {entry_path(1)} is no genesis entry")
    return entry


async def _read_ahead(objects: Objects, parts: Sequence[Part]) -> AsyncGenerator[bytes | None]:
    """Give the parts' bodies in their order; None: there is no such file."""
    tasks: deque[tuple[asyncio.Task[bytes | None], int]] = deque()
    waiting = deque(parts)
    ahead = 0
    try:
        while tasks or waiting:
            while waiting and (
                not tasks or (len(tasks) < _AHEAD_PARTS and ahead + waiting[0].bytes <= _AHEAD_BYTES)
            ):
                part = waiting.popleft()
                tasks.append((asyncio.create_task(objects.read(part.path)), part.bytes))
                ahead += part.bytes
            task, size = tasks.popleft()
            ahead -= size
            yield await task
    finally:
        for task, _ in tasks:
            task.cancel()
