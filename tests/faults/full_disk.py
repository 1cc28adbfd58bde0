"""A rig that fills the disk below a crawl, embedded Redis and all, and frees it again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from pipelines.verify import verify
from tests.faults.figures import Figures, Reader, count_rows
from tests.faults.worker import start


@contextmanager
def small_disk(folder, megabytes=64):
    """A disk of its own; raises OSError where this user may not mount one."""
    point = Path(folder) / "disk"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(point)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise PermissionError("no disk can be mounted here")
    try:
        yield point
    finally:
        subprocess.run(["umount", "--lazy", str(point)], check=True)


def fill_disk(folder, *, times, full_seconds, pages=400):
    """Fill the disk while a worker crawls, keep it full for so long, free it."""
    found = Figures(test="disk full on a 64 MB tmpfs, freed")
    resumed = []
    with small_disk(folder) as disk:
        data = disk / "data"
        (data / ".state").mkdir(parents=True)
        # The rig's own notes are no part of what is tried.
        notes = Path(folder) / "begun"
        notes.mkdir()
        (data / ".state" / "begun").symlink_to(notes)
        with Reader(data) as reader:
            worker = start(data, pages, pause_seconds=0.04, batch_age_seconds=0.2)
            _wait_for_entries(data, 3, worker)
            for _ in range(times):
                _fill(disk / "filler")
                time.sleep(full_seconds)
                found.problems += _find_torn(data)
                entries, since = _entries(data), time.monotonic()
                (disk / "filler").unlink()
                _wait_for_entries(data, entries + 1, worker)
                resumed.append(time.monotonic() - since)
            worker.join(120)
            if worker.exitcode != 0:
                found.problems.append(f"the worker ended with {worker.exitcode}")
        found.add(count_rows(data, pages))
        found.told = {
            "times": times,
            "longest until resumed, s": round(max(resumed), 1),
            "restarts": 0 if worker.exitcode == 0 else 1,
            "read errors": reader.errors,
        }
    return found


def _entries(data):
    return sum(1 for _ in data.glob("log/*.json"))


def _wait_for_entries(data, count, worker):
    deadline = time.monotonic() + 60
    while _entries(data) < count:
        if time.monotonic() > deadline or not worker.is_alive():
            raise TimeoutError("the worker does not go on")
        time.sleep(0.02)


def _fill(path):
    """Take every byte there is, and again what comes free in the next moments."""
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(os.urandom(size))
            except OSError:
                continue


def _find_torn(data):
    """What stands there now must be whole: nothing may rest on what comes later."""
    return list(asyncio.run(verify(str(data))).problems)
