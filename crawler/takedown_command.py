"""`broadsheet takedown`: something may not be published or fetched any more, and goes from where it stands."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from crawler.errors import UserError
from crawler.exits import FAULT, exit_codes, fail, warn
from crawler.seeds import read_seeds
from crawler.settings import SettingError, read_environment
from crawler.watch.book import Book
from pipelines.ledger import open_ledger
from pipelines.objects import StoreError
from pipelines.rewrite import open_rewriter
from pipelines.store import open_redis
from pipelines.takedown import carry_out, request_takedown
from pipelines.takedowns import to_match
from pipelines.wording import counted

if TYPE_CHECKING:
    from crawler.settings import Environment
    from pipelines.live import Live
    from pipelines.takedown import TakedownReport
    from pipelines.takedowns import Match


_HEX = re.compile(r"[0-9a-f]+")


def take_down(target: str, reason: str, data: str, state: Path | None) -> None:
    """Run the command; ends the process where something is wrong."""
    with exit_codes(mistakes=(UserError, SettingError), faults=(StoreError,)):
        environment = read_environment()
        try:
            match = to_match(target)
        except ValueError as error:
            raise UserError(str(error)) from error
        if not reason.strip():
            raise UserError("--reason: say why; it stands in the log")
        entry, report = asyncio.run(_take_down(data, match, reason.strip()))
        for line in _summary(match, entry, report):
            print(line)
        with TemporaryDirectory(prefix="broadsheet-") as nowhere:
            folder = _find_state(data, state, Path(nowhere), environment)
            if folder is None:
                warn("no Redis is known here; if crawls use one, set REDIS_URL or --state and say this again")
            elif not asyncio.run(_forget(data, folder, environment)):
                fail(
                    "Redis holds nothing of it any more, but its append-only file may, until that is rewritten "
                    "(BGREWRITEAOF)",
                    FAULT,
                )


async def _take_down(data: str, match: Match, reason: str) -> tuple[int, TakedownReport]:
    async with open_rewriter(data) as rewriter:
        if match.by == "site":
            live, _ = await rewriter.read_live()
            check_site(match.values[0], live)
        return await request_takedown(rewriter, match, reason), await carry_out(rewriter)


def check_site(name: str, live: Live) -> None:
    """Raise UserError where a bare word is neither a site that anybody knows nor a host: it stands in the log for good."""
    if any(mark in name for mark in ".:") or name in _known_sites(live):
        return
    if _HEX.fullmatch(name):
        raise UserError(
            f"{name}: has {len(name)} hex digits; an article's id has 32, a text's hash 64, and no site is called so"
        )
    raise UserError(
        f"{name}: no published row is of such a site, and no seed that came along is; name its host, such as news.example"
    )


def _known_sites(live: Live) -> set[str]:
    """The sites of published rows, of the seeds that came along, and those taken down before."""
    known = {site.lower() for part, _ in live.live_parts() for site in part.sites}
    known |= {name for one in live.takedowns.values() if one.match.by == "site" for name in one.match.values}
    return known | {seed.id for seed in read_seeds()[0]}


async def _forget(data: str, state: Path, environment: Environment) -> bool:
    async with (
        open_redis(environment.redis_url, state) as redis,
        open_ledger(redis=redis, data=data, state=state, lease_seconds=environment.lease_seconds) as ledger,
    ):
        await Book(redis, ledger, ledger.is_taken_down).forget_hidden()
        return await ledger.hide_taken_down(at_once=True)


def _find_state(data: str, state: Path | None, nowhere: Path, environment: Environment) -> Path | None:
    """The state folder that crawls of the data use, or one for now. None: no Redis is known."""
    local = Path(data) / ".state"
    if state is None and "://" not in data and local.is_dir():
        return local
    if state is None and environment.redis_url is not None:
        return nowhere
    return state


def _summary(match: Match, entry: int, report: TakedownReport) -> list[str]:
    rows = f"{report.articles} article rows and {report.outcomes} other rows are gone"
    lines = [f"entry {entry}: {rows}, {report.files_deleted} files deleted"]
    if report.pages:
        lines.append(f"{counted(report.pages, 'archived page')} went, too")
    if not report.articles and not report.outcomes:
        lines.append("nothing published matched; what is named will be neither fetched nor published")
        if match.by in {"url", "id"}:
            lines.append(
                "copies are known by the text of what went: at other addresses they can still come out"
            )
    lines += [
        f"article {name} stays, though what went says the same or nearly: name its id to take it down, too"
        for name in sorted(report.held_elsewhere)
    ]
    return lines
