"""Bulk runs on Ray: the rows of the process pool, and none lost with a worker. Not in CI: `make ray` first."""

import asyncio
import json
from contextlib import closing

import pytest

from crawler.clusters_command import write_clusters
from pipelines.near import NearRule
from pipelines.spans.processes import SpanPool
from tests.faults.bulk_kills import is_ray_worker, kill_runs, make_inputs, read_rows, what_counts
from tests.pipelines.bulk_driver import run

pytest.importorskip("ray", reason="Ray is not installed here: make ray")


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


@pytest.mark.timeout(600)
def test_ray_data_finds_the_near_duplicates_that_a_run_finds(tmp_path):
    sources = make_inputs(tmp_path, 20)
    with closing(SpanPool(2)) as engine:
        asyncio.run(run(tmp_path / "drop", sources, engine))
        asyncio.run(run(tmp_path / "off", sources, engine, near=NearRule(days=0)))
    write_clusters([str(tmp_path / "off")], tmp_path / "near.jsonl", "local")
    found = [json.loads(line) for line in (tmp_path / "near.jsonl").read_text().splitlines()]
    urls = {row["id"]: row["url"] for row in read_rows(tmp_path / "off") if row["outcome"] == "article"}
    near = {row["url"]: row["of"] for row in read_rows(tmp_path / "drop") if row.get("alike") == "near"}
    assert len(near) == 8
    assert {urls[line["id"]]: line["duplicate_of"] for line in found} == near
