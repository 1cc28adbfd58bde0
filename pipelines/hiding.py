"""Takes what a takedown forbids out of Redis: what listings said of links that are owed a visit."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from cleaners.models import Listed
from pipelines.objects import StoreError
from pipelines.seen import HIDDEN, url_digest
from pipelines.takedowns import hidden_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from pipelines.recover import Gate
    from pipelines.takedowns import Takedowns

_HEAD_BYTES = struct.calcsize(">HI")
_AGAIN_HEAD_BYTES = struct.calcsize(">I")
_FIRST_BYTES = struct.calcsize(">I")
# A busy machine takes long over one, and two may have to follow each other.
_REWRITE_SECONDS = 180.0


def hide_links(links: Sequence[Listed], site: str, takedowns: Takedowns) -> Sequence[Listed]:
    """Give the links of a listing with nothing but a digest of those that are taken down."""
    if not takedowns.version:
        return links
    return [_hidden(link) if takedowns.find_url(link.url, site) else link for link in links]


async def hide_pending(gate: Gate, takedowns: Takedowns) -> int:
    """Do the same for all links that Redis holds; gives how many it held openly. They are still owed a row."""
    count = 0
    async for site, said in _all_links(gate):
        try:
            link = msgspec.json.decode(said, type=Listed)
        except msgspec.ValidationError as error:
            raise StoreError(f"Redis: a link of {site} cannot be read: {error}") from error
        if not link.url.startswith(HIDDEN) and takedowns.find_url(link.url, site):
            await gate.call("hide", site, url_digest(link.url), said, msgspec.json.encode(_hidden(link)))
            count += 1
    return count


async def rewrite_history(gate: Gate) -> bool:
    """Let the server write its append-only file anew, without what was deleted; False: it cannot be told to."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _REWRITE_SECONDS
    while loop.time() < until:
        is_begun = True
        try:
            await gate.read("BGREWRITEAOF")
        except StoreError as error:
            if "in progress" not in str(error):
                return False
            # It may have begun before something was deleted: another follows it.
            is_begun = False
        info = await gate.read("INFO", "persistence")
        while info.get("aof_rewrite_in_progress") or info.get("aof_rewrite_scheduled"):
            if loop.time() >= until:
                return False
            await asyncio.sleep(0.1)
            info = await gate.read("INFO", "persistence")
        if not info.get("aof_enabled"):
            return False
        if is_begun and info.get("aof_last_bgrewrite_status") == "ok":
            return True
        await asyncio.sleep(0.1)
    return False


def _hidden(link: Listed) -> Listed:
    return replace(link, url=hidden_url(link.url), title=None, published_at=None, authors=())


async def _all_links(gate: Gate) -> AsyncIterator[tuple[str, bytes]]:
    """Site and what a listing said of a link: of those pending or claimed, to be visited again, or just drawn."""
    for key in await gate.keys("link", "*"):
        site = key.removeprefix(gate.key("link", ""))
        async for _, value in gate.scan(key):
            yield site, value[_HEAD_BYTES:]
    for key in await gate.keys("again-link", "*"):
        site = key.removeprefix(gate.key("again-link", ""))
        async for _, value in gate.scan(key):
            yield site, value[_FIRST_BYTES:]
    for key in await gate.keys("drawn", "*"):
        worker, site = key.removeprefix(gate.key("drawn", "")).split(":", 1)
        for value in await gate.call("drawn", worker, site):
            yield site, value[_HEAD_BYTES:]
