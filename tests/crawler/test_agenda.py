from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from crawler.agenda import Agenda
from crawler.polls import Answer, Polls
from crawler.seeds import Seed
from crawler.sources import SiteState
from crawler.timing import Timing
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


def timing(**keys):
    home = "https://gazette.example/"
    return Timing.of(Seed(id="gazette", name="G", language="en", home=home, feeds=(f"{home}feed",), **keys))


async def visit(agenda, site, *, due_in, state=None):
    await agenda.lease([site], 1, anytime=True)
    await agenda.give_back(site, due_at=agenda.now() + due_in, state=state)


async def test_sites_are_surveyed_longest_overdue_first_and_the_never_visited_before_them(redis):
    await redis.set("bs:1:test:worker:a", "1", px=5_000)
    agenda = Agenda(redis, Worker("a"))
    for site, due_in in (("a", -10), ("b", -3600), ("c", 60), ("d", -60)):
        await visit(agenda, site, due_in=due_in)
    dues = await agenda.survey(dict.fromkeys(["a", "b", "c", "d", "new"], timing()))
    assert list(dues) == ["new", "b", "d", "a", "c"]
    assert dues["c"] - agenda.now() == pytest.approx(60, abs=5)


async def test_site_in_its_quiet_hours_is_not_due_until_they_end(redis):
    agenda = Agenda(redis, Worker("a"))
    now = datetime.now(UTC)
    span = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    dues = await agenda.survey({"x": timing(quiet_hours=(span,)), "y": timing()})
    assert dues["y"] == 0
    assert dues["x"] - agenda.now() == pytest.approx(2 * 3600, abs=120)


async def test_site_whose_seed_changed_is_planned_anew_unless_a_living_worker_has_it(redis):
    await redis.set("bs:1:test:worker:a", "1", px=60_000)
    agenda = Agenda(redis, Worker("a"))
    rare = timing(schedule="0 6 1 1 *")
    for site in ("x", "y"):
        await agenda.lease([site], 1, anytime=True)
        polls = Polls(rare, SiteState(), now=agenda.now(), anytime=False)
        polls.note_answer(polls.due()[0][1], polls.due()[0][1], Answer(new=1))
        polls.close()
        due = polls.next_visit(agenda.now(), put_off=False, next_link_at=None)
        await agenda.give_back(site, due_at=due, state=polls.state)
    assert (await agenda.survey({"x": rare}))["x"] == rare.next_visit(agenda.now())
    await agenda.lease(["y"], 1, anytime=True)
    often = await agenda.survey({"x": timing(), "y": timing()})
    assert often["x"] < agenda.now() + 3600
    answer = await agenda.lease(["x"], 1, anytime=False)
    assert answer.not_due["x"] == pytest.approx(often["x"], abs=1)
    await agenda.give_back("y", due_at=agenda.now() + 5)


async def test_state_outlives_the_lease_and_only_its_holder_writes_it(redis):
    await redis.set("bs:1:test:worker:a", "1", px=60_000)
    a, b = Agenda(redis, Worker("a")), Agenda(redis, Worker("b"))
    await visit(a, "x", due_in=0, state=SiteState(owed=7))
    answer = await a.lease(["x"], 1, anytime=True)
    assert answer.states["x"].owed == 7
    assert not await b.give_back("x", due_at=0, state=SiteState(owed=9))
    assert [(entry.site, entry.holder, entry.state.owed) async for entry in b.entries()] == [("x", "a", 7)]
