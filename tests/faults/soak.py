"""All rigs in full, and the table that stands in docs/reliability.md: `make soak`."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from importlib.util import find_spec

from tests.faults.bulk_kills import is_ray_worker, kill_runs
from tests.faults.crawls import kill_crawls
from tests.faults.figures import Figures
from tests.faults.full_disk import fill_disk
from tests.faults.kills import kill_at_syscalls, kill_workers, stop_workers
from tests.faults.listing_kills import kill_after_listings
from tests.faults.lost_answers import lose_each_write, lose_script_answers, write_to_failing_store
from tests.faults.news_soak import rest_sites, soak_news
from tests.faults.proxy import fail_some
from tests.faults.redis_losses import lose_redis
from tests.faults.serving_faults import break_services, lose_bucket
from tests.faults.takedowns import take_down_amid_commits
from tests.pipelines.protocol_model import RULES, search
from tests.pipelines.test_protocol_model import BREACHES, WORLDS
from tests.s3_server import environ, serve_bucket


def main(names):
    """Run the rigs named, or all; exit 1 where one finds a row lost or doubled, or a broken promise."""
    rigs = {
        "kills": lambda folder: kill_workers(folder, rounds=10, kills=30),
        "crawls": lambda folder: kill_crawls(folder, kills=30),
        "listings": lambda folder: kill_after_listings(folder, kills=50),
        "news": lambda folder: soak_news(folder, sites=20, pages=2000, seconds=300, workers=4, kill_every=5),
        "quiet": lambda folder: rest_sites(folder, sites=20, pages=400, polls=60, seconds=180),
        "syscalls": kill_at_syscalls,
        "stops": lambda folder: stop_workers(folder, times=10),
        "restarts": lambda folder: lose_redis(folder, restarts=20),
        "back": lambda folder: lose_redis(folder, back_seconds=(5, 30, 60)),
        "empty": lambda folder: lose_redis(folder, empties=3),
        "hang": lambda folder: lose_redis(folder, hang_seconds=60),
        "answers": lambda folder: lose_script_answers(folder, times=50),
        "writes": lambda folder: _write_to_store(
            folder, lose_each_write(50), 50, "answers lost after each S3 write"
        ),
        "disk": lambda folder: fill_disk(folder, times=3, full_seconds=20, pages=1500),
        "s3": lambda folder: _write_to_store(folder, fail_some(0.3), 500, "S3 failing 30 % of calls"),
        "takedowns": lambda folder: take_down_amid_commits(folder, rounds=50),
        "serve": lambda folder: break_services(folder, times=20),
        "bucket": lambda folder: lose_bucket(folder, times=20),
        "bulk": lambda folder: kill_runs(folder, drivers=20, workers=20, pages_a_file=700),
        "model": _explore,
    }
    if find_spec("ray"):
        rigs["ray"] = lambda folder: kill_runs(
            folder, drivers=20, workers=20, pages_a_file=4000, engine="ray", is_worker=is_ray_worker
        )
    is_clean, reads = True, 0
    _tell("| test | lost | double | problems | figures | seconds |")
    _tell("|---|---|---|---|---|---|")
    for name in names or rigs:
        since = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = rigs[name](folder)
        told = "; ".join(f"{key} {value}" for key, value in found.told.items() if key != "read errors")
        errors = [*found.problems, *found.told.get("read errors", ())]
        reads += found.told.get("reads", 0)
        is_clean = is_clean and found.is_clean and not errors
        seconds = round(time.monotonic() - since)
        _tell(f"| {found.test} | {found.lost} | {found.double} | {len(errors)} | {told} | {seconds} |")
        for error in errors[:20]:
            sys.stderr.write(f"{found.test}: {error}\n")
    if reads:
        _tell(f"| a reader following the log through it | | | | reads {reads} | |")
    return 0 if is_clean else 1


def _tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _write_to_store(folder, judge, batches, test):
    with serve_bucket() as bucket:
        os.environ |= environ(bucket.endpoint)
        return write_to_failing_store(
            folder,
            f"{bucket.url}/data",
            bucket.endpoint,
            judge,
            batches=batches,
            test=test,
            set_environment=lambda address: os.environ.update(AWS_ENDPOINT_URL=address),
        )


def _explore(_):
    found = Figures(test="every order of the protocol's steps")
    states = 0
    for world in WORLDS.values():
        result = search(world)
        states += result.states
        found.problems += [result.breach] if result.breach else []
    breaches = sum(search(WORLDS[BREACHES[rule][0]], off=rule).breach == BREACHES[rule][1] for rule in RULES)
    found.problems += [] if breaches == len(RULES) else ["a rule is not needed"]
    found.told = {"states": states, "rules whose breach is found": f"{breaches} of {len(RULES)}"}
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
