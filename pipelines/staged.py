"""What a worker has staged: a batch, its rows, and the articles whose rows are not decided yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cleaners.models import Article
from pipelines.near import to_bands
from pipelines.near_index import NearIndex
from pipelines.outcomes import to_outcome_row
from pipelines.seen import Mark, pack_rows, url_digest
from pipelines.traces import NONE, Trace, find_original
from pipelines.visits import Cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from pipelines.archive.packing import PackedPage
    from pipelines.near import NearRule
    from pipelines.parts import Spool, StagedRow
    from pipelines.visits import Ended, Visit

MAX_ROWS = 5_000
MAX_BYTES = 64_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as it was staged."""

    outcome: str
    """One of `pipelines.visits.OutcomeKind`."""
    record: Mapping[str, Any]
    """The row itself, in the fields of docs/output.md."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A clean article whose row is not decided yet."""

    visit: Visit
    fetched_at: datetime
    status: int | None
    record: dict[str, Any]
    sketch: bytes
    """Of its text: see `pipelines.near.to_sketch`."""
    pages: tuple[PackedPage, ...] = ()
    """To be archived with its row."""

    @property
    def id(self) -> bytes:
        """The article's id, 16 bytes."""
        return bytes.fromhex(self.record["id"])

    @property
    def text(self) -> bytes:
        """The hash of its clean text, 32 bytes."""
        return bytes.fromhex(self.record["content_hash"])

    def to_trace(self, rule: NearRule) -> Trace:
        """Give what it is compared by with other articles."""
        return Trace(
            id=self.id,
            fetched_at=self.fetched_at,
            sketch=self.sketch,
            bands=to_bands(self.sketch, find_original(self.record)) if rule.days else b"",
            always=rule.publish,
        )


@dataclass(slots=True, eq=False)
class Batch:
    """Rows that are committed at once, and where each id and text of them stands."""

    spool: Spool
    opened_at: float
    """By the monotonic clock."""
    checked: int
    """The version of the takedowns that every row was held against."""
    rows: list[StagedRow] = field(default_factory=list)
    by_id: dict[bytes, StagedRow] = field(default_factory=dict)
    by_text: dict[bytes, StagedRow] = field(default_factory=dict)
    near: NearIndex[StagedRow] = field(default_factory=NearIndex)
    reasons: dict[str, str | None] = field(default_factory=dict)
    """Claim: why it ended without an article, for the counts."""
    published: dict[str, float | None] = field(default_factory=dict)
    """Claim: when its new article was published, in Unix seconds; None: nothing says it."""

    def is_full(self) -> bool:
        """Say whether the batch is to be closed."""
        return len(self.rows) >= MAX_ROWS or self.spool.bytes >= MAX_BYTES

    def add(self, row: StagedRow) -> None:
        """Stage a row."""
        self.rows.append(row)
        if row.mark.outcome == "article":
            self.by_id[row.mark.id] = row
            self.by_text[row.mark.text] = row
            # What is nearly the same as one before it is found by that one.
            if row.trace is not None and row.trace.of == NONE:
                self.near.add(row.trace, row)


def to_visit_mark(visit: Visit, outcome: str, fetched_at: datetime) -> Mark:
    """The mark of a row that is no article; what an article adds is for the caller."""
    return Mark(
        digest=url_digest(visit.url),
        token=visit.token,
        site=visit.site,
        outcome=outcome,
        fetched_at=fetched_at,
    )


def to_row(item: Cleaned | Ended) -> dict[str, Any]:
    """The row of a visit that has brought no article."""
    ended = item.result if isinstance(item, Cleaned) else item
    assert not isinstance(ended, Article), "an article's row is decided by what is known of it"
    return to_outcome_row(
        item.visit,
        outcome="rejected" if isinstance(item, Cleaned) else item.outcome,
        fetched_at=item.fetched_at,
        status=item.status,
        reason=ended.reason,
        evidence=ended.evidence,
    )


def pack(rows: Iterable[StagedRow]) -> bytes:
    """Give the rows' marks as one argument of a script, each with its original's place among them."""
    places: dict[StagedRow, int] = {}
    marks = []
    for place, row in enumerate(rows, 1):
        places[row] = place
        original = places.get(row.original, 0) if row.original is not None else 0
        marks.append(row.mark.in_batch(original=original))
    return pack_rows(marks)
