"""`broadsheet status`: how each site is, and what is wrong now."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from crawler.agenda import Agenda
from crawler.errors import UserError
from crawler.exits import exit_codes, printable
from crawler.joined import join
from crawler.settings import SettingError
from crawler.watch.book import Book
from crawler.watch.status import find_statuses
from pipelines.objects import StoreError
from pipelines.wording import counted, to_span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crawler.watch.status import SiteStatus


def show_status(data: str, state: Path | None, *, as_json: bool) -> None:
    """Print all sites, those with something wrong first: as text for people, or as one JSON object."""

    async def run() -> None:
        async with join(data, state) as (redis, ledger):
            agenda, book = Agenda(redis, ledger), Book(redis, ledger, ledger.is_taken_down)
            entries = [entry async for entry in agenda.entries()]
            memories = await book.read_all([entry.site for entry in entries])
            waiting, now = await book.count_waiting(), agenda.now()
        statuses = find_statuses(entries, memories)
        if as_json:
            print(msgspec.json.encode({"messages_waiting": waiting, "sites": statuses}).decode())
            return
        for line in describe(statuses, waiting, now):
            print(printable(line))

    with exit_codes(mistakes=(UserError, SettingError), faults=(StoreError,)):
        asyncio.run(run())


def describe(statuses: Sequence[SiteStatus], waiting: int, now: float) -> Iterator[str]:
    """A few lines on all, then each site and what is wrong with it."""
    verdicts = Counter(status.verdict or "not judged yet" for status in statuses)
    said = ", ".join(f"{count} {name}" for name, count in verdicts.most_common())
    yield f"{counted(len(statuses), 'site')}{f': {said}' if said else ''}"
    alerts = sum(len(status.alerts) for status in statuses)
    wrong = sum(status.is_wrong for status in statuses)
    yield f"{counted(alerts, 'open alert')}; something is wrong at {counted(wrong, 'site')}"
    if waiting:
        yield f"{counted(waiting, 'message')} of alerts could not be sent yet"
    for status in statuses:
        yield f"{status.site}: {', '.join(_describe_site(status, now))}"
        for alert in status.alerts:
            yield f"  alert {alert.monitor} since {alert.opened_at}: {alert.evidence}"
            for sample in alert.samples:
                visit = f" (visit {sample['visit']})" if sample["visit"] else ""
                yield f"    {sample['url']}{visit}"
        for failing in status.failing:
            yield f"  {failing}"


def _describe_site(status: SiteStatus, now: float) -> Iterator[str]:
    verdict = status.verdict or "not judged yet"
    yield verdict if verdict in {"ok", "not judged yet"} else f"{verdict} ({status.verdict_evidence})"
    if status.visited_at is not None:
        yield f"visited {to_span(max(now - _seconds(status.visited_at), 0))} ago"
    if status.captured_share is not None:
        yield f"{100 * status.captured_share:.0f} % captured"
    if status.lag_seconds is not None:
        yield f"lag {to_span(status.lag_seconds)}"
    if status.owed:
        yield f"{counted(status.owed, 'link')} owed"
    if status.put_offs:
        why = f" ({status.put_off})" if status.put_off else ""
        yield f"put off {counted(status.put_offs, 'time')} in a row{why}"
    if status.held_by is not None:
        yield "being visited"


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
