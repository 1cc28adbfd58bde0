"""What is killed, stopped, restarted, emptied or put back: nothing is lost, nothing stands twice."""

import asyncio
import multiprocessing
import os
import random
import shutil
import signal
import time
from contextlib import suppress

import pytest

from pipelines.ledger import Validators, open_ledger
from pipelines.log import Commit, GapError, decode_entry
from pipelines.store import StoreError, open_redis
from pipelines.upkeep import keep_up
from pipelines.verify import verify
from tests.pipelines.ledger_worker import (
    SITE,
    expected_articles,
    finish,
    joined,
    links,
    page,
    published_rows,
    run,
)

FEED = "https://news.example/feed"
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.pipelines.ledger_worker"])


def start_worker(data, count, *, lease_seconds=0.6, batch_age_seconds=0.1, pause_seconds=0.004):
    arguments = (str(data), count, lease_seconds, batch_age_seconds, pause_seconds)
    worker = FORK.Process(target=run, args=arguments, daemon=True)
    worker.start()
    return worker


def prove(data, count):
    """Every page has exactly one row, each text exactly one article, and the folder keeps every promise."""
    rows = published_rows(data)
    assert sorted(row["url"] for row in rows) == sorted(link.url for link in links(count))
    assert sum(row["outcome"] == "article" for row in rows) == expected_articles(count)
    proof = asyncio.run(verify(str(data)))
    assert (proof.problems, proof.foreign) == ((), ())
    return proof


def test_fifteen_kills_lose_nothing_and_double_nothing(tmp_path):
    count, killed, chance = 900, 0, random.Random(2)
    workers = [start_worker(tmp_path, count, pause_seconds=0.03) for _ in range(3)]
    while killed < 15 and any(worker.is_alive() for worker in workers):
        time.sleep(chance.uniform(0.05, 0.5))
        victim = chance.randrange(3)
        workers[victim].kill()
        workers[victim].join(60)
        killed += workers[victim].exitcode == -signal.SIGKILL
        workers[victim] = start_worker(tmp_path, count, pause_seconds=0.03)
    for worker in workers:
        worker.join(90)
    assert (killed, [worker.exitcode for worker in workers]) == (15, [0, 0, 0])
    prove(tmp_path, count)
    assert list((tmp_path / "staging").iterdir()) == []


def test_kills_right_after_a_file_has_appeared_lose_nothing_and_double_nothing(tmp_path):
    count, chance = 200, random.Random(3)

    def files():
        return len([*tmp_path.glob("articles/*/*"), *tmp_path.glob("outcomes/*/*"), *tmp_path.glob("log/*")])

    for _ in range(10):
        # A commit makes up to three: articles, outcomes, entry.
        awaited = files() + chance.randint(1, 3)
        worker = start_worker(tmp_path, count, batch_age_seconds=0.05)
        while files() < awaited and worker.exitcode is None:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.004))
        worker.kill()
        worker.join(60)
    run(tmp_path, count, 0.6, 0.1, 0)
    prove(tmp_path, count)


@pytest.mark.parametrize("seed", range(3))
def test_a_worker_stopped_beyond_its_lease_publishes_nothing_twice(tmp_path, seed):
    count, chance = 120, random.Random(seed)
    zombie = start_worker(tmp_path, count, batch_age_seconds=0.05)
    while not list(tmp_path.glob("articles/*/*")):
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 0.05))
    os.kill(zombie.pid, signal.SIGSTOP)
    try:
        run(tmp_path, count, 0.6, 0.1, 0)
        done = len(published_rows(tmp_path))
    finally:
        os.kill(zombie.pid, signal.SIGCONT)
    zombie.join(60)
    assert (done, zombie.exitcode) == (count, 0)
    prove(tmp_path, count)


class Held:
    """A ledger whose next publish waits, between prepare and commit, until it is let go."""

    def __init__(self, ledger):
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self._publish = ledger._staging.publish
        ledger._staging.publish = self._wait

    async def _wait(self, objects, parts):
        self.reached.set()
        await self.go.wait()
        await self._publish(objects, parts)


async def test_a_duplicate_waits_until_the_batch_of_its_original_is_settled(tmp_path):
    async with joined(tmp_path) as (_, one), joined(tmp_path) as (_, other):
        await one.save_listing(SITE, FEED, None, links(2))
        (first,), (second,) = await one.draw(SITE, 1), await other.draw(SITE, 1)
        held = Held(one)
        await one.submit(page(first, text="The story."))
        committing = asyncio.create_task(one.drain())
        await held.reached.wait()
        assert await other.submit(page(second, text="The story.")) is None
        draining = asyncio.create_task(other.drain())
        await asyncio.sleep(0.3)
        assert not draining.done()
        held.go.set()
        await asyncio.gather(committing, draining)
    rows = {row["url"]: row for row in published_rows(tmp_path)}
    assert rows[first.url]["outcome"] == "article"
    assert (rows[second.url]["outcome"], rows[second.url]["of"]) == ("duplicate", rows[first.url]["id"])


async def test_a_batch_prepared_by_a_dead_worker_is_aborted_and_its_duplicate_published(tmp_path):
    async with joined(tmp_path, lease_seconds=0.5) as (_, other):
        async with joined(tmp_path, lease_seconds=0.5) as (_, one):
            await one.save_listing(SITE, FEED, None, links(2))
            (first,), (second,) = await one.draw(SITE, 1), await other.draw(SITE, 1)
            held = Held(one)
            await one.submit(page(first, text="The story."))
            committing = asyncio.create_task(one.drain())
            await held.reached.wait()
            # As good as dead for the others: its heart does not beat.
            one._stop.set()
            await other.submit(page(second, text="The story."))
            await other.drain()
            held.go.set()
            await committing
            assert (await other.pending(SITE)).ready == 1
        await finish_with(other, "The story.")
    rows = {row["url"]: row for row in published_rows(tmp_path)}
    assert [rows[visit.url]["outcome"] for visit in (first, second)] == ["duplicate", "article"]
    kinds = [decode_entry(entry.read_bytes()).kind for entry in sorted(tmp_path.glob("log/*.json"))]
    assert kinds.count("abort") == 1
    proof = await verify(str(tmp_path))
    assert (proof.problems, len(proof.orphans)) == ((), 1)


async def finish_with(ledger, text):
    for visit in await ledger.draw(SITE, 10):
        await ledger.submit(page(visit, text=text))
    await ledger.drain()


async def test_of_two_workers_with_one_text_staged_the_second_to_prepare_makes_it_a_duplicate(tmp_path):
    async with joined(tmp_path) as (_, one), joined(tmp_path) as (_, other):
        await one.save_listing(SITE, FEED, None, links(3))
        (first,), (second, third) = await one.draw(SITE, 1), await other.draw(SITE, 2)
        for ledger, visit in ((one, first), (other, second), (other, third)):
            await ledger.submit(page(visit, text="The story."))
        await one.drain()
        await other.drain()
    rows = {row["url"]: row for row in published_rows(tmp_path)}
    assert [rows[visit.url]["outcome"] for visit in (first, second, third)] == [
        "article",
        "duplicate",
        "duplicate",
    ]
    assert (await verify(str(tmp_path))).problems == ()


async def kill_server(redis):
    os.kill((await redis.info("server"))["process_id"], signal.SIGKILL)


async def empty_server(redis):
    await redis.flushall()


@pytest.mark.parametrize("lose", [kill_server, empty_server])
async def test_a_run_goes_on_when_redis_is_lost_in_the_middle(tmp_path, lose):
    count = 200
    async with joined(tmp_path, batch_age_seconds=0.1) as (redis, ledger):
        await ledger.save_listing(SITE, FEED, Validators(etag="1"), links(count))
        epoch, visited = ledger.epoch, 0
        while visits := await ledger.draw(SITE, 10):
            for place, visit in enumerate(visits):
                await asyncio.sleep(0.002)
                if visited in (53, 111, 171):
                    await lose(redis)
                await ledger.submit(page(visit))
                visited += 1
                assert place < 10
        await ledger.drain()
        # What Redis alone knew of is listed again, as the listing's validators are gone with it.
        if await ledger.listing_validators(SITE, FEED) is None:
            await ledger.save_listing(SITE, FEED, Validators(etag="1"), links(count))
            visited += await finish(ledger)
        assert ledger.epoch >= epoch + 1
        assert (await ledger.save_listing(SITE, FEED, None, links(count))).known == count
    rows = published_rows(tmp_path)
    assert len({row["url"] for row in rows}) == len(rows) == count
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_redis_emptied_while_the_log_is_replayed_into_it_is_filled_again(tmp_path):
    async with joined(tmp_path) as (redis, ledger):
        await ledger.save_listing(SITE, FEED, None, links(20))
        await visit_some(ledger, 10)
        await visit_some(ledger, 10)
        replay, emptied = ledger._gate.replay_rows, []

        async def replay_and_lose(*arguments):
            await replay(*arguments)
            if not emptied:
                emptied.append(await redis.flushall())

        ledger._gate.replay_rows = replay_and_lose
        await redis.flushall()
        await ledger.save_listing(SITE, FEED, None, links(20))
        assert ((await ledger.pending(SITE)).ready, len(emptied)) == (0, 1)


async def test_a_redis_put_back_to_an_older_state_publishes_nothing_twice(tmp_path):
    count, redis_folder = 120, tmp_path / ".state" / "redis"
    async with joined(tmp_path, batch_age_seconds=0.05) as (redis, ledger):
        await ledger.save_listing(SITE, FEED, None, links(count))
        await visit_some(ledger, 30)
        await asyncio.sleep(1.5)  # the append-only file is synced every second
        shutil.copytree(redis_folder / "appendonlydir", tmp_path / "copy")
        await visit_some(ledger, 30)
        (in_flight, *_) = visits = await ledger.draw(SITE, 10)
        await kill_server(redis)
        shutil.rmtree(redis_folder / "appendonlydir")
        shutil.copytree(tmp_path / "copy", redis_folder / "appendonlydir")
        for visit in visits:
            await ledger.submit(page(visit))
        assert await finish(ledger) == count - 70
    rows = published_rows(tmp_path)
    assert len({row["url"] for row in rows}) == len(rows) == count
    assert in_flight.token in {row["visit"] for row in rows}
    assert (await verify(str(tmp_path))).problems == ()


async def visit_some(ledger, count):
    for visit in await ledger.draw(SITE, count):
        await ledger.submit(page(visit))
    await ledger.drain()


async def test_an_empty_redis_is_filled_from_the_log_alone(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(40))
        await finish(ledger)
    shutil.rmtree(tmp_path / ".state")
    async with joined(tmp_path) as (_, ledger):
        saved = await ledger.save_listing(SITE, FEED, None, links(41))
        assert (saved.known, saved.new) == (40, 1)
        (visit,) = await ledger.draw(SITE, 5)
        await ledger.submit(page(visit, text="The story of the 1."))
    assert published_rows(tmp_path)[-1]["outcome"] == "duplicate"


async def test_a_worker_on_another_redis_takes_over_and_the_first_says_so(tmp_path):
    async with open_redis(None, tmp_path / "one") as redis, open_redis(None, tmp_path / "two") as another:
        with pytest.raises(StoreError, match="another Redis"):  # noqa: PT012 - and leaving must raise it, too
            async with open_ledger(redis=redis, data=str(tmp_path), state=tmp_path) as first:
                await first.save_listing(SITE, FEED, None, links(1))
                (visit,) = await first.draw(SITE, 1)
                await first.submit(page(visit))
                async with open_ledger(redis=another, data=str(tmp_path), state=tmp_path):
                    pass
                await first.drain()
    assert published_rows(tmp_path) == []


async def test_what_a_killed_worker_has_staged_is_visited_again_and_its_torn_files_removed(tmp_path):
    worker = start_worker(tmp_path, 40, batch_age_seconds=60, pause_seconds=0.05)
    while not list(tmp_path.glob("staging/*/rows-*.jsonl")):  # noqa: ASYNC110 - a file tells, not an event
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(60)
    (torn,) = tmp_path.glob("staging/*/rows-*.jsonl")
    torn.write_bytes(torn.read_bytes() + b'{"url": "https://news.example/1", "vis')
    async with joined(tmp_path) as (_, ledger):
        assert await finish(ledger) == 40
        assert not torn.exists()
    assert len(published_rows(tmp_path)) == 40


async def test_a_commit_that_was_not_settled_is_settled_by_the_next_worker(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(5))
        for visit in await ledger.draw(SITE, 5):
            await ledger.submit(page(visit))
        settle = ledger._gate.call_in

        async def die_before_settle(epoch, name, *arguments):
            if name == "settle":
                raise asyncio.CancelledError
            return await settle(epoch, name, *arguments)

        ledger._gate.call_in = die_before_settle
        with suppress(asyncio.CancelledError):
            await ledger.drain()
        ledger._gate.call_in = settle
        ledger._batches._open = None
        async with joined(tmp_path, lease_seconds=0.3) as (_, other):
            await ledger._gate.stop_beating(ledger.worker_id)
            await other._reaper.reap()
            assert (await other.save_listing(SITE, FEED, None, links(5))).known == 5
            left = await other.pending(SITE)
            assert (left.ready, left.waiting) == (0, 0)
    assert len(published_rows(tmp_path)) == 5
    commits = [
        e
        for e in map(decode_entry, (f.read_bytes() for f in tmp_path.glob("log/*.json")))
        if isinstance(e, Commit)
    ]
    assert len(commits) == 1


async def test_upkeep_deletes_nothing_where_an_entry_has_gone_from_under_a_running_crawl(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(4))
        for visit in await ledger.draw(SITE, 4):
            await ledger.submit(page(visit))
            await ledger.drain()
        entry = tmp_path / "log" / f"{4:020}.json"
        kept = entry.read_bytes()
        entry.unlink()
        parts = sorted(tmp_path.glob("articles/*/*"))
        # An epoch that begins later than the parts were written, as after the gap was filled: all look like orphans.
        for part in parts:
            os.utime(part, (0, 0))
        with pytest.raises(GapError, match=r"0004\.json is missing, and entries above it, 5 to 6, are there"):
            await keep_up(ledger._rewriter)
        assert (sorted(tmp_path.glob("articles/*/*")), len(parts)) == (parts, 4)
        assert not entry.exists()
        entry.write_bytes(kept)
    assert len(published_rows(tmp_path)) == 4
