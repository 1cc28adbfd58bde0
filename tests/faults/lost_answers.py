"""Rigs that lose answers: of each script in Redis, of each write to an object store; and a store that fails often."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from redis.asyncio import Redis

from pipelines.embedded import _find_binary
from pipelines.ledger import open_ledger
from pipelines.seen import _script
from pipelines.store import open_redis
from pipelines.verify import verify
from tests.faults.figures import Figures, count_rows
from tests.faults.proxy import UNAVAILABLE, Proxy, is_http_request
from tests.pipelines.ledger_worker import SITE, ending, links

SCRIPTS = (
    "save_listing", "draw", "pending", "look", "prepare", "settle", "abort", "give_back", "reclaim", "open", "workers",
)  # fmt: skip
FEED = "https://news.example/feed"


@asynccontextmanager
async def own_server(folder):
    """A server as an operator would run one; gives its socket."""
    socket = Path(tempfile.mkdtemp(prefix="faults-")) / "own.sock"
    settings = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--appendonly", "yes"]
    process = await asyncio.create_subprocess_exec(
        _find_binary(), *settings, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(20):
            while not socket.exists():  # noqa: ASYNC110 - a file tells, not an event
                await asyncio.sleep(0.02)
        yield str(socket)
    finally:
        process.kill()
        await process.wait()
        shutil.rmtree(socket.parent)


def lose_script_answers(folder, *, times):
    """Lose the answer of every other call of each script, until each has lost `times`."""
    data = Path(folder) / "scripts"
    data.mkdir()
    calls, lost = Counter(), Counter()
    pages = asyncio.run(_visit_while_answers_are_lost(data, times, calls, lost))
    found = count_rows(data, pages, "answers lost after each script")
    found.told = {"lost": sum(lost.values()), "fewest of one script": min(lost.values())}
    shutil.rmtree(data)
    return found


async def _visit_while_answers_are_lost(data, times, calls, lost):
    def judge(request):
        name = next((name for name in SCRIPTS if _script(name)[1].encode() in request), None)
        if name is None:
            return None
        calls[name] += 1
        if calls[name] % 2 == 0 or lost[name] >= times:
            return "pass"
        lost[name] += 1
        return "lose"

    pages = 0
    async with own_server(data.parent) as socket:
        proxy = Proxy(judge)
        admin = Redis(unix_socket_path=socket)
        async with (
            proxy.serve(lambda: asyncio.open_unix_connection(socket)),
            open_redis(f"redis://127.0.0.1:{proxy.port}", data) as redis,
            open_ledger(redis=redis, data=str(data), state=data, lease_seconds=60) as one,
            open_ledger(redis=redis, data=str(data), state=data, lease_seconds=60) as other,
        ):
            while min(lost[name] for name in SCRIPTS) < times:
                await _visit_round(one, other, pages)
                pages += 20
                # While both hold claims: the gate is opened, the log replayed, the claims made again.
                held = await one.draw(SITE, 2)
                await one.pending(SITE)
                await one.listing_validators(SITE, FEED)
                await admin.flushall()
                for ledger in (one, other):
                    await ledger.save_listing(SITE, FEED, None, links(pages))
                for visit in held:
                    await one.submit(ending(visit))
                await _finish(one, other)
        await admin.aclose()
    return pages


async def _visit_round(one, other, first):
    pages = links(first + 20)[first:]
    # These two have one text. In two batches the second is refused whole, and taken back.
    await one.save_listing(SITE, FEED, None, pages[15:17])
    (mine,), (others,) = await one.draw(SITE, 1), await other.draw(SITE, 1)
    await one.submit(ending(mine))
    await other.submit(ending(others))
    await one.drain()
    await other.drain()
    await one.save_listing(SITE, FEED, None, pages)
    for visit in await one.draw(SITE, 1):
        await one.retry(visit, after_seconds=0)


async def _finish(*ledgers):
    while True:
        drawn = 0
        for ledger in ledgers:
            for visit in await ledger.draw(SITE, 4):
                await ledger.submit(ending(visit))
                drawn += 1
        for ledger in ledgers:
            await ledger.drain()
        if not drawn:
            return


def write_to_failing_store(folder, bucket_url, endpoint, judge, *, batches, test, set_environment):
    """Publish batches of two parts into a bucket behind a proxy that fails as `judge` says."""
    requests, seconds = asyncio.run(
        _write_through_proxy(
            Path(folder), bucket_url, endpoint, judge, batches=batches, set_environment=set_environment
        )
    )
    set_environment(endpoint)
    proof = asyncio.run(verify(bucket_url))
    found = Figures(test=test, lost=2 * batches - proof.rows, problems=list(proof.problems))
    found.told = {
        "parts": proof.parts,
        "requests a part": round(requests.total() / proof.parts, 2),
        "failed": requests.total() - requests["pass"],
        "orphans": len(proof.orphans),
        "seconds": round(seconds, 1),
    }
    return found


async def _write_through_proxy(state, bucket_url, endpoint, judge, *, batches, set_environment):
    address = urlsplit(endpoint)
    proxy = Proxy(judge, refusal=UNAVAILABLE)
    async with proxy.serve(lambda: asyncio.open_connection(address.hostname, address.port)):
        set_environment(f"http://127.0.0.1:{proxy.port}")
        async with (
            open_redis(None, state / "redis") as redis,
            open_ledger(redis=redis, data=bucket_url, state=state, batch_age_seconds=60) as ledger,
        ):
            proxy.requests.clear()
            since = time.monotonic()
            for first in range(0, 20 * batches, 20):
                # Of these two pages one brings an article and one does not: an article part and an outcome part.
                pages = links(first + 20)
                await ledger.save_listing(SITE, FEED, None, [pages[first], pages[first + 19]])
                for visit in await ledger.draw(SITE, 2):
                    await ledger.submit(ending(visit))
                await ledger.drain()
            return Counter(proxy.requests), time.monotonic() - since


def lose_each_write(times):
    """A judge that loses the answer of every other write, so many times."""
    calls = Counter()

    def judge(data):
        if not is_http_request(data):
            return None
        if not data.startswith((b"PUT", b"POST")):
            return "pass"
        calls["write"] += 1
        if calls["write"] % 2 and calls["lost"] < times:
            calls["lost"] += 1
            return "lose"
        return "pass"

    return judge
