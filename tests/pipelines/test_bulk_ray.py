"""Bulk runs on Ray: the rows of the process pool, and none lost with a worker. Ray is an extra, and not in the lock."""

import asyncio
from contextlib import closing

import pytest

from pipelines.spans.processes import SpanPool
from tests.faults.bulk_kills import kill_runs, read_rows, what_counts
from tests.pipelines.bulk_driver import run

pytest.importorskip("ray", reason="Ray is not installed: pip install 'broadsheet[ray]'")


def is_ray_worker(arguments: str) -> bool:
    return arguments.startswith("ray::clean_span")


@pytest.mark.timeout(600)  # Ray takes a minute to start on a busy machine
def test_ray_gives_the_rows_of_the_process_pool_though_its_workers_and_its_driver_are_killed(tmp_path):
    found = kill_runs(
        tmp_path,
        drivers=1,
        workers=3,
        pages_a_file=100,
        engine="ray",
        is_worker=is_ray_worker,
        most_seconds=1.0,
    )
    assert (found.lost, found.double, found.problems) == (0, 0, [])
    assert sum(found.told["kills"].values()) >= 2
    sources = [tmp_path / name for name in ("a.warc.gz", "b.jsonl.gz", "c.jsonl", "d.warc")]
    with closing(SpanPool(2)) as engine:
        asyncio.run(run(tmp_path / "quiet", sources, engine))
    assert what_counts(read_rows(tmp_path / "out")) == what_counts(read_rows(tmp_path / "quiet"))
