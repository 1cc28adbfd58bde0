"""Listings as strangers send them, through a whole crawl: bounded, one outcome or warning each, no stall."""

from __future__ import annotations

import pytest

from crawler.crawl import CrawlOptions, run_crawl
from crawler.crawl_command import warnings
from crawler.tally import CutListing

ITEMS = 120


@pytest.fixture(scope="module")
def crawled(serve, helpers, tmp_path_factory):
    site = serve()
    folder = tmp_path_factory.mktemp("listings")
    filler = "x" * 100_000
    items = "".join(
        f"<item><link>{site.base}/story/{n}</link><description>{filler}</description></item>"
        for n in range(ITEMS)
    )
    # It says that it is a gigabyte, and sends 12 MB before it falls silent.
    feed = f"<rss version='2.0'><channel>{items}".encode()
    site.answers["/huge.xml"] = helpers.answer(feed, missing=1 << 30)
    site.answers["/page.xml"] = helpers.answer(
        b"<!DOCTYPE html><html><head><title>Sorry</title></head></html>"
    )
    site.answers["/index.xml"] = helpers.answer(
        f"<sitemapindex><sitemap><loc>{site.base}/index.xml</loc></sitemap><sitemap><loc>{site.base}/other.xml</loc>"
        f"</sitemap></sitemapindex>".encode()
    )
    site.answers["/other.xml"] = helpers.answer(
        f"<sitemapindex><sitemap><loc>{site.base}/index.xml</loc></sitemap></sitemapindex>".encode()
    )
    helpers.seed(
        folder / "seeds",
        "gazette",
        site.base,
        feeds=[f"{site.base}/huge.xml", f"{site.base}/page.xml"],
        sitemaps=[f"{site.base}/index.xml"],
    )
    options = CrawlOptions(
        seeds=(folder / "seeds",), data=str(folder / "data"), allow_addresses=("127.0.0.0/8",), limit=4
    )
    return site, run_crawl(options)


def test_feed_of_a_gigabyte_gives_what_stands_before_the_limit(crawled):
    site, report = crawled
    assert 60 < report.new_links < ITEMS
    assert site.paths().count("/huge.xml") == 1


def test_listing_that_is_cut_is_named_with_how_much_was_read(crawled):
    site, report = crawled
    ((url, cut),) = report.listings_cut.items()
    assert url == f"{site.base}/huge.xml"
    assert cut == CutListing(site="gazette", kind="feed", read="8388608 bytes", links=report.new_links)
    (line,) = (line for line in warnings(report) if "cut" in line)
    assert line.startswith(f"gazette: feed {url}: cut: its first 8388608 bytes were read")


def test_page_in_place_of_a_feed_is_named(crawled):
    site, report = crawled
    ((url, failed),) = report.listings_failed.items()
    assert url == f"{site.base}/page.xml"
    assert "it is an HTML page, and no feed" in str(failed)


def test_index_that_contains_itself_is_read_a_bounded_number_of_times(crawled):
    site, _ = crawled
    assert 1 <= site.paths().count("/index.xml") <= 3
    assert 1 <= site.paths().count("/other.xml") <= 2
