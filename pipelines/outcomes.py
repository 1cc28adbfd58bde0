"""The row of a visit that did not end in an article; docs/output.md describes every field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from pipelines.record import (
    SCHEMA_VERSION,
    ArchiveRow,
    Hex32,
    Ordinal,
    SchemaVersion,
    Timestamp,
    to_timestamp,
)

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.near import Near
    from pipelines.visits import Visit

Outcome = Literal["unchanged", "duplicate", "rejected", "gone", "blocked", "dead"]


class OutcomeRow(TypedDict):
    """One row under `outcomes/`, in field order. A field is always there; None: it says nothing here."""

    url: str
    visit: Hex32
    outcome: Outcome
    site: str
    reason: str | None
    evidence: str | None
    of: Hex32 | None
    alike: Literal["url", "text", "near"] | None
    similarity: float | None
    cluster: Hex32 | None
    attempts: Ordinal
    status: int | None
    fetched_at: Timestamp
    log_entry: Ordinal | None
    archive: ArchiveRow | None
    schema_version: SchemaVersion


def to_outcome_row(  # noqa: PLR0913 - one keyword a field of the row
    visit: Visit,
    *,
    outcome: Outcome,
    fetched_at: datetime,
    status: int | None,
    reason: str | None = None,
    evidence: str | None = None,
    of: bytes | None = None,
    alike: Literal["url", "text", "near"] | None = None,
    near: Near | None = None,
) -> dict[str, Any]:
    """The row that ends the visit; `of` is the id of the article that a duplicate or unchanged page is."""
    row: OutcomeRow = {
        "url": visit.url,
        "visit": visit.token,
        "outcome": outcome,
        "site": visit.site,
        "reason": reason,
        "evidence": evidence,
        "of": of.hex() if of is not None else None,
        "alike": alike,
        "similarity": round(near.similarity, 3) if near is not None else None,
        "cluster": near.id.hex() if near is not None else None,
        "attempts": visit.attempt,
        "status": status,
        "fetched_at": to_timestamp(fetched_at),
        "log_entry": None,
        "archive": None,
        "schema_version": SCHEMA_VERSION,
    }
    return cast("dict[str, Any]", row)
