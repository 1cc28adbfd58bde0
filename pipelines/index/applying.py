"""What a log entry does to the index. The caller's transaction makes it happen whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from pipelines.index.keeping import Place, Rows
from pipelines.index.lines import decode_line
from pipelines.index.removing import drop_parts, take_down
from pipelines.index.tables import SLOT_BITS
from pipelines.part_lines import split_lines
from pipelines.seen import to_seconds
from pipelines.takedowns import Match, Takedowns, to_subject

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from pipelines.log import Part, Seal, Takedown

_STRUCT = msgspec.structs.asdict


@dataclass(slots=True, kw_only=True)
class Applied:
    """What was done since the last look."""

    added: int = 0
    moved: int = 0
    removed: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    """Why, by path, of parts that could not be read."""


class Applier:
    """Brings entries into the file; knows the takedowns so far, so that nothing that is taken down comes in."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._rows = Rows(db)
        self._takedowns = Takedowns()
        self.done = Applied()
        self._read_takedowns()

    def known_parts(self) -> dict[str, str | None]:
        """Give the parts whose rows are here, with the fault of those that could not be read, by path."""
        return dict(self._db.execute("SELECT path, fault FROM parts"))

    def expect(self, takedowns: Iterable[tuple[int, Takedown]]) -> None:
        """Let no row in that one of these names, though their turn comes later."""
        for sequence, takedown in takedowns:
            self._takedowns.add(sequence, takedown.match)

    def add_part(self, part: Part, *, entry: int, is_moved: bool, body: bytes | None) -> None:
        """Add the rows of a part; `entry`: the one that names it. A part that cannot be read is noted as such."""
        # What waits belongs to other parts: it must not go with this one.
        self._rows.flush()
        self._db.execute("SAVEPOINT part")
        before = (self.done.added, self.done.moved)
        number = self._db.execute(
            "INSERT INTO parts (path, entry, first, last) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (path) DO UPDATE SET fault = NULL, first = excluded.first, last = excluded.last RETURNING number",
            (
                part.path,
                entry,
                _second(part.min_fetched_at) << SLOT_BITS,
                (_second(part.max_fetched_at) + 1 << SLOT_BITS) - 1,
            ),
        ).fetchone()[0]
        try:
            self._add_rows(part, number, entry=entry, is_moved=is_moved, body=body)
            self._rows.flush()
        except ValueError as error:
            self._rows.forget()
            self._db.execute("ROLLBACK TO part")
            self.done.added, self.done.moved = before
            self._note_fault(part, entry, str(error))
        self._db.execute("RELEASE part")

    def drop_parts(self, paths: Iterable[str]) -> None:
        """Remove parts that count no more, with those of their rows that have not moved."""
        self.done.removed += drop_parts(self._db, self._rows, list(paths))

    def take_down(self, sequence: int, takedown: Takedown) -> None:
        """Remove what a takedown names; again changes nothing."""
        self._takedowns.add(sequence, takedown.match)
        is_new = self._db.execute(
            "INSERT OR IGNORE INTO takedowns VALUES (?, ?, ?)",
            (sequence, msgspec.json.encode(takedown.match).decode(), takedown.of is None),
        ).rowcount
        if is_new:
            self.done.removed += take_down(self._db, self._rows, takedown.match)

    def seal(self, sequence: int, seal: Seal) -> None:
        """Note that a day is complete; again changes nothing."""
        self._db.execute("INSERT OR IGNORE INTO seals VALUES (?, ?)", (seal.date, sequence))

    def flush(self) -> None:
        """Write what waits; before the transaction ends."""
        self._rows.flush()

    def forget(self) -> None:
        """Begin anew after a transaction that was given up."""
        self._rows.forget()

    def _add_rows(self, part: Part, number: int, *, entry: int, is_moved: bool, body: bytes | None) -> None:
        if body is None:
            raise ValueError("is missing")
        if len(body) != part.bytes or hashlib.sha256(body).hexdigest() != part.sha256:
            raise ValueError("is not the file that was published: size or sha256 differ")
        for place, raw in enumerate(split_lines([body]), 1):
            try:
                line = decode_line(raw)
                if self._takedowns.version and self._takedowns.find(to_subject(_STRUCT(line))):
                    continue
                is_new = self._rows.add(line, Place(number, place, line.log_entry or entry, is_moved))
            except ValueError as error:
                raise ValueError(f"line {place} is no row of ours: {error}") from error
            if is_new:
                self.done.added += 1
            else:
                self.done.moved += 1

    def _note_fault(self, part: Part, entry: int, fault: str) -> None:
        self.done.unreadable[part.path] = fault
        self._db.execute(
            "INSERT INTO parts (path, entry, first, last, fault) VALUES (?, ?, 0, 0, ?)"
            " ON CONFLICT DO UPDATE SET fault = excluded.fault",
            (part.path, entry, fault),
        )

    def _read_takedowns(self) -> None:
        for sequence, match in self._db.execute("SELECT entry, match FROM takedowns ORDER BY entry"):
            self._takedowns.add(sequence, msgspec.json.decode(match, type=Match))


def _second(moment: str) -> int:
    return to_seconds(datetime.fromisoformat(moment))
