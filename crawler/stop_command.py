"""`broadsheet stop`: hosts and sites that all crawls leave alone at once, for a while or until further notice."""

from __future__ import annotations

import asyncio
import difflib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from crawler.addresses import to_address
from crawler.agenda import Agenda
from crawler.errors import UserError
from crawler.exits import exit_codes, warn
from crawler.joined import join
from crawler.seeds import read_seeds
from crawler.settings import SettingError
from crawler.stop_list import Stop, StopList, find_stop
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crawler.agenda import Entry
    from crawler.seeds import Seed

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(min|[smhdw])")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_MAX_SECONDS = 10 * 366 * 86_400
_TARGET = re.compile(r"[^\s/@?#]{1,255}")


def stop(  # noqa: PLR0913 -- one an option
    target: str,
    for_: str | None,
    seeds: Sequence[Path] | None,
    data: str,
    state: Path | None,
    *,
    remove: bool,
) -> None:
    """Put a host or site on the list, take it out, or, where the target is `list`, show the list.

    `seeds`: files or folders with sites that were perhaps never visited; None: the default seeds.
    """
    with exit_codes(mistakes=(UserError, SettingError), faults=(StoreError,)):
        if not _TARGET.fullmatch(target):
            raise UserError(f"{target!r}: name a host such as news.example, or a site's id")
        seconds = None if for_ is None else read_span(for_)
        if seconds is not None and (remove or target == "list"):
            raise UserError(f"--for {for_}: says how long a target is stopped; leave it out here")
        # A seed with a mistake must not keep anybody from stopping a site.
        known, _ = read_seeds(seeds)
        lines, doubt = asyncio.run(_run(target, seconds, known, data, state, remove=remove))
        for line in lines:
            print(line)
        if doubt:
            warn(doubt)


def read_span(text: str) -> float:
    """The seconds that a span such as `90s`, `30min`, `12h`, `2d` or `1w` means. Raises UserError."""
    found = _SPAN.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0 < seconds <= _MAX_SECONDS:
        raise UserError(f"--for {text}: must be a span such as 30min, 12h, 2d or 1w, up to ten years")
    return seconds


async def _run(  # noqa: PLR0913 -- one an option
    target: str, seconds: float | None, seeds: Sequence[Seed], data: str, state: Path | None, *, remove: bool
) -> tuple[list[str], str | None]:
    """The lines to print, and what is doubtful of it; None: nothing is."""
    async with join(data, state) as (redis, ledger):
        stops = StopList(redis, ledger)
        try:
            if target == "list":
                return [_describe(entry) for entry in (await stops.read()).values()] or [
                    "nothing is stopped"
                ], None
            if remove:
                if not await stops.remove(target):
                    raise UserError(f"{target}: is not on the stop-list; broadsheet stop list shows it")
                return [f"{target}: is crawled again"], None
            doubt = _check_known(target, seeds, [entry async for entry in Agenda(redis, ledger).entries()])
            return [_describe(await stops.add(target, seconds=seconds))], doubt
        except RedisError as error:
            raise StoreError(f"Redis: {error}") from error


def _check_known(target: str, seeds: Sequence[Seed], entries: Sequence[Entry]) -> str | None:
    """What is doubtful of a target; None: a site or host of this name is known. Raises UserError for what is neither."""
    name = target.lower()
    sites = {seed.id for seed in seeds} | {entry.site for entry in entries}
    if name in sites:
        return None
    urls = [url for seed in seeds for url in (seed.home, *seed.feeds, *seed.sitemaps, *seed.sections)]
    urls += [source.url for entry in entries for source in entry.state.sources]
    hosts = {urlsplit(url).netloc.lower() for url in urls}
    if any(find_stop({name: Stop(target=name, until=None)}, "", host) for host in hosts):
        return None
    host = name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() else name
    if "." in host.strip(".") or host == "localhost" or to_address(host) is not None:
        return f"{target}: no seed and no site of the agenda has this host; it is stopped all the same"
    near = difflib.get_close_matches(name, sorted(sites | hosts), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "--seeds names seeds that were never visited"
    raise UserError(f"{target}: is neither a host nor the id of a known site; {hint}")


def _describe(entry: Stop) -> str:
    if entry.until is None:
        return f"{entry.target}: stopped until it is taken out with --remove"
    return f"{entry.target}: stopped until {datetime.fromtimestamp(entry.until, UTC):%Y-%m-%d %H:%M:%S} UTC"
