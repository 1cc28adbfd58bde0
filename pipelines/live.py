"""What counts at some entry of the log: parts, takedowns, days; and the checkpoints that spare the replay up to it."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from pipelines.archive.files import index_path
from pipelines.log import (
    Abort,
    Archive,
    ArchiveChange,
    Commit,
    Epoch,
    Genesis,
    Part,
    Replace,
    Seal,
    Takedown,
    entry_path,
    read_entries,
    refuse_gap,
)
from pipelines.objects import MistakeError, StoreError
from pipelines.takedowns import Takedowns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipelines.log import Entry
    from pipelines.objects import Objects

CHECKPOINT_ENTRIES = 1_000

_CHECKPOINT = re.compile(r"log/checkpoint-(\d{20})\.json\.gz")
_GZIP = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePart:
    """A part that counts."""

    part: msgspec.Raw
    """As its entry has it: a long log has many, and few are asked for."""
    entry: int
    """The entry that added it."""
    is_moved: bool
    """Its rows were published by earlier entries, which they name in `log_entry`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveArchive:
    """A WARC file that counts."""

    archive: msgspec.Raw
    """As its entry has it."""
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A part, WARC file or index that counts no more."""

    entry: int
    at: float
    """Unix seconds by the clock of whoever replaced it."""
    reason: str


@dataclass(slots=True, kw_only=True)
class Live:
    """What the entries up to `sequence` say together."""

    sequence: int = 0
    log_id: str = ""
    epoch: int = 0
    epoch_entry: int = 0
    """The entry that opened the epoch; 0: there is none."""
    parts: dict[str, LivePart] = field(default_factory=dict)
    replaced: dict[str, Replaced] = field(default_factory=dict)
    archives: dict[str, LiveArchive] = field(default_factory=dict)
    """WARC files by their paths."""
    aborted: list[str] = field(default_factory=list)
    takedowns: dict[int, Takedown] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    """The takedowns that are carried out."""
    sealed: dict[str, int] = field(default_factory=dict)
    """Entry by complete day."""

    def take(self, sequence: int, entry: Entry) -> None:
        """Go on by one entry."""
        self.sequence = sequence
        match entry:
            case Genesis():
                self.log_id = entry.log_id
            case Epoch():
                self.epoch, self.epoch_entry = entry.epoch, sequence
            case Commit():
                self._add(sequence, entry.adds, is_moved=False)
                self._add_archives(sequence, entry.archives)
            case Abort():
                self.aborted.append(entry.batch)
            case Replace():
                self._replace(sequence, entry)
            case ArchiveChange():
                self._change_archives(sequence, entry)
            case Takedown():
                self.takedowns[sequence] = entry
            case Seal():
                self.sealed[entry.date] = sequence

    def find_repetition(self, sequence: int, entry: Entry) -> str | None:
        """Say what an entry says again that one before it says, such as a copy of it would; None: nothing."""
        match entry:
            case Genesis() if sequence != 1:
                return "names the log again, which stands in entry 1"
            case Commit():
                paths = [part.path for part in entry.adds] + [archive.path for archive in entry.archives]
            case Replace():
                paths = [part.path for part in entry.adds]
            case ArchiveChange():
                paths = [archive.path for archive in entry.archives]
            case _:
                return None
        for path in paths:
            if path in self.parts or path in self.archives or path in self.replaced:
                return f"adds {path}, which an entry before it adds"
        return None

    def _replace(self, sequence: int, entry: Replace) -> None:
        at = datetime.fromisoformat(entry.created_at).timestamp()
        for path in entry.removes:
            self.parts.pop(path, None)
            self.replaced[path] = Replaced(entry=sequence, at=at, reason=entry.reason)
        self._add(sequence, entry.adds, is_moved=True)
        if entry.takedown is not None and not entry.removes:
            self.done.append(entry.takedown)

    def _change_archives(self, sequence: int, entry: ArchiveChange) -> None:
        at = datetime.fromisoformat(entry.created_at).timestamp()
        for path in entry.removes:
            self.archives.pop(path, None)
            gone = Replaced(entry=sequence, at=at, reason=entry.reason)
            self.replaced[path] = self.replaced[index_path(path)] = gone
        self._add_archives(sequence, entry.archives)

    def live_parts(self) -> Iterator[tuple[Part, LivePart]]:
        """All parts that count, in the order of their entries; within one, articles before outcomes."""
        for _, live in sorted(self.parts.items(), key=lambda item: (item[1].entry, item[0])):
            yield to_part(live), live

    def live_archives(self) -> Iterator[Archive]:
        """All WARC files that count, in the order of their entries."""
        for _, live in sorted(self.archives.items(), key=lambda item: (item[1].entry, item[0])):
            yield msgspec.json.decode(live.archive, type=Archive)

    def has_file(self, path: str) -> bool:
        """Say whether a file counts: a part, a WARC file or its index."""
        return path in self.parts or path in self.archives or is_index_of(path, self.archives)

    def open_takedowns(self) -> dict[int, Takedown]:
        """Find the takedowns that are not carried out."""
        done = set(self.done)
        return {entry: takedown for entry, takedown in self.takedowns.items() if entry not in done}

    def all_takedowns(self) -> Takedowns:
        """Give all takedowns as something to hold rows against."""
        known = Takedowns()
        for entry, takedown in self.takedowns.items():
            known.add(entry, takedown.match)
        return known

    def _add_archives(self, sequence: int, archives: list[Archive]) -> None:
        for archive in archives:
            self.archives[archive.path] = LiveArchive(
                archive=msgspec.Raw(msgspec.json.encode(archive)), entry=sequence
            )

    def _add(self, sequence: int, parts: list[Part], *, is_moved: bool) -> None:
        for part in parts:
            self.parts[part.path] = LivePart(
                part=msgspec.Raw(msgspec.json.encode(part)), entry=sequence, is_moved=is_moved
            )


def is_index_of(path: str, archives: Mapping[str, object]) -> bool:
    """Say whether a path is that of the index of one of these WARC files."""
    return path.endswith(".cdxj") and f"{path.removesuffix('.cdxj')}.warc.gz" in archives


def to_part(live: LivePart) -> Part:
    """Read the part's entry."""
    return msgspec.json.decode(live.part, type=Part)


async def read_live(
    objects: Objects, *, until: int | None = None, watch: Callable[[int, Entry], None] | None = None
) -> Live:
    """Read what counts by now, or at the entry `until`, from the latest checkpoint on.

    `watch` is called with each entry before it is taken. Raises StoreError where there is no log, or no entry `until`,
    where entries are missing before others, and where one says again what was said.
    """
    live = await _read_checkpoint(objects, until)
    async for sequence, entry in read_entries(objects, live.sequence):
        if until is not None and sequence > until:
            break
        if watch is not None:
            watch(sequence, entry)
        if fault := live.find_repetition(sequence, entry):
            raise StoreError(f"{objects.name}: {entry_path(sequence)} {fault}; run broadsheet verify")
        live.take(sequence, entry)
    if until is None or live.sequence < until:
        await refuse_gap(objects, live.sequence)
    if not live.sequence:
        raise MistakeError(f"{objects.name}: there is no log here")
    if until is not None and live.sequence < until:
        raise StoreError(f"{objects.name}: the log ends at entry {live.sequence}")
    return live


async def write_checkpoint(objects: Objects, position: int) -> None:
    """Keep what counts at the last full thousand of entries, unless somebody has."""
    sequence = position - position % CHECKPOINT_ENTRIES
    if not sequence or await objects.read(checkpoint_path(sequence)) is not None:
        return
    live = await read_live(objects, until=sequence)
    await objects.create(checkpoint_path(sequence), encode_checkpoint(live))


def checkpoint_path(sequence: int) -> str:
    """Give the path of the checkpoint at an entry."""
    return f"log/checkpoint-{sequence:020}.json.gz"


def checkpoint_sequence(path: str) -> int | None:
    """Read the entry that a checkpoint stands for from its path; None: it is none."""
    match = _CHECKPOINT.fullmatch(path)
    return int(match[1]) if match else None


def encode_checkpoint(live: Live) -> bytes:
    """Give the same bytes for the same log."""
    squeeze = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    return squeeze.compress(msgspec.json.encode(live)) + squeeze.flush()


def decode_checkpoint(body: bytes) -> Live:
    """Read a checkpoint. Raises ValueError where it is none."""
    try:
        return msgspec.json.decode(zlib.decompress(body, _GZIP), type=Live)
    except zlib.error as error:
        raise ValueError(f"is no checkpoint: {error}") from error


async def _read_checkpoint(objects: Objects, until: int | None) -> Live:
    """The latest checkpoint that can be read; a damaged one is passed over, since the entries say the same."""
    found = [
        (sequence, file.path)
        for file in await objects.files("log", after="log/checkpoint-")
        if (sequence := checkpoint_sequence(file.path)) is not None and (until is None or sequence <= until)
    ]
    for sequence, path in sorted(found, reverse=True):
        try:
            live = decode_checkpoint(await objects.read(path) or b"")
        except ValueError:
            continue
        if live.sequence == sequence:
            return live
    return Live()
