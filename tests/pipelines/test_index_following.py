"""An index follows the log, whatever happens to either of them."""

import asyncio
import gc
import gzip
import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import date

import pytest

from pipelines.index.figures import overview
from pipelines.index.reading import Index
from pipelines.index.search import ArticleQuery, search
from pipelines.index.tables import IndexBusyError, IndexFileError, IndexNotReadyError
from pipelines.log import Commit, Seal
from pipelines.rewrite import open_rewriter
from tests.pipelines.index_rows import (
    NOON,
    Folder,
    article,
    content,
    crawl,
    follow,
    found,
    index_of,
    is_same_as_made_anew,
    opened,
    outcome,
)
from tests.pipelines.ledger_worker import published_rows


async def test_an_index_that_followed_says_the_same_as_one_that_is_made_anew(tmp_path):
    data = tmp_path / "data"
    for step, changes in enumerate(
        ({}, {"compacts": True}, {"takes_down": "https://news.example/3"}, {"compacts": True})
    ):
        await crawl(data, 40 + 20 * step, **changes)
        await asyncio.to_thread(follow, data)
    async with open_rewriter(str(data)) as rewriter:
        _, log = await rewriter.read_live()
        await log.append(lambda: Seal(date="2020-01-01", created_at=NOON.isoformat()))
    await asyncio.to_thread(follow, data)
    assert await asyncio.to_thread(is_same_as_made_anew, data, tmp_path)
    index = Index(data / ".state")
    rows = published_rows(data)
    total = overview(index)
    assert total.figures.visits == len(rows)
    assert total.figures.texts == sum(row["outcome"] == "article" for row in rows)
    assert (total.last_sealed, total.takedowns >= 1, total.unreadable) == (date(2020, 1, 1), True, ())


async def test_a_log_that_ran_far_ahead_is_compared_not_replayed(tmp_path, monkeypatch):
    data = tmp_path / "data"
    await crawl(data, 40)
    await asyncio.to_thread(follow, data)
    monkeypatch.setattr("pipelines.index.follow._MOST_ENTRIES", 1)
    await crawl(data, 80, compacts=True, takes_down="https://news.example/3")
    await asyncio.to_thread(follow, data)
    assert await asyncio.to_thread(is_same_as_made_anew, data, tmp_path)


async def test_parts_that_were_replaced_and_deleted_before_they_were_read_are_not_missed(tmp_path):
    data = tmp_path / "data"
    await crawl(data, 20)
    await asyncio.to_thread(follow, data)
    await crawl(data, 40)
    rows = await crawl(data, 60, compacts=True)
    live = {
        path
        for entry in sorted((data / "log").glob("[0-9]*.json"))
        for path in (part["path"] for part in json.loads(entry.read_bytes()).get("adds", ()))
    }
    gone = {
        path
        for entry in (data / "log").glob("[0-9]*.json")
        for path in json.loads(entry.read_bytes()).get("removes", ())
    }
    assert gone < live
    for path in gone:
        (data / path).unlink()
    report = await asyncio.to_thread(follow, data)
    assert report.unreadable == {}
    assert overview(Index(data / ".state")).figures.visits == len(rows)
    assert await asyncio.to_thread(is_same_as_made_anew, data, tmp_path)


def test_a_writer_that_is_killed_again_and_again_ends_where_any_other_does(tmp_path):
    data = tmp_path / "data"
    folder = Folder(data)
    for batch in range(40):
        numbers = range(batch * 100, batch * 100 + 100)
        folder.publish(
            *(
                article(n * 900, text=f"Text {n}. ") if n % 3 else outcome(n * 900, "dead", "tls")
                for n in numbers
            )
        )
    chance = random.Random(4)
    state = data / ".state"
    known = 0
    for _ in range(5):
        command = [sys.executable, "-m", "tests.pipelines.index_rows", str(data), str(state)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as work:
            while count_parts(state) <= known:
                time.sleep(0.01)
            time.sleep(chance.random() * 0.1)
            work.kill()
        before, known = known, count_parts(state)
        assert before < known
        index = Index(state)
        with index.read() as db:
            (rows,) = db.execute(
                "SELECT (SELECT count(*) FROM articles) + (SELECT count(*) FROM outcomes)"
            ).fetchone()
        assert overview(index).figures.visits == rows
        index.close()
    follow(data)
    assert is_same_as_made_anew(data, tmp_path)


def count_parts(state):
    """How many parts an index has, as far as there is one."""
    try:
        with Index(state).read() as db:
            return db.execute("SELECT count(*) FROM parts").fetchone()[0]
    except IndexFileError:
        return 0


def test_stops_when_told_and_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.index.follow._ROWS_A_TRANSACTION", 10)
    data = tmp_path / "data"
    folder = Folder(data)
    with opened(data) as follower:
        follower.follow()
        for batch in range(10):
            folder.publish(*(article(batch * 10 + n) for n in range(10)))
        stop = threading.Event()
        stop.set()
        assert follower.follow(stop=stop).added == 0
        stop = StopAfter(3)
        assert (first := follower.follow(stop=stop)).added < 100
        assert first.sequence == 1
        assert follower.follow().added == 100 - first.added
    assert is_same_as_made_anew(data, tmp_path)


class StopAfter(threading.Event):
    """Is set when it was asked so often."""

    def __init__(self, count):
        super().__init__()
        self.left = count

    def is_set(self):
        self.left -= 1
        return self.left < 0


def test_there_is_one_writer_and_readers_beside_it(tmp_path):
    folder = Folder(tmp_path)
    with pytest.raises(IndexNotReadyError):
        overview(Index(tmp_path / ".state"))
    folder.publish(article(1))
    with opened(tmp_path) as follower:
        follower.follow()
        with pytest.raises(IndexBusyError), opened(tmp_path):
            pass
        index = Index(tmp_path / ".state")
        with index.read() as db:
            assert db.execute("SELECT count(*) FROM articles").fetchone()[0] == 1
            folder.publish(article(2))
            assert follower.follow().added == 1
            assert db.execute("SELECT count(*) FROM articles").fetchone()[0] == 1
        assert overview(index).figures.articles == 2


def put_another_log(folder):
    for path in (folder.root / "log").iterdir():
        path.unlink()
    Folder(folder.root, log_id="other").publish(article(1))


def shorten_the_log(folder):
    (folder.root / "log" / f"{4:020}.json").unlink()


def say_another_version(folder):
    with sqlite3.connect(index_file(folder)) as db:
        db.execute("UPDATE about SET value = 0 WHERE name = 'version'")


def overwrite_the_header(folder):
    overwrite(folder, 0, 100)


def overwrite_the_middle(folder):
    size = index_file(folder).stat().st_size
    overwrite(folder, size // 4, size // 2)
    # More of the same months and hours: what is overwritten is met.
    folder.publish(*(article(n * 7 % 600, visit=f"{n:032x}") for n in range(600)))


def overwrite(folder, place, count):
    with index_file(folder).open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * count)


def index_file(folder):
    return folder.root / ".state" / "index.sqlite3"


def publish_much(folder):
    for batch in range(3):
        folder.publish(*(article(batch * 200 + n, text=f"Text {n}. " * 90) for n in range(200)))


@pytest.mark.parametrize(
    "harm",
    [put_another_log, shorten_the_log, say_another_version, overwrite_the_header, overwrite_the_middle],
    ids=lambda harm: harm.__name__,
)
def test_an_index_that_does_not_fit_is_made_anew_with_a_warning(tmp_path, harm, caplog):
    folder = Folder(tmp_path / "data")
    publish_much(folder)
    index_of(folder.root)
    harm(folder)
    report = follow(folder.root)
    assert report.rebuilt
    assert "begun anew" in caplog.text
    assert is_same_as_made_anew(folder.root, tmp_path)
    assert overview(Index(folder.root / ".state")).sequence == report.sequence > 1


def test_no_reader_takes_an_index_of_another_version_for_its_own(tmp_path):
    folder = Folder(tmp_path)
    index_of(tmp_path)
    say_another_version(folder)
    with pytest.raises(IndexNotReadyError, match="another version"):
        overview(Index(tmp_path / ".state"))


def test_an_index_that_a_reader_finds_damaged_is_made_anew_by_the_writer(tmp_path):
    folder = Folder(tmp_path / "data")
    publish_much(folder)
    index = index_of(folder.root)
    index.close()
    overwrite(folder, index_file(folder).stat().st_size // 4, index_file(folder).stat().st_size // 2)
    with pytest.raises(IndexNotReadyError, match="damaged"):
        search(index, ArticleQuery(limit=1_000))
    assert "reader" in follow(folder.root).rebuilt
    assert len(search(index, ArticleQuery(limit=1_000)).articles) == 600
    assert is_same_as_made_anew(folder.root, tmp_path)


@pytest.mark.parametrize("q", ["", "title"])
def test_a_search_that_breaks_off_leaves_no_cursor_open(tmp_path, monkeypatch, q):
    folder = Folder(tmp_path)
    folder.publish(*map(article, range(5)))
    index = index_of(folder.root)
    left = []

    def fail(*_):
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(sys, "unraisablehook", left.append)
    monkeypatch.setattr("pipelines.index.search.to_article", fail)
    with pytest.raises(IndexNotReadyError):
        search(index, ArticleQuery(q=q, limit=2))
    gc.collect()
    assert left == []


def test_a_part_that_cannot_be_read_is_named_and_read_when_it_is_back(tmp_path):
    folder = Folder(tmp_path)
    (path,) = folder.publish(article(1), article(2))
    folder.publish(article(3))
    body = (tmp_path / path).read_bytes()
    for broken in (None, body[:-9], gzip.compress(b'{"outcome":"article"}\n')):
        (tmp_path / path).unlink()
        if broken is not None:
            (tmp_path / path).write_bytes(broken)
        report = follow(tmp_path)
        assert list(report.unreadable) == [path]
        if broken is not None:
            continue
        assert [name for name, _ in overview(Index(tmp_path / ".state")).unreadable] == [path]
        (tmp_path / path).write_bytes(b"")
    (tmp_path / path).write_bytes(body)
    assert follow(tmp_path).unreadable == {}
    assert overview(Index(tmp_path / ".state")).figures.articles == 3


def test_a_row_that_is_none_of_ours_takes_its_whole_part_with_it(tmp_path):
    folder = Folder(tmp_path)
    (path,) = folder.publish(article(1), article(2, visit="no hex"))
    folder.publish(article(3))
    report = follow(tmp_path)
    assert "line 2" in report.unreadable[path]
    assert found(Index(tmp_path / ".state")) == ["Title 3"]
    assert overview(Index(tmp_path / ".state")).figures.visits == 1


def test_files_of_other_kinds_that_the_log_names_are_passed_over(tmp_path):
    data = tmp_path / "data"
    folder = Folder(data)
    folder.publish(article(1))
    follow(data)
    pages = folder.part("archive/date=2026-04-14/pages.warc.gz", [article(1)])
    folder.append(Commit(batch="pages", epoch=1, adds=[pages], created_at=NOON.isoformat()))
    assert (follow(data).added, follow(data).unreadable) == (0, {})
    assert is_same_as_made_anew(data, tmp_path)


def test_rows_of_one_second_do_not_meet(tmp_path):
    rows = [article(1, visit=f"0000{n:028x}", url=f"https://news.example/{n}") for n in range(50)]
    folder = Folder(tmp_path)
    folder.publish(*rows[:25])
    folder.publish(*rows[25:])
    assert len(search(index_of(tmp_path), ArticleQuery()).articles) == 50


def test_a_full_disk_is_one_line_and_nothing_is_lost(tmp_path):
    folder = Folder(tmp_path)
    folder.publish(article(1))
    with opened(tmp_path) as follower:
        follower.follow()
        pages = follower._db.execute("PRAGMA page_count").fetchone()[0]
        follower._db.execute(f"PRAGMA max_page_count = {pages + 1}")
        folder.publish(*(article(n, text="Long. " * 200) for n in range(2, 400)))
        with pytest.raises(IndexFileError, match="full"):
            follower.follow()
        assert overview(Index(tmp_path / ".state")).figures.articles == 1
        follower._db.execute("PRAGMA max_page_count = 1000000")
        assert follower.follow().added == 398


def test_follows_a_bucket(tmp_path, bucket):
    folder = Folder(tmp_path / "data")
    for batch in range(20):
        folder.publish(article(batch))
    bucket.upload(tmp_path / "data")
    follow(bucket.url, tmp_path / "state")
    follow(tmp_path / "data")
    assert content(tmp_path / "state") == content(tmp_path / "data" / ".state")
