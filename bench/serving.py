"""Serving while crawling: the latencies at a fixed rate of requests, and what those cost the crawl.

    python bench/serving.py [--shared FOLDER] [--copies 60] [--rate 50] [--rounds 2]

`broadsheet serve` crawls the shared news sites on loopback, by turns left alone and asked. Requests are sent when they are
due, whether or not those before them were answered, and a latency counts from then: a wait is not hidden by asking less.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import shared_folder
from measures import print_table
from speed import count_lines, free_port, write_seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = ("/", "/articles", "/articles?q=new+year", "/api/log?after={after}")
HOSTS = 8
ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared_folder.add_option(parser)
    parser.add_argument("--pages", default="zyte.pages.jsonl.gz", help="the pages file in it")
    parser.add_argument("--copies", type=int, default=60)
    parser.add_argument("--rate", type=int, default=50, help="requests a second")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    shared_folder.check(options.shared, "site.py", options.pages)
    with tempfile.TemporaryDirectory(prefix="broadsheet-serving-") as scratch:
        print_table(list(race(options, Path(scratch))))


def race(options: argparse.Namespace, scratch: Path) -> Iterator[dict[str, Any]]:
    for number in range(options.rounds):
        seconds = {}
        for rate in (0, options.rate):
            folder = scratch / f"{number}-{rate}"
            folder.mkdir()
            row = measure(options, folder, rate)
            seconds[rate] = row["seconds"]
            if rate:
                row["slower"] = seconds[rate] / seconds[0] - 1
            yield row


def measure(options: argparse.Namespace, folder: Path, rate: int) -> dict[str, Any]:
    """Crawl all pages with a service of its own; asked from the first page on until the last."""
    site_port, port = free_port(), free_port()
    pages = count_lines(options.shared / options.pages) * options.copies
    sites = [str(options.shared / "site.py"), str(options.shared / options.pages), str(site_port)]
    sites += ["--hosts", str(HOSTS), "--copies", str(options.copies)]
    seeds = write_seeds(folder / "seeds", HOSTS, site_port)
    serve = ["-m", "crawler", "serve", "--data", str(folder / "data"), "--seeds", str(seeds)]
    serve += ["--allow-address", "127.0.0.0/8", "--port", str(port)]
    with (
        subprocess.Popen([sys.executable, *sites], stdout=subprocess.PIPE) as server,
        ended(server, signal.SIGTERM),
    ):
        assert server.stdout is not None
        server.stdout.readline()
        with (
            (folder / "serve.log").open("wb") as log,
            subprocess.Popen([sys.executable, *serve], stdout=log, stderr=log, cwd=ROOT) as service,
            ended(service, signal.SIGINT),
        ):
            return asyncio.run(watch(site_port, port, rate, pages, service))


async def watch(
    site_port: int, port: int, rate: int, pages: int, service: subprocess.Popen[bytes]
) -> dict[str, Any]:
    """Ask while the pages are fetched."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as client:
        counts = f"http://127.0.0.1:{site_port}/counts"
        before = await until(client, counts, 1, service)
        started = time.perf_counter()
        asking = asyncio.create_task(ask(client, f"http://127.0.0.1:{port}", rate))
        after = await until(client, counts, pages, service)
        seconds = time.perf_counter() - started
        asking.cancel()
        latencies, failures = await asking
    row = {"requests_a_second": rate, "pages": after - before, "seconds": seconds, "failures": failures}
    if latencies:
        row |= {"answers": len(latencies), **percentiles(latencies)}
    return row


async def until(
    client: aiohttp.ClientSession, counts: str, pages: int, service: subprocess.Popen[bytes]
) -> int:
    """Wait until so many articles were asked for; gives how many were."""
    while True:
        async with client.get(counts) as answer:
            done = int((await answer.json()).get("a", 0))
        if done >= pages:
            return done
        if service.poll() is not None:
            sys.exit(f"the service ended with {service.returncode}")
        await asyncio.sleep(0.2)


async def ask(client: aiohttp.ClientSession, base: str, rate: int) -> tuple[list[float], int]:
    """Ask until cancelled; gives the seconds of each answer, and how many were no success."""
    latencies: list[float] = []
    failures, after = 0, 0

    async def ask_one(path: str, due: float) -> None:
        nonlocal failures, after
        async with client.get(base + path.format(after=after)) as answer:
            body = await answer.read()
            latencies.append(time.perf_counter() - due)
            failures += answer.status != 200
            if "/api/" in path:
                after = max(after, json.loads(body)["after"])

    async with asyncio.TaskGroup() as tasks:
        due = time.perf_counter()
        with contextlib.suppress(asyncio.CancelledError):
            for number in count():
                await asyncio.sleep(due - time.perf_counter() if rate else 3600)
                tasks.create_task(ask_one(PATHS[number % len(PATHS)], due))
                due += 1 / max(rate, 1)
    return latencies, failures


def percentiles(latencies: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(latencies, n=1000, method="inclusive")
    shown = {"p50_ms": cuts[499], "p90_ms": cuts[899], "p99_ms": cuts[989], "most_ms": max(latencies)}
    return {name: 1000 * seconds for name, seconds in shown.items()}


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes], by: signal.Signals) -> Iterator[None]:
    """Send the signal when the block is left."""
    try:
        yield
    finally:
        process.send_signal(by)
        process.wait()


if __name__ == "__main__":
    main()
