"""What is taken down is gone from data, Redis and staging, and does not come back."""

import asyncio
import json
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from cleaners.models import Listed
from pipelines.compact import compact
from pipelines.ledger import Validators
from pipelines.log import Match
from pipelines.rewrite import open_rewriter
from pipelines.seen import url_digest
from pipelines.takedown import request_takedown
from pipelines.takedowns import Takedowns, hidden_url, to_match, to_subject
from pipelines.verify import verify
from tests.pipelines.ledger_worker import SITE, joined, links, page, published_rows
from tests.pipelines.published import MARKER, files_with_marker, publish, take_down

FEED = "https://news.example/feed"


async def everything(redis):
    """All values of all keys."""
    reads = {b"hash": redis.hgetall, b"string": redis.get, b"set": redis.smembers}
    found = []
    async for key in redis.scan_iter():
        kind = await redis.type(key)
        value = await reads[kind](key) if kind in reads else await redis.zrange(key, 0, -1)
        found.append(b"%r %r" % (key, value))
    return b"\n".join(found)


def by_token(rows):
    return {row["visit"]: row for row in rows}


async def test_leaves_a_tombstone_without_address_or_text(tmp_path):
    visits = await publish(tmp_path, [MARKER, "Other."])
    before = by_token(published_rows(tmp_path))[visits[0].token]
    assert len(files_with_marker(tmp_path)) == 1
    report = await take_down(tmp_path, visits[0].url)
    assert (report.articles, report.outcomes) == (1, 0)
    row = by_token(published_rows(tmp_path))[visits[0].token]
    assert (row["outcome"], row["reason"], row["of"]) == ("blocked", "takedown", before["id"])
    assert row["url"] == "sha256:" + url_digest(visits[0].url).hex()
    assert (row["fetched_at"], row["log_entry"]) == (before["fetched_at"], 3)
    assert files_with_marker(tmp_path) == []
    assert visits[0].url not in json.dumps(published_rows(tmp_path))
    proof = await verify(str(tmp_path))
    assert (proof.problems, proof.rows, proof.articles, proof.orphans) == ((), 2, 1, ())


@pytest.mark.parametrize(
    "target",
    [
        "{url}?utm_source=x",
        "{id}",
        "{text}",
        "https://news.example/*",
        "https://news.example/",
        SITE,
        "news.example",
    ],
    ids=["address", "id", "text", "prefix", "folder", "site", "host"],
)
async def test_takes_down_by(tmp_path, target):
    visits = await publish(tmp_path, [MARKER])
    (row,) = published_rows(tmp_path)
    target = target.format(url=visits[0].url, id=row["id"], text=row["content_hash"])
    assert (await take_down(tmp_path, target)).articles == 1
    assert files_with_marker(tmp_path) == []
    assert (await verify(str(tmp_path))).problems == ()


async def test_takes_down_the_copies_of_an_article_and_the_article_of_a_copy(tmp_path):
    original, copy, other = await publish(tmp_path, [MARKER, MARKER, "Other."], batches=3)
    report = await take_down(tmp_path, copy.url)
    assert (report.articles, report.outcomes) == (1, 1)
    rows = by_token(published_rows(tmp_path))
    assert [rows[visit.token]["reason"] for visit in (original, copy)] == ["takedown", "takedown"]
    assert rows[other.token]["outcome"] == "article"
    assert files_with_marker(tmp_path) == []
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_site_takes_no_article_of_another_site_with_it(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing("one", FEED, None, [Listed(url="https://one.example/1")])
        await ledger.save_listing("two", FEED, None, [Listed(url="https://two.example/1")])
        for site in ("one", "two"):
            (visit,) = await ledger.draw(site, 1)
            await ledger.submit(page(visit, text="The story."))
            await ledger.drain()
    report = await take_down(tmp_path, "two")
    rows = {row["site"]: row for row in published_rows(tmp_path)}
    assert (rows["one"]["outcome"], rows["two"]["reason"]) == ("article", "takedown")
    assert report.held_elsewhere == {rows["one"]["id"]}
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_page_that_is_taken_down_is_neither_kept_in_redis_nor_drawn_nor_published(tmp_path):
    told = Listed(url=f"https://news.example/{MARKER}", title=MARKER, authors=(MARKER,))
    later = Listed(url=f"https://news.example/people/{MARKER}", title=MARKER)
    async with joined(tmp_path) as (redis, ledger):
        await ledger.save_listing(SITE, FEED, Validators(etag="1"), [told, *links(1)])
        visits = {visit.url: visit for visit in await ledger.draw(SITE, 2)}
        assert MARKER.encode() in await everything(redis)
        await take_down(tmp_path, told.url)
        await take_down(tmp_path, "https://news.example/people/")
        await ledger._beat()
        await ledger.save_listing(SITE, FEED, None, [later])
        assert await ledger.draw(SITE, 10) == []
        assert ledger.is_taken_down(told.url, visits[told.url].site)
        await ledger.submit(page(visits.pop(told.url), text=MARKER))
        for visit in visits.values():
            await ledger.submit(page(visit))
        await ledger.drain()
        assert (await ledger.pending(SITE)).waiting == 0
        assert await ledger.hide_taken_down(at_once=True)
        assert MARKER.encode() not in await everything(redis)
    outcomes = sorted(row["outcome"] for row in published_rows(tmp_path))
    assert outcomes == ["article", "blocked", "blocked"]
    assert files_with_marker(tmp_path) == []
    assert (await verify(str(tmp_path))).problems == ()


@pytest.mark.parametrize("by", ["address", "text"])
async def test_redis_keeps_nothing_of_a_published_article_and_does_not_visit_it_again(tmp_path, by):
    told = Listed(url=f"https://news.example/{MARKER}?page=2", title=MARKER)
    async with joined(tmp_path) as (redis, ledger):
        await ledger.save_listing(SITE, FEED, None, [told])
        (visit,) = await ledger.draw(SITE, 1)
        await ledger.submit(page(visit, text=MARKER, canonical_url="https://news.example/1"))
        await ledger.drain()
        assert MARKER.encode() in await everything(redis)
        (row,) = published_rows(tmp_path)
        await take_down(tmp_path, told.url if by == "address" else row["content_hash"])
        await ledger._beat()
        assert MARKER.encode() not in await everything(redis)
        await ledger.save_listing(
            SITE, FEED, None, [replace(told, modified_at=datetime.now(UTC).isoformat())]
        )
        assert await ledger.draw(SITE, 1) == []
    assert files_with_marker(tmp_path) == []
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_copy_that_was_waiting_for_a_taken_down_original_is_not_published_in_its_place(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(2))
        first, second = await ledger.draw(SITE, 2)
        await ledger.submit(page(first, text=MARKER))
        await ledger.submit(page(second, text=MARKER))
        await take_down(tmp_path, first.url)
        await ledger.drain()
    assert [row["reason"] for row in published_rows(tmp_path)] == ["takedown", "takedown"]
    assert files_with_marker(tmp_path) == []
    assert (await verify(str(tmp_path))).problems == ()


@dataclass
class Race:
    """What came of a race."""

    pages: int
    taken_down: int
    lost: int
    double: int
    left: list[str]
    """Files that still have the marker."""
    problems: tuple[str, ...]


async def race_takedowns(data, seed, count=60):
    """Two workers crawl while every seventh page is taken down and all parts are compacted, at random moments."""
    chance = random.Random(seed)
    marked = {f"https://news.example/{number}" for number in range(0, count, 7)}

    async def crawl(ledger):
        while visits := await ledger.draw(SITE, 3):
            for visit in visits:
                await asyncio.sleep(chance.random() * 0.01)
                await ledger.submit(
                    page(visit, text=f"{MARKER} {visit.url}" if visit.url in marked else None)
                )
        await ledger.drain()

    async def request():
        await asyncio.sleep(chance.random() * 0.3)
        for url in marked:
            await take_down(data, url)

    async def squeeze():
        for _ in range(3):
            await asyncio.sleep(chance.random() * 0.1)
            async with open_rewriter(str(data)) as rewriter:
                await compact(rewriter)

    async with joined(data, batch_age_seconds=0.05, lease_seconds=0.6) as (_, one):
        async with joined(data, batch_age_seconds=0.05, lease_seconds=0.6) as (_, other):
            await one.save_listing(SITE, FEED, None, links(count))
            await asyncio.gather(crawl(one), crawl(other), request(), squeeze())
        await one.hide_taken_down(at_once=True)
    rows = published_rows(data)
    visits = {row["visit"] for row in rows}
    return Race(
        pages=count,
        taken_down=sum(row["outcome"] == "blocked" and row["reason"] == "takedown" for row in rows),
        lost=count - len(visits),
        double=len(rows) - len(visits),
        # What compaction has replaced stays for a week, unless it holds what was taken down.
        left=files_with_marker(data),
        problems=(await verify(str(data))).problems,
    )


@pytest.mark.parametrize("seed", range(4))
async def test_wins_against_commits_and_compaction_in_progress(tmp_path, seed):
    race = await race_takedowns(tmp_path, seed)
    assert race == Race(pages=60, taken_down=9, lost=0, double=0, left=[], problems=())


async def test_an_interrupted_takedown_is_carried_out_by_the_next_compaction(tmp_path):
    visits = await publish(tmp_path, [MARKER, "Other."])
    async with open_rewriter(str(tmp_path)) as rewriter:
        await request_takedown(rewriter, to_match(visits[0].url), "asked for")
    assert any("takes it down" in line for line in (await verify(str(tmp_path))).problems)
    async with open_rewriter(str(tmp_path)) as rewriter:
        await compact(rewriter)
    assert files_with_marker(tmp_path) == []
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_rewrite_that_runs_already_is_waited_for_and_followed_by_another(tmp_path):
    async with joined(tmp_path) as (redis, ledger):
        # Slow enough to be met under way.
        await redis.execute_command("CONFIG", "SET", "rdb-key-save-delay", "2000")
        for number in range(200):
            await redis.set(f"other:{number}", "x")
        await redis.bgrewriteaof()
        assert (await redis.info("persistence"))["aof_rewrite_in_progress"]
        assert await ledger.hide_taken_down(at_once=True)
        assert (await redis.info("stats"))["total_forks"] >= 2


async def test_a_lost_redis_is_told_of_what_was_taken_down(tmp_path):
    visits = await publish(tmp_path, [MARKER, "Other."])
    await take_down(tmp_path, visits[0].url)
    async with joined(tmp_path) as (redis, ledger):
        await redis.flushall()
        saved = await ledger.save_listing(SITE, FEED, None, links(2))
        assert (saved.known, saved.new) == (2, 0)


@pytest.mark.parametrize("target", ["", "two words", "https://", "ftp://news.example/a", "no/site"])
def test_refuses_what_names_nothing(target):
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        to_match(target)


def test_a_prefix_and_an_address_do_not_stand_in_the_entry_in_clear():
    for target in ("https://news.example/people/jane-doe/", "https://news.example/people/jane-doe"):
        assert "jane" not in repr(to_match(target))


@pytest.mark.parametrize(
    ("target", "url", "is_hit"),
    [
        ("https://news.example/a", "http://news.example:80/a?utm_source=x#top", True),
        ("https://news.example/a", "https://news.example/a/b", False),
        ("https://news.example/a*", "https://news.example/abc", True),
        ("https://news.example/a/", "https://news.example/abc", False),
        ("https://news.example*", "https://news.example/abc", True),
        ("news.example", "https://www.news.example/abc", True),
        ("news.example", "https://oldnews.example/abc", False),
    ],
)
def test_an_address_is_held_against_a_takedown(target, url, is_hit):
    takedowns = Takedowns()
    takedowns.add(7, to_match(target))
    assert (takedowns.find_url(url) is not None) is is_hit
    row = {"url": "https://x.example/", "final_url": url, "outcome": "gone", "site": "x"}
    assert (takedowns.find(to_subject(row)) is not None) is is_hit


def test_a_hidden_address_is_its_own_hidden_address():
    hidden = hidden_url("https://news.example/a")
    assert hidden_url(hidden) == hidden
    assert url_digest(hidden) == url_digest("https://news.example/a")


def test_the_same_takedown_again_changes_nothing():
    takedowns = Takedowns()
    for entry in (2, 5):
        takedowns.add(entry, Match(by="id", values=["0" * 32]))
    assert takedowns.version == 1
    assert takedowns.find(to_subject({"id": "0" * 32})).entry == 2
    assert takedowns.find(to_subject({"id": "1" * 32, "fetched_at": datetime.now(UTC)})) is None


async def test_what_is_nearly_the_same_as_what_is_taken_down_is_blocked(tmp_path):
    sentences = [
        f"Sentence {number} says that the bridge of {number * 7} arches was opened." for number in range(60)
    ]
    texts = [" ".join(sentences), " ".join([*sentences, "One more was added."])]
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(3))
        visits = sorted(await ledger.draw(SITE, 3), key=lambda visit: visit.url)
        await ledger.submit(page(visits[0], text=texts[0]))
        await ledger.submit(page(visits[1], text=texts[1]))
        await ledger.drain()
        before = {row["url"]: row for row in published_rows(tmp_path)}
        assert before[visits[1].url]["alike"] == "near"
        await take_down(tmp_path, visits[0].url)
        await ledger._beat()
        await ledger.submit(page(visits[2], text=texts[1]))
    assert [row["reason"] for row in published_rows(tmp_path)] == ["takedown"] * 3
    assert (await verify(str(tmp_path))).problems == ()
