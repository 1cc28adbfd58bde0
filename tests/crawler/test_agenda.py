from __future__ import annotations

import asyncio
import time

import pytest

from crawler.agenda import Agenda
from pipelines.store import open_redis


class Worker:
    """As much of a ledger as the agenda asks for: a name, and a heartbeat that this test lets live or die."""

    def __init__(self, worker_id):
        self.worker_id = worker_id

    def key(self, kind, *parts):
        return ":".join(("bs:1:test", kind, *parts))


@pytest.fixture
async def redis(tmp_path):
    async with open_redis(None, tmp_path) as client:
        yield client


async def test_site_is_leased_to_one_living_worker(redis):
    await redis.set("bs:1:test:worker:a", "1", px=5_000)
    await redis.set("bs:1:test:worker:b", "1", px=5_000)
    a, b = Agenda(redis, Worker("a")), Agenda(redis, Worker("b"))
    assert (await a.lease(["x", "y"], 1, anytime=False)).leased == ("x",)
    answer = await b.lease(["x", "y"], 5, anytime=True)
    assert answer.leased == ("y",)
    assert 0 < answer.held["x"] <= 5


async def test_dead_workers_site_is_free_when_its_heartbeat_has_ended(redis):
    await redis.set("bs:1:test:worker:a", "1", px=150)
    a, b = Agenda(redis, Worker("a")), Agenda(redis, Worker("b"))
    await a.lease(["x"], 1, anytime=False)
    assert (await b.lease(["x"], 1, anytime=False)).leased == ()
    await asyncio.sleep(0.2)
    assert (await b.lease(["x"], 1, anytime=False)).leased == ("x",)
    assert not await a.give_back("x", due_at=0)
    assert await b.give_back("x", due_at=0)


async def test_returned_site_is_due_again_when_its_interval_has_passed(redis):
    await redis.set("bs:1:test:worker:a", "1", px=5_000)
    agenda = Agenda(redis, Worker("a"))
    await agenda.lease(["x"], 1, anytime=False)
    await agenda.give_back("x", due_at=agenda.now() + 60)
    answer = await agenda.lease(["x"], 1, anytime=False)
    assert answer.leased == ()
    assert abs(answer.not_due["x"] - time.time() - 60) < 30
    assert (await agenda.lease(["x"], 1, anytime=True)).leased == ("x",)


async def test_many_workers_at_once_lease_each_site_once(redis):
    sites = [f"site-{number}" for number in range(40)]
    agendas = []
    for number in range(8):
        await redis.set(f"bs:1:test:worker:{number}", "1", px=5_000)
        agendas.append(Agenda(redis, Worker(str(number))))
    answers = await asyncio.gather(*(agenda.lease(sites, 10, anytime=False) for agenda in agendas))
    leased = [site for answer in answers for site in answer.leased]
    assert sorted(leased) == sorted(sites)
