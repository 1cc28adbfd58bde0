"""Carries takedowns out: rows go from the parts that count, files that held them are deleted, copies are found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cleaners.models import Listed
from pipelines.archive.removing import clear_archives, clear_files
from pipelines.log import Takedown
from pipelines.outcomes import to_outcome_row
from pipelines.parts import PART_NAME, new_name
from pipelines.record import to_timestamp
from pipelines.rewrite import read_counted, read_part, stamp, to_line
from pipelines.seen import url_digest
from pipelines.takedowns import Hit, Match, hidden_url, to_subject
from pipelines.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.live import Live
    from pipelines.log import Log, Part
    from pipelines.rewrite import Rewriter
    from pipelines.takedowns import Takedowns

REASON = "takedown"
"""Of an outcome row: the page may not be published."""

# An entry is read by every worker at once; so many hashes make it 350 kB.
_MOST_VALUES = 5_000
# An address, an id and a text each name one article, wherever it is held; a site or prefix may only speak for itself.
_FOLLOWED = ("url", "id", "text")


@dataclass(slots=True, kw_only=True)
class TakedownReport:
    """What carrying out the open takedowns did."""

    entries: set[int] = field(default_factory=set)
    """Those carried out, with those of their copies."""
    articles: int = 0
    """Article rows that went; each revision is one."""
    outcomes: int = 0
    """Outcome rows that went."""
    pages: int = 0
    """Archived pages that went."""
    files_deleted: int = 0
    held_elsewhere: set[str] = field(default_factory=set)
    """Ids of articles that stay, though one of them and a row that went said the same, or nearly."""


async def request_takedown(rewriter: Rewriter, match: Match, reason: str) -> int:
    """Write the takedown's entry and give its number: from here on nothing that it names is published."""
    _, log = await rewriter.read_live()
    return await append_takedown(log, match, reason, of=None)


async def append_takedown(log: Log, match: Match, reason: str, *, of: int | None) -> int:
    """Append a takedown."""
    entry = Takedown(match=match, reason=reason, of=of, created_at=to_timestamp(datetime.now(UTC)))
    sequence = await log.append(lambda: entry)
    assert sequence is not None, "a takedown is always made"
    return sequence


async def carry_out(rewriter: Rewriter) -> TakedownReport:
    """Carry out all takedowns that are open; several may do so at once, and beside a crawl.

    Ends when no part that counts has a row that is taken down, and no other file of the store either.
    """
    report = TakedownReport()
    while True:
        live, log = await rewriter.read_live()
        due = live.open_takedowns()
        if not due:
            return report
        copies, gone_visits = _Copies(), set[str]()
        is_current = await _clear_parts(rewriter, live, log, copies, report, gone_visits)
        for match, hit in copies.unknown(log.takedowns):
            await append_takedown(log, match, live.takedowns[hit.entry].reason, of=hit.entry)
            is_current = False
        if not is_current:
            continue
        pages = await clear_archives(rewriter, live, log, gone_visits)
        if pages is None:
            continue
        report.pages += pages
        await _clear_files(rewriter, live, log.takedowns, report)
        for entry in due:
            if not await rewriter.replace(log, adds=(), removes=(), why="takedown", takedown=entry):
                break
            report.entries.add(entry)
        report.held_elsewhere = {
            name for name in report.held_elsewhere if not log.takedowns.knows("id", name)
        }


class _Copies:
    """The texts, ids and addresses of what went, under which copies are found."""

    def __init__(self) -> None:
        self._ids: dict[str, Hit] = {}
        self._texts: dict[str, Hit] = {}

    def note(self, row: dict[str, Any], hit: Hit) -> None:
        """Note what went."""
        if hit.by in _FOLLOWED:
            # The address as claimed may be another than the one that names the article: it is not fetched again.
            self._ids.setdefault(url_digest(row["url"]).hex(), hit)
        if row["outcome"] == "article":
            self._ids.setdefault(row["id"], hit)
            self._texts.setdefault(row["content_hash"], hit)
        elif row.get("of") and hit.by in _FOLLOWED:
            self._ids.setdefault(row["of"], hit)

    def unknown(self, known: Takedowns) -> Iterable[tuple[Match, Hit]]:
        """Give what is not taken down yet, as matches of a bearable size."""
        by_hit: dict[tuple[str, Hit], list[str]] = {}
        for value, hit in self._ids.items():
            if not known.knows("id", value):
                by_hit.setdefault(("id", hit), []).append(value)
        for value, hit in self._texts.items():
            if not known.knows("text", value):
                by_hit.setdefault(("text", hit), []).append(value)
        for (by, hit), values in by_hit.items():
            for start in range(0, len(values), _MOST_VALUES):
                chunk = values[start : start + _MOST_VALUES]
                yield (Match(by="id", values=chunk) if by == "id" else Match(by="text", values=chunk)), hit


async def _clear_parts(  # noqa: PLR0913, PLR0917 - what is read, and what is noted on the way
    rewriter: Rewriter,
    live: Live,
    log: Log,
    copies: _Copies,
    report: TakedownReport,
    gone_visits: set[str],
) -> bool:
    """Take the rows out of the parts that count; False: somebody else has changed those meanwhile.

    `gone_visits` gets the visits of all rows that are gone, now or before: their pages go from the archive.
    """
    for part, place in live.live_parts():
        rows = await read_counted(log, part.path)
        if rows is None:
            return False
        hits = {index: hit for index, row in enumerate(rows) if (hit := log.takedowns.find(to_subject(row)))}
        gone_visits |= {
            row["visit"] for index, row in enumerate(rows) if index in hits or to_subject(row) is None
        }
        report.held_elsewhere |= {
            row["id"]
            for index, row in enumerate(rows)
            if index not in hits and log.takedowns.knows("id", row.get("duplicate_of") or "")
        }
        if not hits:
            continue
        stamp(rows, place)
        adds = await _rewrite(rewriter, part, rows, hits)
        entry = min(hit.entry for hit in hits.values())
        if not await rewriter.replace(log, adds=adds, removes=[part.path], why="takedown", takedown=entry):
            return False
        for index, hit in hits.items():
            row = rows[index]
            copies.note(row, hit)
            report.articles += row["outcome"] == "article"
            report.outcomes += row["outcome"] != "article"
            if row["outcome"] != "article" and row.get("of") and hit.by not in _FOLLOWED:
                report.held_elsewhere.add(row["of"])
        await rewriter.objects.delete(part.path)
        report.files_deleted += 1
    return True


async def _rewrite(
    rewriter: Rewriter, part: Part, rows: list[dict[str, Any]], hits: dict[int, Hit]
) -> list[Part]:
    """Write the rows that stay, and what is left of those that go."""
    folder, name = part.path.rsplit("/", 1)[0], new_name()
    top, day = folder.split("/", 1)
    if top == "outcomes":
        mixed = [_tombstone(row, hits[i]) if i in hits else row for i, row in enumerate(rows)]
        return [await rewriter.write(f"{folder}/{name}.jsonl.gz", map(to_line, mixed))]
    kept = [row for index, row in enumerate(rows) if index not in hits]
    gone = [_tombstone(rows[index], hit) for index, hit in hits.items()]
    parts = [await rewriter.write(f"outcomes/{day}/{name}.jsonl.gz", map(to_line, gone))]
    if kept:
        parts.append(await rewriter.write(f"{folder}/{name}.jsonl.gz", map(to_line, kept)))
    return parts


def _tombstone(row: dict[str, Any], hit: Hit) -> dict[str, Any]:
    """What stays of a row: that there was a visit, and which article is gone."""
    gone = row["id"] if row["outcome"] == "article" else row.get("of")
    return {
        **blocked_row(
            Visit(
                url=row["url"],
                token=row["visit"],
                site=row["site"] or "",
                attempt=row.get("attempts") or 1,
                listed=Listed(url=row["url"]),
            ),
            fetched_at=datetime.fromisoformat(row["fetched_at"]),
            entry=hit.entry,
            of=bytes.fromhex(gone) if gone else None,
        ),
        "log_entry": row["log_entry"],
    }


def blocked_row(
    visit: Visit, *, fetched_at: datetime, entry: int | None, of: bytes | None = None
) -> dict[str, Any]:
    """The row of a visit that a takedown has ended: it names no address. `entry`: the takedown, where it is known."""
    return {
        **to_outcome_row(
            visit,
            outcome="blocked",
            fetched_at=fetched_at,
            status=None,
            reason=REASON,
            evidence=f"entry {entry} of the log" if entry else None,
            of=of,
        ),
        "url": hidden_url(visit.url),
    }


async def _clear_files(rewriter: Rewriter, live: Live, takedowns: Takedowns, report: TakedownReport) -> None:
    """Delete the files that do not count and hold a row that is taken down.

    A batch on its way that holds one can no longer be committed: its worker reads the takedown first.
    """
    gone: list[tuple[str, str]] = []
    for top in ("articles", "outcomes"):
        for path, _ in await rewriter.objects.names(top):
            name = PART_NAME.fullmatch(path)
            if path in live.parts or name is None:
                continue
            replaced = live.replaced.get(path)
            if replaced is None or replaced.reason != REASON:
                rows = await read_part(rewriter.objects, path)
                if not any(takedowns.find(to_subject(row)) for row in rows or ()):
                    continue
            gone.append((name["batch"], path))
    # Their pages first: a batch that was given up is known by its rows alone.
    batches = {batch for batch, _ in gone}
    report.files_deleted += await clear_files(rewriter, live, takedowns, batches)
    for _, path in gone:
        await rewriter.objects.delete(path)
        report.files_deleted += 1
