"""What a second, third, … crawl asks for and finds, against a site on loopback."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from crawler import polls
from crawler.crawl import CrawlOptions, run_crawl
from crawler.settings import read_environment

XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


class Paper:
    """A site, its seed, and crawls over it."""

    def __init__(self, serve, helpers, folder, **keys):
        self.site, self.helpers, self.folder = serve(), helpers, folder
        self.base = self.site.base
        keys = {name: [f"{self.base}{path}" for path in paths] for name, paths in keys.items()}
        helpers.seed(folder / "seeds", "paper", self.base, **keys)

    def write(self, *numbers):
        for number in numbers:
            self.site.answers[f"/news/{number}"] = self.helpers.answer(self.helpers.page(number))

    def feed(self, *numbers, etag=None):
        """A feed of these articles, which says 304 to whom knows its ETag; None: it has none."""
        self.write(*numbers)
        items = "".join(f"<item><link>{self.base}/news/{number}</link></item>" for number in numbers)
        body = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
        headers = {"Content-Type": "application/rss+xml"} | ({"ETag": etag} if etag else {})

        def answer(request):
            is_known = etag is not None and request.headers.get("If-None-Match") == etag
            return self.helpers.answer(b"" if is_known else body, 304 if is_known else 200, headers)

        self.site.answers["/feed.xml"] = answer

    def sitemap(self, lastmods, path="/sitemap.xml"):
        self.write(*lastmods)
        urls = "".join(
            f"<url><loc>{self.base}/news/{number}</loc><lastmod>{at}</lastmod></url>"
            for number, at in lastmods.items()
        )
        self.site.answers[path] = self.helpers.answer(f"<urlset {XMLNS}>{urls}</urlset>".encode())

    def crawl(self, **options):
        """Crawl; gives the report and the paths that were asked for, without those of politeness."""
        before = len(self.site.requests)
        environment = replace(read_environment({}), clean_workers=1, lease_seconds=4.0)
        report = run_crawl(
            CrawlOptions(
                **{
                    "seeds": (self.folder / "seeds",),
                    "data": str(self.folder / "data"),
                    "allow_addresses": ("127.0.0.1/32",),
                    "now": True,
                    "environment": environment,
                }
                | options
            )
        )
        polite = ("/robots.txt", "/.well-known/tdmrep.json")
        return report, [path for path in self.site.paths()[before:] if path not in polite]


@pytest.fixture
def paper(serve, helpers, tmp_path):
    def make(**keys):
        return Paper(serve, helpers, tmp_path, **keys)

    return make


def test_quiet_hour_costs_one_request_a_poll_and_listing_and_none_for_articles(paper):
    site = paper(feeds=["/feed.xml"], sitemaps=["/sitemap.xml"], sections=["/"])
    site.feed(1, 2, 3, etag='"a"')
    site.sitemap({4: "2026-03-01T10:00:00Z", 5: "2026-03-01T11:00:00Z"})
    site.write(6)
    site.site.answers["/"] = site.helpers.answer(
        b"<main><h2><a href='/news/6'>A long headline of a story</a></h2></main>"
    )
    first, _ = site.crawl()
    assert first.pages >= 5
    for _ in range(3):
        quiet, paths = site.crawl()
        assert sorted(paths) == ["/", "/feed.xml", "/sitemap.xml"]
        assert (quiet.listings, quiet.listings_unchanged, quiet.pages) == (3, 3, 0)


def test_pass_over_a_site_whose_listings_are_not_due_asks_for_nothing(paper):
    site = paper(feeds=["/feed.xml"])
    site.feed(1)
    site.crawl()
    report, paths = site.crawl(now=False)
    assert (paths, list(report.sites_not_due)) == ([], ["paper"])


def test_newer_lastmod_makes_a_known_page_due_and_an_older_one_does_not(paper):
    site = paper(sitemaps=["/sitemap.xml"])
    site.sitemap({1: "2026-03-01T10:00:00Z", 2: "2026-03-01T10:00:00Z"})
    site.crawl()
    rows = site.helpers.rows(site.folder / "data")
    fetched_at = max(datetime.fromisoformat(row["fetched_at"]) for row in rows)
    while (moment := datetime.now(UTC).replace(microsecond=0)) <= fetched_at:
        time.sleep(0.1)
    site.sitemap({1: moment.isoformat(), 2: "2026-03-01T10:30:00Z"})
    report, paths = site.crawl()
    assert sorted(paths) == ["/news/1", "/sitemap.xml"]
    assert (report.due_links, report.outcomes) == (1, {"unchanged": 1})


def test_feed_that_keeps_its_etag_while_it_changes_is_found_out_and_not_trusted_again(paper, monkeypatch):
    monkeypatch.setattr(polls, "UNTRUSTED_POLLS", 1)
    site = paper(feeds=["/feed.xml"])
    site.feed(1, 2, etag='"for good"')
    site.crawl()
    site.feed(3, 1, 2, etag='"for good"')
    assert site.crawl()[0].listings_unchanged == 1  # 304, though it changed
    found, paths = site.crawl()
    assert "/news/3" in paths
    assert found.listings_distrusted == (f"{site.base}/feed.xml",)
    site.feed(4, 3, 1, 2, etag='"for good"')
    assert "/news/4" in site.crawl()[1]


def test_feed_that_rolled_over_between_two_polls_is_named(paper):
    site = paper(feeds=["/feed.xml"])
    site.feed(1, 2)
    assert site.crawl()[0].listings_rolled_over == ()
    site.feed(2, 3)
    assert site.crawl()[0].listings_rolled_over == ()
    site.feed(4, 5)
    assert site.crawl()[0].listings_rolled_over == (f"{site.base}/feed.xml",)


def test_page_in_place_of_a_feed_is_a_failure_of_that_listing_alone(paper):
    site = paper(feeds=["/feed.xml", "/other.xml"])
    site.feed(1)
    site.site.answers["/other.xml"] = site.helpers.answer(
        b"<!DOCTYPE html><html><body>Down for repairs</body></html>"
    )
    report, _ = site.crawl()
    assert list(report.listings_failed) == [f"{site.base}/other.xml"]
    assert report.articles == 1


def test_report_says_how_much_of_what_is_listed_is_captured(paper):
    site = paper(feeds=["/feed.xml"])
    site.feed(1, 2, 3, 4)
    site.site.answers["/news/4"] = site.helpers.answer(b"gone", 410)
    cut_short = site.crawl(limit=2)[0].sites["paper"]
    assert (cut_short.listed, cut_short.captured, cut_short.captured_share) == (4, 2, 0.5)
    rest = site.crawl()[0].sites["paper"]
    assert (rest.listed, rest.captured, rest.captured_share) == (2, 2, 1.0)
    nothing = site.crawl()[0].sites["paper"]
    assert (nothing.listed, nothing.captured_share, nothing.lag_median_seconds) == (0, None, None)


def test_report_says_how_fresh_new_articles_are_and_leaves_the_archive_out(paper):
    site = paper(feeds=["/feed.xml"])
    dated = "<item><link>{}/news/{}</link><pubDate>{}</pubDate></item>"

    def feed(*entries):
        site.write(*(number for number, _ in entries))
        items = "".join(dated.format(site.base, number, format_datetime(at)) for number, at in entries)
        body = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
        site.site.answers["/feed.xml"] = site.helpers.answer(
            body, headers={"Content-Type": "application/rss+xml"}
        )

    old = (1, datetime.now(UTC) - timedelta(days=30))
    feed(old)
    assert site.crawl()[0].sites["paper"].lags == 0
    published_at = datetime.now(UTC)
    feed((2, published_at), (3, published_at), old, (4, published_at - timedelta(days=40)))
    fresh = site.crawl()[0].sites["paper"]
    elapsed = (datetime.now(UTC) - published_at).total_seconds()
    assert fresh.lags == 2
    assert 0 < fresh.lag_median_seconds <= fresh.lag_p95_seconds <= 1.1 * (elapsed + 1)
