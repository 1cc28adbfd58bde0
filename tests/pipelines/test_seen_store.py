"""The seen store as a whole: its size, its generations, forgetting, moving, and making it anew from the log."""

import json
import logging
from dataclasses import replace

import pytest

from pipelines.memory import ImportFileError
from pipelines.seen import url_digest
from pipelines.verify import verify
from tests.pipelines.ledger_worker import SITE, finish, joined, links, page, published_rows

FEED = "https://news.example/feed"


async def fill(ledger, count):
    await ledger.save_listing(SITE, FEED, None, links(count))
    return await finish(ledger)


async def known(ledger, count):
    return (await ledger.save_listing(SITE, FEED, None, links(count))).known


async def test_shows_what_is_known_of_a_url(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await fill(ledger, 20)
        await ledger.save_listing("elsewhere", FEED, None, links(21))
        article, gone, pending = [link.url for link in (links(21)[0], links(21)[19], links(21)[20])]
        seen = await ledger.memory.show(article)
        assert (seen.outcome, seen.revision, seen.claimed_by) == ("article", 1, None)
        ((site, moment),) = seen.due
        assert (site, (moment - seen.fetched_at).total_seconds()) == (SITE, 3600)
        assert (await ledger.memory.show(gone)).outcome == "gone"
        assert (await ledger.memory.show(pending)).due == (("elsewhere", None),)
        (visit,) = await ledger.draw("elsewhere", 1)
        assert (await ledger.memory.show(visit.url)).claimed_by == ledger.worker_id
        assert await ledger.memory.show("https://news.example/never") == replace(
            seen, outcome=None, fetched_at=None, revision=None, due=()
        )


async def test_a_forgotten_url_is_due_again_and_its_article_has_the_next_revision(tmp_path):
    url = links(1)[0].url
    async with joined(tmp_path) as (_, ledger):
        await fill(ledger, 1)
        assert await ledger.memory.forget(url)
        assert not await ledger.memory.forget(url)
        assert await fill(ledger, 1) == 1
    rows = published_rows(tmp_path)
    assert [(row["revision"], row["text"]) for row in rows] == [(1, rows[0]["text"]), (2, rows[0]["text"])]
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_forgotten_url_without_an_article_is_due_again(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await fill(ledger, 20)
        assert await ledger.memory.forget(links(20)[19].url)
        assert await known(ledger, 20) == 19


async def test_what_is_exported_and_imported_is_what_was_known(tmp_path):
    async with joined(tmp_path) as (redis, ledger):
        await fill(ledger, 40)
        lines = [line async for line in ledger.memory.export()]
        before = await snapshot(redis, ledger)
        for key in await redis.keys(ledger.key("seen", "*")) + await redis.keys(ledger.key("text", "*")):
            await redis.delete(key)
        assert await ledger.memory.import_lines(lines) == len(lines) - 1
        assert await snapshot(redis, ledger) == before
        assert await ledger.memory.import_lines(lines) == len(lines) - 1
        assert await snapshot(redis, ledger) == before


async def test_an_import_never_lowers_what_is_known(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await fill(ledger, 1)
        lines = [line async for line in ledger.memory.export()]
        await ledger.memory.forget(links(1)[0].url)
        await fill(ledger, 1)
        await ledger.memory.import_lines(lines)
        assert (await ledger.memory.show(links(1)[0].url)).revision == 2


async def snapshot(redis, ledger):
    found = {}
    for kind in ("seen", "text"):
        async for key in redis.scan_iter(match=ledger.key(kind, "*")):
            found[key] = await redis.hgetall(key)
    return found


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "is empty"),
        ([b"{}"], "line 1"),
        ([b'{"seen_of_log":"0","format":2}'], "is of the log 0"),
        ([b'{"seen_of_log":"LOG","format":1}'], "has format 1"),
        ([b'{"seen_of_log":"LOG","format":2}', b"no json"], "line 3"),
        ([b'{"seen_of_log":"LOG","format":2}', b'{"url":"00"}'], "line 3"),
        ([b'{"seen_of_log":"LOG","format":2}', b'{"url":"0011223344556677","outcome":"eaten"}'], "line 3"),
        ([b'{"seen_of_log":"LOG","format":2}', b'{"url":"0011223344556677","revision":1}'], "line 3"),
        ([b'{"seen_of_log":"LOG","format":2}', b'{"url":"0011223344556677","fetched_at":-5}'], "line 3"),
    ],
)
async def test_a_file_that_cannot_be_read_whole_is_refused_whole(tmp_path, bad, message):
    async with joined(tmp_path) as (redis, ledger):
        good = [line async for line in ledger.memory.export()]
        fine = json.dumps({"url": "11" * 8, "outcome": "gone", "fetched_at": 5}).encode()
        lines = [line.replace(b"LOG", ledger.log_id.encode()) for line in bad]
        with pytest.raises(ImportFileError, match=message):
            await ledger.memory.import_lines([*lines[:1], *[fine][: len(lines) - 1], *lines[1:]])
        assert await snapshot(redis, ledger) == {}
        assert await ledger.memory.import_lines([*good, fine]) == 1


async def test_a_rebuilt_memory_is_the_one_that_the_log_tells(tmp_path):
    async with joined(tmp_path) as (redis, ledger):
        await fill(ledger, 40)
        before = await snapshot(redis, ledger)
        key = (await redis.keys(ledger.key("seen", "*")))[0]
        await redis.delete(key)
        await redis.hset(ledger.key("seen", "1", "0000"), b"poison", b"\x01")
        epoch = ledger.epoch
        await ledger.memory.rebuild()
        assert await snapshot(redis, ledger) == before
        assert (await known(ledger, 40), ledger.epoch) == (40, epoch + 1)
        assert await fill(ledger, 41) == 1


async def test_a_rebuild_leaves_what_is_pending_and_what_is_under_way(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(3))
        (visit,) = await ledger.draw(SITE, 1)
        await ledger.memory.rebuild()
        await ledger.submit(page(visit))
        await ledger.drain()
        assert (await ledger.pending(SITE)).ready == 2
    assert [row["url"] for row in published_rows(tmp_path)] == [visit.url]


async def test_counts_what_it_holds(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await fill(ledger, 20)
        (usage,) = await ledger.memory.usage()
        assert (usage.generation, usage.urls, usage.texts) == (1, 20, 16)
        assert usage.bytes > 0


async def test_beyond_its_budget_it_forgets_the_oldest_generation_and_warns(tmp_path, caplog):
    async with joined(tmp_path) as (_, ledger):
        await fill(ledger, 20)
        budget = int((await ledger.memory.usage())[0].bytes * 1.1)
        with caplog.at_level(logging.WARNING):
            await ledger.memory.keep_within(budget)
        assert "BROADSHEET_SEEN_BYTES" in caplog.text
        assert [usage.urls for usage in await ledger.memory.usage()] == [20, 0]
        # What is still listed moves into the new one.
        await ledger.save_listing(SITE, FEED, None, links(5))
        await ledger.save_listing(SITE, FEED, None, links(40)[20:])
        await finish(ledger)
        assert [usage.urls for usage in await ledger.memory.usage()] == [15, 25]
        await ledger.memory.keep_within(budget)
        (usage,) = await ledger.memory.usage()
        assert (usage.generation, usage.urls) == (2, 25)
        assert await known(ledger, 40) == 25
        assert (await ledger.pending(SITE)).ready == 15


async def test_what_was_forgotten_is_published_again_without_a_revision_twice(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await fill(ledger, 20)
        size = (await ledger.memory.usage())[0].bytes
        await ledger.memory.keep_within(size)
        await ledger.save_listing(SITE, FEED, None, links(60)[20:])
        await finish(ledger)
        await ledger.memory.keep_within(size)
        assert await fill(ledger, 20) == 20
    revisions = [row["revision"] for row in published_rows(tmp_path) if row["url"] == links(1)[0].url]
    assert revisions == [1, 257]
    assert (await verify(str(tmp_path))).problems == ()
    async with joined(tmp_path) as (redis, ledger):
        await redis.flushall()
        assert await known(ledger, 60) == 60
        assert (await ledger.memory.show(links(1)[0].url)).revision == 257


async def test_a_url_that_another_names_as_its_article_is_no_more_than_that(tmp_path):
    """The canonical address of an article is remembered as its id, and is unvisited until somebody visits it."""
    canonical = "https://news.example/canonical"
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        (visit,) = await ledger.draw(SITE, 1)
        await ledger.submit(page(visit, canonical_url=canonical))
        await ledger.drain()
        assert url_digest(canonical) != url_digest(visit.url)
        seen = await ledger.memory.show(canonical)
        assert (seen.outcome, seen.revision) == (None, 1)
        assert (await ledger.memory.show(visit.url)).outcome == "article"
        await ledger.save_listing(SITE, FEED, None, [replace(links(1)[0], url=canonical)])
        (second,) = await ledger.draw(SITE, 1)
        await ledger.submit(page(second, text="Another text."))
    assert [row["outcome"] for row in published_rows(tmp_path)] == ["article", "duplicate"]
