import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cleaners.models import Article, Document
from pipelines.pool import CleanPool, PoolError

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _cleaner_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))


def page(body, name="a"):
    url = f"https://example.org/{name}"
    return Document(
        url=url, requested_url=url, fetched_at=datetime(2026, 4, 14, tzinfo=UTC), body=body.encode()
    )


def odd_pool(size=1, **options):
    return CleanPool(size, cleaner="odd_cleaner:clean", **options)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("it never came")


async def test_cleans_a_real_page_in_another_process():
    paragraph = (
        "The new bridge over the river was opened on Tuesday, two years later than the city had planned it. "
    )
    html = f"<html><head><title>The bridge</title></head><body><article><h1>The bridge</h1><p>{paragraph * 3}</p><p>{paragraph[::-1] * 2}</p></article></body></html>"
    with CleanPool(1) as pool:
        result = await pool.clean(page(html))
    assert isinstance(result, Article)
    assert paragraph.strip() in result.text


async def test_rejects_only_the_page_that_overruns():
    with odd_pool(page_seconds=0.3) as pool:
        results = await asyncio.gather(*(pool.clean(page(body)) for body in ("ok 1", "spin", "ok 2", "ok 3")))
    assert [result.evidence for result in results if result.reason != "overrun"] == ["1", "2", "3"]
    assert results[1].reason == "overrun"


async def test_rejects_only_the_page_whose_worker_dies_twice():
    with odd_pool() as pool:
        results = await asyncio.gather(*(pool.clean(page(body)) for body in ("ok 1", "die", "ok 2", "ok 3")))
    assert [result.evidence for result in results if result.reason != "parser_crash"] == ["1", "2", "3"]
    assert results[1].evidence == "the worker was ended by SIGKILL, twice"


async def test_cleans_a_page_again_whose_worker_was_killed_once(tmp_path):
    with odd_pool() as pool:
        result = await pool.clean(page(f"die-once {tmp_path / 'mark'}"))
    assert result.evidence == str(tmp_path / "mark")


async def test_goes_on_after_an_idle_worker_was_killed():
    with odd_pool() as pool:
        first = await pool.clean(page("ok 1"))
        os.kill(int(first.reason), signal.SIGKILL)
        second = await pool.clean(page("ok 2"))
    assert second.evidence == "2"
    assert second.reason != first.reason


async def test_turns_an_exception_into_a_rejection_and_logs_its_trace(caplog):
    with odd_pool() as pool:
        result = await pool.clean(page("raise wrong turn"))
    assert (result.reason, result.evidence) == ("parser_crash", "ValueError: wrong turn")
    assert "odd_cleaner.py" in caplog.text


async def test_replaces_a_worker_after_its_share_of_pages():
    with odd_pool(pages_per_worker=2) as pool:
        pids = [(await pool.clean(page(f"ok {n}"))).reason for n in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


async def test_bounds_what_is_on_its_way():
    with odd_pool() as pool:
        asked = []
        submit = pool.submit
        pool.submit = lambda job: asked.append(job) or submit(job)
        waiting = [asyncio.ensure_future(pool.clean(page("sleep /dev/null"))) for _ in range(10)]
        await asyncio.sleep(0.2)
        assert len(asked) == 2
        for task in waiting:
            task.cancel()


async def test_closing_ends_workers_and_awaiters_at_once(tmp_path):
    pool = odd_pool(2)
    running = [pool.submit(page(f"sleep {tmp_path / str(n)}")) for n in range(5)]
    await asyncio.to_thread(wait_for, (tmp_path / "1").exists)
    pool.close()
    assert all(isinstance(future.exception(timeout=0), PoolError) for future in running)
    with pytest.raises(PoolError, match="closed"):
        pool.submit(page("ok"))


async def test_says_so_when_no_worker_starts():
    message = "no cleaning worker starts: the last one left with exit code 3"
    with CleanPool(1, cleaner="no_cleaner:clean") as pool, pytest.raises(PoolError, match=message):
        await pool.clean(page("ok"))


def test_workers_end_when_the_parent_is_killed(tmp_path):
    script = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from test_pool import odd_pool, page\n"
        "pool = odd_pool(2, page_seconds=0.5)\n"
        "busy, idle = pool.submit(page('stay ' + sys.argv[1])), pool.submit(page('ok'))\n"
        "print(idle.result().reason, flush=True)\n"
        "busy.result()\n"
    )
    mark = tmp_path / "pid"
    command = [sys.executable, "-c", script, str(mark), str(HERE), str(HERE.parent.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        idle = int(parent.stdout.readline())
        wait_for(lambda: mark.exists() and mark.read_text())
        busy = int(mark.read_text())
        parent.kill()
    wait_for(lambda: not alive(idle) and not alive(busy))
