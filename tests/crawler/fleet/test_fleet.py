"""A fleet of real crawl processes over one embedded Redis: all is captured, deaths are made up for, signals end it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.errors import UserError
from crawler.fleet import on_ray
from crawler.fleet.fleet import Fleet
from crawler.fleet.workers import Ended, Order
from pipelines.verify import verify

ROOT = Path(__file__).parents[3]
SITES, PAGES = 3, 5


def environment():
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "BROADSHEET_LEASE_SECONDS": "2",
        "BROADSHEET_BATCH_AGE_SECONDS": "0.3",
        "BROADSHEET_CLEAN_WORKERS": "1",
    }


def publish(site, helpers, folder):
    for number in range(SITES):
        numbers = range(PAGES * number, PAGES * number + PAGES)
        links = "".join(f"<item><link>{site.base}/{number}/{page}</link></item>" for page in numbers)
        site.answers[f"/{number}.xml"] = helpers.answer(
            f"<rss version='2.0'><channel>{links}</channel></rss>".encode(),
            headers={"Content-Type": "application/rss+xml"},
        )
        for page in numbers:
            site.answers[f"/{number}/{page}"] = helpers.answer(helpers.page(page))
        helpers.seed(
            folder, f"site-{number}", site.base, feeds=[f"{site.base}/{number}.xml"], delay_seconds=0.1
        )


def children(process):
    """The crawls that a fleet runs now, by their process ids."""
    own = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in own if b"\0crawl\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def wait_for(found, seconds=60):
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


@pytest.mark.timeout(180)
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc, to find the workers")
def test_a_worker_that_dies_is_made_up_for_and_a_signal_ends_all(serve, helpers, tmp_path):
    site = serve()
    publish(site, helpers, tmp_path / "seeds")
    data = tmp_path / "data"
    command = [sys.executable, "-m", "crawler", "fleet", "--workers", "2", "--seeds", str(tmp_path / "seeds")]
    command += ["--data", str(data), "--allow-address", "127.0.0.1/32"]
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        worker = wait_for(lambda: children(process))[0]
        wait_for(lambda: len(site.requests) > 4)
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: data.is_dir() and len(helpers.rows(data)) == SITES * PAGES)
        # Nothing is due any more: nobody runs.
        wait_for(lambda: not children(process))
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, said
    assert "ended with -9" in said
    assert len({row["visit"] for row in helpers.rows(data)}) == SITES * PAGES
    assert not asyncio.run(verify(str(data))).problems


class Told:
    """Workers that end as they are told, and how often they were begun."""

    def __init__(self, *codes):
        self.codes = list(codes)
        self.begun = 0

    async def run(self, _order):
        self.begun += 1
        if not self.codes:
            await asyncio.sleep(3600)
        await asyncio.sleep(0)
        return Ended(code=self.codes.pop(0), said="broadsheet: --seeds x: no such file or folder\n")


def run_fleet(placer, due, *, seconds):
    async def run():
        async def count():
            return due

        order = Order(arguments=(), seeds={}, environment={})
        fleet = Fleet(placer, order, most=3, count_due=count)
        asyncio.get_running_loop().call_later(seconds, fleet.stop)
        await fleet.run()

    asyncio.run(run())


@pytest.mark.parametrize(("due", "begun"), [(0, 0), (1, 1), (64, 1), (65, 2), (10_000, 3)])
def test_as_many_workers_run_as_what_is_due_asks_for(due, begun):
    placer = Told()
    run_fleet(placer, due, seconds=0.2)
    assert placer.begun == begun


def test_a_mistake_that_a_worker_names_ends_the_fleet_with_it():
    with pytest.raises(UserError, match=r"^--seeds x: no such file or folder$"):
        run_fleet(Told(2), 1, seconds=10)


def test_workers_that_die_at_once_are_not_begun_again_and_again():
    placer = Told(*[-9] * 50)
    run_fleet(placer, 1, seconds=4)
    assert 2 <= placer.begun <= 3


def test_a_cluster_that_is_not_there_is_one_line(tmp_path):
    command = [sys.executable, "-m", "crawler", "fleet", "--workers", "1", "--data", str(tmp_path / "data")]
    command += ["--ray", "127.0.0.1:1", "--contact", "a@example.org"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert (
        done.stderr
        == "broadsheet: --ray 127.0.0.1:1: workers on other machines need one Redis; name it by REDIS_URL\n"
    )


def test_a_worker_of_a_cluster_runs_the_command_with_its_own_copy_of_the_seeds():
    order = Order(arguments=("--help",), seeds={"1-a.toml": b""}, environment={"PYTHONPATH": str(ROOT)})
    ended = on_ray.Worker().run(order)
    assert ended.code == 0
    assert "Visit the sites that are due" in ended.said


def test_a_fleet_on_ray_captures_all(serve, helpers, tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed here: make ray")
    site = serve()
    publish(site, helpers, tmp_path / "seeds")
    data = tmp_path / "data"
    command = [sys.executable, "-m", "crawler", "fleet", "--workers", "2", "--ray", "local"]
    command += ["--seeds", str(tmp_path / "seeds"), "--data", str(data), "--allow-address", "127.0.0.1/32"]
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: data.is_dir() and len(helpers.rows(data)) == SITES * PAGES, seconds=100)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=40)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, said
    assert not asyncio.run(verify(str(data))).problems
