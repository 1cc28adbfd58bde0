"""Turns of a site and a host, between workers that live, die, and only seem to."""

from __future__ import annotations

import asyncio
import time

import pytest

from crawler import turns
from crawler.turns import Turns
from pipelines.store import open_redis


class Worker:
    """As much of a ledger as turns ask for: a name, and a heartbeat that this test lets live or die."""

    def __init__(self, worker_id):
        self.worker_id = worker_id

    def key(self, kind, *parts):
        return ":".join(("bs:1:test", kind, *parts))


@pytest.fixture
async def redis(tmp_path):
    async with open_redis(None, tmp_path) as client:
        yield client


async def take(worker, site, delay=0.1):
    """Give the seconds that the turn took to come."""
    since = time.monotonic()
    while wait := await worker.take("1", site, "shared.example", delay_seconds=delay):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(wait)
    return time.monotonic() - since


async def test_request_is_alone_at_its_host_though_its_workers_heartbeat_has_ended(redis, monkeypatch):
    monkeypatch.setattr(turns, "SURE_SECONDS", 0.6)
    late, other = Turns(redis, Worker("late")), Turns(redis, Worker("other"))
    await take(late, "x")
    # Its machine stood still; it lives, and its request goes out now.
    assert await other.take("1", "y", "shared.example", delay_seconds=0.1) > 0
    await asyncio.sleep(0.2)
    assert await other.take("1", "y", "shared.example", delay_seconds=0.1) > 0
    await late.end("1", "x", "shared.example", sent_seconds_ago=0.0)
    assert 0.05 < await take(other, "y") < 0.5


async def test_dead_workers_request_holds_up_its_host_for_seconds_only(redis, monkeypatch):
    monkeypatch.setattr(turns, "SURE_SECONDS", 0.4)
    dead, other = Turns(redis, Worker("dead")), Turns(redis, Worker("other"))
    await take(dead, "x")
    assert 0.3 < await take(other, "y") < 2


async def test_living_workers_request_is_alone_at_its_host_for_as_long_as_it_takes(redis, monkeypatch):
    monkeypatch.setattr(turns, "SURE_SECONDS", 0.1)
    await redis.set("bs:1:test:worker:slow", "1", px=60_000)
    slow, other = Turns(redis, Worker("slow")), Turns(redis, Worker("other"))
    await take(slow, "x")
    await asyncio.sleep(0.3)
    assert await other.take("1", "y", "shared.example", delay_seconds=0.1) > 0
    await slow.end("1", "x", "shared.example", sent_seconds_ago=0.3)
    assert await take(other, "y") < 0.3
