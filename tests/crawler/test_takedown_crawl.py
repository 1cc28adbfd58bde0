"""A crawl after a takedown: what is taken down is not asked for, and says so."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from crawler.cli import app
from crawler.crawl import CrawlOptions, run_crawl
from crawler.settings import read_environment

RSS = "<rss version='2.0'><channel><title>T</title>{}</channel></rss>"
ITEM = "<item><title>Zyx-marker {0}</title><link>{1}/news/{0}</link></item>"


@pytest.fixture
def crawl(serve, helpers, tmp_path):
    """Crawls a site with a feed of as many pages as it is asked to."""
    site = serve()
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/feed"])
    environment = replace(read_environment({}), clean_workers=1, lease_seconds=4.0)

    def run(pages):
        site.answers |= {f"/news/{number}": helpers.answer(helpers.page(number)) for number in range(pages)}
        items = "".join(ITEM.format(number, site.base) for number in range(pages))
        site.answers["/feed"] = helpers.answer(
            RSS.format(items).encode(), headers={"Content-Type": "application/rss+xml"}
        )
        return run_crawl(
            CrawlOptions(
                seeds=(tmp_path / "seeds",),
                data=str(tmp_path / "data"),
                allow_addresses=("127.0.0.1/32",),
                now=True,
                environment=environment,
            )
        )

    run.site, run.data = site, tmp_path / "data"
    return run


def take_down(crawl, target):
    done = CliRunner().invoke(app, ["takedown", target, "--reason", "a wish", "--data", str(crawl.data)])
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_page_that_was_taken_down_before_it_was_found_is_never_fetched(crawl):
    assert crawl(1).outcomes == {"article": 1}
    take_down(crawl, f"{crawl.site.base}/news/1")
    report = crawl(3)
    assert (report.outcomes, report.reasons) == ({"article": 1, "blocked": 1}, {"blocked": {"takedown": 1}})
    assert "/news/1" not in crawl.site.paths()
    assert crawl(3).outcomes == {}
    # Valkey keeps what a feed said of a link in its append-only file, until that is rewritten.
    body = b"".join(path.read_bytes() for path in crawl.data.rglob("*") if path.is_file())
    assert f"{crawl.site.base}/news/1".encode() not in body


def test_nothing_of_a_site_that_was_taken_down_is_asked_for(crawl):
    assert crawl(1).outcomes == {"article": 1}
    take_down(crawl, "paper")
    crawl.site.requests.clear()
    crawl(3)
    assert [path for path in crawl.site.paths() if path != "/robots.txt"] == []
