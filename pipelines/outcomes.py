"""The row of a visit that did not end in an article; docs/output.md describes every field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from pipelines.record import SCHEMA_VERSION, to_timestamp
from pipelines.visits import OutcomeKind  # noqa: TC001 - what exports rows reads their types

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.visits import Visit


class OutcomeRow(TypedDict):
    """One row under `outcomes/`, in field order. A field is always there; None: it says nothing here."""

    url: str
    visit: str
    outcome: OutcomeKind
    site: str
    reason: str | None
    evidence: str | None
    of: str | None
    alike: Literal["url", "text"] | None
    attempts: int
    status: int | None
    fetched_at: str
    log_entry: int | None
    schema_version: int


def to_outcome_row(  # noqa: PLR0913 - one keyword a field of the row
    visit: Visit,
    *,
    outcome: OutcomeKind,
    fetched_at: datetime,
    status: int | None,
    reason: str | None = None,
    evidence: str | None = None,
    of: bytes | None = None,
    alike: Literal["url", "text"] | None = None,
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
        "attempts": visit.attempt,
        "status": status,
        "fetched_at": to_timestamp(fetched_at),
        "log_entry": None,
        "schema_version": SCHEMA_VERSION,
    }
    return cast("dict[str, Any]", row)
