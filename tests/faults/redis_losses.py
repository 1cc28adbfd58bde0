"""Rigs that take Redis away, put it back to an older state, empty it, or keep it from answering."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.faults.figures import Figures, Reader, count_rows, count_visits
from tests.faults.worker import start


def lose_redis(folder, *, restarts=0, back_seconds=(), empties=0, hang_seconds=0):
    """Restart the embedded server so often, put it back by each of `back_seconds`, empty it, and let it hang.

    Two workers go on meanwhile; what Redis alone knew they list again, as a crawl does in its next pass.
    """
    losses = [
        # What is lost, and for how many seconds the workers need something to do beside it.
        *([("restarted", [_restart] * restarts, 2 * restarts)] if restarts else []),
        *(
            (f"put back {seconds} s", [partial(_put_back, seconds=seconds)], seconds + 2)
            for seconds in back_seconds
        ),
        *([("emptied", [_empty] * empties, 2 * empties)] if empties else []),
        *([(f"hung {hang_seconds} s", [partial(_hang, seconds=hang_seconds)], 2)] if hang_seconds else []),
    ]
    total = Figures(test=f"Redis {', '.join(name for name, _, _ in losses)}")
    waits, again, reads, errors = [], 0, 0, []
    for name, steps, seconds in losses:
        data = Path(folder) / "redis"
        (data / ".state").mkdir(parents=True)
        # Two workers make at most 50 pages a second.
        pages = 60 + 60 * seconds
        with Reader(data) as reader:
            workers = [start(data, pages, pause_seconds=0.04, batch_age_seconds=0.2) for _ in range(2)]
            _wait_for_entries(data, 4)
            for lose in steps:
                lose(data)
                waits.append(_wait_for_entries(data, _entries(data) + 3))
            for worker in workers:
                worker.join(300)
            codes = [worker.exitcode for worker in workers]
            if codes != [0, 0]:
                total.problems.append(f"{name}: workers ended with {codes}")
        total.add(count_rows(data, pages))
        again += count_visits(data)["published fetched again"]
        reads, errors = reads + reader.reads, errors + reader.errors
        shutil.rmtree(data)
    total.told = {
        "losses": sum(len(steps) for _, steps, _ in losses),
        "longest until going again, s": round(max(waits), 1),
        "published pages fetched again": again,
        "reads": reads,
        "read errors": errors,
    }
    return total


def _entries(data):
    return sum(1 for _ in data.glob("log/*.json"))


def _wait_for_entries(data, count):
    """Seconds until the log has so many entries: an epoch, and two commits."""
    since = time.monotonic()
    while _entries(data) < count:
        if time.monotonic() - since > 120:
            raise TimeoutError("the workers do not go on")
        time.sleep(0.02)
    return time.monotonic() - since


def _server(data):
    client = Redis(unix_socket_path=str(_socket(data)))
    try:
        return client.info("server")["process_id"]
    finally:
        client.close()


def _socket(data):
    note = data / ".state" / "redis" / "socket"
    return note.read_text() if note.exists() else data / ".state" / "redis" / "valkey.sock"


def _restart(data):
    time.sleep(0.5)
    _kill(_alive_server(data))


def _alive_server(data):
    deadline = time.monotonic() + 30
    while True:
        try:
            return _server(data)
        except (RedisError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _kill(pid):
    os.kill(pid, signal.SIGKILL)


def _put_back(data, seconds):
    """Let the server go on for so long after a copy, then start it from the copy."""
    kept = data / ".state" / "redis" / "appendonlydir"
    copy = data / ".state" / "copy"
    time.sleep(1.5)  # the file is synced every second
    shutil.copytree(kept, copy)
    time.sleep(seconds)
    with _nobody_starts(data):
        pid = _alive_server(data)
        _kill(pid)
        while Path(f"/proc/{pid}").exists():
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                break
            time.sleep(0.01)
        shutil.rmtree(kept)
        copy.rename(kept)


@contextmanager
def _nobody_starts(data):
    with (data / ".state" / "redis" / "start.lock").open("a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _empty(data):
    client = Redis(unix_socket_path=str(_socket(data)))
    client.flushall()
    client.close()


def _hang(data, seconds):
    pid = _alive_server(data)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)
