"""`broadsheet agenda`: which sites and listings are due when, and what their last polls brought."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from crawler.agenda import Agenda
from crawler.errors import UserError
from crawler.exits import exit_codes, printable
from crawler.joined import join
from crawler.seeds import SeedError, load_seeds
from crawler.settings import SettingError
from pipelines.objects import StoreError
from pipelines.record import to_timestamp
from pipelines.wording import counted, to_span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from crawler.agenda import Entry
    from crawler.sources import Source


def show_agenda(  # noqa: PLR0913 -- one an option
    sites: Sequence[str],
    seeds: Sequence[Path] | None,
    data: str,
    state: Path | None,
    *,
    only_due: bool,
    as_json: bool,
) -> None:
    """Print the sites, the one that is due first first; as text for people, or as one JSON object a line.

    Sites that no seed in `seeds` (files or folders) has stand last and are due never; None: all sites count as having one.
    """

    async def run() -> None:
        seeded = None if seeds is None else {seed.id for seed in load_seeds(seeds)}
        async with join(data, state) as (redis, ledger):
            agenda = Agenda(redis, ledger)
            entries = [entry async for entry in agenda.entries()]
            now = agenda.now()
        known = {entry.site for entry in entries}
        for site in sites:
            if site not in known:
                raise UserError(f"--site {site}: was never visited; {len(known)} sites are in the agenda")
        gone = set() if seeded is None else known - seeded
        entries.sort(key=lambda entry: (entry.site in gone, entry.due, entry.site))
        for entry in entries:
            is_gone = entry.site in gone
            is_due = entry.due <= now and not is_gone
            if (not sites or entry.site in sites) and (not only_due or is_due):
                if as_json:
                    said = to_object(entry, now) | {
                        "is_due": is_due,
                        "has_seed": not is_gone if seeds else None,
                    }
                    print(msgspec.json.encode(said).decode())
                else:
                    for line in describe(entry, now, is_gone=is_gone):
                        print(printable(line))

    with exit_codes(mistakes=(UserError, SeedError, SettingError), faults=(StoreError,)):
        asyncio.run(run())


def to_object(entry: Entry, now: float) -> dict[str, Any]:
    """The entry as `--json` prints it; None: it never happened, or is not so."""
    state = entry.state
    return {
        "site": entry.site,
        "due_at": _moment(entry.due),
        "is_due": entry.due <= now,
        "held_by": entry.holder,
        "first_visited_at": _moment(state.since),
        "visited_at": _moment(state.visited),
        "owed": state.owed,
        "verdict": state.verdict or None,
        "verdict_evidence": state.evidence or None,
        "put_offs": state.put_offs,
        "put_off": state.put_off or None,
        "listings": [_to_listing(source) for source in state.sources],
    }


def _to_listing(source: Source) -> dict[str, Any]:
    return {
        "kind": source.kind,
        "url": source.url,
        "due_at": _moment(source.due),
        "interval_seconds": source.interval or None,
        "polled_at": _moment(source.polled),
        "new": source.new,
        "known": source.known,
        "is_unchanged": source.is_unchanged,
        "known_share": None if source.share is None else source.share / 100,
        "is_distrusted": source.is_distrusted,
        "failures": source.failures,
        "failed_since": _moment(source.failed_since),
        "error": source.error or None,
        "is_retired": source.is_retired,
    }


def describe(entry: Entry, now: float, *, is_gone: bool = False) -> Iterator[str]:
    """The site and its listings, a line each; of one without a seed, that nothing will be asked."""
    state = entry.state
    parts = [f"{entry.site}: {'no seed has it, so it is not visited' if is_gone else _due(entry.due, now)}"]
    if state.visited:
        parts.append(f"visited {_ago(state.visited, now)}")
    if state.owed:
        parts.append(f"{counted(state.owed, 'link')} owed")
    if state.put_offs:
        why = f" ({state.put_off})" if state.put_off else ""
        parts.append(f"put off {counted(state.put_offs, 'time')} in a row{why}")
    if state.verdict:
        parts.append(state.verdict if state.verdict == "ok" else f"{state.verdict} ({state.evidence})")
    if entry.holder:
        parts.append(f"held by worker {entry.holder}")
    yield ", ".join(parts)
    for source in state.sources:
        yield f"  {source.kind} {source.url}: {', '.join(_describe_source(source, now, is_gone=is_gone))}"


def _describe_source(source: Source, now: float, *, is_gone: bool) -> Iterator[str]:
    if not is_gone:
        yield _due(source.due, now)
    if source.interval and not is_gone:
        yield f"every {to_span(source.interval)}"
    if not source.polled:
        yield "never polled"
        return
    brought = "unchanged" if source.is_unchanged else f"{source.new} new, {source.known} known"
    if source.failures:
        since = f" since {_moment(source.failed_since)}" if source.failures > 1 else ""
        retired = "retired, " if source.is_retired else ""
        yield f"{retired}failed {counted(source.failures, 'time')}{since}, last {_ago(source.polled, now)}: {source.error}"
    else:
        yield f"polled {_ago(source.polled, now)}: {brought}"
    if source.is_distrusted:
        yield "changes under the same validators"


def _moment(seconds: float) -> str | None:
    return to_timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None


def _due(at: float, now: float) -> str:
    if at > now:
        return f"due in {to_span(at - now)}"
    return f"due since {to_span(now - at)}" if at else "due"


def _ago(at: float, now: float) -> str:
    return f"{to_span(max(now - at, 0))} ago"
