"""Delays over several workers and their deaths, Retry-After, hosts that are down, and the operator's stop-list."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.closures import Closures, read_retry_after
from crawler.crawl import CrawlOptions, run_crawl
from crawler.settings import read_environment
from pipelines.ledger import open_ledger
from pipelines.store import open_redis

ROOT = Path(__file__).parents[2]
DELAY = 0.4
SCRIPT = """
import sys
from pathlib import Path
from crawler.crawl import CrawlOptions, run_crawl

if __name__ == "__main__":
    seeds, data = sys.argv[1:]
    run_crawl(CrawlOptions(seeds=(Path(seeds),), data=data, allow_addresses=("127.0.0.1/32",)))
"""


def options(folder, **changes):
    environment = replace(read_environment({}), clean_workers=1, lease_seconds=2.0, batch_age_seconds=0.3)
    defaults = {
        "seeds": (folder / "seeds",),
        "data": str(folder / "data"),
        "allow_addresses": ("127.0.0.1/32",),
        "now": True,
    }
    return CrawlOptions(**{"environment": environment} | defaults | changes)


def publish(site, helpers, name, count, first=1):
    """A feed of a site and its pages."""
    numbers = range(first, first + count)
    links = "".join(f"<item><link>{site.base}/{name}/{number}</link></item>" for number in numbers)
    site.answers[f"/{name}.xml"] = helpers.answer(
        f"<rss version='2.0'><channel>{links}</channel></rss>".encode(),
        headers={"Content-Type": "application/rss+xml"},
    )
    for number in numbers:
        site.answers[f"/{name}/{number}"] = helpers.answer(helpers.page(number))


def pages(site):
    return [path for path in site.paths() if path.count("/") == 2 and "well-known" not in path]


@pytest.mark.timeout(300)
def test_delay_of_a_shared_host_is_kept_by_four_workers_though_they_are_killed(serve, helpers, tmp_path):
    # Arrivals are measured, and stray from their sending by tens of milliseconds on a busy machine.
    delay = 1.0
    site = serve()
    under_way, most = [0], [0]
    guard = threading.Lock()

    def slowly(answer):
        def respond(_):
            with guard:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            time.sleep(0.1)
            with guard:
                under_way[0] -= 1
            return answer

        return respond

    for place, name in enumerate(("one", "two", "three")):
        publish(site, helpers, name, 4, first=10 * place)
        helpers.seed(
            tmp_path / "seeds", name, site.base, feeds=[f"{site.base}/{name}.xml"], delay_seconds=delay
        )
    site.answers |= {path: slowly(answer) for path, answer in site.answers.items()}
    script = tmp_path / "crawl_once.py"
    script.write_text(SCRIPT)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "BROADSHEET_LEASE_SECONDS": "2",
        "BROADSHEET_BATCH_AGE_SECONDS": "0.3",
        "BROADSHEET_CLEAN_WORKERS": "1",
    }
    command = [sys.executable, str(script), str(tmp_path / "seeds"), str(tmp_path / "data")]
    workers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(4)
    ]
    try:
        deadline = time.monotonic() + 60
        for asked in (5, 10):
            # Whoever comes first leases all three sites, and the others, who see it live, end: those that are left work.
            while (
                len(site.requests) < asked
                and time.monotonic() < deadline
                and any(worker.poll() is None for worker in workers)
            ):
                time.sleep(0.02)
            for worker in [worker for worker in workers if worker.poll() is None][:1]:
                worker.kill()
        for worker in workers:
            worker.wait(120)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    run_crawl(options(tmp_path))
    rows = helpers.rows(tmp_path / "data")
    assert sorted(row.get("requested_url") or row["url"] for row in rows) == sorted(
        f"{site.base}/{name}/{10 * place + number}"
        for place, name in enumerate(("one", "two", "three"))
        for number in range(4)
    )
    times = [at for at, _, _ in site.requests]
    smallest = min(after - before for before, after in itertools.pairwise(times))
    assert smallest >= 0.95 * delay
    assert most[0] == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 1.0),
        ("Wed, 21 Oct 2026 07:30:00 GMT", 120.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 1.0),
        ("315360000", 86_400.0),
        ("9" * 5_000, 86_400.0),
        ("Wed, 21 Oct 2036 07:30:00 GMT", 86_400.0),
        ("-5", None),
        ("1.5e3", None),
        ("soon", None),
        ("Wed, 99 Oct 2026 07:30:00 GMT", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_within_a_day_and_garbage_is_not(value, seconds):
    assert read_retry_after(value, "Wed, 21 Oct 2026 07:28:00 GMT") == seconds


def test_host_that_asks_for_seconds_gets_no_request_in_them_and_no_try_is_counted(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, "news", 12)
    closed_at = []

    def ask_for_patience(_):
        if len(closed_at) < 2:
            closed_at.append(time.monotonic())
            return helpers.answer(b"", 429 if len(closed_at) == 1 else 503, {"Retry-After": "2"})
        return helpers.answer(helpers.page(3))

    site.answers["/news/3"] = ask_for_patience
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/news.xml"], delay_seconds=0.05)
    report = run_crawl(options(tmp_path))
    assert report.outcomes == {"article": 12}
    for moment in closed_at:
        assert [path for at, path, _ in site.requests if moment + 0.05 < at < moment + 1.9] == []
    assert {row["attempts"] for row in helpers.rows(tmp_path / "data") if "attempts" in row} <= {1}


def test_later_crawls_leave_a_host_alone_for_as_long_as_it_asked(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, "news", 4)
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/news.xml"])
    site.answers["/news.xml"] = helpers.answer(b"", 429, {"Retry-After": "900"})
    report = run_crawl(options(tmp_path))
    assert "paper" in report.sites_put_off
    asked = len(site.requests)
    report = run_crawl(options(tmp_path))
    assert "left alone" in report.sites_put_off["paper"]
    assert len(site.requests) == asked
    # Not asked for by name, it is not even due.
    left = run_crawl(options(tmp_path, now=False)).sites_not_due["paper"] - time.time()
    assert 600 < left <= 900


def test_page_that_asks_for_patience_for_ever_is_given_up(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, "news", 2)
    site.answers["/news/2"] = helpers.answer(b"", 503, {"Retry-After": "0"})
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/news.xml"])
    report = run_crawl(options(tmp_path))
    assert report.outcomes == {"article": 1, "dead": 1}
    assert site.paths().count("/news/2") == 6


def test_host_that_goes_on_asking_for_a_second_is_left_alone_for_longer_and_longer(tmp_path):
    async def ask():
        async with (
            open_redis(None, tmp_path) as redis,
            open_ledger(redis=redis, data=str(tmp_path / "data"), state=tmp_path) as ledger,
        ):
            closures, host, found = Closures(redis, ledger), "news.example", []
            for status in (429, 429, 503, 429, 429, 200, 429):
                await closures.note_answer(host, status, "1", None)
                if status == 429:
                    # Of requests that were under way, too: they are no further time.
                    await closures.note_answer(host, status, "1", None)
                found.append(round(error.seconds) if (error := closures.find(host)) else 0)
                await asyncio.sleep(found[-1] + 0.02)
            return found

    assert asyncio.run(ask()) == [1, 1, 1, 2, 4, 0, 1]


def test_host_that_is_down_is_left_alone_and_its_pages_stay_owed(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, "news", 40)

    def drop(handler):
        handler.connection.shutdown(socket.SHUT_RDWR)

    for number in range(1, 41):
        site.answers[f"/news/{number}"] = drop
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/news.xml"], delay_seconds=0.01)
    report = run_crawl(options(tmp_path))
    assert "failed 3 times in a row" in report.sites_put_off["paper"]
    # One request goes out twice, where a connection that had been kept turns out to be closed.
    assert len(set(pages(site))) == 3
    assert len(pages(site)) <= 4
    assert len(set(pages(site))) == 3
    asked = len(site.requests)
    publish(site, helpers, "news", 40)
    run_crawl(options(tmp_path))
    assert len(site.requests) == asked


def test_request_that_gets_no_answer_is_not_repeated_within_the_delay(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, "news", 3)

    def drop(handler):
        handler.connection.shutdown(socket.SHUT_RDWR)

    site.answers |= dict.fromkeys(("/robots.txt", "/news/2", "/news/3"), drop)
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/news.xml"], delay_seconds=0.4)
    run_crawl(options(tmp_path))
    assert site.paths()[:3] == ["/robots.txt"] * 3
    site.answers["/robots.txt"] = helpers.answer(b"")
    other, first = tmp_path / "other", len(site.requests)
    run_crawl(options(tmp_path, data=str(other)))
    assert site.paths().count("/news/2") > 1
    # The two crawls have nothing in common, so that nothing lies between them.
    for crawl in (site.requests[:first], site.requests[first:]):
        times = [at for at, _, _ in crawl]
        assert min(after - before for before, after in itertools.pairwise(times)) >= 0.95 * 0.4


def test_site_whose_pages_ask_for_ten_years_is_blocked_and_the_agenda_says_why(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, "news", 3)
    site.answers |= dict.fromkeys(
        (f"/news/{number}" for number in range(1, 4)), helpers.answer(b"", 429, {"Retry-After": "315360000"})
    )
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/news.xml"], delay_seconds=0.05)
    report = run_crawl(options(tmp_path))
    assert report.verdicts["paper"].kind == "blocked"
    agenda = broadsheet("agenda", "--data", tmp_path / "data").stdout.decode()
    assert "put off 1 time in a row (127.0.0.1:" in agenda
    assert "it answers 429 and asks for 86400 s)" in agenda


def test_site_whose_robots_txt_fails_once_is_visited_again_after_five_minutes(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, "news", 3)
    site.answers["/robots.txt"] = helpers.answer(b"", 500)
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=[f"{site.base}/news.xml"])
    assert "answers 500" in run_crawl(options(tmp_path)).sites_put_off["paper"]
    left = run_crawl(options(tmp_path, now=False)).sites_not_due["paper"] - time.time()
    assert 280 < left <= 300


def test_page_that_leads_to_a_stopped_host_is_left_at_once_and_named(serve, helpers, tmp_path):
    site, other = serve(), serve("127.0.0.2")
    publish(site, helpers, "news", 3)
    site.answers["/news/2"] = helpers.answer(b"", 302, {"Location": f"{other.base}/news/2"})
    feeds, allow = [f"{site.base}/news.xml"], ["127.0.0.1/", "127.0.0.2/"]
    helpers.seed(tmp_path / "seeds", "paper", site.base, feeds=feeds, allow=allow)
    nets = ("127.0.0.1/32", "127.0.0.2/32")
    run_crawl(options(tmp_path, allow_addresses=nets, urls=(f"{site.base}/news/1",)))
    assert broadsheet("stop", "127.0.0.2", "--data", tmp_path / "data").returncode == 0
    since = time.monotonic()
    environment = replace(options(tmp_path).environment, lease_seconds=30.0)
    report = run_crawl(options(tmp_path, allow_addresses=nets, environment=environment))
    assert time.monotonic() - since < 15
    assert report.outcomes == {"article": 1}
    assert report.sites_put_off["paper"].startswith(f"{site.base}/news/2: 127.0.0.2")
    assert other.requests == []


def test_delay_follows_slow_answers_within_the_seeds_bounds(serve, helpers, tmp_path):
    slow, quick = serve(), serve()

    def slowly(number):
        def respond(_):
            time.sleep(0.15)
            return helpers.answer(helpers.page(number))

        return respond

    for site, first in ((slow, 1), (quick, 100)):
        publish(site, helpers, "news", 5, first=first)
    slow.answers |= {f"/news/{number}": slowly(number) for number in range(1, 6)}
    for name, site in (("slow", slow), ("quick", quick)):
        feeds = [f"{site.base}/news.xml"]
        bounds = {"delay_seconds": 0.01, "max_delay_seconds": 0.6}
        helpers.seed(tmp_path / "seeds", name, site.base, feeds=feeds, **bounds)
    assert run_crawl(options(tmp_path)).articles == 10
    times = [at for at, path, _ in slow.requests if path.startswith("/news/")]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    # The first answers are few to tell by; by the third page the bound is reached.
    assert min(gaps[2:]) >= 0.95 * 0.6
    assert quick.requests[-1][0] < slow.requests[-1][0]


def broadsheet(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "crawler", *map(str, arguments)], capture_output=True, cwd=ROOT, check=False
    )


def test_stopped_host_gets_no_request_from_a_running_crawl_nor_from_the_next(serve, helpers, tmp_path):
    site, other = serve(), serve()
    publish(site, helpers, "news", 60)
    publish(other, helpers, "news", 2, first=100)
    for name, place in (("paper", site), ("other", other)):
        helpers.seed(
            tmp_path / "seeds", name, place.base, feeds=[f"{place.base}/news.xml"], delay_seconds=0.2
        )
    stopped = []

    def stop_at_the_third(number):
        def respond(_):
            if len(pages(site)) == 3:
                stopped.append(broadsheet("stop", "paper", "--for", "2d", "--data", tmp_path / "data"))
                stopped.append(time.monotonic())
            return helpers.answer(helpers.page(number))

        return respond

    site.answers |= {f"/news/{number}": stop_at_the_third(number) for number in range(1, 61)}
    report = run_crawl(options(tmp_path))
    assert stopped[0].returncode == 0, stopped[0].stderr
    assert "stop-list" in report.sites_put_off["paper"]
    assert report.outcomes["article"] < 40
    assert [path for at, path, _ in site.requests if at > stopped[1] + 10] == []
    asked, others = len(site.requests), len(other.requests)
    run_crawl(options(tmp_path))
    assert len(site.requests) == asked
    assert len(other.requests) > others
    assert b"paper: stopped until " in broadsheet("stop", "list", "--data", tmp_path / "data").stdout
    assert broadsheet("stop", "paper", "--remove", "--data", tmp_path / "data").returncode == 0
    assert broadsheet("stop", "list", "--data", tmp_path / "data").stdout == b"nothing is stopped\n"
    run_crawl(options(tmp_path, limit=2))
    assert len(site.requests) > asked


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("news.example", "--for", "soon"), b"--for soon: must be a span"),
        (("news.example", "--for", "0d"), b"--for 0d: must be a span"),
        (("news.example", "--for", "9999999d"), b"must be a span"),
        (("https://news.example/",), b"name a host such as"),
        (("list", "--for", "2d"), b"leave it out"),
    ],
)
def test_wrong_use_of_stop_is_one_line(arguments, line, tmp_path):
    done = broadsheet("stop", *arguments, "--data", tmp_path)
    assert done.returncode == 2
    assert line in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_sites_that_send_a_byte_a_second_keep_no_other_site_waiting(serve, helpers, tmp_path):
    def trickle(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/rss+xml")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        with_end = time.monotonic() + 8
        while time.monotonic() < with_end:
            handler.wfile.write(b"<")
            time.sleep(1)
        handler.close_connection = True
        return helpers.answer(b"")

    slow = serve()
    slow.answers["/feed.xml"] = trickle
    quick = serve()
    publish(quick, helpers, "news", 10)
    for number in range(20):
        helpers.seed(
            tmp_path / "seeds",
            f"a-slow-{number:02}",
            slow.base,
            feeds=[f"{slow.base}/feed.xml"],
        )
    helpers.seed(tmp_path / "seeds", "quick", quick.base, feeds=[f"{quick.base}/news.xml"])
    report = run_crawl(options(tmp_path))
    assert report.articles == 10
    began = min(at for at, _, _ in slow.requests)
    # Before the first of the slow ones has even failed.
    assert max(at for at, _, _ in quick.requests) < began + 8
