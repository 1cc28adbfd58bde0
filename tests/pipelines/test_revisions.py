"""Articles are visited again on a schedule, and a revision says what it changed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cleaners.models import Block, Listed
from pipelines.changes import find_changes, to_print
from pipelines.policy import Policy
from pipelines.record import to_record
from pipelines.verify import verify
from pipelines.visits import Ended
from tests.pipelines.ledger_worker import SITE, joined, links, page, published_rows
from tests.pipelines.test_near import story

FEED = "https://news.example/feed"
HOUR = 3600


def told(visit, paragraphs, *, title="A title", fetched_at=None, authors=()):
    item = page(visit, fetched_at=fetched_at)
    blocks = tuple(Block(kind="paragraph", text=text) for text in paragraphs)
    metadata = replace(item.result.metadata, title=title, authors=authors)
    return replace(item, result=replace(item.result, blocks=blocks, metadata=metadata))


async def visit_once(ledger):
    (visit,) = await ledger.draw(SITE, 5)
    return visit


def ago(hours):
    return datetime.now(UTC) - timedelta(hours=hours)


async def test_an_article_is_visited_again_after_each_step_of_the_schedule(tmp_path):
    policy = Policy(revisit_seconds=(HOUR, 6 * HOUR))
    said = Listed(url="https://news.example/0", title="As listed", authors=("A",))
    async with joined(tmp_path, policy=policy) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, [said])
        await ledger.submit(told(await visit_once(ledger), story(1), fetched_at=ago(2)))
        await ledger.drain()
        count = await ledger.pending(SITE)
        assert (count.ready, count.waiting) == (1, 0)
        again = await visit_once(ledger)
        assert (again.listed, again.attempt) == (said, 1)
        await ledger.submit(told(again, story(1), fetched_at=ago(1)))
        await ledger.drain()
        # The next is due in four hours: nothing that a pass would wait for.
        count = await ledger.pending(SITE)
        assert (count.ready, count.waiting, count.next_at) == (0, 0, None)
        assert await ledger.draw(SITE, 5) == []
    assert [row["outcome"] for row in published_rows(tmp_path)] == ["article", "unchanged"]


async def test_within_the_first_hour_nothing_is_visited_again(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(3))
        for visit in await ledger.draw(SITE, 5):
            await ledger.submit(told(visit, story(visit.url)))
        await ledger.drain()
        assert (await ledger.save_listing(SITE, FEED, None, links(3))).known == 3
        assert await ledger.draw(SITE, 5) == []


async def test_the_schedule_ends_with_its_last_step(tmp_path):
    async with joined(tmp_path, policy=Policy(revisit_seconds=(60, 120))) as (redis, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        for minutes in (10, 8):
            await ledger.submit(told(await visit_once(ledger), story(1), fetched_at=ago(minutes / 60)))
            await ledger.drain()
        assert await ledger.draw(SITE, 5) == []
        assert await redis.keys(ledger.key("again*")) == []


async def test_without_a_schedule_nothing_is_visited_again(tmp_path):
    async with joined(tmp_path, policy=Policy(revisit_seconds=())) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        await ledger.submit(told(await visit_once(ledger), story(1), fetched_at=ago(30)))
        await ledger.drain()
        assert await ledger.draw(SITE, 5) == []


async def test_a_page_that_is_gone_is_not_visited_again(tmp_path):
    async with joined(tmp_path, policy=Policy(revisit_seconds=(60, HOUR, 900 * HOUR))) as (redis, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        await ledger.submit(told(await visit_once(ledger), story(1), fetched_at=ago(3)))
        await ledger.drain()
        gone = await visit_once(ledger)
        moment = datetime.now(UTC)
        await ledger.submit(
            Ended(
                visit=gone, fetched_at=moment, outcome="gone", reason="http_404", evidence="404", status=404
            )
        )
        await ledger.drain()
        assert await redis.keys(ledger.key("again*")) == []


async def test_what_is_no_article_is_not_visited_again(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(2))
        first, copy = await ledger.draw(SITE, 5)
        await ledger.submit(told(first, story(1), fetched_at=ago(2)))
        await ledger.submit(told(copy, story(1), fetched_at=ago(2)))
        await ledger.drain()
        (again,) = await ledger.draw(SITE, 5)
        assert again.url == first.url


async def test_an_emptied_redis_learns_the_schedule_from_the_log(tmp_path):
    async with joined(tmp_path) as (redis, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        await ledger.submit(told(await visit_once(ledger), story(1), fetched_at=ago(2)))
        await ledger.drain()
        await redis.flushall()
        again = await visit_once(ledger)
        assert again.url == links(1)[0].url
        await ledger.submit(told(again, [*story(1), "A new paragraph."]))
    (_, revision) = published_rows(tmp_path)
    assert revision["changes"] == {"fields": ["text"], "chars_added": 16, "chars_removed": 0}
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_revision_says_what_it_changed(tmp_path):
    first, second = story(1), story(1)
    second[3] = "Another third paragraph."
    async with joined(tmp_path, policy=Policy(revisit_seconds=(60, HOUR, 2 * HOUR, 900 * HOUR))) as (
        _,
        ledger,
    ):
        await ledger.save_listing(SITE, FEED, None, links(1))
        for hours, item in (
            (5.0, {"paragraphs": first}),
            (4.5, {"paragraphs": second, "authors": ("A. Writer",)}),
            (3.5, {"paragraphs": second, "authors": ("A. Writer",), "title": "Corrected"}),
            (0.1, {"paragraphs": second, "authors": ("B. Writer",), "title": "Corrected"}),
        ):
            await ledger.submit(told(await visit_once(ledger), fetched_at=ago(hours), **item))
            await ledger.drain()
    rows = sorted(published_rows(tmp_path), key=lambda row: row["fetched_at"])
    assert [row["outcome"] for row in rows] == ["article", "article", "article", "unchanged"]
    assert [row["changes"] for row in rows[:3]] == [
        None,
        {"fields": ["text", "authors"], "chars_added": 24, "chars_removed": len(first[3])},
        {"fields": ["title"], "chars_added": 0, "chars_removed": 0},
    ]
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_page_that_answers_again_after_the_schedule_is_asked_by_its_listing(tmp_path):
    moment = ago(24 * 60)
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        await ledger.submit(told(await visit_once(ledger), story(1), fetched_at=moment))
        await ledger.drain()
        assert await ledger.draw(SITE, 5) == []
        await ledger.save_listing(SITE, FEED, None, links(1, ago(1).isoformat()))
        await ledger.submit(told(await visit_once(ledger), story(2)))
        await ledger.drain()
    (_, revision) = published_rows(tmp_path)
    assert (revision["revision"], revision["changes"]) == (2, None)


async def test_two_workers_visit_an_article_again_once(tmp_path):
    async with joined(tmp_path) as (_, one), joined(tmp_path) as (_, other):
        await one.save_listing(SITE, FEED, None, links(1))
        await one.submit(told(await visit_once(one), story(1), fetched_at=ago(2)))
        await one.drain()
        drawn = await asyncio.gather(one.draw(SITE, 5), other.draw(SITE, 5))
        assert sorted(len(visits) for visits in drawn) == [0, 1]


def record(paragraphs, title="A title"):
    item = told(type("Visit", (), {"url": "https://news.example/0", "site": SITE})(), paragraphs, title=title)
    return to_record(item.result)


def test_a_long_text_is_compared_by_runs_of_sentences():
    long = [". ".join(paragraph.split(" word")) + "." for paragraph in story(1, paragraphs=60, words=200)]
    changed = [*long[:30], "One more sentence.", *long[30:]]
    before = to_print(record(long), 1)
    changes = find_changes(before, record(changed))
    assert len(before) < 900
    assert changes["fields"] == ["text"]
    assert 18 <= changes["chars_added"] < sum(map(len, long)) / 4
    assert find_changes(before, record(long)) == {"fields": [], "chars_added": 0, "chars_removed": 0}


def test_a_moved_sentence_is_neither_added_nor_removed():
    one = story(1)
    assert find_changes(to_print(record(one), 1), record(one[::-1]))["chars_added"] == 0
