"""`broadsheet stop`: hosts and sites that all crawls leave alone at once, for a while or until further notice."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from crawler.errors import UserError
from crawler.exits import exit_codes
from crawler.joined import join
from crawler.settings import SettingError
from crawler.stop_list import StopList
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.stop_list import Stop

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(min|[smhdw])")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_MAX_SECONDS = 10 * 366 * 86_400
_TARGET = re.compile(r"[^\s/@?#]{1,255}")


def stop(target: str, for_: str | None, data: str, state: Path | None, *, remove: bool) -> None:
    """Put a host or site on the list, take it out, or, where the target is `list`, show the list."""
    with exit_codes(mistakes=(UserError, SettingError), faults=(StoreError,)):
        if not _TARGET.fullmatch(target):
            raise UserError(f"{target!r}: name a host such as news.example, or a site's id")
        seconds = None if for_ is None else read_span(for_)
        if seconds is not None and (remove or target == "list"):
            raise UserError(f"--for {for_}: says how long a target is stopped; leave it out here")
        for line in asyncio.run(_run(target, seconds, data, state, remove=remove)):
            print(line)


def read_span(text: str) -> float:
    """The seconds that a span such as `90s`, `30min`, `12h`, `2d` or `1w` means. Raises UserError."""
    found = _SPAN.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0 < seconds <= _MAX_SECONDS:
        raise UserError(f"--for {text}: must be a span such as 30min, 12h, 2d or 1w, up to ten years")
    return seconds


async def _run(
    target: str, seconds: float | None, data: str, state: Path | None, *, remove: bool
) -> list[str]:
    async with join(data, state) as (redis, ledger):
        stops = StopList(redis, ledger)
        try:
            if target == "list":
                return [_describe(entry) for entry in (await stops.read()).values()] or ["nothing is stopped"]
            if remove:
                if not await stops.remove(target):
                    raise UserError(f"{target}: is not on the stop-list; broadsheet stop list shows it")
                return [f"{target}: is crawled again"]
            return [_describe(await stops.add(target, seconds=seconds))]
        except RedisError as error:
            raise StoreError(f"Redis: {error}") from error


def _describe(entry: Stop) -> str:
    if entry.until is None:
        return f"{entry.target}: stopped until it is taken out with --remove"
    return f"{entry.target}: stopped until {datetime.fromtimestamp(entry.until, UTC):%Y-%m-%d %H:%M:%S} UTC"
