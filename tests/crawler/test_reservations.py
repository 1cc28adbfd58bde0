"""What publishers reserve, and articles of several pages and addresses, through whole crawls of a site on loopback."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.crawl import CrawlOptions, run_crawl
from crawler.settings import SettingError, read_environment
from pipelines.opt_out import OptOutPolicy

HTML = {"Content-Type": "text/html; charset=utf-8"}
TDMREP = (
    b'[{"location": "/", "tdm-reservation": 0}, {"location": "/mined/", "tdm-reservation": 1,'
    b' "tdm-policy": "https://paper.example/tdm"}]'
)
TWO_LINES = {"X-Robots-Tag": "otherbot: noarchive\r\nX-Robots-Tag: noindex"}
ROBOTS = b"""User-agent: Broadsheet
Disallow: /closed/
Content-Signal: search=yes, ai-train=no
Content-Signal: /free/ ai-train=yes
"""


def options(seeds, data, policy=OptOutPolicy.FLAG):
    environment = replace(read_environment({}), clean_workers=1, lease_seconds=4.0, opt_out=policy)
    return CrawlOptions(
        seeds=(seeds,),
        data=str(data),
        allow_addresses=("127.0.0.1/32",),
        now=True,
        environment=environment,
    )


@pytest.fixture(scope="module")
def paper(serve, helpers):
    """A site that reserves something of each page, and tells one story on three pages."""
    site = serve()
    page, answer = helpers.page, helpers.answer

    def with_head(number, head):
        return page(number).replace(b"</head>", head + b"</head>")

    site.answers |= {
        "/robots.txt": answer(ROBOTS),
        "/.well-known/tdmrep.json": answer(TDMREP, headers={"Content-Type": "application/json"}),
        "/free/plain": answer(page(1)),
        "/free/noindex": answer(with_head(2, b"<meta name=robots content='noindex'>")),
        "/free/noai": answer(page(3), headers={**HTML, "X-Robots-Tag": "noai"}),
        "/free/two": answer(page(7), headers={**HTML, **TWO_LINES}),
        "/free/usage": answer(page(8), headers={**HTML, "Content-Usage": "train-ai=n"}),
        "/free/signal": answer(page(9), headers={**HTML, "Content-Signal": "ai-train=no"}),
        "/free/other": answer(with_head(4, b"<meta name=googlebot content='noindex'>")),
        "/mined/page": answer(page(5)),
        "/trained/page": answer(page(6)),
    }
    return site


def story(helpers, number, links):
    return helpers.answer(
        helpers.page(number, "The long story of the canal").replace(b"</article>", links + b"</article>")
    )


@pytest.fixture(scope="module")
def serial(serve, helpers):
    """Stories on several pages, some of which cannot be had, and stories at several addresses."""
    site = serve()
    page, answer = helpers.page, helpers.answer
    site.answers |= {
        "/long": story(helpers, 20, b"<a rel=next href='/long?page=2'>Next</a>"),
        "/long?page=2": story(
            helpers, 21, b"<a rel=prev href='/long'>1</a><a rel=next href='/long?page=3'>Next</a>"
        ),
        "/long?page=3": story(helpers, 22, b"<a rel=prev href='/long?page=2'>2</a>"),
        "/torn": story(helpers, 30, b"<a rel=next href='/torn?page=2'>Next</a>"),
        # Another page of readers' comments: the article again, and nothing of its own.
        "/talk": story(helpers, 40, b"<a href='/talk?page=2'>2</a>"),
        "/talk?page=2": story(helpers, 40, b"<a href='/talk'>1</a><p>A short comment.</p>"),
        "/endless": story(helpers, 50, b"<a rel=next href='/endless/2'>2</a>"),
        **{
            f"/endless/{n}": story(helpers, 50 + n, b"<a rel=next href='/endless/%d'>%d</a>" % (n + 1, n + 1))
            for n in range(2, 40)
        },
        "/harbour-opens": answer(page(90)),
        "/mobile/harbour-opens": answer(
            page(90).replace(b"</head>", b"<link rel=canonical href='/harbour-opens'></head>")
        ),
        "/print.php?id=harbour-opens": answer(
            page(90).replace(b"</head>", b"<link rel=canonical href='/harbour-opens'></head>")
        ),
    }
    return site


@pytest.fixture(scope="module")
def crawls(paper, helpers, tmp_path_factory):
    """One crawl for each policy, and a second one with the first one's memory; gives rows by path, and requests."""
    folder = tmp_path_factory.mktemp("reserved")
    urls = [paper.base + path for path in paper.answers if not path.startswith(("/robots", "/.well"))]
    helpers.seed(folder / "seeds", "paper", paper.base, urls=urls)
    done = {}
    for name, data, policy in (
        ("flag", "flag", OptOutPolicy.FLAG),
        ("again", "flag", OptOutPolicy.FLAG),
        ("skip", "skip", OptOutPolicy.SKIP),
    ):
        if name == "again":
            paper.answers["/free/late"] = helpers.answer(helpers.page(7))
            helpers.seed(folder / "seeds", "paper", paper.base, urls=[f"{paper.base}/free/late"])
        if name == "skip":
            helpers.seed(folder / "seeds", "paper", paper.base, urls=urls)
        before = len(paper.requests)
        run_crawl(options(folder / "seeds", folder / data, policy))
        rows = {row["url"].removeprefix(paper.base): row for row in helpers.rows(folder / data)}
        done[name] = rows, paper.paths()[before:]
    return done


def ends(rows):
    return {
        path: row["reason"] if row["outcome"] == "blocked" else row["outcome"] for path, row in rows.items()
    }


def test_what_is_not_to_be_indexed_is_not_stored_and_the_rest_is_flagged(crawls):
    rows, _ = crawls["flag"]
    assert ends(rows) == {
        "/free/plain": "article",
        "/free/noindex": "opt_out",
        "/free/noai": "article",
        "/free/two": "opt_out",
        "/free/usage": "article",
        "/free/signal": "article",
        "/free/other": "article",
        "/mined/page": "article",
        "/trained/page": "article",
    }
    assert rows["/free/noindex"]["evidence"] == "robots_meta: noindex"
    assert "text" not in rows["/free/noindex"]


def test_skip_stores_nothing_that_reserves_mining_or_training(crawls):
    rows, _ = crawls["skip"]
    assert ends(rows) == {
        "/free/plain": "article",
        "/free/noindex": "opt_out",
        "/free/noai": "opt_out",
        "/free/two": "opt_out",
        "/free/usage": "opt_out",
        "/free/signal": "opt_out",
        "/free/other": "article",
        "/mined/page": "opt_out",
        "/trained/page": "opt_out",
    }


def test_skip_does_not_ask_for_what_the_host_reserves(crawls):
    _, paths = crawls["skip"]
    assert "/free/noai" in paths
    assert not {"/mined/page", "/trained/page"} & set(paths)


def test_an_article_carries_what_its_host_reserves_for_its_path(crawls):
    rows, _ = crawls["flag"]
    said = {
        path: {(entry["source"], entry["value"]) for entry in rows[path]["opt_out"]}
        for path in ("/mined/page", "/free/plain")
    }
    assert said == {
        "/mined/page": {
            ("content_signal_robots", "search=yes, ai-train=no"),
            ("tdm_reservation_file", "1"),
            ("tdm_policy_file", "https://paper.example/tdm"),
        },
        "/free/plain": {("content_signal_robots", "ai-train=yes"), ("tdm_reservation_file", "0")},
    }


def test_tdmrep_json_is_asked_once_a_host_and_day(crawls):
    (_, first), (_, again) = crawls["flag"], crawls["again"]
    assert first.count("/.well-known/tdmrep.json") == 1
    assert "/free/late" in again
    assert "/.well-known/tdmrep.json" not in again


def test_a_policy_that_does_not_exist_is_refused_by_name():
    with pytest.raises(SettingError, match="BROADSHEET_OPT_OUT='maybe' must be flag or skip"):
        read_environment({"BROADSHEET_OPT_OUT": "maybe"})


@pytest.fixture(scope="module")
def stories(serial, helpers, tmp_path_factory):
    """The rows of one crawl over the stories, by path."""
    folder = tmp_path_factory.mktemp("stories")
    paths = [
        "/long",
        "/long?page=2",
        "/torn",
        "/talk",
        "/endless",
        "/harbour-opens",
        "/harbour-opens?utm_source=x",
        "/mobile/harbour-opens",
        "/print.php?id=harbour-opens",
    ]
    helpers.seed(folder / "seeds", "serial", serial.base, urls=[serial.base + path for path in paths])
    run_crawl(options(folder / "seeds", folder / "data"))
    return {row["url"].removeprefix(serial.base): row for row in helpers.rows(folder / "data")}


def text_of(site, path):
    html = site.answers[path].body.decode()
    return [part.split("</p>")[0] for part in html.split("<p>")[1:]]


def test_the_pages_of_an_article_are_one_text_in_their_order(stories, serial):
    row = stories["/long"]
    pages = ["/long", "/long?page=2", "/long?page=3"]
    assert row["text"].split("\n\n") == [part for path in pages for part in text_of(serial, path)]
    assert row["further_pages"] == [serial.base + path for path in pages[1:]]
    assert row["next_page_url"] is None


def test_a_further_page_is_no_article_of_its_own(stories, serial):
    row = stories["/long?page=2"]
    assert (row["outcome"], row["reason"]) == ("rejected", "further_page")
    assert f"{serial.base}/long" in row["evidence"]


def test_an_article_says_which_page_of_it_could_not_be_had(stories, serial):
    row = stories["/torn"]
    assert row["text"].split("\n\n") == text_of(serial, "/torn")
    assert (row["further_pages"], row["next_page_url"]) == ([], f"{serial.base}/torn?page=2")


def test_a_page_that_repeats_the_article_does_not_continue_it(stories, serial):
    row = stories["/talk"]
    assert row["text"].split("\n\n") == text_of(serial, "/talk")
    assert (row["further_pages"], row["next_page_url"]) == ([], None)


def test_an_article_has_at_most_twenty_pages(stories, serial):
    row = stories["/endless"]
    assert len(row["further_pages"]) == 19
    assert row["next_page_url"] == f"{serial.base}/endless/21"
    assert "/endless/21" not in serial.paths()


def test_variants_of_an_article_are_one_article(stories, serial):
    rows = [row for path, row in stories.items() if "harbour" in path]
    assert sorted(row["outcome"] for row in rows) == ["article", "duplicate", "duplicate"]
    assert {row["alike"] for row in rows if row["outcome"] == "duplicate"} == {"url"}
    assert "/harbour-opens?utm_source=x" not in serial.paths()
