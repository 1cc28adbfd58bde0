"""A site of traps on loopback: each is left early, and no real article is lost."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from crawler.crawl import CrawlOptions, run_crawl

ARTICLES = 60
A_TRAP = 700
MOST_PAGES = 500

TRAPS = {
    "calendar": [f"/events/{2000 + n // 336}/{n // 28 % 12 + 1:02}/{n % 28 + 1:02}/" for n in range(A_TRAP)],
    "session": [f"/stories?sid={n:032x}" for n in range(A_TRAP)],
    "path": ["/news/archive" * (n + 2) + "/" for n in range(20)],
    "pages": [f"/latest/page/{n}" for n in range(A_TRAP)],
    "query": [
        "/list?"
        + "&".join(f"{name}={value}" for name, value in zip(order, "abcd", strict=True))
        + f"&view={view}"
        for order in itertools.permutations(("sort", "color", "size", "kind"))
        for view in range(30)
    ],
}


@pytest.fixture(scope="module")
def crawled(serve, helpers, tmp_path_factory):
    site = serve()
    folder = tmp_path_factory.mktemp("traps")
    articles = [f"/2025/03/04/story-{n}" for n in range(ARTICLES)]
    for number, path in enumerate(articles):
        site.answers[path] = helpers.answer(helpers.page(20_000 + number))
    trap_page = helpers.answer(
        b"<html><head><title>Events</title></head><body><a href='/'>Home</a></body></html>"
    )
    site.answers |= {path: trap_page for paths in TRAPS.values() for path in paths}
    # The traps come first: what is spent on them must not be missing for the articles.
    listed = [*itertools.chain(*TRAPS.values()), *articles, "/a.mp3", "/report.pdf"]
    site.answers["/sitemap.txt"] = helpers.answer("\n".join(site.base + path for path in listed).encode())
    helpers.seed(folder / "seeds", "gazette", site.base, sitemaps=[f"{site.base}/sitemap.txt"])
    report = run_crawl(
        CrawlOptions(
            seeds=(Path(folder / "seeds"),), data=str(folder / "data"), allow_addresses=("127.0.0.0/8",)
        )
    )
    return report, Counter(site.paths()), articles, helpers.rows(folder / "data")


def test_no_trap_costs_more_than_its_share(crawled):
    _, asked, _, _ = crawled
    fetched = {name: sum(asked[path] for path in paths) for name, paths in TRAPS.items()}
    assert max(fetched.values()) <= MOST_PAGES
    assert fetched["session"] == 1
    assert fetched["path"] == 0


def test_every_real_article_is_captured(crawled):
    _, asked, articles, rows = crawled
    captured = {row["url"].partition("/2025")[2] for row in rows if row["outcome"] == "article"}
    assert len(captured) == ARTICLES
    assert all(asked[path] == 1 for path in articles)


def test_each_refused_link_is_counted_with_its_reason(crawled):
    report, asked, _, _ = crawled
    refused = dict(report.refused_links)
    assert (refused.pop("media"), refused.pop("document")) == (1, 1)
    assert refused["trap_path"] == 20
    assert refused["trap_session"] == A_TRAP - 1
    assert set(refused) == {"trap_calendar", "trap_pages", "trap_path", "trap_query", "trap_session"}
    listed = sum(len(paths) for paths in TRAPS.values()) + ARTICLES
    fetched = sum(count for path, count in asked.items() if path not in {"/sitemap.txt", "/robots.txt"})
    # What differs only in the order of its parameters is one page, and known once it is pending.
    assert report.known_links + sum(refused.values()) + report.new_links == listed
    assert fetched >= report.new_links
