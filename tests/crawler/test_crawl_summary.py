"""What the command says at the end of a crawl."""

import re
import subprocess
import sys

import pytest


@pytest.fixture
def crawl(tmp_path):
    """Run the command over the seeds in the test's folder."""

    def run():
        command = [sys.executable, "-m", "crawler", "crawl", "--now", "--allow-address", "127.0.0.0/8"]
        folders = ["--seeds", str(tmp_path / "seeds"), "--data", str(tmp_path / "data")]
        return subprocess.run([*command, *folders], capture_output=True, text=True, timeout=60, check=False)

    return run


def test_account_adds_up(serve, helpers, crawl, tmp_path):
    site = serve()
    for number in range(3):
        site.answers[f"/news/{number}"] = helpers.answer(helpers.page(number))
    site.answers["/robots.txt"] = helpers.answer(
        b"User-agent: *\nDisallow: /private", headers={"Content-Type": "text/plain"}
    )
    site.answers["/copy"] = site.answers["/news/2"]
    site.answers["/empty"] = helpers.answer(b"<html><body><p>Nothing.</p></body></html>")
    site.answers["/picture"] = helpers.answer(b"\x89PNG", headers={"Content-Type": "image/png"})
    paths = ["news/0", "news/1", "news/2", "copy", "empty", "picture", "none", "private/1"]
    helpers.seed(tmp_path / "seeds", "paper", site.base, urls=[f"{site.base}/{path}" for path in paths])
    done = crawl()
    assert done.returncode == 0, done.stderr
    _, _, pages, visits, place = done.stdout.splitlines()
    assert pages.startswith("5 pages fetched in ")
    head, _, outcomes = visits.partition(": ")
    assert head == f"{len(paths)} visits ended"
    counts = {
        name: int(count)
        for name, count in re.findall(r"(?:^|, )(\w+) (\d+)", re.sub(r" \([^)]*\)", "", outcomes))
    }
    assert counts == {"article": 3, "duplicate": 1, "rejected": 2, "gone": 1, "blocked": 1}
    assert len(helpers.rows(tmp_path / "data")) == len(paths)
    assert place == f"published in {tmp_path / 'data'}"
    again = crawl().stdout.splitlines()
    assert again[0] == "1 site visited"
    assert again[-2:] == ["no page was due", "nothing was published"]


def test_listings_that_are_none_are_named_with_their_site(serve, helpers, crawl, tmp_path):
    site = serve()
    site.answers["/feed"] = helpers.answer(b"<!DOCTYPE html><html><body>Down for repairs</body></html>")
    site.answers["/sitemap.xml"] = helpers.answer(b"<urlset><url><lo", headers={"Content-Type": "text/xml"})
    listings = {"feeds": [f"{site.base}/feed"], "sitemaps": [f"{site.base}/sitemap.xml"]}
    helpers.seed(tmp_path / "seeds", "paper", site.base, **listings)
    done = crawl()
    assert done.returncode == 1
    *named, last = done.stderr.splitlines()
    assert sorted(line.rpartition(": not read: ")[0] for line in named) == [
        f"broadsheet: paper: feed {site.base}/feed",
        f"broadsheet: paper: sitemap {site.base}/sitemap.xml",
    ]
    assert last == "broadsheet: nothing could be read: no listing, and so no page"
    assert "0 listings read (0 unchanged), 2 not read" in done.stdout


def test_crawl_in_which_one_listing_can_be_read_is_no_fault(serve, helpers, crawl, tmp_path):
    broken, good = serve(), serve()
    helpers.seed(tmp_path / "seeds", "broken", broken.base, feeds=[f"{broken.base}/feed"])
    good.answers["/feed"] = helpers.answer(
        b"<rss version='2.0'><channel></channel></rss>", headers={"Content-Type": "application/rss+xml"}
    )
    helpers.seed(tmp_path / "seeds", "good", good.base, feeds=[f"{good.base}/feed"])
    done = crawl()
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"broadsheet: broken: feed {broken.base}/feed: not read: http_404"]
