"""The index says what is published, whatever happens to it, and nothing that was taken down."""

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
import zlib
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from pipelines.compact import compact
from pipelines.index.figures import day_figures, overview, site_figures
from pipelines.index.history import OutcomeQuery, copies_of, find_outcomes, revisions, rows_of
from pipelines.index.lines import Line, read_lines, read_row
from pipelines.index.reading import Index
from pipelines.index.search import ArticleQuery, search
from pipelines.index.tables import IndexBusyError, IndexFileError, IndexNotReadyError
from pipelines.log import Commit, Seal, Takedown
from pipelines.objects import LocalObjects
from pipelines.rewrite import open_rewriter
from pipelines.takedown import carry_out, request_takedown
from pipelines.takedowns import to_match, to_subject
from tests.pipelines.index_rows import (
    NOON,
    Folder,
    article,
    content,
    follow,
    index_of,
    opened,
    outcome,
    words,
)
from tests.pipelines.ledger_worker import SITE, finish, joined, links, published_rows

MARKER = "Zyxmarker7f3a"


def found(index, q="", **query):
    """The titles that a search gives."""
    return [one.title for one in search(index, ArticleQuery(q=q, **query)).articles]


def is_same_as_made_anew(data, tmp_path):
    follow(data, tmp_path / "anew")
    return content(data / ".state") == content(tmp_path / "anew")


async def crawl(data, count, *, compacts=False, takes_down=None):
    """Visit pages in a few batches; gives the rows that are published then."""
    async with joined(data) as (_, ledger):
        await ledger.save_listing(SITE, "https://news.example/feed", None, links(count))
        await finish(ledger)
    async with open_rewriter(str(data)) as rewriter:
        if compacts:
            await compact(rewriter)
        if takes_down:
            await request_takedown(rewriter, to_match(takes_down), "asked for")
            await carry_out(rewriter)
    return published_rows(data)


# Search.


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    data = tmp_path_factory.mktemp("library")
    folder = Folder(data)
    folder.publish(
        article(1, title="Später Zug hält in Köln", section="Sport", language="de-AT", site="bote"),
        article(2, title="Late train", description="The naïve minister's plan", section="Politics"),
        article(3, title="東京都知事が辞任", language="ja", text="知事は記者会見で。"),
        article(4, title="서울시는 오늘 발표했다", language="ko"),
        article(5, title="हिन्दी समाचार", language="hi"),
        article(6, title="นายกรัฐมนตรีแถลง", language="th"),
        article(
            7,
            title="State-of-the-art C++",
            text="The train, they said, was late again. " + "x " * 400 + "faraway",
        ),
        article(8, title="Ｆｕｌｌ ｗｉｄｔｈ", fetched_at="2025-12-31T23:59:59+00:00"),
        article(9, title="Şehirde ışık, İzmir Işıklar", description="Ёлка мой Łódź Ærø Strasse Αθήνα مُحَمَّد"),
    )
    return index_of(data)


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("zug", [1]),
        ("ZUG köln", [1]),
        ("koln spater", [1]),
        ("zug train", []),
        ("naive", [2]),
        ("late train", [7, 2]),
        ('"late train"', [2]),
        ('"late train', [2]),
        ("minister's", [2]),
        ("東京", [3]),
        ("京都知", [3]),
        ("任", [3]),
        ("知事 記者", [3]),
        ("都東", []),
        ("서울", [4]),
        ("हिन्दी", [5]),
        ("रัฐมนตรี"[1:], [6]),
        ("รัฐ", [6]),
        ("state-of-the-art", [7]),
        ("full width", [8]),
        ("faraway", []),
        ("_ zug _", [1]),
        ("!!!", []),
        ("IŞIK", [9]),
        ("ISIK izmir", [9]),
        ("İZMİR ışıklar", [9]),
        ("елка", [9]),
        ("ЁЛКА", [9]),
        ("мои", []),
        ("lodz aero straße", [9]),
        ("ΑΘΗΝΑ", [9]),
        ("محمد", [9]),
    ],
)
def test_finds_articles_by_words_in_any_script(library, typed, titles):
    names = [one.url.rsplit("/", 1)[1] for one in search(library, ArticleQuery(q=typed)).articles]
    assert names == [str(number) for number in titles]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 9),
        ({"site": "bote"}, 1),
        ({"site": "nowhere"}, 0),
        ({"site": ""}, 0),
        ({"language": "de"}, 1),
        ({"language": "DE-at"}, 1),
        ({"language": "de-CH"}, 0),
        ({"section": "sport"}, 1),
        ({"section": "Sport", "language": "ja"}, 0),
        ({"since": NOON}, 8),
        ({"until": NOON}, 1),
        ({"since": NOON + timedelta(seconds=2), "until": NOON + timedelta(seconds=4)}, 2),
        ({"q": "train", "since": NOON + timedelta(seconds=3)}, 1),
        ({"q": "train", "section": "Politics"}, 1),
    ],
)
def test_narrows_by_site_language_section_and_time(library, query, count):
    assert len(search(library, ArticleQuery(**query)).articles) == count


NASTY = st.sampled_from(
    [
        '"',
        "'",
        "*",
        "(",
        ")",
        "NEAR(",
        "AND",
        "OR",
        "NOT",
        "{words}:",
        "^",
        "-",
        "+",
        ":",
        "\x00",
        "\ud800",
        "\ue000",
        "words:",
        "a",
        "京",
        " ",
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.lists(NASTY, max_size=12).map("".join), st.text(max_size=40)))
def test_nothing_that_is_typed_is_an_error(library, typed):
    search(library, ArticleQuery(q=typed, site=typed[:3] or None))
    rows_of(library, typed)
    revisions(library, typed)


def test_text_of_any_length_is_no_error(library):
    assert found(library, "zug " * 100_000) == ["Später Zug hält in Köln"]


def test_what_marks_filters_in_the_index_cannot_be_typed(tmp_path):
    folder = Folder(tmp_path)
    folder.publish(article(1, site="one"))
    with opened(tmp_path) as follower:
        follower.follow()
    with sqlite3.connect(tmp_path / ".state" / "index.sqlite3") as db:
        marks = [term for term, *_ in words(db) if "\ue000" in term]
    assert marks
    assert [found(Index(tmp_path / ".state"), mark) for mark in marks] == [[]] * len(marks)


@pytest.mark.parametrize("query", [{}, {"q": "text"}, {"site": "even"}], ids=["all", "words", "site"])
def test_pages_follow_each_other_newest_first_without_a_gap_or_a_double(tmp_path, query):
    folder = Folder(tmp_path)
    rows = [
        article(
            day * 40_000 + row // 3,
            visit=f"{day:016x}{row:016x}",
            url=f"https://n.example/{day}-{row}",
            site="even" if row % 2 else "odd",
        )
        for day in range(90)
        for row in range(7)
    ]
    random.Random(1).shuffle(rows)
    folder.publish(*rows)
    index = index_of(tmp_path)
    seen, after = [], None
    while True:
        page = search(index, ArticleQuery(**query, after=after, limit=50))
        seen += page.articles
        after = page.after
        if after is None:
            break
        assert len(page.articles) == 50
    expected = [row for row in rows if query.get("site") in {None, row["site"]}]
    assert sorted(one.visit for one in seen) == sorted(row["visit"] for row in expected)
    assert [one.fetched_at for one in seen] == sorted((one.fetched_at for one in seen), reverse=True)


def test_an_article_is_found_by_what_its_latest_revision_says(tmp_path):
    url = "https://news.example/a"
    folder = Folder(tmp_path)
    folder.publish(article(1, url=url, title="Early", revision=1))
    folder.publish(article(2, url=url, title="Later", revision=2))
    index = index_of(tmp_path)
    assert (found(index), found(index, "early"), found(index, "later")) == (["Later"], [], ["Later"])
    (latest,) = search(index, ArticleQuery()).articles
    assert [(one.revision, one.title) for one in revisions(index, latest.id)] == [(1, "Early"), (2, "Later")]


# Histories.


def test_an_address_has_all_its_visits_with_and_without_tracking_parameters(tmp_path):
    url = "https://news.example/a"
    first = article(1, url=f"{url}?utm_source=feed", canonical_url=url, id=article(1, url=url)["id"])
    folder = Folder(tmp_path)
    folder.publish(first, article(9))
    folder.publish(outcome(2, "unchanged", url=url, of=first["id"]), outcome(3, "dead", "tls", url=url))
    index = index_of(tmp_path)
    for typed in (url, f"{url}?utm_source=x#top"):
        assert [type(row).__name__ for row in rows_of(index, typed)] == [
            "FoundOutcome",
            "FoundOutcome",
            "FoundArticle",
        ]
    assert [(row.entry, getattr(row, "reason", None)) for row in rows_of(index, url)] == [
        (3, "tls"),
        (3, None),
        (2, None),
    ]
    assert [row.outcome for row in copies_of(index, first["id"])] == ["unchanged"]


KINDS = [("dead", "tls"), ("dead", "timeout"), ("rejected", "hub"), ("unchanged", None), ("gone", "http_404")]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"site": "a"},
        {"outcome": "dead"},
        {"reason": "tls"},
        {"site": "b", "outcome": "dead", "reason": "tls"},
        {"site": "x"},
        {"reason": "x"},
        {"outcome": "x"},
        {
            "since": NOON + timedelta(seconds=100),
            "until": NOON + timedelta(seconds=150),
            "outcome": "rejected",
        },
    ],
    ids=str,
)
def test_outcomes_are_listed_by_site_kind_and_reason(tmp_path, query):
    chance = random.Random(2)
    rows = [outcome(number, *chance.choice(KINDS), site=chance.choice("ab")) for number in range(200)]
    Folder(tmp_path).publish(*rows)
    index = index_of(tmp_path)
    seen, after = [], None
    while True:
        page = find_outcomes(index, OutcomeQuery(**query, after=after, limit=13))
        seen += page.outcomes
        if (after := page.after) is None:
            break
    times = (
        {name: query.pop(name) for name in ("since", "until") if name in query} if "since" in query else {}
    )
    expected = [
        row["visit"]
        for row in reversed(rows)
        if all(row[name] == value for name, value in query.items())
        and times.get("since", NOON)
        <= datetime.fromisoformat(row["fetched_at"])
        < times.get("until", datetime.max.replace(tzinfo=UTC))
    ]
    assert [row.visit for row in seen] == expected


async def test_each_row_is_read_back_from_where_it_lies_also_after_compaction(tmp_path):
    rows = {row["visit"]: row for row in await crawl(tmp_path, 60)}
    index = (
        index_of(tmp_path) if not asyncio.get_running_loop() else await asyncio.to_thread(index_of, tmp_path)
    )
    for compacts in (False, True):
        if compacts:
            rows = {row["visit"]: row for row in await crawl(tmp_path, 80, compacts=True)}
            assert (await asyncio.to_thread(follow, tmp_path)).moved >= 60
        objects = LocalObjects(tmp_path, "reader")
        listed = [
            *search(index, ArticleQuery(limit=1_000)).articles,
            *find_outcomes(index, OutcomeQuery(limit=1_000)).outcomes,
        ]
        assert len(listed) == len(rows)
        for row in listed:
            assert await read_row(objects, row.path, row.line) == rows[row.visit]
    assert await read_row(objects, row.path, 10_000) is None
    assert await read_row(objects, "articles/date=2026-01-01/none.jsonl.gz", 1) is None


# Figures.


def test_figures_are_those_of_the_rows(tmp_path):
    chance = random.Random(3)
    rows = []
    for number in range(300):
        fields = {
            "site": chance.choice("ab"),
            "fetched_at": (NOON + timedelta(hours=number // 4)).isoformat(),
        }
        if chance.random() < 0.5:
            removals = [
                {
                    "rule": chance.choice(("share", "nav")),
                    "chars": chance.randint(1, 50),
                    "refused": chance.random() < 0.1,
                }
                for _ in range(3)
            ]
            rows.append(
                article(
                    number,
                    **fields,
                    text="word " * chance.randint(1, 900),
                    authors=["A"] * chance.randint(0, 1),
                    removals=removals,
                    revision=chance.choice((1, 1, 2)),
                )
            )
        else:
            rows.append(outcome(number, *chance.choice(KINDS), **fields))
    Folder(tmp_path).publish(*rows)
    index = index_of(tmp_path)
    days = [(one.day, None, one.figures) for one in day_figures(index, days=4, until=date(2026, 4, 17))]
    days += [(one.day, "a", one.figures) for one in day_figures(index, "a", days=4, until=date(2026, 4, 17))]
    sites = [(None, one.site, site_figures(index, one.site)[0].figures) for one in site_figures(index)]
    checked = [*days, *sites, (None, None, overview(index).figures)]
    assert len(checked) == 11
    for day, site, figures in checked:
        chosen = [
            row
            for row in rows
            if day in {None, date.fromisoformat(row["fetched_at"][:10])} and site in {None, row["site"]}
        ]
        texts = [row for row in chosen if row["outcome"] == "article"]
        removals = [one for row in texts for one in row["removals"] if not one["refused"]]
        assert figures.visits == len(chosen) > 0
        assert (figures.articles, figures.revisions) == (
            sum(row["revision"] == 1 for row in texts),
            sum(row["revision"] == 2 for row in texts),
        )
        assert figures.characters == sum(len(row["text"]) for row in texts)
        assert figures.words == sum(len(row["text"].split()) for row in texts)
        assert (figures.removals, figures.removed_characters) == (
            len(removals),
            sum(one["chars"] for one in removals),
        )
        assert {one.rule: (one.removals, one.characters) for one in figures.rules} == {
            name: (
                sum(one["rule"] == name for one in removals),
                sum(one["chars"] for one in removals if one["rule"] == name),
            )
            for name in ("share", "nav")
        }
        assert figures.coverage == {
            "title": 1,
            "authors": sum(bool(row["authors"]) for row in texts) / len(texts),
            "published_at": 0,
            "language": 1,
            "section": 0,
            "images": 0,
        }
        for kind, reason in KINDS:
            assert figures.count(kind, reason) == sum(
                row["outcome"] == kind and (reason is None or row["reason"] == reason) for row in chosen
            )
        assert figures.error_rate == sum(row["outcome"] == "dead" for row in chosen) / len(chosen)
        lengths = sorted(len(row["text"]) for row in texts)
        assert lengths[len(lengths) // 4] <= figures.typical_characters <= lengths[len(lengths) * 3 // 4]
    assert all(not one.figures.rules for one in site_figures(index))


def test_days_and_sites_without_visits_have_figures_too(tmp_path):
    Folder(tmp_path)
    index = index_of(tmp_path)
    (empty,) = day_figures(index, "unknown", days=1)
    assert (empty.figures.visits, empty.figures.error_rate, empty.figures.typical_characters) == (
        0,
        None,
        None,
    )
    assert (site_figures(index), overview(index).first_fetched_at) == ((), None)


# Following.


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


def test_follows_a_bucket(tmp_path, monkeypatch):
    server = ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        for name, value in {
            "ENDPOINT_URL": address,
            "ALLOW_HTTP": "true",
            "ACCESS_KEY_ID": "key",
            "SECRET_ACCESS_KEY": "secret",
            "REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        client.create_bucket(Bucket="news")
        folder = Folder(tmp_path / "data")
        for batch in range(20):
            folder.publish(article(batch))
        for path in (tmp_path / "data").rglob("*.*"):
            client.upload_file(str(path), "news", path.relative_to(tmp_path / "data").as_posix())
        follow("s3://news", tmp_path / "state")
        follow(tmp_path / "data")
        assert content(tmp_path / "state") == content(tmp_path / "data" / ".state")
    finally:
        server.stop()


# Takedowns.


def traces(state):
    """Whether the marker is in a file of the index, in a word, or in an excerpt that is only packed."""
    body = b"".join(path.read_bytes() for path in state.iterdir())
    with sqlite3.connect(state / "index.sqlite3") as db:
        terms = {term for term, *_ in words(db)}
        excerpts = [zlib.decompress(one).decode() for (one,) in db.execute("SELECT excerpt FROM articles")]
    plain = MARKER.encode() in body or MARKER.lower().encode() in body
    return plain, any(MARKER.lower() in term for term in terms), any(MARKER in one for one in excerpts)


def marked(number, **fields):
    return article(
        number,
        url=f"https://marked.example/{MARKER}/{number}",
        title=f"{MARKER} title",
        text=f"{MARKER} text {number}",
        authors=[MARKER],
        section=MARKER,
        description=MARKER,
        **fields,
    )


def take_down(folder, target):
    folder.append(Takedown(match=to_match(target), reason="asked for", of=None, created_at=NOON.isoformat()))


@pytest.mark.parametrize("by", ["address", "id", "text", "prefix", "host", "site"])
def test_what_is_taken_down_is_in_no_page_of_the_file_at_once(tmp_path, by):
    data = tmp_path / "data"
    folder = Folder(data)
    chance = random.Random(5)
    # Out of order, so that pages are split and leave copies behind.
    numbers = [(n, chance.randrange(4_000_000)) for n in range(1_200)]
    some = chance.sample(numbers, 40)
    rows = [
        marked(when, site="marked", visit=f"{n:032x}")
        if (n, when) in some
        else article(
            when,
            visit=f"{n:032x}",
            text=f"The text {n}. " * 30,
            url=f"https://news.example/{n}/{'x' * chance.randrange(300)}",
        )
        for n, when in numbers
    ]
    for start in range(0, 1_200, 200):
        folder.publish(
            *rows[start : start + 500],
            outcome(
                9_000_000 + start,
                "dead",
                "tls",
                url=f"https://marked.example/{MARKER}/dead",
                evidence=MARKER,
                site="marked",
            ),
        )
    follow(data)
    assert all(traces(data / ".state"))
    hit = [row for row in rows if row["site"] == "marked"]
    targets = {
        "address": [row["url"] + "?utm_source=x" for row in hit],
        "id": [row["id"] for row in hit],
        "text": [row["content_hash"] for row in hit],
        "prefix": ["https://marked.example/*"],
        "host": ["marked.example"],
        "site": ["marked"],
    }[by]
    if by in {"address", "id", "text"}:
        targets.append(f"https://marked.example/{MARKER}/dead")
    for target in targets:
        take_down(folder, target)
    report = follow(data)
    assert (report.removed, report.is_swept) == (46, True)
    assert traces(data / ".state") == (False, False, False)
    index = Index(data / ".state")
    assert found(index, MARKER) == []
    assert overview(index).figures.visits == 1_160
    assert rows_of(index, hit[0]["url"]) == ()


async def test_a_takedown_that_is_carried_out_leaves_its_tombstone_and_no_more(tmp_path):
    data = tmp_path / "data"
    await crawl(data, 20)
    await asyncio.to_thread(follow, data)
    url = "https://news.example/3"
    (before,) = rows_of(Index(data / ".state"), url)
    await crawl(data, 20, takes_down=url)
    await asyncio.to_thread(follow, data)
    index = Index(data / ".state")
    (after,) = rows_of(index, url)
    assert (after.visit, after.outcome, after.reason, after.of) == (
        before.visit,
        "blocked",
        "takedown",
        before.id,
    )
    assert url.encode() not in b"".join(path.read_bytes() for path in (data / ".state").glob("index*"))
    assert revisions(index, before.id) == ()
    assert overview(index).takedowns == 1
    assert await asyncio.to_thread(is_same_as_made_anew, data, tmp_path)


def test_nothing_that_is_taken_down_comes_in_from_a_part_that_still_has_it(tmp_path):
    data = tmp_path / "data"
    folder = Folder(data)
    folder.publish(marked(1), article(2))
    take_down(folder, marked(1)["url"])
    follow(data)
    assert traces(data / ".state") == (False, False, False)
    assert found(Index(data / ".state")) == ["Title 2"]


def test_all_that_a_takedown_is_held_against_is_read_of_a_row():
    asked = set()

    class Row(dict):
        def get(self, name, default=None):
            asked.add(name)
            return default

    to_subject(Row())
    assert len(asked) >= 8
    assert asked <= set(Line.__struct_fields__)


def test_a_reader_in_the_way_delays_the_sweep_and_no_more(tmp_path):
    data = tmp_path / "data"
    folder = Folder(data)
    folder.publish(marked(1), article(2))
    index = index_of(data)
    take_down(folder, marked(1)["url"])
    with opened(data) as follower:
        with index.read() as db:
            db.execute("SELECT count(*) FROM articles").fetchone()
            assert not follower.follow().is_swept
        assert found(index) == ["Title 2"]
        assert follower.follow().is_swept
    assert traces(data / ".state") == (False, False, False)


def test_a_sweep_that_was_killed_is_made_up_for(tmp_path, monkeypatch):
    data = tmp_path / "data"
    folder = Folder(data)
    folder.publish(marked(1), article(2))
    follow(data)
    take_down(folder, marked(1)["url"])
    with monkeypatch.context() as patched, opened(data) as follower:
        patched.setattr("pipelines.index.follow.sweep", killed)
        with pytest.raises(Killed):
            follower.follow()
        assert any(traces(data / ".state"))
    assert follow(data).is_swept
    assert traces(data / ".state") == (False, False, False)


class Killed(BaseException):
    """Ends a writer in the middle."""


def killed(*_, **__):
    raise Killed


# Parts.


@pytest.mark.parametrize("size", [0, 1, 1 << 18, (1 << 18) + 1, 3_000_000])
def test_a_part_is_unpacked_line_by_line(size):
    chance = random.Random(size)
    lines = [
        bytes([97 + chance.randrange(3)]) * chance.randrange(1, 90_000) for _ in range(max(size // 45_000, 1))
    ]
    lines.append(b"x" * size)
    assert list(read_lines(gzip.compress(b"\n".join(lines) + b"\n"))) == lines


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no gzip",
        gzip.compress(b"a\nb", mtime=0),
        gzip.compress(b"a\n", mtime=0)[:-1],
        gzip.compress(b"a\n", mtime=0) + b"x",
    ],
)
def test_a_torn_part_is_none(body):
    with pytest.raises(ValueError, match="is "):
        list(read_lines(body))
