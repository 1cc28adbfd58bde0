"""What the command says at the end of a crawl."""

import re
import subprocess
import sys
import time

import pytest


@pytest.fixture
def crawl(tmp_path):
    """Run the command over the seeds in the test's folder."""

    def run(*options):
        command = [sys.executable, "-m", "crawler", "crawl", "--now", "--allow-address", "127.0.0.0/8"]
        folders = ["--seeds", str(tmp_path / "seeds"), "--data", str(tmp_path / "data")]
        return subprocess.run(
            [*command, *folders, *options], capture_output=True, text=True, timeout=60, check=False
        )

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
    tries = iter([helpers.answer(b"", 500), helpers.answer(helpers.page(3))])
    site.answers["/late"] = lambda _: next(tries)
    more = b'</article><a rel="next" href="/long?page=2">Next page</a>'
    site.answers["/long"] = helpers.answer(helpers.page(4, "Long").replace(b"</article>", more))
    site.answers["/long?page=2"] = helpers.answer(helpers.page(5, "Long"))
    paths = ["news/0", "news/1", "news/2", "copy", "empty", "picture", "none", "private/1", "late", "long"]
    helpers.seed(tmp_path / "seeds", "paper", site.base, urls=[f"{site.base}/{path}" for path in paths])
    done = crawl()
    assert done.returncode == 0, done.stderr
    _, _, pages, visits, place = done.stdout.splitlines()
    assert re.sub(r" in .*\)", "", pages) == (
        "11 pages fetched, 1 of them further pages of articles, 1 of them tried again"
    )
    head, _, outcomes = visits.partition(": ")
    assert head == "10 visits ended, 1 of them with nothing fetched"
    fetched, further, again = map(int, re.findall(r"(\d+) (?:pages|of)", pages))
    ended, unfetched = map(int, re.findall(r"\d+", head))
    assert fetched - further - again == ended - unfetched
    counts = {
        name: int(count)
        for name, count in re.findall(r"(?:^|, )(\w+) (\d+)", re.sub(r" \([^)]*\)", "", outcomes))
    }
    assert counts == {"article": 5, "duplicate": 1, "rejected": 2, "gone": 1, "blocked": 1}
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


def test_pages_owed_from_earlier_runs_are_told(serve, helpers, crawl, tmp_path):
    site = serve()
    paths = [f"/news/{number}" for number in range(5)]
    site.answers |= {path: helpers.answer(helpers.page(number)) for number, path in enumerate(paths)}
    helpers.seed(tmp_path / "seeds", "paper", site.base, urls=[site.base + path for path in paths])
    assert "owed from" not in crawl("--limit", "2").stdout
    (tmp_path / "list").write_text(f"{site.base}/another\n{site.base}/news/4\n")
    assert crawl("--urls", str(tmp_path / "list")).stdout.splitlines()[2] == "3 pages owed from earlier runs"
    assert "owed from" not in crawl().stdout


def test_one_address_in_several_spellings_is_not_said_to_be_known(serve, helpers, crawl, tmp_path):
    site = serve()
    helpers.seed(tmp_path / "seeds", "paper", site.base, urls=[f"{site.base}/never"])
    site.answers["/news"] = helpers.answer(helpers.page(1))
    spellings = ["/news", "/news#top", "/news?utm_source=mail", "/./news", "/%6Eews"]
    options = [part for spelling in spellings for part in ("--url", site.base + spelling)]
    assert "known before" not in crawl(*options).stdout
    assert "1 of the addresses asked for was known before" in crawl(*options).stdout


def test_listings_read_failed_and_left_are_all_the_listings(serve, helpers, crawl, tmp_path):
    gone, there = serve("127.0.0.2"), serve()
    gone.server.shutdown()
    gone.server.server_close()
    there.answers["/0"] = helpers.answer(
        b"<rss version='2.0'><channel></channel></rss>", headers={"Content-Type": "application/rss+xml"}
    )
    for name, site in (("gone", gone), ("there", there)):
        helpers.seed(
            tmp_path / "seeds", name, site.base, feeds=[f"{site.base}/{number}" for number in range(7)]
        )
    line = crawl().stdout.splitlines()[1].partition(": ")[0]
    counts = {
        what: int(count)
        for count, what in re.findall(r"(\d+) (listing read|not read|left for a later pass)", line)
    }
    assert counts["listing read"] == 1
    assert counts["not read"] >= 6
    assert counts["left for a later pass"] > 0
    assert sum(counts.values()) == 14


def test_of_long_lists_the_rest_is_counted_in_plain_words(serve, helpers, crawl, tmp_path):
    for number in range(22):
        site = serve()
        site.answers["/news"] = helpers.answer(b"no", 403)
        helpers.seed(tmp_path / "seeds", f"paper-{number}", site.base, urls=[f"{site.base}/news"])
    site = serve()
    feeds = [f"{site.base}/feed/{number}" for number in range(21)]
    helpers.seed(tmp_path / "seeds", "feeds", site.base, feeds=feeds)
    lines = crawl().stderr.splitlines()
    assert sum(": verdict: blocked: of 1 answer, 1 was 403" in line for line in lines) == 20
    assert "broadsheet: and 2 more verdicts" in lines
    assert "broadsheet: and 1 more listing not read" in lines


def test_progress_counts_the_sites_whose_pass_ended(serve, helpers, crawl, tmp_path):
    quick, slow = serve(), serve()

    def answer(_):
        time.sleep(11)
        return helpers.answer(helpers.page(2))

    quick.answers["/news"] = helpers.answer(helpers.page(1))
    slow.answers["/news"] = answer
    for name, site in (("quick", quick), ("slow", slow)):
        helpers.seed(tmp_path / "seeds", name, site.base, urls=[f"{site.base}/news"])
    assert " · 1 site done" in crawl().stderr
