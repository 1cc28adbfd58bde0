"""Proves on any data folder what a reader may rely on, or names what is broken. Reads only; repairs nothing."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaners.models import article_id
from pipelines.log import Abort, Commit, Epoch, Genesis, decode_entry, entry_path
from pipelines.objects import StoreError, open_objects
from pipelines.parts import read_rows
from pipelines.record import SCHEMA_VERSION
from pipelines.seen import to_mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.log import Entry, Part
    from pipelines.objects import Objects

_ENTRY_NAME = re.compile(r"log/(\d{20})\.json")
_PART_NAME = re.compile(r"(articles|outcomes)/date=\d{4}-\d\d-\d\d/[0-9a-f]{12}-[0-9a-f]{16}\.jsonl\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a data folder holds, and what of it breaks a promise."""

    entries: int
    parts: int
    rows: int
    articles: int
    """Ids published; each counts once, whatever its revisions."""
    orphans: tuple[str, ...]
    """Parts that no entry names: left by batches that were given up. No reader sees them."""
    foreign: tuple[str, ...]
    """Files that are not ours."""
    problems: tuple[str, ...]
    """One line each; empty: every promise holds."""


async def verify(data: str) -> Verification:
    """Check every entry, part and row under `data`. Raises StoreError where there is no log or it cannot be read."""
    objects = open_objects(data, Path(), worker_id="verify")
    checks = _Checks()
    entries = await _read_log(objects, checks)
    named: set[str] = set()
    for sequence, entry in entries:
        checks.take(sequence, entry)
        if isinstance(entry, Commit):
            # Articles first: a duplicate may be one of an article in the same batch.
            for part in sorted(entry.adds, key=lambda part: part.path):
                if part.path in named:
                    checks.problems.append(
                        f"{entry_path(sequence)}: adds {part.path}, which an entry before it adds"
                    )
                named.add(part.path)
                body = await objects.read(part.path)
                await asyncio.to_thread(checks.take_part, part, body)
            checks.settle_originals()
    found = [path for top in ("articles", "outcomes") for path, _ in await objects.names(top)]
    unnamed = [path for path in found if path not in named]
    return Verification(
        entries=len(entries),
        parts=len(named),
        rows=checks.rows,
        articles=len(checks.revisions),
        orphans=tuple(path for path in unnamed if _PART_NAME.fullmatch(path)),
        foreign=(*checks.foreign, *(path for path in unnamed if not _PART_NAME.fullmatch(path))),
        problems=tuple(checks.problems),
    )


async def _read_log(objects: Objects, checks: _Checks) -> list[tuple[int, Entry]]:
    numbers = []
    for path, _ in await objects.names("log"):
        match = _ENTRY_NAME.fullmatch(path)
        if match:
            numbers.append(int(match[1]))
        else:
            checks.foreign.append(path)
    if not numbers:
        raise StoreError(f"{objects.name}: there is no log here")
    for number in sorted(set(range(1, max(numbers) + 1)).difference(numbers)):
        checks.problems.append(f"{entry_path(number)}: is missing")
    entries: list[tuple[int, Entry]] = []
    for number in numbers:
        try:
            entries.append((number, decode_entry(await objects.read(entry_path(number)) or b"")))
        except ValueError as error:
            checks.problems.append(f"{entry_path(number)}: {error}")
    return entries


@dataclass(slots=True)
class _Checks:
    """What was read so far, as far as later rows are judged by it."""

    problems: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    rows: int = 0
    epoch: int = 0
    batches: set[str] = field(default_factory=set)
    """Committed or aborted."""
    visits: set[str] = field(default_factory=set)
    revisions: dict[bytes, int] = field(default_factory=dict)
    texts: dict[bytes, bytes] = field(default_factory=dict)
    """Id by text hash."""
    originals: list[tuple[str, bytes]] = field(default_factory=list)
    """Where a row points to, until its whole batch was read."""

    def take(self, sequence: int, entry: Entry) -> None:
        """Judge an entry by those before it."""
        path = entry_path(sequence)
        if isinstance(entry, Genesis) != (sequence == 1):
            self.problems.append(f"{path}: the log's name stands in entry 1, and only there")
        match entry:
            case Epoch():
                if entry.epoch <= self.epoch:
                    self.problems.append(f"{path}: epoch {entry.epoch} follows epoch {self.epoch}")
                self.epoch = entry.epoch
            case Commit() | Abort():
                if entry.batch in self.batches:
                    self.problems.append(f"{path}: batch {entry.batch} was decided before")
                self.batches.add(entry.batch)
                if isinstance(entry, Commit) and entry.epoch != self.epoch:
                    self.problems.append(f"{path}: a commit of epoch {entry.epoch} in epoch {self.epoch}")
            case _:
                pass

    def take_part(self, part: Part, body: bytes | None) -> None:
        """Judge a part by its entry, and its rows by those before them."""
        if body is None:
            self.problems.append(f"{part.path}: is missing")
            return
        if (len(body), hashlib.sha256(body).hexdigest()) != (part.bytes, part.sha256):
            self.problems.append(f"{part.path}: is not the file that was published: size or sha256 differ")
            return
        if part.schema_version > SCHEMA_VERSION:
            self.problems.append(
                f"{part.path}: has schema {part.schema_version}, newer than this Broadsheet's"
            )
            return
        try:
            rows = list(read_rows(body))
        except ValueError as error:
            self.problems.append(f"{part.path}: {error}")
            return
        self._compare(part, rows)
        for number, row in enumerate(rows, 1):
            self._take_row(f"{part.path} line {number}", part, row)

    def settle_originals(self) -> None:
        """Judge what the batch's rows point to."""
        for where, original in self.originals:
            if original not in self.revisions:
                self.problems.append(
                    f"{where}: is a duplicate of {original.hex()}, which was never published"
                )
        self.originals.clear()

    def _compare(self, part: Part, rows: list[dict[str, Any]]) -> None:
        times = [str(row.get("fetched_at")) for row in rows]
        said = (part.rows, part.min_fetched_at, part.max_fetched_at, part.sites, part.languages)
        held = (len(rows), min(times), max(times), _known(rows, "site"), _known(rows, "language"))
        for name, was_said, is_held in zip(
            ("rows", "first", "last", "sites", "languages"), said, held, strict=True
        ):
            if was_said != is_held:
                self.problems.append(f"{part.path}: its entry says {name} {was_said}, it has {is_held}")

    def _take_row(self, where: str, part: Part, row: dict[str, Any]) -> None:
        self.rows += 1
        try:
            mark = to_mark(row)
            of = bytes.fromhex(row.get("of") or "")
        except (KeyError, ValueError, TypeError) as error:
            self.problems.append(f"{where}: is no row of ours: {error!r}")
            return
        top = "articles" if mark.outcome == "article" else "outcomes"
        if not part.path.startswith(f"{top}/date={row['fetched_at'][:10]}/"):
            self.problems.append(f"{where}: {mark.outcome} of {row['fetched_at']} does not belong here")
        if mark.token in self.visits:
            self.problems.append(f"{where}: visit {mark.token} has a row already")
        self.visits.add(mark.token)
        if mark.outcome == "article":
            self._take_article(where, row, mark.id, mark.text, mark.revision)
        elif of:
            self.originals.append((where, of))

    def _take_article(self, where: str, row: dict[str, Any], name: bytes, text: bytes, revision: int) -> None:
        if article_id(str(row.get("canonical_url"))) != row["id"]:
            self.problems.append(f"{where}: id {row['id']} is not that of {row.get('canonical_url')}")
        before = self.revisions.get(name, 0)
        if revision != before + 1:
            self.problems.append(f"{where}: revision {revision} of {name.hex()} follows revision {before}")
        self.revisions[name] = max(revision, before)
        if self.texts.setdefault(text, name) != name:
            self.problems.append(f"{where}: its text was published under id {self.texts[text].hex()}")


def _known(rows: Iterable[dict[str, Any]], name: str) -> list[str]:
    return sorted({str(row[name]) for row in rows if row.get(name)})
