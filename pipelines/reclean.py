"""Cleans archived pages again with today's cleaners, says what differs, and publishes what does as new revisions."""

from __future__ import annotations

import asyncio
import difflib
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from cleaners.models import Article, Listed
from pipelines.archive.reading import read_visit
from pipelines.changes import find_changes, to_print
from pipelines.further_pages import join_further_pages, refuse_further_page
from pipelines.held import StartOverError
from pipelines.live import read_live
from pipelines.log import Log
from pipelines.opt_out import find_reservation
from pipelines.record import encode_line, to_record, to_timestamp
from pipelines.rewrite import read_counted
from pipelines.staged import MAX_BYTES, MAX_ROWS, Candidate
from pipelines.traces import read_trace
from pipelines.visits import Visit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cleaners.models import Document
    from pipelines.held import Held
    from pipelines.live import Live
    from pipelines.objects import Objects
    from pipelines.opt_out import OptOutPolicy
    from pipelines.pool import CleanPool
    from pipelines.worker import Result

SAMPLES = 10
_LINES_A_SAMPLE = 3
_SAMPLE_CHARS = 160
_PAGES_PER_WORKER = 4
# What says how a row came about, and what was taken on the way: a difference there alone makes no revision.
_NOT_COMPARED = frozenset(
    ["url", "site", "fetched_at", "outcome", "visit", "revision", "changes", "duplicate_of", "similarity", "cluster", "log_entry", "archive", "cleaner", "schema_version", "removals", "field_sources", "disagreements"]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row that differs."""

    url: str
    fields: tuple[str, ...]
    removed: tuple[str, ...]
    """Paragraphs that go, the first few, cut."""
    added: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class RecleanReport:
    """What cleaning again has shown."""

    pages: int = 0
    """Articles whose page was cleaned again: the last revision of each."""
    changed: int = 0
    published: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    """Changed rows by the fields that differ."""
    rules: Counter[str] = field(default_factory=Counter)
    """By rule: removals that there are more of (or fewer, negative) than the rows have, over all pages."""
    chars_added: int = 0
    chars_removed: int = 0
    left: Counter[str] = field(default_factory=Counter)
    """Articles of which no revision can be made, by why."""
    samples: list[Sample] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changed:
    row: dict[str, Any]
    """As published."""
    record: dict[str, Any]
    """As it would be now."""


async def compare_archived(
    objects: Objects, pool: CleanPool, policy: OptOutPolicy, *, since: str = ""
) -> RecleanReport:
    """Say what today's cleaners would change; nothing is written. `since`: only pages fetched on this day or later.

    Raises StoreError, and PoolError.
    """
    report = RecleanReport()
    live = await read_live(objects)
    async for _ in _find_changed(objects, live, pool, policy, since, report):
        pass
    return report


async def republish(held: Held, pool: CleanPool, policy: OptOutPolicy, *, since: str = "") -> RecleanReport:
    """Publish a new revision of each article that today's cleaners change. Raises as `compare_archived` and `Held` do."""
    published = 0
    while True:
        await held.begin()
        report = RecleanReport(published=published)
        live = await read_live(held.log.objects)
        batch = held.open_batch()
        try:
            async for changed in _find_changed(held.log.objects, live, pool, policy, since, report):
                candidate, row = _to_revision(changed)
                if await batch.add_revision(candidate, row, read_trace(row, held.policy.near)):
                    report.published += 1
                else:
                    report.left["same text as another article"] += 1
                if len(batch.rows) >= MAX_ROWS or batch.spool.bytes >= MAX_BYTES:
                    await held.commit(batch)
                    published = report.published
                    batch.close()
                    batch = held.open_batch()
            await held.commit(batch)
        except StartOverError:
            # What was published is not changed any more.
            continue
        finally:
            batch.close()
        return report


async def _find_changed(  # noqa: PLR0913, PLR0917 - what a pass over the articles needs
    objects: Objects, live: Live, pool: CleanPool, policy: OptOutPolicy, since: str, report: RecleanReport
) -> AsyncIterator[_Changed]:
    async def judge(row: dict[str, Any]) -> _Changed | None:
        pages = await read_visit(objects, row["archive"], live)
        if not pages:
            report.left["page not kept"] += 1
            return None
        return _compare(row, await _clean(pages, pool, policy), report)

    async for rows in _find_archived(objects, live, since):
        for start in range(0, len(rows), _PAGES_PER_WORKER * pool.size):
            some = rows[start : start + _PAGES_PER_WORKER * pool.size]
            for changed in await asyncio.gather(*map(judge, some)):
                if changed is not None:
                    yield changed


async def _find_archived(objects: Objects, live: Live, since: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Give, part by part, the last revision of each article whose page may be in the archive."""
    log = Log(objects=objects, position=live.sequence, epoch=live.epoch)
    latest: dict[bytes, int] = {}
    files = {archive.known_as for archive in live.live_archives()}
    parts = [part.path for part, _ in live.live_parts() if part.path.startswith("articles/")]
    for path in parts:
        for row in await read_counted(log, path) or ():
            name = bytes.fromhex(row["id"])
            latest[name] = max(latest.get(name, 0), row["revision"])
    for path in parts:
        yield [
            row
            for row in await read_counted(log, path) or ()
            if latest.get(bytes.fromhex(row["id"])) == row["revision"]
            and row["archive"] is not None
            # A bulk run's rows name the files of others.
            and row["archive"]["file"] in files
            and row["fetched_at"] >= since
        ]


async def _clean(pages: tuple[Document, ...], pool: CleanPool, policy: OptOutPolicy) -> Result | str:
    """Clean the pages of a visit as the crawl did; one word where the page would not be stored."""
    first, *further = pages
    by_url = {url: page for page in further for url in (page.url, page.requested_url)}

    async def read_page(url: str, _first_url: str) -> Document | None:
        return by_url.get(url)

    result = await pool.clean(first)
    if isinstance(result, Article):
        if find_reservation(result.metadata.opt_out, policy) is not None:
            return "opt_out"
        result = refuse_further_page(result)
    if isinstance(result, Article):
        result = await join_further_pages(result, read_page, pool.clean)
    return result


def _compare(row: dict[str, Any], result: Result | str, report: RecleanReport) -> _Changed | None:
    report.pages += 1
    if not isinstance(result, Article):
        reason = result if isinstance(result, str) else result.reason
        report.left[f"would be rejected: {reason}"] += 1
        return None
    # As it would be read back, so that what cannot be written makes no difference.
    record: dict[str, Any] = msgspec.json.decode(encode_line(to_record(result)))
    _count_rules(report.rules, row, record)
    if record["id"] != row["id"]:
        report.left["would have another address"] += 1
        return None
    fields = [name for name in record if name not in _NOT_COMPARED and record[name] != row.get(name)]
    if not fields:
        return None
    report.changed += 1
    report.fields.update(fields)
    changes = find_changes(to_print(row, row["revision"]), record)
    report.chars_added += changes["chars_added"]
    report.chars_removed += changes["chars_removed"]
    if len(report.samples) < SAMPLES:
        report.samples.append(_to_sample(row, record, fields))
    return _Changed(row=row, record=record | {"changes": changes})


def _count_rules(rules: Counter[str], row: dict[str, Any], record: dict[str, Any]) -> None:
    rules.update(removal["rule"] for removal in record["removals"] if not removal["refused"])
    rules.subtract(removal["rule"] for removal in row["removals"] if not removal["refused"])


def _to_sample(row: dict[str, Any], record: dict[str, Any], fields: list[str]) -> Sample:
    before, after = row["text"].split("\n\n"), record["text"].split("\n\n")
    lines = list(difflib.ndiff(before, after)) if len(before) + len(after) < 2_000 else []
    removed, added = (
        tuple(line[2:][:_SAMPLE_CHARS] for line in lines if line.startswith(sign))[:_LINES_A_SAMPLE]
        for sign in ("- ", "+ ")
    )
    return Sample(url=row["url"], fields=tuple(fields), removed=removed, added=added)


def _to_revision(changed: _Changed) -> tuple[Candidate, dict[str, Any]]:
    row, now = changed.row, datetime.now(UTC)
    visit = Visit(
        url=row["url"],
        token=secrets.token_hex(16),
        site=row["site"],
        attempt=1,
        listed=Listed(url=row["url"]),
    )
    kept = ("url", "site", "duplicate_of", "similarity", "cluster", "archive")
    record = {
        **changed.record,
        **{name: row[name] for name in kept},
        "visit": visit.token,
        "revision": row["revision"] + 1,
        # The day of the fetch may be complete, and no later commit has rows of it; the page's record has its time.
        "fetched_at": to_timestamp(now),
    }
    return Candidate(visit=visit, fetched_at=now, status=None, record=record, sketch=b""), record
