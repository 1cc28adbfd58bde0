"""The seen store as a whole: how large it is, what it knows of a URL, how it forgets, and how it moves."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.seen import OUTCOMES, url_digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from pipelines.recover import Gate

ALARM_SHARE = 0.8
"""Of the budget, or of the server's `maxmemory`, from which on a warning is logged."""
FORMAT = 2
"""Of an exported file, raised when an older one could be misread."""

_SHARDS = 1 << 16
_SHARDS_AT_ONCE = 2048
_ENTRIES_AT_ONCE = 1000
_KINDS = ("seen", "text")
# A generation is closed at this share of the budget: dropping one forgets no more than that.
_GENERATION_SHARE = 0.25
_ENTRY = struct.Struct(">16sBIH3sB3s")
_TEXT = struct.Struct(">8s6s")
_VISITED, _ARTICLE, _OWNED, _WIDE = 8, 16, 32, 64
_log = logging.getLogger(__name__)


class ImportFileError(ValueError):
    """A file that cannot be imported, in one line that says where it is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one generation of the seen store holds."""

    generation: int
    urls: int
    """URLs and articles: one that names its own article counts once."""
    texts: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of one URL, or of the article that it names. None: nothing."""

    outcome: str | None
    fetched_at: datetime | None
    """The last settled visit's."""
    revision: int | None
    """The last published one of the article that has this address as its id."""
    claimed_by: str | None
    """The worker that is visiting it."""
    due: tuple[tuple[str, datetime | None], ...]
    """Sites that will visit it, and when by the schedule of further visits; None: it is owed a visit now."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line of an exported file: a URL or an article, or a text. All bytes are in hex."""

    url: str | None = None
    """The first 8 bytes of a URL's digest; of an article's id, all 16."""
    outcome: str | None = None
    fetched_at: int | None = None
    """Unix seconds."""
    revision: int | None = None
    check: str | None = None
    owner: str | None = None
    text: str | None = None
    """The first 8 bytes of a text's hash."""
    id: str | None = None
    """The first 6 bytes of the id of the article that has the text."""


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of an exported file."""

    seen_of_log: str
    format: int


class Memory:
    """The seen store of a log. Every method raises `pipelines.objects.StoreError`."""

    def __init__(self, gate: Gate, log_id: str) -> None:
        self._gate = gate
        self._log_id = log_id

    async def usage(self) -> list[Usage]:
        """Measure each generation, the oldest first."""
        first, last = await self._generations()
        found = []
        for generation in range(first, last + 1):
            counts = {kind: await self._measure(kind, generation) for kind in _KINDS}
            found.append(
                Usage(
                    generation=generation,
                    urls=counts["seen"][0],
                    texts=counts["text"][0],
                    bytes=sum(size for _, size in counts.values()),
                )
            )
        return found

    async def show(self, url: str) -> Seen:
        """Tell what is known of a URL."""
        sites = {
            key.removeprefix(self._gate.key(kind, ""))
            for kind in ("link", "again")
            for key in await self._gate.keys(kind, "*")
        }
        answer = [part.decode() for part in await self._gate.call("entry", url_digest(url), *sorted(sites))]
        outcome, fetched_at, revision, claim, *due = answer
        return Seen(
            outcome=OUTCOMES[int(outcome) - 1] if outcome else None,
            fetched_at=_to_moment(fetched_at),
            revision=int(revision) if revision else None,
            claimed_by=claim.split(" ")[1] if claim else None,
            due=tuple((site, _to_moment(moment)) for site, moment in zip(due[::2], due[1::2], strict=True)),
        )

    async def forget(self, url: str) -> bool:
        """Make a URL unknown, so that it is visited when it is next listed; False: it was unknown.

        An article keeps its number of revisions: published again, with whatever text, it has the next one.
        """
        return bool(await self._gate.call("forget", url_digest(url)))

    async def rebuild(self) -> None:
        """Forget everything, and remember what the log says. Pending links and claims stay."""
        await self._gate.run_closed("forget_all")
        await self._gate.check()

    async def export(self) -> AsyncIterator[bytes]:
        """Give all that is remembered as JSON Lines, a header first."""
        yield msgspec.json.encode(Header(seen_of_log=self._log_id, format=FORMAT)) + b"\n"
        first, last = await self._generations()
        for generation in range(first, last + 1):
            for kind in _KINDS:
                start = self._gate.key(kind, str(generation), "")
                for key in await self._gate.keys(kind, f"{generation}:*"):
                    shard = bytes.fromhex(key.removeprefix(start))
                    async for field, value in self._gate.scan(key):
                        entry = (
                            _read_entry(shard + field, value)
                            if kind == "seen"
                            else _read_text(shard + field, value)
                        )
                        yield msgspec.json.encode(entry) + b"\n"

    async def import_lines(self, lines: Iterable[bytes]) -> int:
        """Remember what an exported file says, and never less than before; gives how many lines there were.

        Nothing is imported unless every line can be read. Raises ImportFileError.
        """
        entries = _read_lines(lines, self._log_id)
        for place in range(0, len(entries), _ENTRIES_AT_ONCE):
            chunk = entries[place : place + _ENTRIES_AT_ONCE]
            packed = [b"".join(part for part in column if part) for column in zip(*chunk, strict=True)]
            await self._gate.call("import", *packed)
        return len(entries)

    async def keep_within(self, budget_bytes: int) -> None:
        """Begin a new generation where the last is large enough, and drop the oldest while there is too much.

        What is forgotten is due again when it is listed again. Warns from 80 % of the budget on.
        """
        usage = await self.usage()
        first, last = usage[0].generation, usage[-1].generation
        total = sum(each.bytes for each in usage)
        if total > ALARM_SHARE * budget_bytes:
            _log.warning(
                "the seen store takes %.1f MB of the %.1f MB in BROADSHEET_SEEN_BYTES; beyond that the oldest of %d "
                "generations is forgotten",
                total / 1e6,
                budget_bytes / 1e6,
                len(usage),
            )
        newer = total - usage[0].bytes
        if total > budget_bytes and newer >= _GENERATION_SHARE * budget_bytes:
            if await self._gate.call("generation", first, last, first + 1, last):
                _log.warning(
                    "forgot %d URLs and %d texts that were last seen longest ago",
                    usage[0].urls,
                    usage[0].texts,
                )
                await self._drop(first)
        elif usage[-1].bytes > _GENERATION_SHARE * budget_bytes:
            await self._gate.call("generation", first, last, first, last + 1)

    async def warn_of_server(self) -> None:
        """Warn where the server has used most of the memory that it may use: beyond it, it refuses to write."""
        info = await self._gate.read("INFO", "memory")
        used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
        if most and used > ALARM_SHARE * most:
            _log.warning("Redis has used %.1f MB of its maxmemory of %.1f MB", used / 1e6, most / 1e6)

    async def _drop(self, generation: int) -> None:
        """Give the memory of a generation back; it is not read any more."""
        for kind in _KINDS:
            keys = await self._gate.keys(kind, f"{generation}:*")
            for place in range(0, len(keys), _ENTRIES_AT_ONCE):
                await self._gate.read("UNLINK", *keys[place : place + _ENTRIES_AT_ONCE])

    async def _generations(self) -> tuple[int, int]:
        await self._gate.check()
        first, last = await self._gate.read("HMGET", self._gate.key("generations"), "first", "last")
        return int(first or 1), int(last or 1)

    async def _measure(self, kind: str, generation: int) -> tuple[int, int]:
        counts = [
            await self._gate.call("measure", kind, generation, start, start + _SHARDS_AT_ONCE - 1)
            for start in range(0, _SHARDS, _SHARDS_AT_ONCE)
        ]
        return sum(count for count, _ in counts), sum(size for _, size in counts)


def _read_entry(digest: bytes, value: bytes) -> Entry:
    """An entry as scripts/seen.lua packs it."""
    flags, place = value[0], 1
    fields: dict[str, Any] = {"url": digest.hex()}
    if flags & _VISITED:
        fields |= {
            "outcome": OUTCOMES[(flags & 7) - 1],
            "fetched_at": int.from_bytes(value[place : place + 4], "big"),
        }
        place += 4
    if flags & _ARTICLE:
        size = 2 if flags & _WIDE else 1
        fields |= {
            "revision": int.from_bytes(value[place : place + size], "big"),
            "check": value[place + size : place + size + 3].hex(),
        }
        place += size + 3
    if flags & _OWNED:
        fields["owner"] = value[place : place + 3].hex()
    return Entry(**fields)


def _read_text(text: bytes, value: bytes) -> Entry:
    return Entry(text=text.hex(), id=value.hex())


def _read_lines(lines: Iterable[bytes], log_id: str) -> list[tuple[bytes, bytes]]:
    """Each line as scripts/import.lua takes it: an entry or a text, the other one empty."""
    found, number = [], 0
    for number, line in enumerate(lines, 1):
        try:
            if number == 1:
                header = msgspec.json.decode(line, type=Header)
                if header.format != FORMAT:
                    raise ImportFileError(f"has format {header.format}, this Broadsheet reads {FORMAT}")
                if header.seen_of_log != log_id:
                    raise ImportFileError(
                        f"is of the log {header.seen_of_log}, this is {log_id}: what one log has published is not "
                        "published in another"
                    )
            else:
                found.append(_pack_entry(msgspec.json.decode(line, type=Entry)))
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, struct.error) as error:
            if isinstance(error, ImportFileError):
                raise
            raise ImportFileError(f"line {number}: is no line of an exported seen store: {error}") from error
    if number == 0:
        raise ImportFileError("is empty")
    return found


def _pack_entry(entry: Entry) -> tuple[bytes, bytes]:
    if entry.text is not None:
        return b"", _TEXT.pack(_to_bytes(entry.text, 8), _to_bytes(entry.id, 6))
    digest = _to_bytes(entry.url, 16 if entry.revision else 8)
    packed = _ENTRY.pack(
        digest,
        OUTCOMES.index(entry.outcome) + 1 if entry.outcome else 0,
        entry.fetched_at or 0,
        entry.revision or 0,
        _to_bytes(entry.check, 3) if entry.revision else bytes(3),
        entry.owner is not None,
        _to_bytes(entry.owner, 3) if entry.owner else bytes(3),
    )
    return packed, b""


def _to_bytes(text: str | None, count: int) -> bytes:
    found = bytes.fromhex(text or "")
    if len(found) != count:
        raise ValueError(f"{text!r} must be {count} bytes in hex")
    return found


def _to_moment(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None
