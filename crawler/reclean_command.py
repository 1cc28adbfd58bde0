"""`broadsheet reclean`: what today's cleaners change of archived pages, and new revisions of what they do."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.bulk_command import find_state
from crawler.errors import UserError
from crawler.exits import exit_codes, printable, stop_on_sigterm
from crawler.settings import SettingError, read_environment
from pipelines.held import open_held
from pipelines.objects import StoreError, open_objects
from pipelines.pool import CleanPool, PoolError
from pipelines.reclean import compare_archived, republish
from pipelines.store import open_redis
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.settings import Environment
    from pipelines.reclean import RecleanReport

_RULES_NAMED = 20


def clean_again(
    data: str, state: Path | None, since: str | None, workers: int | None, *, apply: bool
) -> None:
    """Run the command; ends the process where something is wrong."""
    stop_on_sigterm()
    with exit_codes(mistakes=(UserError, SettingError), faults=(PoolError, StoreError)):
        environment = read_environment()
        first = _read_day(since)
        if "://" not in data and not (Path(data) / "log").is_dir():
            raise UserError(f"--data {data}: there is no log here")
        folder = find_state(data, state, environment) if apply else None
        report = asyncio.run(_clean(data, folder, first, workers, environment))
        for line in _lines(report, first, is_applied=apply):
            print(printable(line))


async def _clean(
    data: str, state: Path | None, since: str, workers: int | None, environment: Environment
) -> RecleanReport:
    with CleanPool(workers, cleaner="pipelines.pages:clean_and_sketch") as pool:
        if state is None:
            objects = open_objects(data, Path(), worker_id="reclean")
            return await compare_archived(objects, pool, environment.opt_out, since=since)
        async with (
            open_redis(environment.redis_url, state) as redis,
            open_held(redis=redis, data=data, state=state, policy=environment.policy) as held,
        ):
            return await republish(held, pool, environment.opt_out, since=since)


def _read_day(text: str | None) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise UserError(f"--since {text}: is no day such as 2026-04-14") from None


def _lines(report: RecleanReport, since: str, *, is_applied: bool) -> Iterator[str]:
    yield f"{counted(report.pages, 'article')} cleaned again: {report.changed} changed, {report.pages - report.changed - _refused(report)} as they were"
    if not report.pages:
        when = f" fetched since {since}" if since else ""
        yield f"  the archive of this folder has no article's page{when}; archive = true in a seed keeps them"
    for reason, count in report.left.most_common():
        yield f"  {count} left as they are: {reason}"
    if report.changed:
        yield f"characters: {report.chars_added} gained, {report.chars_removed} lost, by whole sentences"
        yield "fields: " + ", ".join(f"{name} {count}" for name, count in report.fields.most_common())
    rules = sorted(
        ((rule, count) for rule, count in report.rules.items() if count),
        key=lambda entry: (-abs(entry[1]), entry[0]),
    )
    for rule, count in rules[:_RULES_NAMED]:
        yield f"  {count:+d} {rule}"
    if len(rules) > _RULES_NAMED:
        yield f"  and {len(rules) - _RULES_NAMED} more rules"
    for sample in report.samples:
        yield f"{sample.url}: {', '.join(sample.fields)}"
        yield from (f"  - {line}" for line in sample.removed)
        yield from (f"  + {line}" for line in sample.added)
    if is_applied:
        yield f"{counted(report.published, 'revision')} published"
    elif report.changed:
        yield "nothing was written; --apply publishes what is changed as new revisions"


def _refused(report: RecleanReport) -> int:
    return sum(count for reason, count in report.left.items() if reason.startswith("would"))
