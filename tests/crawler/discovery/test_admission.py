from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest

from cleaners.models import Listed
from crawler.discovery.admission import Admission
from crawler.discovery.dates import admits_date
from crawler.discovery.scope import Scope
from crawler.discovery.traps import Traps, repeats_itself
from crawler.seeds import Seed

BASE = "https://gazette.example"
SINCE = datetime(2025, 3, 1, tzinfo=UTC)


def admit(*urls, since=None, **keys):
    seed = Seed(id="gazette", name="Gazette", language="en", home=f"{BASE}/", **keys)
    links = [url if isinstance(url, Listed) else Listed(url=url) for url in urls]
    admitted, refused = Admission(Scope.of(seed), since=since).admit(links)
    return [link.url for link in admitted], dict(refused)


def trapped(urls):
    """How many of the addresses are let through, and why the others are not."""
    traps = Traps(date(2026, 11, 25))
    reasons = [traps.find_trap(url) for url in urls]
    return reasons.count(None), set(reasons) - {None}


def test_each_refused_link_has_its_reason():
    assert admit(
        f"{BASE}/a",
        "https://other.example/a",
        f"{BASE}/a/a/a",
        f"{BASE}/bridge.JPG?w=640",
        f"{BASE}/report.pdf",
        f"{BASE}/denied/1",
        Listed(url=f"{BASE}/old", published_at="2024-01-01"),
        since=SINCE,
        deny=("/denied/",),
    ) == (
        [f"{BASE}/a", f"{BASE}/a/a/a"],
        {"scope": 2, "media": 1, "document": 1, "date": 1},
    )


@pytest.mark.parametrize(
    ("published", "modified", "admitted"),
    [
        (None, None, True),
        ("2025-02-27", None, False),
        ("2025-03-01", None, True),
        ("Sat, 01 Mar 2025 00:00:00 GMT", None, True),
        ("Thu, 27 Feb 2025 23:59:59 GMT", None, False),
        ("2025-02-28T23:59:59Z", None, False),
        # A local time without its zone may be later in UTC.
        ("2025-02-28T23:59:59", None, True),
        ("2025", None, True),
        ("2025-02", None, True),
        ("2025-01", None, False),
        ("2024", None, False),
        ("last week", None, True),
        ("last week", "2024-01-01", False),
        ("2024-01-01", "2025-04-01", False),
        (None, "2025-04-01", True),
        (None, "2024-12-31T10:00:00+01:00", False),
        ("9999-99-99", "0000", True),
    ],
)
def test_date_window_goes_by_publication_else_by_modification(published, modified, admitted):
    link = Listed(url=f"{BASE}/a", published_at=published, modified_at=modified)
    assert admits_date(link, SINCE) is admitted


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (
            "https://news.example/url?sa=t&url=https%3A%2F%2Fgazette.example%2Fa%3Fid%3D1&ved=x",
            f"{BASE}/a?id=1",
        ),
        ("https://short.example/r?u=http://gazette.example/a", "http://gazette.example/a"),
        # "https://gazette.example/bridge" among other bytes, as Google News packs it.
        (
            "https://aggregator.example/rss/articles/CBMiHmh0dHBzOi8vZ2F6ZXR0ZS5leGFtcGxlL2JyaWRnZdIBAA?oc=5",
            f"{BASE}/bridge",
        ),
        ("https://aggregator.example/rss/articles/CBMiTokenThatSaysNothingOfWhereItGoesAtAll?oc=5", None),
        ("https://short.example/3xYz", None),
        ("https://share.example/?u=https://gazette.example/a&picture=https://cdn.example/a", None),
        ("https://share.example/?u=https://elsewhere.example/a", None),
    ],
)
def test_aggregators_link_is_followed_to_the_publisher_only_where_it_says_so(link, found):
    assert admit(link) == (([found], {}) if found else ([], {"scope": 1}))


def test_sites_own_link_that_carries_an_address_stays_as_it_is():
    url = f"{BASE}/login?return=https://other.example/a"
    assert admit(url) == ([url], {})


@pytest.mark.parametrize(
    ("path", "circles"),
    [
        ("/a/news/a/news/story", True),
        ("/news/news/news/story", True),
        ("/x/story/y/story/z/story", True),
        ("/en/us/en/us", True),
        ("/2011/11/11/11/story", False),
        ("/news/news/story", False),
        ("/sport/football/world-cup/sport-news/story", False),
        ("/a/a/a/story", False),
        ("", False),
    ],
)
def test_path_that_goes_in_circles(path, circles):
    assert repeats_itself(path) is circles


@pytest.mark.parametrize("segments", [100, 1_000, 10_000])
def test_very_deep_path_is_a_trap_and_costs_no_more_than_its_length(segments):
    words = [f"{number:x}x" for number in range(segments // 2)]
    paths = ["/a/b" * (segments // 2), "/" + "/".join([*words, *reversed(words)])]
    started = time.process_time()
    assert all(repeats_itself(path) for path in paths)
    assert time.process_time() - started < 0.05


def test_calendar_is_left_after_a_year_of_days_and_never_entered_in_the_future():
    days = [
        f"{BASE}/events/{year}/{month}/{day}/"
        for year in (2024, 2025)
        for month in range(1, 13)
        for day in range(1, 29)
    ]
    assert trapped(days) == (400, {"trap_calendar"})
    assert trapped(f"{BASE}/calendar?date={year}-01" for year in range(2030, 2060)) == (0, {"trap_calendar"})
    assert trapped(f"{BASE}/2025/03/04/story-{number}" for number in range(2000)) == (2000, set())


def test_one_page_under_many_sessions_is_one_page():
    sessions = [f"{number:032x}" for number in range(50)]
    for form in (
        "/a?sid={}",
        "/a?id=7&PHPSESSID={}",
        "/(S({}))/a",
        "/a;jsessionid={}",
        "/a?session_token={}",
    ):
        assert trapped(BASE + form.format(session) for session in sessions) == (1, {"trap_session"})
    # A name like a session's, and short values that choose something.
    assert trapped(f"{BASE}/a?sid={number}" for number in range(50))[0] == 50


def test_lists_have_an_end_and_articles_with_numbers_have_none():
    for form in ("/archive/page/{}", "/archive?page={}", "/tag/x/page-{}/", "/list?offset={}"):
        assert trapped(BASE + form.format(number) for number in range(2000)) == (400, {"trap_pages"})
    for form in (
        "/a/{}",
        "/story-{}.html",
        "/2025/03/04/{}",
        "/?p={}",
        "/index.php?page={}1000000",
        "/2025-03-04/story-{}",
    ):
        assert trapped(BASE + form.format(number) for number in range(2000)) == (2000, set())


def test_sorting_and_filtering_is_told_from_articles_that_a_parameter_names():
    lists = [
        f"{BASE}/list?sort={sort}&color={color}&size={size}&view={view}&from={start}"
        for sort in "abcde"
        for color in "abcde"
        for size in "abcde"
        for view in "abcde"
        for start in "abcd"
    ]
    let_through, reasons = trapped(lists)
    assert let_through <= 200
    assert reasons == {"trap_query"}
    articles = [f"{BASE}/article.php?section={number % 7}&id={number}" for number in range(5000)]
    assert trapped(articles) == (5000, set())


def test_hosts_without_end_under_one_domain():
    assert trapped(f"https://w{number}.gazette.co.uk/a" for number in range(1000)) == (
        200,
        {"budget_hosts"},
    )
