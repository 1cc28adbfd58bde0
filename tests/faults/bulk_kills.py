"""A rig that kills bulk runs: the driver, its workers, or the workers of Ray, at random moments, until one run gets through."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from pipelines.log import Commit, decode_entry
from tests.faults.figures import Figures
from tests.pipelines.bulk_inputs import pages, write_lines, write_warc

_DRIVER = Path(__file__).parents[1] / "pipelines" / "bulk_driver.py"
_ROOT = Path(__file__).parents[2]


def make_inputs(folder: Path, count: int) -> list[Path]:
    """Four files of `count` pages each, of all kinds."""
    write_warc(folder / "a.warc.gz", pages(count))
    write_lines(folder / "b.jsonl.gz", pages(count, count), day=2)
    write_lines(folder / "c.jsonl", pages(count, 2 * count), day=3)
    write_warc(folder / "d.warc", pages(count, 3 * count), day=2, packed=False)
    return [folder / name for name in ("a.warc.gz", "b.jsonl.gz", "c.jsonl", "d.warc")]


def start(data: Path, sources: list[Path], engine: str = "2") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(_DRIVER), str(data), engine, *map(str, sources)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])},
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_rows(data: Path) -> list[dict]:
    """All rows that the log names, in its order."""
    rows = []
    for path in sorted(data.glob("log/[0-9]*.json")):
        entry = decode_entry(path.read_bytes())
        if isinstance(entry, Commit):
            for part in entry.adds:
                with gzip.open(data / part.path, "rt") as lines:
                    rows += map(json.loads, lines)
    return rows


def what_counts(rows: list[dict]) -> list[tuple]:
    """The rows without what says when and by which batch they were published, sorted."""
    return sorted(
        json.dumps({name: value for name, value in row.items() if name != "log_entry"}, sort_keys=True)
        for row in rows
    )


def kill_runs(
    folder, *, drivers, workers, pages_a_file=150, seed=0, engine="2", is_worker=None, most_seconds=4.0
):
    """Kill the driver and its workers so many times, then let it finish. `is_worker` tells a worker by its command line."""
    folder = Path(folder)
    sources = make_inputs(folder, pages_a_file)
    data, chance = folder / "out", random.Random(seed)
    killed = Counter()
    kinds = ["driver"] * drivers + ["worker"] * workers
    chance.shuffle(kinds)
    run, said = start(data, sources, engine), ""
    for kind in kinds:
        # From the start of its work: the imports before it are nothing to lose.
        _wait_for_workers(run, is_worker)
        time.sleep(chance.uniform(0.0, most_seconds))
        victims = _wait_for_workers(run, is_worker)
        if run.poll() is not None:
            break
        if kind == "driver":
            run.kill()
            run.communicate()
            run = start(data, sources, engine)
        else:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(victims), signal.SIGKILL)
        killed[kind] += 1
    said = run.communicate(timeout=600)[0]
    assert run.returncode == 0, said
    rows = read_rows(data)
    visits = Counter(row["visit"] for row in rows)
    verified = subprocess.run(
        [sys.executable, "-m", "crawler", "verify", "--data", str(data)],
        capture_output=True,
        check=False,
        text=True,
        cwd=_ROOT,
    )
    return Figures(
        test=f"kill -9 of a bulk run ({engine})",
        lost=4 * pages_a_file - len(visits),
        double=len(rows) - len(visits),
        problems=[] if verified.returncode == 0 else verified.stderr.splitlines(),
        told={"kills": dict(killed), "rows": len(rows)},
    )


def is_ray_worker(arguments: str) -> bool:
    return arguments.startswith("ray::clean_span")


def _workers(pid: int, is_worker=None) -> list[int]:
    """The processes below a driver that clean."""
    found = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    below, by_parent = [], {}
    for line in found.splitlines():
        own, parent, args = line.split(None, 2)
        by_parent.setdefault(int(parent), []).append((int(own), args))
    waiting = [pid]
    while waiting:
        for own, args in by_parent.get(waiting.pop(), ()):
            waiting.append(own)
            if is_worker(args) if is_worker else "pipelines.worker" in args:
                below.append(own)
    return below


def _wait_for_workers(run, is_worker) -> list[int]:
    """The workers, as soon as there are any; none where the run has ended."""
    end = time.monotonic() + 60
    while run.poll() is None:
        if found := _workers(run.pid, is_worker):
            return found
        assert time.monotonic() < end, "no worker was started"
        time.sleep(0.05)
    return []
