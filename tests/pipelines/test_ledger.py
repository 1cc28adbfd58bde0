import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest

from cleaners.models import Listed, Rejection
from pipelines.ledger import Validators, open_ledger
from pipelines.objects import StoreError
from pipelines.patience import Patience
from pipelines.store import open_redis
from pipelines.verify import verify
from pipelines.visits import Cleaned, Ended
from tests.pipelines.ledger_worker import SITE, finish, joined, links, page, published_rows

FEED = "https://news.example/feed"


async def draw_all(ledger, count, site=SITE):
    visits = await ledger.draw(site, count)
    assert len(visits) == count
    return visits


async def test_makes_every_link_of_a_listing_pending_once(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        first = await ledger.save_listing(SITE, FEED, Validators(etag="1"), links(3))
        again = await ledger.save_listing(SITE, FEED, Validators(etag="2"), links(4))
        assert (first.new, first.known, again.new, again.known) == (3, 0, 1, 3)
        assert (await ledger.listing_validators(SITE, FEED)).etag == "2"
        assert (await ledger.pending(SITE)).ready == 4
        assert await ledger.listing_validators(SITE, "https://news.example/other") is None


async def test_a_page_listed_with_and_without_what_names_no_page_is_pending_once(tmp_path):
    variants = [
        "https://news.example/harbour-1",
        "https://news.example/harbour-1?utm_source=feed&utm_medium=rss",
        "http://news.example/harbour-1#comments",
        "https://news.example/harbour-1/amp",
        "https://news.example/harbour-1/print",
        "https://news.example/harbour-1?fbclid=x",
    ]
    other = "https://news.example/harbour-1?page=2"
    async with joined(tmp_path) as (_, ledger):
        saved = await ledger.save_listing(SITE, FEED, None, [Listed(url=url) for url in (*variants, other)])
        assert (saved.new, saved.known) == (2, 5)
        visits = await draw_all(ledger, 2)
        assert [visit.url for visit in visits] == [variants[0], other]
        await ledger.submit(page(visits[0], canonical_url=variants[0]))
        await ledger.drain()
        again = await ledger.save_listing(SITE, FEED, None, [Listed(url=variants[1])])
        assert again.known == 1


async def test_saves_a_listing_of_more_links_than_one_script_takes(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        saved = await ledger.save_listing(SITE, FEED, None, links(2500))
        assert (saved.new, (await ledger.pending(SITE)).ready) == (2500, 2500)


async def test_gives_a_visit_what_the_listing_said(tmp_path):
    said = Listed(url="https://news.example/ä", title="Tïtle", published_at="yesterday", authors=("A", "B"))
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, [said])
        (visit,) = await ledger.draw(SITE, 5)
        assert (visit.url, visit.site, visit.attempt, visit.listed) == (said.url, SITE, 1, said)
        assert len(visit.token) == 32


async def test_ends_each_visit_in_one_row_of_its_kind(tmp_path):
    moment = datetime.now(UTC)
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(4))
        article, hub, gone, dead = await draw_all(ledger, 4)
        await ledger.submit(page(article))
        rejection = Rejection(reason="hub", evidence="31 links", url=hub.url, requested_url=hub.url)
        await ledger.submit(Cleaned(visit=hub, fetched_at=moment, status=200, result=rejection))
        await ledger.submit(
            Ended(
                visit=gone, fetched_at=moment, outcome="gone", reason="http_410", evidence="410", status=410
            )
        )
        await ledger.submit(
            Ended(visit=dead, fetched_at=moment, outcome="dead", reason="timeout", evidence="30 s")
        )
        await ledger.drain()
        assert (await ledger.pending(SITE)).waiting == 0
    rows = {row["outcome"]: row for row in published_rows(tmp_path)}
    assert set(rows) == {"article", "rejected", "gone", "dead"}
    assert (rows["article"]["visit"], rows["article"]["revision"]) == (article.token, 1)
    assert (rows["rejected"]["reason"], rows["rejected"]["evidence"]) == ("hub", "31 links")
    assert (rows["gone"]["status"], rows["gone"]["url"]) == (410, gone.url)
    assert (rows["dead"]["reason"], rows["dead"]["attempts"]) == ("timeout", 1)


async def test_names_the_url_as_claimed_after_a_redirect(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        (visit,) = await draw_all(ledger, 1)
        await ledger.submit(page(visit, canonical_url="https://www.news.example/story"))
    (row,) = published_rows(tmp_path)
    assert (row["url"], row["canonical_url"]) == (visit.url, "https://www.news.example/story")


async def test_a_settled_url_is_not_drawn_again(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(20))
        assert await finish(ledger) == 20
    async with joined(tmp_path) as (_, ledger):
        saved = await ledger.save_listing(SITE, FEED, None, links(20))
        assert (saved.known, await ledger.draw(SITE, 20)) == (20, [])


async def test_a_later_modification_makes_a_url_due_and_a_future_one_does_not(tmp_path):
    now = datetime.now(UTC)
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        (visit,) = await draw_all(ledger, 1)
        await ledger.submit(page(visit, fetched_at=now - timedelta(hours=1)))
        await ledger.drain()
        older = await ledger.save_listing(SITE, FEED, None, links(1, (now - timedelta(hours=2)).isoformat()))
        future = await ledger.save_listing(SITE, FEED, None, links(1, (now + timedelta(hours=2)).isoformat()))
        newer = await ledger.save_listing(SITE, FEED, None, links(1, now.isoformat()))
        assert (older.known, future.known, newer.due) == (1, 1, 1)


async def test_same_text_at_the_same_url_is_unchanged_and_another_a_revision(tmp_path):
    start = datetime.now(UTC) - timedelta(hours=9)
    texts = ["One.", "One.", "Two.", "One."]
    async with joined(tmp_path) as (_, ledger):
        for hour, text in enumerate(texts):
            moment = start + timedelta(hours=hour)
            await ledger.save_listing(SITE, FEED, None, links(1, moment.isoformat()))
            (visit,) = await draw_all(ledger, 1)
            await ledger.submit(page(visit, text=text, fetched_at=moment))
            await ledger.drain()
    rows = sorted(published_rows(tmp_path), key=lambda row: row["fetched_at"])
    assert [(row["outcome"], row.get("revision")) for row in rows] == [
        ("article", 1),
        ("unchanged", None),
        ("article", 2),
        ("article", 3),
    ]
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_change_listed_during_the_visit_makes_the_url_due_again(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        (visit,) = await draw_all(ledger, 1)
        fetched_at = datetime.now(UTC) - timedelta(seconds=30)
        await ledger.save_listing(
            SITE, FEED, None, links(1, (fetched_at + timedelta(seconds=10)).isoformat())
        )
        await ledger.submit(page(visit, fetched_at=fetched_at))
        await ledger.drain()
        assert (await ledger.pending(SITE)).ready == 1


@pytest.mark.parametrize("apart", [False, True], ids=["in one batch", "in two batches"])
async def test_a_second_url_of_an_article_or_a_text_is_a_duplicate(tmp_path, apart):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(3))
        original, same_url, same_text = await draw_all(ledger, 3)
        await ledger.submit(page(original, text="The story."))
        if apart:
            await ledger.drain()
        await ledger.submit(page(same_url, text="Its mobile page.", canonical_url=original.url))
        await ledger.submit(page(same_text, text="The  story."))
    rows = {row["url"]: row for row in published_rows(tmp_path)}
    original_id = rows[original.url]["id"]
    assert [
        (rows[visit.url]["outcome"], rows[visit.url]["alike"], rows[visit.url]["of"])
        for visit in (same_url, same_text)
    ] == [
        ("duplicate", "url", original_id),
        ("duplicate", "text", original_id),
    ]


async def test_a_retried_url_waits_and_counts_its_attempts(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(2))
        later, soon = await draw_all(ledger, 2)
        await ledger.retry(later, after_seconds=60)
        await ledger.retry(soon, after_seconds=0)
        left = await ledger.pending(SITE)
        assert (left.ready, left.waiting) == (1, 1)
        assert left.next_at > datetime.now(UTC).timestamp() + 30
        (again,) = await ledger.draw(SITE, 5)
        assert (again.url, again.attempt) == (soon.url, 2)
        await ledger.release(again)
        (released,) = await ledger.draw(SITE, 5)
        assert (released.url, released.attempt) == (soon.url, 2)
        assert await ledger.submit(page(again)) is None


async def test_two_workers_share_one_site_without_a_url_twice(tmp_path):
    async with joined(tmp_path) as (_, one), joined(tmp_path) as (_, other):
        await one.save_listing(SITE, FEED, None, links(200))
        visited = await asyncio.gather(finish(one, pause_seconds=0.002), finish(other, pause_seconds=0.002))
        assert sum(visited) == 200
        assert min(visited) > 20
    rows = published_rows(tmp_path)
    assert len({row["url"] for row in rows}) == len(rows) == 200
    assert (await verify(str(tmp_path))).problems == ()


async def test_one_url_listed_by_two_sites_is_visited_once(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing("one", FEED, None, links(1))
        (visit,) = await draw_all(ledger, 1, "one")
        await ledger.save_listing("other", FEED, None, links(1))
        assert await ledger.draw("other", 1) == []
        await ledger.submit(page(visit))
        await ledger.drain()
        assert await ledger.draw("other", 1) == []
        assert (await ledger.pending("other")).ready == 0


async def test_a_batch_is_published_when_its_age_is_reached(tmp_path):
    async with joined(tmp_path, batch_age_seconds=0.1) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(1))
        (visit,) = await draw_all(ledger, 1)
        await ledger.submit(page(visit))
        async with asyncio.timeout(30):
            while not published_rows(tmp_path):  # noqa: ASYNC110 - a file tells, not an event
                await asyncio.sleep(0.02)


async def test_a_batch_has_a_part_for_each_day_it_was_fetched_on(tmp_path):
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(2))
        before, after = await draw_all(ledger, 2)
        await ledger.submit(page(before, fetched_at=midnight - timedelta(seconds=1)))
        await ledger.submit(page(after, fetched_at=midnight))
    days = sorted(path.parent.name for path in tmp_path.glob("articles/*/*.gz"))
    assert days == ["date=2026-02-28", "date=2026-03-01"]
    assert (await verify(str(tmp_path))).problems == ()


async def test_an_error_of_the_caller_publishes_what_was_fetched(tmp_path):
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the error comes from within
        async with joined(tmp_path) as (_, ledger):
            await ledger.save_listing(SITE, FEED, None, links(2))
            fetched, _ = await draw_all(ledger, 2)
            await ledger.submit(page(fetched))
            raise ZeroDivisionError
    assert [row["url"] for row in published_rows(tmp_path)] == [fetched.url]
    async with joined(tmp_path) as (_, ledger):
        assert (await ledger.pending(SITE)).ready == 1


async def test_leaves_no_staging_behind(tmp_path):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(40))
        await finish(ledger)
        assert list((tmp_path / "staging").iterdir())
    assert list((tmp_path / "staging").iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    async with open_redis(None, tmp_path) as redis:
        with pytest.raises(StoreError, match=r"file.*Not a directory"):
            await open_ledger(redis=redis, data=str(tmp_path / "file" / "data"), state=tmp_path).__aenter__()


def full(*_):
    raise OSError(28, "No space left on device")


async def test_a_disk_that_is_full_for_too_long_ends_the_run_with_one_line_and_loses_nothing(
    tmp_path, monkeypatch
):
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(10))
        with monkeypatch.context() as patch, pytest.raises(StoreError, match="No space left"):  # noqa: PT012
            async with joined(tmp_path, patience=Patience(0.5)) as (_, other):
                for visit in await draw_all(other, 10):
                    await other.submit(page(visit))
                patch.setattr(os, "fsync", full)
                await other.drain()
        assert published_rows(tmp_path) == []
        assert await finish(ledger) == 10
    assert len(published_rows(tmp_path)) == 10
    assert (await verify(str(tmp_path))).problems == ()


async def test_a_full_disk_is_waited_for_and_nothing_is_claimed_meanwhile(tmp_path, monkeypatch):
    async with joined(tmp_path, batch_age_seconds=0.1) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, links(2))
        (visit,) = await draw_all(ledger, 1)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            await ledger.submit(page(visit))
            await asyncio.sleep(0.5)
            drawing = asyncio.create_task(ledger.draw(SITE, 1))
            await asyncio.sleep(0.5)
            assert (drawing.done(), published_rows(tmp_path)) == (False, [])
        (second,) = await drawing
        await ledger.submit(page(second))
    assert [row["url"] for row in published_rows(tmp_path)] == [visit.url, second.url]


async def test_what_fails_in_the_background_is_raised_by_the_next_call(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error")

    with pytest.raises(StoreError, match="Input/output error"):  # noqa: PT012 - it is the later call that must raise it
        async with joined(tmp_path, batch_age_seconds=0.1) as (_, ledger):
            await ledger.save_listing(SITE, FEED, None, links(1))
            (visit,) = await draw_all(ledger, 1)
            monkeypatch.setattr(os, "fsync", broken)
            await ledger.submit(page(visit))
            await asyncio.sleep(0.5)
            monkeypatch.undo()
            await ledger.draw(SITE, 1)
    async with joined(tmp_path) as (_, ledger):
        assert (await ledger.pending(SITE)).ready == 1


async def test_a_url_that_no_line_can_hold_is_known_by_what_can_be_written_of_it(tmp_path):
    broken = [Listed(url="https://news.example/a\ud800b\0c", title="A \udfff title")]
    async with joined(tmp_path) as (_, ledger):
        await ledger.save_listing(SITE, FEED, None, broken)
        (visit,) = await draw_all(ledger, 1)
        assert (visit.url, visit.listed.title) == ("https://news.example/abc", "A  title")
        await ledger.submit(page(visit))
        await ledger.drain()
        assert (await ledger.save_listing(SITE, FEED, None, broken)).known == 1
        assert (await ledger.pending(SITE)).waiting == 0
