"""A worker in a process of its own, to be killed, stopped and cut off: it notes each visit that it begins."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.ledger import Validators, open_ledger
from pipelines.store import open_redis
from tests.pipelines.ledger_worker import SITE, ending, links

FEED = "https://news.example/feed"
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.faults.worker"])

STATES = ("claimed", "staged", "prepared", "published", "read", "committed", "settled")
"""Where a worker can be told to stop: what it has just done."""


def start(data, count, **options):
    """Start a worker that visits `count` pages of one site and ends when none is owed."""
    worker = FORK.Process(target=run, args=(str(data), count, options), daemon=True)
    worker.start()
    return worker


def run(data, count, options):
    asyncio.run(_work(Path(data), count, **options))


async def _work(
    data,
    count,
    *,
    first=0,
    lease_seconds=0.6,
    batch_age_seconds=0.1,
    pause_seconds=0.02,
    at_once=8,
    stop_after=None,
    go=None,
    redis_url=None,
    store=None,
):
    # One thread for files, so that the n-th call of a kind is the same call each time.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    state = data / ".state"
    async with (
        open_redis(redis_url, state) as redis,
        open_ledger(
            redis=redis,
            data=store or str(data),
            state=state,
            lease_seconds=lease_seconds,
            batch_age_seconds=batch_age_seconds,
        ) as ledger,
    ):
        if stop_after:
            _stop_after(ledger, stop_after)
        await ledger.save_listing(SITE, FEED, Validators(etag="1"), links(first + count)[first:])
        notes = state / "begun" / ledger.worker_id
        notes.parent.mkdir(exist_ok=True)
        with notes.open("a", buffering=1) as begun:
            if go:
                await _wait_to_go(ledger, begun, count, Path(go))
            else:
                await _visit(
                    ledger,
                    begun,
                    links(first + count)[first:],
                    at_once=at_once,
                    pause_seconds=pause_seconds,
                    stop_after=stop_after,
                )


async def _visit(ledger, begun, pages, *, at_once, pause_seconds, stop_after):
    epoch = ledger.epoch
    while True:
        if epoch != ledger.epoch:
            # Redis was lost, and with it perhaps what was pending: the next pass lists it again.
            epoch = ledger.epoch
            await ledger.save_listing(SITE, FEED, Validators(etag="1"), pages)
        visits = await ledger.draw(SITE, at_once)
        if visits and stop_after == "claimed":
            _stop_once(ledger)
        for visit in visits:
            # How long the log was when the visit began: what it had by then must not be visited.
            begun.write(f"{time.time():.3f} {ledger._gate.log.position} {visit.token} {visit.url}\n")
            await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.5))
            await ledger.submit(ending(visit))
            if stop_after == "staged":
                _stop_once(ledger)
        if visits:
            continue
        await ledger.drain()
        left = await ledger.pending(SITE)
        if left.ready == left.waiting == 0 and epoch == ledger.epoch:
            return
        await asyncio.sleep(0.05)


async def _wait_to_go(ledger, begun, count, go):
    """Stage everything, say so, and commit once somebody has made the file `go`."""
    for visit in await ledger.draw(SITE, count):
        begun.write(f"{time.time():.3f} 0 {visit.token} {visit.url}\n")
        await ledger.submit(ending(visit))
    go.with_name("staged").write_text(str(os.getpid()))
    while not go.exists():  # noqa: ASYNC110 - a file tells, not an event
        await asyncio.sleep(0.01)
    await ledger.drain()


def _stop_once(ledger):
    if not getattr(ledger, "has_stopped", False):
        ledger.has_stopped = True
        os.kill(os.getpid(), signal.SIGSTOP)


def _stop_after(ledger, state):
    """Stop this process once, right after the step of the first batch that has an article."""
    staging, gate = ledger._staging, ledger._gate
    publish, call_in = staging.publish, gate.call_in
    objects = gate.log.objects
    create = objects.create

    async def stopping_publish(*arguments):
        await publish(*arguments)
        if state == "published":
            _stop_once(ledger)

    async def stopping_create(path, body):
        if state == "read":
            _stop_once(ledger)
        created = await create(path, body)
        if state == "committed":
            _stop_once(ledger)
        return created

    async def stopping_call(epoch, name, *arguments):
        answer = await call_in(epoch, name, *arguments)
        if (state, name) in (("prepared", "prepare"), ("settled", "settle")):
            _stop_once(ledger)
        return answer

    staging.publish, gate.call_in, objects.create = stopping_publish, stopping_call, stopping_create
