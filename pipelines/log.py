"""The log of what was published: entries `log/<20 digits>.json`, from 1 without gaps, each created only if absent."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from pipelines.objects import StoreError
from pipelines.takedowns import Match, Takedowns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pipelines.objects import Objects

FORMAT = 1
"""The log's format: raised when a reader of an older one would misread it."""

_MOST_AT_ONCE = 32
_NUMBERED = re.compile(r"log/(?:(\d{20})\.json|checkpoint-(\d{20})\.json\.gz)")


class GapError(StoreError):
    """An entry is missing, and later ones are there: somebody has deleted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One published file of rows."""

    path: str
    """Relative to the data folder."""
    rows: int
    bytes: int
    sha256: str
    """Hex, of the file as stored."""
    codec: Literal["gzip"]
    schema_version: int
    min_fetched_at: str
    max_fetched_at: str
    sites: list[str]
    languages: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A published WARC file; its index lies beside it, as `.cdxj` in the place of `.warc.gz`."""

    path: str
    """Relative to the data folder."""
    known_as: str
    """The path that rows name their pages' file by: its own, unless a takedown has had it written anew."""
    pages: int
    bytes: int
    sha256: str
    """Hex, of the file as stored."""
    index_bytes: int
    index_sha256: str
    min_fetched_at: str
    max_fetched_at: str
    sites: list[str]
    refers_to: list[str]
    """Other files that hold payloads of pages in this one, as rows name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A piece of an input of a bulk run: what stood in it has its rows in the same entry."""

    input: str
    """What the input is known by: see `pipelines.spans.span`."""
    name: str
    """As it was named, for people."""
    start: int
    end: int
    """Bytes; of compressed lines, bytes of the lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """Entry 1: names the log."""

    log_id: str
    format: int
    created_at: str
    kind: Literal["genesis"] = "genesis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A batch is published."""

    batch: str
    epoch: int
    adds: list[Part]
    created_at: str
    archives: list[Archive] = field(default_factory=list)
    """The pages that the rows were made of, where they are kept."""
    reads: list[Read] = field(default_factory=list)
    """Of a bulk run: the pieces of its inputs that the rows were made of. Pieces without a row stand here, too."""
    kind: Literal["commit"] = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """A batch will never be published: its worker was gone too long."""

    batch: str
    kind: Literal["abort"] = "abort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """Redis was restarted, emptied or changed: batches prepared before can no longer be published."""

    epoch: int
    redis: str
    """An id of the Redis that the epoch runs on."""
    kind: Literal["epoch"] = "epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Rows have moved into other parts. Without parts at all: a takedown is carried out."""

    adds: list[Part]
    """Their rows say in `log_entry` which entry published them first."""
    removes: list[str]
    """Paths; each was live up to here."""
    reason: Literal["compaction", "takedown"]
    takedown: int | None
    """The entry that takes the rows down."""
    created_at: str
    kind: Literal["replace"] = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveChange:
    """Archived pages have gone: their time is over, or they are taken down; what is left of a file stands in another."""

    archives: list[Archive]
    removes: list[str]
    """Paths of WARC files; each was live up to here."""
    reason: Literal["expired", "takedown"]
    created_at: str
    kind: Literal["archive"] = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """Something may not be published or fetched any more: no later commit has a row of it."""

    match: Match
    reason: str
    of: int | None
    """The takedown whose copies this one is about; None: it was asked for."""
    created_at: str
    kind: Literal["takedown"] = "takedown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A day is complete: no later commit has a row that was fetched on it."""

    date: str
    created_at: str
    kind: Literal["seal"] = "seal"


Entry = Genesis | Commit | Abort | Epoch | Replace | ArchiveChange | Takedown | Seal
_KINDS: dict[str, type[Entry]] = {
    "genesis": Genesis,
    "commit": Commit,
    "abort": Abort,
    "epoch": Epoch,
    "replace": Replace,
    "archive": ArchiveChange,
    "takedown": Takedown,
    "seal": Seal,
}


def entry_path(sequence: int) -> str:
    """Give the entry's path in the data folder."""
    return f"log/{sequence:020}.json"


def encode_entry(entry: Entry) -> bytes:
    """Give the entry as one JSON object, `kind` first, and a line feed."""
    fields = asdict(entry)
    return msgspec.json.encode({"kind": fields.pop("kind"), **fields}) + b"\n"


def decode_entry(body: bytes) -> Entry:
    """Read an entry. Raises ValueError, one line, where it is none or was made by a newer Broadsheet."""
    fields: Any = msgspec.json.decode(body)
    if not isinstance(fields, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - one kind of error for all that a file may hold
    kind = fields.get("kind")
    if kind not in _KINDS:
        raise ValueError(f"has the unknown kind {kind!r}: made by a newer Broadsheet")
    entry = msgspec.convert(fields, _KINDS[kind])
    if isinstance(entry, Genesis) and entry.format != FORMAT:
        raise ValueError(f"has format {entry.format}, this Broadsheet writes {FORMAT}")
    return entry


@dataclass(slots=True)
class Log:
    """One reader of the log, and writer of its next entry; knows what it has read since `position`."""

    objects: Objects
    position: int
    """The last entry read."""
    epoch: int
    """The latest epoch up to there."""
    redis: str = ""
    """The id of the Redis that the latest epoch read runs on; empty: none was read."""
    committed: dict[str, int] = field(default_factory=dict)
    """Entry by batch."""
    aborted: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    """Entry by path, of the parts and WARC files that were replaced."""
    takedowns: Takedowns = field(default_factory=Takedowns)
    sealed: set[str] = field(default_factory=set)
    """The days that are complete."""
    unmarked: list[int] = field(default_factory=list)
    """Entries that publish no new row, which Redis is not told of yet."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read_on(self) -> None:
        """Read all entries that there are by now."""
        async with self._turn:
            await self._read_on()

    async def append(self, make: Callable[[], Entry | None]) -> int | None:
        """Create the next entry and give its number; None: `make` has given none.

        `make` is asked anew each time the log was read to its end, so that it judges by all entries before.
        """
        async with self._turn:
            while True:
                await self._read_on()
                entry = make()
                if entry is None:
                    return None
                if await self._create(self.position + 1, encode_entry(entry)):
                    self._take(entry)
                    return self.position

    async def entries(self, first: int, last: int) -> AsyncIterator[tuple[int, Entry]]:
        """Read the entries from first to last. Raises StoreError where one is missing."""
        for start in range(first, last + 1, _MOST_AT_ONCE):
            numbers = range(start, min(start + _MOST_AT_ONCE, last + 1))
            for number, entry in zip(numbers, await _read(self.objects, numbers), strict=True):
                if entry is None:
                    raise StoreError(
                        f"{self.objects.name}: {entry_path(number)} is missing; run broadsheet verify"
                    )
                yield number, entry

    async def _create(self, sequence: int, body: bytes) -> bool:
        path = entry_path(sequence)
        try:
            if await self.objects.create(path, body):
                return True
        except StoreError:
            # Whether the entry was made is not known (a lost answer): what is there now decides.
            found = await self.objects.read(path)
            if found is None:
                raise
            return found == body
        # The store may have refused its own repeat of a request whose answer was lost.
        return await self.objects.read(path) == body

    async def _read_on(self) -> None:
        async for _, entry in read_entries(self.objects, self.position):
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        self.position += 1
        match entry:
            case Commit():
                self.committed[entry.batch] = self.position
            case Abort():
                self.aborted[entry.batch] = self.position
            case Epoch() if entry.epoch > self.epoch:
                self.epoch = entry.epoch
                self.redis = entry.redis
            case Replace() | ArchiveChange():
                self.removed |= dict.fromkeys(entry.removes, self.position)
                self.unmarked.append(self.position)
            case Takedown():
                self.takedowns.add(self.position, entry.match)
                self.unmarked.append(self.position)
            case Seal():
                self.sealed.add(entry.date)
                self.unmarked.append(self.position)
            case _:
                pass


async def read_entries(objects: Objects, after: int) -> AsyncIterator[tuple[int, Entry]]:
    """Read all entries that follow `after`, up to the first number that is not there.

    Raises StoreError where one cannot be read, or was made by a newer Broadsheet.
    """
    at_once = 1
    while True:
        numbers = range(after + 1, after + 1 + at_once)
        for number, entry in zip(numbers, await _read(objects, numbers), strict=True):
            if entry is None:
                return
            yield number, entry
        after = numbers[-1]
        at_once = min(2 * at_once, _MOST_AT_ONCE)


async def _read(objects: Objects, numbers: range) -> list[Entry | None]:
    bodies = await asyncio.gather(*(objects.read(entry_path(number)) for number in numbers))
    entries: list[Entry | None] = []
    for number, body in zip(numbers, bodies, strict=True):
        try:
            entries.append(None if body is None else decode_entry(body))
        except ValueError as error:
            raise StoreError(f"{objects.name}: {entry_path(number)} {error}") from error
    return entries


async def refuse_gap(objects: Objects, after: int = 0) -> bool:
    """Raise GapError where an entry is missing that follows `after`, and later ones are there; say whether any is.

    Who read such a log would stop at the gap, and who wrote would fill it: what stands above would count for something
    else, or for nothing. A listing costs one request for 1,000 entries.
    """
    found = [_NUMBERED.fullmatch(file.path) for file in await objects.files("log", after=entry_path(after))]
    entries = {int(match[1]) for match in found if match and match[1]}
    # A checkpoint stands for its entry: without it, the log was cut off.
    last = max([after, *entries, *(int(match[2]) for match in found if match and match[2])])
    first = after + 1
    while first in entries or (first <= last and await objects.read(entry_path(first)) is not None):
        # A listing may pass over what is created meanwhile.
        first += 1
    if first > last:
        return bool(entries)
    above = sorted(number for number in entries if number > first)
    there = (
        f"entries above it, {above[0]} to {above[-1]}, are there" if above else f"checkpoint {last} is there"
    )
    raise GapError(
        f"{objects.name}: {entry_path(first)} is missing, and {there}: put it back from a backup, and see by "
        "broadsheet verify what else is missing; nothing was changed"
    )


async def open_genesis(objects: Objects, make: Callable[[], Genesis]) -> Genesis:
    """Read entry 1, or make it; of several that make it at once, all get the one that is there.

    Raises GapError where later ones are there without it, or without others: whoever writes begins here.
    """
    await refuse_gap(objects)
    path = entry_path(1)
    body = await objects.read(path)
    if body is None:
        await objects.create(path, encode_entry(make()))
        body = await objects.read(path)
    try:
        entry = decode_entry(body or b"")
    except ValueError as error:
        raise StoreError(f"{objects.name}: {path} {error}") from error
    if not isinstance(entry, Genesis):
        raise StoreError(f"{objects.name}: {path} is no genesis entry")
    return entry
