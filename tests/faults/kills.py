"""Rigs that kill and stop workers."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.faults.figures import Figures, Reader, count_rows, count_visits
from tests.faults.worker import STATES, run, start

SYSCALLS = ("mkdir", "openat", "write", "pwrite64", "fsync", "link", "unlink", "rename", "sendto", "close")
"""What the way from prepare to settle consists of; `sendto` is what is said to Redis."""


def kill_workers(folder, *, rounds, kills, pages=600):
    """In each round two workers visit `pages` pages; they are killed `kills` times, every other time within 50 ms of a
    new file in articles/ or log/; then one finishes."""
    total = Figures(test="kill -9 of a worker")
    killed, most, reads, errors = 0, 0, 0, []
    for round_ in range(rounds):
        data = Path(folder) / f"kills-{round_}"
        data.mkdir()
        chance = random.Random(round_)
        options = {"pause_seconds": 0.02, "at_once": 4}
        with Reader(data) as reader:
            workers = [start(data, pages, **options) for _ in range(2)]
            for number in range(kills):
                if number % 2:
                    _wait_for_file(data, workers)
                    time.sleep(chance.uniform(0, 0.05))
                else:
                    time.sleep(chance.uniform(0.05, 0.6))
                victim = chance.randrange(2)
                workers[victim].kill()
                workers[victim].join(60)
                killed += workers[victim].exitcode == -signal.SIGKILL
                workers[victim] = start(data, pages, **options)
            for worker in workers:
                worker.join(120)
            run(str(data), pages, options)
        total.add(count_rows(data, pages))
        visits = count_visits(data)
        most = max(most, visits["most repeated by a kill"])
        reads, errors = reads + reader.reads, errors + reader.errors
        shutil.rmtree(data)
    total.told = {
        "kills": killed,
        "most visits repeated by a kill": most,
        "reads": reads,
        "read errors": errors,
    }
    return total


def _files(data):
    return sum(1 for pattern in ("articles/*/*", "log/*") for _ in data.glob(pattern))


def _wait_for_file(data, workers):
    before, deadline = _files(data), time.monotonic() + 5
    while _files(data) <= before and time.monotonic() < deadline and any(w.is_alive() for w in workers):
        time.sleep(0.001)


def stop_workers(folder, *, times, pages=40):
    """Stop a worker beyond its lease right after each step; another finishes; the first goes on."""
    total = Figures(test="SIGSTOP beyond the lease")
    stopped = 0
    for state in STATES * times:
        data = Path(folder) / "stops"
        data.mkdir()
        zombie = start(
            data, pages, lease_seconds=0.4, batch_age_seconds=0.05, pause_seconds=0.01, stop_after=state
        )
        try:
            stopped += _wait_for_stop(zombie)
            run(str(data), pages, {"lease_seconds": 0.4, "batch_age_seconds": 0.05, "pause_seconds": 0.0})
            total.add(count_rows(data, pages))
        finally:
            os.kill(zombie.pid, signal.SIGCONT)
        zombie.join(60)
        if zombie.exitcode != 0:
            total.problems.append(f"{state}: the stopped worker ended with {zombie.exitcode}")
        total.add(count_rows(data, pages))
        shutil.rmtree(data)
    total.told = {"stops": stopped, "states": len(STATES)}
    return total


def _wait_for_stop(worker):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        state = Path(f"/proc/{worker.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state in "Tt":
            return True
        time.sleep(0.01)
    raise TimeoutError("the worker did not come to the step")


def kill_at_syscalls(folder, *, syscalls=SYSCALLS, most=200):
    """Kill a worker at the n-th call of each kind between staged and settled, for n from 1 until a run ends unhurt."""
    data = Path(folder) / "syscalls"
    (data / ".state").mkdir(parents=True)
    points, pages, unhurt = {}, 0, 0
    for syscall in syscalls:
        for number in range(1, most):
            was_killed = _kill_at(data, pages, syscall, number)
            pages += 20
            if not was_killed:
                unhurt += 1
                break
            points[syscall] = number
    run(str(data), pages, {"pause_seconds": 0.0})
    found = count_rows(data, pages, "kill at every system call of the commit")
    found.told = {"points": sum(points.values()), "by call": points, "unhurt": unhurt}
    shutil.rmtree(data)
    return found


def _kill_at(data, first, syscall, number):
    go, staged = data / ".state" / "go", data / ".state" / "staged"
    for file in (go, staged):
        file.unlink(missing_ok=True)
    worker = start(data, 20, first=first, lease_seconds=60, batch_age_seconds=60, go=str(go))
    _wait_until(staged.exists)
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(worker.pid)]
    rule = [f"--trace={syscall}", f"--inject={syscall}:signal=KILL:when={number}"]
    tracer = subprocess.Popen([*command, *rule], stderr=subprocess.DEVNULL)
    _wait_until(lambda: _is_traced(worker.pid))
    go.touch()
    worker.join(60)
    tracer.wait(60)
    return worker.exitcode == -signal.SIGKILL


def _is_traced(pid):
    """Whether a tracer has every thread of the process."""
    states = [
        task.read_text().split("TracerPid:", 1)[1].split()[0] != "0"
        for task in Path(f"/proc/{pid}/task").glob("*/status")
    ]
    return bool(states) and all(states)


def _wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.005)
