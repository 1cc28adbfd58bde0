from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from crawler.crawl import CrawlOptions, run_crawl
from crawler.settings import read_environment
from tests.faults.full_disk import small_disk

PAGES = 48
ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from pathlib import Path
from crawler.crawl import CrawlOptions, run_crawl

if __name__ == "__main__":
    seeds, data = sys.argv[1:]
    report = run_crawl(
        CrawlOptions(seeds=(Path(seeds),), data=data, allow_addresses=("127.0.0.1/32",), now=True)
    )
    print(report.pages, report.stopped)
"""


@pytest.fixture
def slow_paper(serve, helpers, tmp_path):
    """Many pages, each answered after a moment, so that there is a middle to be killed in."""
    site = serve()

    def answer(number):
        def respond(_):
            time.sleep(0.15)
            return helpers.answer(helpers.page(1000 + number))

        return respond

    paths = [f"/news/{number}" for number in range(PAGES)]
    site.answers |= {path: answer(number) for number, path in enumerate(paths)}
    locs = "".join(f"<url><loc>{site.base}{path}</loc></url>" for path in paths)
    site.answers["/sitemap.xml"] = helpers.answer(f"<urlset>{locs}</urlset>".encode())
    helpers.seed(tmp_path / "seeds", "paper", site.base, sitemaps=[f"{site.base}/sitemap.xml"])
    return site


@pytest.fixture
def start(tmp_path):
    """Start a crawl in a process of its own."""
    script = tmp_path / "crawl_once.py"
    script.write_text(SCRIPT)
    started = []

    def run():
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "BROADSHEET_LEASE_SECONDS": "2",
            "BROADSHEET_BATCH_AGE_SECONDS": "0.3",
            "BROADSHEET_CLEAN_WORKERS": "1",
        }
        process = subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / "seeds"), str(tmp_path / "data")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def crawl_again(tmp_path):
    environment = replace(read_environment({}), clean_workers=1, lease_seconds=2.0, batch_age_seconds=0.3)
    return run_crawl(
        CrawlOptions(
            seeds=(tmp_path / "seeds",),
            data=str(tmp_path / "data"),
            allow_addresses=("127.0.0.1/32",),
            now=True,
            environment=environment,
        )
    )


def wait_for_pages(site, process, count):
    deadline = time.monotonic() + 60
    while sum(path.startswith("/news/") for path in site.paths()) < count:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_each_page_is_published_once(site, rows):
    counts = Counter(row["url"] for row in rows)
    assert counts == Counter(f"{site.base}/news/{number}" for number in range(PAGES))
    assert len({row["id"] for row in rows}) == PAGES


def test_a_crawl_whose_redis_is_emptied_says_so_and_visits_what_was_listed(
    slow_paper, helpers, start, tmp_path
):
    process = start()
    wait_for_pages(slow_paper, process, 8)
    note = tmp_path / "data/.state/redis/socket"
    socket = note.read_text() if note.exists() else note.with_name("valkey.sock")
    with Redis(unix_socket_path=str(socket)) as client:
        client.flushall()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Redis was emptied or restarted during the pass over paper" in said
    assert_each_page_is_published_once(slow_paper, helpers.rows(tmp_path / "data"))


def test_crawl_killed_twice_and_run_again_publishes_each_page_once(slow_paper, helpers, start, tmp_path):
    for pages in (12, 24):
        process = start()
        wait_for_pages(slow_paper, process, pages)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert crawl_again(tmp_path).owed_before > 0
    assert_each_page_is_published_once(slow_paper, helpers.rows(tmp_path / "data"))


def test_crawl_that_is_told_to_stop_publishes_what_it_fetched_and_leaves_the_rest_due(
    slow_paper, helpers, start, tmp_path
):
    process = start()
    wait_for_pages(slow_paper, process, 12)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    pages, stopped = output.split()
    assert process.returncode == 0, errors
    assert stopped == "True"
    rows = helpers.rows(tmp_path / "data")
    assert len(rows) == int(pages)
    assert 0 < len(rows) < PAGES
    report = crawl_again(tmp_path)
    assert report.pages == PAGES - len(rows)
    assert_each_page_is_published_once(slow_paper, helpers.rows(tmp_path / "data"))


def test_site_of_a_living_worker_stays_with_it(slow_paper, start, tmp_path):
    process = start()
    wait_for_pages(slow_paper, process, 4)
    report = crawl_again(tmp_path)
    assert report.sites_held == ("paper",)
    assert report.pages == 0
    assert process.poll() is None
    process.terminate()
    assert process.communicate(timeout=60)[0].split()[1] == "True"


@pytest.fixture
def start_command(tmp_path):
    """Start the command itself; its state folder lies beside its data."""
    started = []

    def run(data):
        command = [sys.executable, "-m", "crawler", "crawl", "--now", "--allow-address", "127.0.0.1/32"]
        process = subprocess.Popen(
            [*command, "--seeds", str(tmp_path / "seeds"), "--data", str(data)],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "BROADSHEET_LEASE_SECONDS": "2",
                "BROADSHEET_BATCH_AGE_SECONDS": "0.3",
                "BROADSHEET_CLEAN_WORKERS": "1",
            },
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def is_served(state):
    """Whether the state folder's server lives: it holds this lock for as long."""
    with (state / "redis/server.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def mounted(folder):
    """A disk of 16 MB; skips the test where there can be none."""
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(folder, 16))
        except PermissionError as error:
            pytest.skip(str(error))
        yield disk


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_crawl_that_waits_for_a_full_disk_ends_at_the_first_signal_and_takes_its_server_along(
    slow_paper, helpers, start_command, tmp_path
):
    with mounted(tmp_path) as folder:
        data = folder / "data"
        process = start_command(data)
        wait_for_pages(slow_paper, process, 12)
        with (folder / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))
        told = process.stderr.readline()
        assert told.startswith("broadsheet: ")
        assert "No space left on device" in told
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=30)[1]
        lines = [line for line in errors.splitlines() if "waiting for it, nothing is lost" not in line]
        assert process.returncode == 130, errors
        assert len(lines) == 1, errors
        assert lines[0].startswith("broadsheet: stopped by a signal; what is not published is still owed: ")
        assert not is_served(data / ".state")
        (folder / "filler").unlink()
        process = start_command(data)
        assert process.wait(timeout=60) == 0
        assert_each_page_is_published_once(slow_paper, helpers.rows(data))


def test_second_signal_ends_a_crawl_that_waits_for_an_answer_and_takes_its_server_along(
    slow_paper, helpers, start_command, tmp_path
):
    asked, ends = threading.Event(), threading.Event()

    def stall(_):
        asked.set()
        ends.wait(60)
        return helpers.answer(b"")

    slow_paper.answers["/news/20"] = stall
    process = start_command(tmp_path / "data")
    assert asked.wait(30)
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
    errors = process.communicate(timeout=20)[1]
    ends.set()
    assert (process.returncode, errors) == (130, "broadsheet: interrupted\n")
    assert not is_served(tmp_path / "data/.state")
