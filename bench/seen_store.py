"""How much of Redis a remembered URL takes, and how fast URLs are looked up, in a store of many synthetic ones.

Usage: seen_store.py [--urls N]      10 million take some ten minutes and 600 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import struct
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.ledger import Ledger, open_ledger
from pipelines.seen import Mark, pack_rows, url_digest
from pipelines.store import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_AT_ONCE = 1000
_KINDS = {
    "articles at their canonical address": 0.5,
    "articles at another address": 0.1,
    "no article": 0.4,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--urls", type=int, default=10_000_000)
    asyncio.run(measure(parser.parse_args().urls))


async def measure(count: int) -> None:
    # A line that is still buffered would be printed by the server's process, too.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    print(f"{count} URLs in all; each kind by itself, a fifth of that")
    for kind in _KINDS:
        async with open_bench() as ledger:
            await _fill(ledger, count // 5, {kind: 1.0})
            size = sum(usage.bytes for usage in await ledger.memory.usage())
            print(f"  {kind:38} {size / (count // 5):5.1f} bytes a URL")
    async with open_bench() as ledger:
        began = time.perf_counter()
        await _fill(ledger, count, _KINDS)
        print(f"  filled in {time.perf_counter() - began:.0f} s")
        size = sum(usage.bytes for usage in await ledger.memory.usage())
        mixture = ", ".join(f"{share:.0%} {kind}" for kind, share in _KINDS.items())
        print(f"  {mixture}: {size / count:.1f} bytes a URL by MEMORY USAGE")
        await _look_up(ledger, count)


@asynccontextmanager
async def open_bench() -> AsyncIterator[Ledger]:
    """A ledger on an embedded server of its own."""
    with tempfile.TemporaryDirectory(prefix="broadsheet-bench-") as scratch:
        state = Path(scratch)
        async with open_redis(None, state) as redis:
            # The append-only file of ten million would only measure the disk.
            await redis.config_set("save", "3600 1000000000")
            await redis.config_set("appendonly", "no")
            data = str(state / "data")
            async with open_ledger(redis=redis, data=data, state=state, lease_seconds=600) as ledger:
                yield ledger


async def _fill(ledger: Ledger, count: int, kinds: dict[str, float]) -> None:
    moment = datetime.now(UTC)
    for start in range(0, count, _AT_ONCE):
        marks = []
        for number in range(start, min(start + _AT_ONCE, count)):
            digest, place = url_digest_of(number), (number % 100) / 100
            for kind, share in kinds.items():  # noqa: B007 - the one that the loop ends with
                if place < share:
                    break
                place -= share
            is_article = kind != "no article"
            is_own = kind != "articles at another address"
            marks.append(
                Mark(
                    digest=digest,
                    token="0" * 32,
                    site="bench",
                    outcome="article" if is_article else "duplicate",
                    fetched_at=moment,
                    revision=int(is_article),
                    id=(digest if is_own else secrets.token_bytes(16)) if is_article else bytes(16),
                    text=secrets.token_bytes(32) if is_article else bytes(32),
                    check=secrets.token_bytes(3),
                )
            )
        await ledger._gate.call("settle", "settle", "bench", "", pack_rows(marks), b"")  # noqa: SLF001


def url_digest_of(number: int) -> bytes:
    return url_digest(f"https://news{number % 1000}.example/2026/04/14/story-{number}")


async def _look_up(ledger: Ledger, count: int) -> None:
    """Ask as a listing does: the packed links of a thousand URLs in one call."""
    for name, first in (("known", 0), ("unknown, so that each becomes pending", count)):
        calls, total = 50, 0.0
        for call in range(calls):
            numbers = [first + (call * 7919 + place * 104_729) % count for place in range(_AT_ONCE)]
            said = b'{"url":"x"}'
            packed = b"".join(
                struct.pack(">16sII", url_digest_of(number), 0, len(said)) + said for number in numbers
            )
            began = time.perf_counter()
            await ledger._gate.call("save_listing", f"bench{call}", packed, "listing", "")  # noqa: SLF001
            total += time.perf_counter() - began
        print(f"  looked up in batches of {_AT_ONCE}, {name}: {total / calls / _AT_ONCE * 1e6:.1f} µs a URL")


if __name__ == "__main__":
    main()
