"""Counts what a dump holds, and how all other visits of its sites and days ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pipelines.takedown import REASON

if TYPE_CHECKING:
    from pipelines.dumps.rows import Reader, Row
    from pipelines.dumps.selection import DumpOptions
    from pipelines.live import Live

_TAKEN_DOWN_BY = re.compile(r"entry (\d+) of the log")


class TakenDown(NamedTuple):
    """What is left of a row that was published and went."""

    log_entry: int
    """The entry that published it."""
    visit: str
    id: str | None
    """The article that it was, or was a copy of."""
    takedown: int
    """The entry that took it down."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of the rows in a dump."""

    rows: int = 0
    revisions: int = 0
    """Rows that are a later revision of an article."""
    near_duplicates: int = 0
    """Rows that are nearly the same as an earlier article."""
    near_duplicates_left_out: int = 0
    reserved: int = 0
    """Rows whose publisher reserves uses: they have `opt_out` evidence."""
    plain_bytes: int = 0
    sites: dict[str, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    cleaners: dict[str, int] = field(default_factory=dict)
    """By version and rules, such as `0.1.0 3f2a…`."""
    opt_out: dict[str, int] = field(default_factory=dict)
    """Rows by source of the evidence."""

    def add(self, row: Row) -> None:
        """Count a row."""
        self.rows += 1
        self.revisions += (row.revision or 1) > 1
        self.near_duplicates += row.duplicate_of is not None
        _count(self.sites, row.site or "")
        _count(self.languages, row.language or "")
        _count(self.days, (row.fetched_at or "")[:10])
        _count(self.cleaners, f"{row.cleaner.version} {row.cleaner.rules}")
        if row.opt_out:
            self.reserved += 1
            for source in {one.source for one in row.opt_out}:
                _count(self.opt_out, source)


@dataclass(slots=True, kw_only=True)
class Outcomes:
    """How the visits ended that gave no row of the dump."""

    by_reason: dict[str, dict[str, int]] = field(default_factory=dict)
    """By outcome, then by its reason; of duplicates by how they are alike; empty where there is neither."""
    days: set[str] = field(default_factory=set)
    taken_down_before: int = 0
    """Rows that were published up to the snapshot and taken down up to it."""
    taken_down_since: dict[int, int] = field(default_factory=dict)
    """Rows of the snapshot that went after it, by takedown."""
    removed: list[TakenDown] = field(default_factory=list)
    """Of a delta: what went of the rows that came before it, in their order."""


def count_outcomes(reader: Reader, live: Live, options: DumpOptions) -> Outcomes:
    """Read the outcomes of the sites and days of a dump; a language or section they have not."""
    found = Outcomes()
    since = options.since or 0
    for part, place in live.live_parts():
        # What was taken down stands in parts that moved, for that moved it.
        is_wanted = options.may_cover(place) or (since and place.is_moved)
        if part.path.startswith("outcomes/") and is_wanted and options.selection.share_of(part):
            for entry, _, row in reader.rows(part, place):
                day = (row.fetched_at or "")[:10]
                if options.selection.has_place(row.site or "", day):
                    _add_outcome(found, row, entry, options)
    found.removed.sort()
    return found


def taken_down_by(row: Row, entry: int) -> int | None:
    """The takedown that a published row went by. None: it stands, or it was never published."""
    if row.outcome != "blocked" or row.reason != REASON:
        return None
    named = _TAKEN_DOWN_BY.fullmatch(row.evidence or "")
    # What was taken down before it could be published names an earlier entry, or none.
    return int(named[1]) if named and int(named[1]) > entry else None


def _add_outcome(found: Outcomes, row: Row, entry: int, options: DumpOptions) -> None:
    assert options.snapshot is not None
    takedown = taken_down_by(row, entry)
    if takedown is not None and options.since is not None and entry <= options.since < takedown:
        found.removed.append(TakenDown(entry, row.visit or "", row.of, takedown))
    if not options.covers(entry):
        return
    found.days.add((row.fetched_at or "")[:10])
    if takedown is None:
        _count(found.by_reason.setdefault(row.outcome, {}), row.reason or row.alike or "")
    elif takedown > options.snapshot:
        found.taken_down_since[takedown] = found.taken_down_since.get(takedown, 0) + 1
    else:
        found.taken_down_before += 1


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
