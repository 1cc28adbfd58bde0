"""Reading a site's whole archive, in pieces, after kills, and no further back than asked."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cleaners.models import Listed
from crawler.backfill import Backfill, read_since
from crawler.crawl import CrawlOptions, run_crawl
from crawler.crawl_command import summary
from crawler.discovery.found import Found
from crawler.errors import UserError
from crawler.listing_links import save_links
from crawler.seeds import Seed
from crawler.settings import read_environment
from crawler.site_pass import Budget, Listing, SitePass, Task
from pipelines.ledger import Validators, open_ledger
from pipelines.store import open_redis

ROOT = Path(__file__).parents[2]
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
FILES, EACH = 12, 5
SCRIPT = """
import sys
from pathlib import Path
from crawler.backfill import read_since
from crawler.crawl import CrawlOptions, run_crawl

if __name__ == "__main__":
    seeds, data = sys.argv[1:]
    run_crawl(
        CrawlOptions(
            seeds=(Path(seeds),), sites=("paper",), data=data, allow_addresses=("127.0.0.1/32",),
            since=read_since("2024-01-01"),
        )
    )
"""


def options(folder, **changes):
    environment = replace(read_environment({}), clean_workers=1, lease_seconds=2.0, batch_age_seconds=0.3)
    defaults = {
        "seeds": (folder / "seeds",),
        "sites": ("paper",),
        "data": str(folder / "data"),
        "allow_addresses": ("127.0.0.1/32",),
        "since": SINCE,
    }
    return CrawlOptions(**{"environment": environment} | defaults | changes)


@pytest.fixture
def archive(serve, helpers, tmp_path):
    """An index of an index, of twelve months since 2024 and one before, the oldest first."""
    site = serve()

    def xml(kind, entries):
        inner = "".join(f"<{kind}><loc>{site.base}{path}</loc>{dates}</{kind}>" for path, dates in entries)
        return helpers.answer(
            f"<{kind}set>{inner}</{kind}set>".encode(), headers={"Content-Type": "text/xml"}
        )

    months = [(f"/months/2024-{month}.xml", "") for month in range(1, FILES + 1)]
    old = ("/months/2023-12.xml", "<lastmod>2023-12-31T20:00:00Z</lastmod>")
    site.answers["/sitemap.xml"] = xml("sitemap", [("/months.xml", ""), old])
    site.answers["/months.xml"] = xml("sitemap", months)
    for month in range(1, FILES + 1):
        paths = [f"/news/{100 * month + number}" for number in range(EACH)]
        dated = [(path, f"<lastmod>2024-{month:02}-03</lastmod>") for path in paths]
        older = (f"/news/{month}", "<lastmod>2023-05-01</lastmod>")
        site.answers[f"/months/2024-{month}.xml"] = xml("url", [*dated, older])
        for path in paths:
            site.answers[path] = helpers.answer(helpers.page(int(path.rpartition("/")[2])))
    helpers.seed(tmp_path / "seeds", "paper", site.base, sitemaps=[f"{site.base}/sitemap.xml"])
    return site


def files(site):
    return [path for path in site.paths() if path.startswith("/months/")]


def test_archive_is_read_newest_first_and_no_further_back_than_asked(archive, tmp_path):
    report = run_crawl(options(tmp_path))
    assert files(archive) == [f"/months/2024-{month}.xml" for month in range(FILES, 0, -1)]
    assert report.articles == FILES * EACH
    assert report.refused_links == {"date": FILES}
    figures = report.backfills["paper"]
    assert (figures.sitemaps, figures.sitemaps_read, figures.pages_left) == (FILES, FILES, 0)
    # A poll of the agenda reads on as before: the archive has told it nothing.
    asked = len(files(archive))
    run_crawl(options(tmp_path))
    assert len(files(archive)) == asked


def test_archive_goes_on_after_a_kill_without_reading_again_what_was_read(archive, helpers, tmp_path):
    def slowly(answer):
        def respond(_):
            time.sleep(0.2)
            return answer

        return respond

    archive.answers |= {
        path: slowly(answer) for path, answer in archive.answers.items() if path.startswith("/months/")
    }
    script = tmp_path / "crawl_once.py"
    script.write_text(SCRIPT)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "BROADSHEET_LEASE_SECONDS": "2",
        "BROADSHEET_CLEAN_WORKERS": "1",
    }
    worker = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "seeds"), str(tmp_path / "data")], env=environment
    )
    deadline = time.monotonic() + 60
    while len(files(archive)) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.kill()
    worker.wait()
    before = files(archive)
    assert 5 <= len(before) < FILES
    report = run_crawl(options(tmp_path))
    after = files(archive)[len(before) :]
    # The one whose answer was under way, or not saved yet, is the only one that is asked for twice.
    assert set(before[:-1]).isdisjoint(after)
    assert set(before) | set(after) == {f"/months/2024-{month}.xml" for month in range(1, FILES + 1)}
    assert report.backfills["paper"].sitemaps_read == FILES
    rows = helpers.rows(tmp_path / "data")
    assert len({row["url"] for row in rows}) == len(rows) == FILES * EACH


def test_next_sitemap_waits_until_few_links_of_the_others_are_left(serve, helpers, tmp_path):
    site = serve()
    seen = {}

    def listing(number):
        def respond(_):
            seen[number] = sum(path.startswith("/news/") for path in site.paths())
            urls = "".join(f"<url><loc>{site.base}/news/{number}-{page}</loc></url>" for page in range(1_100))
            return helpers.answer(f"<urlset>{urls}</urlset>".encode(), headers={"Content-Type": "text/xml"})

        return respond

    names = "".join(f"<sitemap><loc>{site.base}/{number}.xml</loc></sitemap>" for number in (1, 2))
    site.answers["/sitemap.xml"] = helpers.answer(f"<sitemapindex>{names}</sitemapindex>".encode())
    site.answers |= {"/1.xml": listing(1), "/2.xml": listing(2)}
    helpers.seed(tmp_path / "seeds", "paper", site.base, sitemaps=[f"{site.base}/sitemap.xml"])
    run_crawl(options(tmp_path, limit=1_000))
    assert seen[2] == 0
    assert seen[1] >= 50


@pytest.mark.parametrize(
    "text", ["yesterday", "2024-13", "2024-02-30", "24-01-01", "2024-1-1", "", "2999-01-01"]
)
def test_day_that_is_none_is_refused(text):
    with pytest.raises(UserError, match="--since"):
        read_since(text)


def test_pages_left_are_none_once_all_are_visited_although_none_is_published_yet(
    archive, tmp_path, monkeypatch
):
    told = []
    estimate = Backfill.estimate

    def note(self, *, owed, visited):
        told.append((visited, owed))
        estimate(self, owed=owed, visited=visited)

    monkeypatch.setattr(Backfill, "estimate", note)
    run_crawl(options(tmp_path, environment=replace(read_environment({}), clean_workers=1)))
    # The first time that all were visited; the last time, they are published, too.
    assert next(owed for visited, owed in told if visited == FILES * EACH) == 0


def test_site_without_sitemaps_has_no_archive_to_go_through(serve, helpers, tmp_path):
    site = serve()
    feed = b"<rss version='2.0'><channel><item><link>/news/1</link></item></channel></rss>"
    site.answers |= {"/feed": helpers.answer(feed), "/news/1": helpers.answer(helpers.page(1))}
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/feed"])
    lines = summary(run_crawl(options(tmp_path)))
    assert "paper: no archive to go through: none of its listings is a sitemap" in lines


def test_archive_of_no_site_is_refused(archive, tmp_path):
    with pytest.raises(UserError, match="--since: name the sites"):
        run_crawl(options(tmp_path, sites=()))


def sitemap_pass(ledger):
    url = "https://news.example/s"
    seed = Seed(id="paper", name="Paper", language="en", home="https://news.example/", sitemaps=(url,))
    site_pass = SitePass(Task(seed=seed), ledger, Budget(None), None, polls=None, quiet_in_seconds=None)
    return site_pass, Listing(kind="sitemap", url=url, root=url)


async def test_each_sitemap_is_read_from_its_first_byte_to_its_last_by_one_thread(tmp_path):
    # Read on by another thread, a libxml2 tree corrupts the heap: every process that did so died.
    threads = {}

    def chunks(number):
        seen = threads.setdefault(number, set())
        try:
            for chunk in range(5):
                seen.add(threading.get_ident())
                time.sleep(0.01)
                yield Found(links=(Listed(url=f"https://news.example/{number}/{chunk}"),), is_last=chunk == 4)
        finally:
            seen.add(threading.get_ident())

    async with (
        open_redis(None, tmp_path / "state") as redis,
        open_ledger(redis=redis, data=str(tmp_path / "data"), state=tmp_path / "state") as ledger,
    ):
        site_pass, listing = sitemap_pass(ledger)
        read = await asyncio.gather(
            *(save_links(ledger, site_pass, listing, chunks(number), None) for number in range(6))
        )
    assert [found.saved.new for found in read] == [5] * 6
    assert {len(seen) for seen in threads.values()} == {1}


async def test_listing_that_is_being_read_is_left_at_a_signal_and_read_again(tmp_path):
    async with (
        open_redis(None, tmp_path / "state") as redis,
        open_ledger(redis=redis, data=str(tmp_path / "data"), state=tmp_path / "state") as ledger,
    ):
        site_pass, listing = sitemap_pass(ledger)

        def chunks():
            for number in range(1_000):
                if number == 3:
                    site_pass.stop()
                yield Found(links=(Listed(url=f"https://news.example/{number}"),), is_last=number == 999)

        read = await save_links(ledger, site_pass, listing, chunks(), Validators(etag='"1"'))
        assert (read.saved.new, read.is_left, read.is_saved) == (4, True, False)
        assert await ledger.listing_validators("paper", listing.url) is None
