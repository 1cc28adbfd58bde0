"""`broadsheet bulk`: clean many files into a data folder; killed and called again, it goes on where it was."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.archive_options import read_keys
from crawler.data_folder import nearest_folder
from crawler.errors import UserError
from crawler.exits import exit_codes, stop_on_sigterm, warn
from crawler.settings import SettingError, read_environment
from pipelines.given import InputError
from pipelines.held import SealedError, open_held
from pipelines.inputs import find_inputs
from pipelines.objects import StoreError
from pipelines.pool import PoolError
from pipelines.spans.planning import check_inputs
from pipelines.spans.processes import SpanPool
from pipelines.spans.run import ForeignDataError, run_spans
from pipelines.spans.span import How
from pipelines.store import open_redis
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.archive_options import ArchiveOptions
    from crawler.settings import Environment
    from pipelines.spans.processes import Engine
    from pipelines.spans.run import RunReport

_TELL_SECONDS = 30.0


def clean_in_bulk(  # noqa: PLR0913, PLR0917 - one argument an option
    names: Sequence[str],
    data: str,
    state: Path | None,
    workers: int | None,
    ray: str | None,
    keys: str | None,
    archives: ArchiveOptions,
) -> None:
    """Run the command; ends the process where something is wrong."""
    stop_on_sigterm()
    started_at = time.monotonic()
    mistakes = (UserError, SettingError, InputError, ForeignDataError, SealedError)
    with exit_codes(mistakes=mistakes, faults=(PoolError, StoreError)):
        environment = read_environment()
        known = read_keys(keys)
        how = How(filters=archives.to_filters(), lines=known, opt_out=environment.opt_out)
        given = (*names, *archives.read_list())
        check_inputs(given)
        sources = [str(source) for source in find_inputs(given)]
        if not sources:
            raise UserError("nothing to clean: name files, folders or addresses, or --list")
        folder = find_state(data, state, environment)
        with closing(_open_engine(workers, ray)) as engine:
            report = asyncio.run(_run(sources, data, folder, environment, engine, how))
        if report.read.records and not (report.read.responses or report.rows):
            raise UserError(f"{sources[0]}: holds no response of a server, so no page" + _others(sources))
        for line in _summary(report):
            warn(line)
        seconds = time.monotonic() - started_at
        warn(
            f"{counted(report.rows, 'row')} published, in {seconds:.1f} s ({report.rows / seconds:.1f} a second)"
        )


def find_state(data: str, state: Path | None, environment: Environment) -> Path:
    """Give the folder of the embedded Redis, and of what is on its way. Raises UserError."""
    is_local = "://" not in data
    if is_local:
        nearest_folder(Path(data))
    if state is None and not is_local and environment.redis_url is None:
        raise UserError(f"--data {data}: name a --state folder, or a Redis by REDIS_URL")
    return state or (Path(data) / ".state" if is_local else Path(".state"))


async def _run(  # noqa: PLR0913, PLR0917 - what the command has found out
    sources: Sequence[str], data: str, state: Path, environment: Environment, engine: Engine, how: How
) -> RunReport:
    # Nothing is visited again, and what was fetched long ago is compared all the same.
    policy = replace(environment.policy, revisit_seconds=(), keeps_old=True)
    async with (
        open_redis(environment.redis_url, state) as redis,
        open_held(redis=redis, data=data, state=state, policy=policy) as held,
    ):
        return await run_spans(sources, held=held, engine=engine, how=how, watch=_watcher())


def _open_engine(workers: int | None, ray: str | None) -> Engine:
    if ray is None:
        return SpanPool(workers)
    from pipelines.spans.on_ray import RayEngine

    return RayEngine(ray, workers)


def _others(sources: Sequence[str]) -> str:
    return f"; nor do the {len(sources) - 1} others" if len(sources) > 1 else ""


def _watcher() -> Callable[[RunReport], None]:
    """Tells now and then how far it is."""
    started_at = time.monotonic()
    next_at = started_at + _TELL_SECONDS

    def tell(report: RunReport) -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + _TELL_SECONDS
            rate = report.rows / (time.monotonic() - started_at)
            warn(f"{counted(report.rows, 'row')} published so far ({rate:.1f} a second)")

    return tell


def _summary(report: RunReport) -> list[str]:
    """What was published and what was left out, by reason."""
    lines = []
    read = report.read
    if read.records:
        left = ", ".join(f"{reason} {count}" for reason, count in read.left_out.most_common() if count)
        lines.append(
            f"{counted(read.records, 'WARC record')}: {counted(read.pages, 'page')}"
            + (f"; left out: {left}" if left else "")
        )
    if report.again:
        lines.append(
            f"{counted(len(report.again), 'file')} left out that others hold, too: {report.again[0]}"
        )
    outcomes = [
        f"{outcome}{f' {reason}' if reason else ''} {count}"
        for (outcome, reason), count in report.outcomes.most_common()
    ]
    if outcomes:
        lines.append(", ".join(outcomes))
    return lines
