"""An index finds articles by their words, sites, languages and times."""

import random
import sqlite3
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.index.history import revisions, rows_of
from pipelines.index.reading import Index
from pipelines.index.search import ArticleQuery, search
from tests.pipelines.index_rows import (
    NOON,
    Folder,
    article,
    found,
    index_of,
    opened,
    words,
)


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
