"""Compaction, checkpoints, seals and orphans: what moves is all there, and nothing else is deleted."""

import asyncio
import gzip
import json
import os
import random
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.compact import compact
from pipelines.ledger import open_ledger
from pipelines.live import checkpoint_path, read_live
from pipelines.log import Seal
from pipelines.objects import LocalObjects, StoreError
from pipelines.rewrite import open_rewriter
from pipelines.store import open_redis
from pipelines.takedown import carry_out, request_takedown
from pipelines.takedowns import to_match
from pipelines.upkeep import KEEP_REPLACED_SECONDS, keep_up
from pipelines.verify import verify
from tests.pipelines.ledger_worker import SITE, finish, joined, links, page, published_rows

FEED = "https://news.example/feed"


@pytest.fixture
def small_checkpoints(monkeypatch):
    monkeypatch.setattr("pipelines.live.CHECKPOINT_ENTRIES", 5)


async def squeeze(data):
    async with open_rewriter(str(data)) as rewriter:
        return await compact(rewriter)


async def upkeep(data):
    async with open_rewriter(str(data)) as rewriter:
        return await keep_up(rewriter, patience_seconds=0)


async def publish(data, count, fetched_at=None):
    """Publish pages one by one, each in a batch of its own."""
    async with joined(data) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(count))
        for visit in await ledger.draw(SITE, count):
            await ledger.submit(page(visit, fetched_at=fetched_at))
            await ledger.drain()


def parts(data):
    return sorted(path.relative_to(data).as_posix() for path in data.glob("articles/*/*.gz"))


async def test_makes_one_part_of_many_with_the_same_rows_and_their_first_entries(tmp_path):
    await publish(tmp_path, 4)
    before = published_rows(tmp_path)
    report = await squeeze(tmp_path)
    assert (report.moved, report.made, report.rows) == (4, 1, 4)
    after = published_rows(tmp_path)
    assert [row["log_entry"] for row in after] == [3, 4, 5, 6]
    assert [row | {"log_entry": None} for row in after] == before
    proof = await verify(str(tmp_path))
    assert (proof.problems, proof.parts, len(proof.orphans)) == ((), 1, 4)
    assert (await squeeze(tmp_path)).moved == 0


async def test_a_row_that_is_moved_again_keeps_its_first_entry(tmp_path):
    await publish(tmp_path, 2)
    await squeeze(tmp_path)
    await publish(tmp_path, 4)
    await squeeze(tmp_path)
    entries = {row["url"]: row["log_entry"] for row in published_rows(tmp_path)}
    assert sorted(entries.values())[:2] == [3, 4]
    assert len(set(entries.values())) == 4
    assert (await verify(str(tmp_path))).problems == ()


@pytest.mark.parametrize("seed", range(2))
async def test_runs_beside_crawls_and_itself(tmp_path, seed):
    chance, count, done = random.Random(seed), 150, asyncio.Event()

    async def squeeze_on():
        while not done.is_set():
            await squeeze(tmp_path)
            await asyncio.sleep(chance.random() * 0.05)

    async with joined(tmp_path, batch_age_seconds=0.05) as (_, one), joined(tmp_path) as (_, other):
        await one.save_listing(SITE, FEED, None, links(count))
        beside = [asyncio.create_task(squeeze_on()) for _ in range(2)]
        visited = await asyncio.gather(finish(one, pause_seconds=0.004), finish(other, pause_seconds=0.004))
        done.set()
        await asyncio.gather(*beside)
    rows = published_rows(tmp_path)
    assert len({row["visit"] for row in rows}) == len(rows) == sum(visited) == count
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_lost_redis_learns_from_moved_rows_what_is_known(tmp_path):
    await publish(tmp_path, 5)
    await squeeze(tmp_path)
    counted = {part.path for part in await live_parts(tmp_path)}
    for path in set(parts(tmp_path)) - counted:
        (tmp_path / path).unlink()
    async with joined(tmp_path) as (redis, ledger):
        await redis.flushall()
        await ledger.save_listing(SITE, FEED, None, links(6))
        assert await finish(ledger) == 1
    assert (await verify(str(tmp_path))).problems == ()


async def live_parts(data):
    live = await read_live(LocalObjects(data, "reader"))
    return [part for part, _ in live.live_parts()]


async def test_a_batch_whose_rows_moved_before_it_was_settled_is_settled_from_there(tmp_path):
    async with (
        joined(tmp_path, lease_seconds=0.5) as (_, other),
        joined(tmp_path, lease_seconds=0.5) as (_, one),
    ):
        await one.save_listing(SITE, FEED, None, links(3))
        for visit in await one.draw(SITE, 2):
            await one.submit(page(visit))
        await die_before_settling(one)
        async with open_rewriter(str(tmp_path)) as rewriter:
            await request_takedown(rewriter, to_match("https://news.example/0"), "asked for")
            await carry_out(rewriter)
        while (await other.pending(SITE)).waiting:
            await asyncio.sleep(0.1)
            await other._reaper.reap()
        assert (await other.pending(SITE)).ready == 1
        assert await finish(other) == 1
    assert [row["outcome"] for row in published_rows(tmp_path)].count("article") == 2
    assert (await verify(str(tmp_path))).problems == ()


async def die_before_settling(ledger):
    """Commit, and be as good as dead from there on: nothing is settled, and no heart beats."""
    call = ledger._gate.call_in

    async def call_unless_settle(epoch, name, *arguments):
        if name == "settle":
            raise asyncio.CancelledError
        return await call(epoch, name, *arguments)

    ledger._gate.call_in = call_unless_settle
    with pytest.raises(asyncio.CancelledError):
        await ledger._batches.commit()
    ledger._gate.call_in = call
    ledger._stop.set()
    ledger._held.clear()


async def test_a_checkpoint_says_what_the_entries_say_and_is_not_needed(tmp_path, small_checkpoints):
    await publish(tmp_path, 8)
    objects = LocalObjects(tmp_path, "reader")
    plain = await read_live(objects)
    await upkeep(tmp_path)
    assert (tmp_path / checkpoint_path(10)).exists()
    assert await read_live(objects) == plain
    assert (await read_live(objects, until=7)).sequence == 7
    assert (await verify(str(tmp_path))).problems == ()
    # It is used: the entries before it are not asked for.
    (tmp_path / "log" / f"{4:020}.json").rename(tmp_path / "hidden")
    assert await read_live(objects) == plain
    (tmp_path / "hidden").rename(tmp_path / "log" / f"{4:020}.json")
    (tmp_path / checkpoint_path(10)).write_bytes(b"torn")
    assert await read_live(objects) == plain
    assert any("checkpoint" in line for line in (await verify(str(tmp_path))).problems)


async def test_verify_finds_a_checkpoint_that_says_something_else(tmp_path, small_checkpoints):
    await publish(tmp_path, 4)
    await upkeep(tmp_path)
    path = tmp_path / checkpoint_path(5)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b'"epoch":1', b'"epoch":2')))
    assert any("something else" in line for line in (await verify(str(tmp_path))).problems)


async def seal(data, moment):
    async with open_rewriter(str(data)) as rewriter:
        _, log = await rewriter.read_live()
        entry = Seal(date=moment.date().isoformat(), created_at=moment.isoformat())
        await log.append(lambda: entry)


async def test_a_day_is_sealed_hours_after_its_end_and_marked_beside_its_parts(tmp_path):
    await publish(tmp_path, 2, fetched_at=datetime.now(UTC) - timedelta(days=2))
    await publish(tmp_path, 3)
    assert (await upkeep(tmp_path)).sealed == 1
    assert (await upkeep(tmp_path)).sealed == 0
    day = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    (mark,) = tmp_path.glob("articles/*/_SUCCESS")
    assert (mark.parent.name, json.loads(mark.read_bytes())["date"]) == (f"date={day}", day)
    proof = await verify(str(tmp_path))
    assert (proof.problems, proof.foreign) == ((), ())


async def test_a_row_of_a_sealed_day_is_given_back_and_its_page_visited_again(tmp_path):
    old = datetime.now(UTC) - timedelta(days=2)
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(2))
        late, other = await ledger.draw(SITE, 2)
        await ledger.submit(page(late, text="The story.", fetched_at=old))
        await ledger.submit(page(other, text="The story."))
        await seal(tmp_path, old)
        await ledger.drain()
        (again,) = await ledger.draw(SITE, 2)
        assert again.url == late.url
        await ledger.submit(page(again, text="The story."))
    outcomes = {row["url"]: row["outcome"] for row in published_rows(tmp_path)}
    assert outcomes == {other.url: "article", late.url: "duplicate"}
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_clock_that_is_a_day_behind_is_named(tmp_path):
    moment = datetime.now(UTC)

    async def publish_late():
        async with joined(tmp_path) as (_, ledger):
            await ledger.save_listing(SITE, FEED, None, links(1))
            (visit,) = await ledger.draw(SITE, 1)
            await seal(tmp_path, moment)
            await ledger.submit(page(visit, fetched_at=moment))
            await ledger.drain()

    with pytest.raises(StoreError, match="set the clock"):
        await publish_late()


async def test_only_what_can_never_count_again_is_deleted(tmp_path):
    await publish(tmp_path, 4)
    replaced = parts(tmp_path)
    await squeeze(tmp_path)
    (live,) = set(parts(tmp_path)) - set(replaced)
    folder = (tmp_path / live).parent
    epoch_at = (tmp_path / "log" / f"{2:020}.json").stat().st_mtime
    dead, on_its_way = (folder / f"{number:012x}-{number:016x}.jsonl.gz" for number in (1, 2))
    for path, written_at in ((dead, epoch_at - 1), (on_its_way, epoch_at + 1)):
        path.write_bytes(b"rows")
        os.utime(path, (written_at, written_at))
    foreign = folder / "notes.txt"
    foreign.write_text("mine")
    os.utime(foreign, (1, 1))
    assert (await upkeep(tmp_path)).files_deleted == 1
    assert not dead.exists()
    assert on_its_way.exists()
    assert set(replaced) < set(parts(tmp_path))
    # A week later.
    entry = max(tmp_path.glob("log/[0-9]*.json"))
    said = json.loads(entry.read_bytes())
    week_ago = datetime.now(UTC) - timedelta(seconds=KEEP_REPLACED_SECONDS + 60)
    entry.write_text(json.dumps(said | {"created_at": week_ago.isoformat()}))
    assert (await upkeep(tmp_path)).files_deleted == 4
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [on_its_way.name, foreign.name, live.rsplit("/", 1)[1]]
    )


async def test_a_part_of_a_rewriter_from_before_an_epoch_does_not_count_after_it(tmp_path):
    await publish(tmp_path, 2)
    async with open_rewriter(str(tmp_path)) as rewriter:
        live, log = await rewriter.read_live()
        paths = [part.path for part, _ in live.live_parts()]
        async with joined(tmp_path) as (redis, ledger):
            await redis.flushall()
            await ledger.pending(SITE)
        assert not await rewriter.replace(log, adds=[], removes=paths, why="compaction")


@pytest.fixture
def read_only(tmp_path):
    """A data folder on a disk that takes no writes."""
    data, view = tmp_path / "data", tmp_path / "view"
    asyncio.run(publish(data, 2))
    view.mkdir()
    try:
        subprocess.run(["mount", "--bind", data, view], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", view], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        subprocess.run(["umount", view], check=False, capture_output=True)
        pytest.skip("only root can mount a disk read-only")
    yield view
    subprocess.run(["umount", view], check=True)


def test_a_read_only_folder_can_be_read_and_is_refused_in_one_line_by_who_writes(read_only, tmp_path):
    assert asyncio.run(verify(str(read_only))).problems == ()
    before = len(list(read_only.rglob("*")))

    async def crawl():
        async with (
            open_redis(None, tmp_path / "state") as redis,
            open_ledger(redis=redis, data=str(read_only), state=tmp_path / "state"),
        ):
            raise AssertionError("opened")

    for write in (squeeze(read_only), crawl()):
        with pytest.raises(StoreError, match=rf"^{read_only}[^\n]*: Read-only file system$"):
            asyncio.run(write)
    assert len(list(read_only.rglob("*"))) == before
