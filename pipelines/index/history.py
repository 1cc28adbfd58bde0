"""One article's revisions, one address's visits, and visits by how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from pipelines.index.found import (
    ARTICLES,
    OUTCOME_ROWS,
    FoundArticle,
    FoundOutcome,
    Names,
    find_number,
    to_article,
    to_outcome,
)
from pipelines.index.keeping import to_address
from pipelines.index.tables import EVER, SLOT_BITS
from pipelines.seen import OUTCOMES, to_seconds, url_digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime

    from pipelines.index.reading import Index

_LAST_KEY = (1 << 62) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeQuery:
    """Which visits are looked for; what is None does not narrow it."""

    site: str | None = None
    outcome: str | None = None
    """`unchanged`, `duplicate`, `rejected`, `gone`, `blocked` or `dead`; of anything else there is none."""
    reason: str | None = None
    since: datetime | None = None
    """Ended then or later; aware, as is `until`."""
    until: datetime | None = None
    after: int | None = None
    """The `after` of the page before."""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomePage:
    """Some of the visits found, those that ended last first."""

    outcomes: tuple[FoundOutcome, ...]
    after: int | None
    """Continues the list; None: there are no more."""


def revisions(index: Index, article_id: str) -> tuple[FoundArticle, ...]:
    """Give all revisions of an article, the first one first; none: there is no such id here."""
    try:
        name = bytes.fromhex(article_id)
    except ValueError:
        return ()
    with index.read() as db:
        names = Names(db)
        found = db.execute(f"{ARTICLES} WHERE id = ? ORDER BY revision, key", (name,))
        return tuple(to_article(row, names) for row in found)


def copies_of(index: Index, article_id: str, *, limit: int = 50) -> tuple[FoundOutcome, ...]:
    """Give the latest visits that found the article unchanged, or a duplicate of it; of one that is gone, its tombstones."""
    try:
        name = bytes.fromhex(article_id)
    except ValueError:
        return ()
    with index.read() as db:
        names = Names(db)
        found = db.execute(f"{OUTCOME_ROWS} WHERE of = ? ORDER BY key DESC LIMIT ?", (name, limit))
        return tuple(to_outcome(row, names) for row in found)


def rows_of(index: Index, url: str, *, limit: int = 1_000) -> tuple[FoundArticle | FoundOutcome, ...]:
    """Give the latest visits of an address, whatever came of them, the last one first.

    The address counts in its canonical form, as in the ledger: with and without tracking parameters it is one. Articles
    that it names come, too, where they were claimed by another address. `sha256:…`, as tombstones have it, will do.
    """
    try:
        name = url_digest(url)
    except ValueError:
        return ()
    address = to_address(url)
    with index.read() as db:
        names = Names(db)
        articles = db.execute(
            f"{ARTICLES} WHERE id = ? OR address = ? ORDER BY key DESC LIMIT ?", (name, address, limit)
        )
        found: list[FoundArticle | FoundOutcome] = [to_article(row, names) for row in articles]
        outcomes = db.execute(f"{OUTCOME_ROWS} WHERE address = ? ORDER BY key DESC LIMIT ?", (address, limit))
        found += (to_outcome(row, names) for row in outcomes)
    return tuple(sorted(found, key=lambda row: -row.key)[:limit])


def find_outcomes(index: Index, query: OutcomeQuery) -> OutcomePage:
    """Find visits that gave no new article, those that ended last first."""
    first = to_seconds(query.since) << SLOT_BITS if query.since else 0
    last = (to_seconds(query.until) << SLOT_BITS) - 1 if query.until else _LAST_KEY
    if query.after is not None:
        last = min(last, query.after - 1)
    with index.read() as db:
        names = Names(db)
        keys = list(islice(_find_keys(db, query, first, last), query.limit + 1))
        found = [
            to_outcome(db.execute(f"{OUTCOME_ROWS} WHERE key = ?", (key,)).fetchone(), names)
            for key in keys[: query.limit]
        ]
    return OutcomePage(
        outcomes=tuple(found), after=found[-1].key if found and len(keys) > query.limit else None
    )


def _find_keys(db: sqlite3.Connection, query: OutcomeQuery, first: int, last: int) -> Iterator[int]:
    """Keys, the largest first: of each way to end that fits, from the index that has them in order, merged."""
    span = "key BETWEEN ? AND ? ORDER BY key DESC"
    if query.site is None and query.outcome is None and query.reason is None:
        found = db.execute(f"SELECT key FROM outcomes WHERE {span}", (first, last))  # noqa: S608 - a constant
        yield from _keys(found)
        return
    site = 0 if query.site is None else find_number(db, "site", query.site)
    reason = None if query.reason is None else find_number(db, "reason", query.reason)
    if site is None or (query.reason is not None and reason is None):
        return
    kinds = [
        (outcome, one)
        for outcome, one in db.execute(
            "SELECT outcome, reason FROM outcome_figures WHERE site = ? AND day = ? AND rows > 0",
            (site, EVER),
        )
        if (query.outcome is None or OUTCOMES[outcome] == query.outcome) and reason in {None, one}
    ]
    where = "site = ? AND outcome = ? AND reason = ?" if site else "outcome = ? AND reason = ?"
    streams = [
        _keys(
            db.execute(
                f"SELECT key FROM outcomes WHERE {where} AND {span}",  # noqa: S608 - one of two
                (*((site,) if site else ()), *kind, first, last),
            )
        )
        for kind in kinds
    ]
    yield from merge(*streams, reverse=True)


def _keys(found: sqlite3.Cursor) -> Iterator[int]:
    return (row[0] for row in found)
