"""Bulk runs: one worker against two, what reading and writing cost beside cleaning, and memory over many pages.

    python bench/bulk.py [--shared FOLDER] [--copies 4] [--memory-pages 30000]

The pages of the set `publishers` as WARC files, several copies of them: each has words of its own in every paragraph, so
that none is a duplicate. The memory is measured with small made pages, since it is the number of rows that counts.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import re
import resource
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shared_folder
from measures import print_table

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines.held import open_held
from pipelines.policy import Policy
from pipelines.spans.planning import Planner
from pipelines.spans.processes import SpanPool
from pipelines.spans.progress import Progress
from pipelines.spans.run import run_spans
from pipelines.spans.span import How
from pipelines.spans.task import _read
from pipelines.store import open_redis
from pipelines.warc.reading import ReadReport
from pipelines.warc.writing import HTTP_RESPONSE, make_member, new_record_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.spans.run import RunReport

ROOT = Path(__file__).parents[1]
_WORD = re.compile(r">([^<>]{80,})<")
_PAGES_A_FILE = 200


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared_folder.add_option(parser)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--memory-pages", type=int, default=30_000)
    options = parser.parse_args()
    shared_folder.check(options.shared, "publishers.pages.jsonl.gz")
    with tempfile.TemporaryDirectory(prefix="broadsheet-bulk-") as folder:
        root = Path(folder)
        if options.copies:
            sources = write_pages(root, options.shared / "publishers.pages.jsonl.gz", options.copies)
            rows = [measure(root / f"out-{workers}", sources, workers) for workers in (1, 2)]
            rows[1]["speed-up"] = rows[1]["pages a second"] / rows[0]["pages a second"]
            print_table(rows)
            print_table([measure_reading(sources)])
        if options.memory_pages:
            print_table(measure_memory(root / "memory", options.memory_pages))


def measure(data: Path, sources: list[str], workers: int) -> dict[str, Any]:
    """Run over the sources; CPU seconds by who has spent them."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    started_at = time.perf_counter()
    with closing(SpanPool(workers)) as engine:
        report = asyncio.run(run(data, sources, engine))
    seconds = time.perf_counter() - started_at
    driver = spent(resource.getrusage(resource.RUSAGE_SELF)) - spent(own)
    others = spent(resource.getrusage(resource.RUSAGE_CHILDREN)) - spent(children)
    return {
        "workers": workers,
        "pages": report.rows,
        "articles": report.outcomes["article", None],
        "seconds": seconds,
        "pages a second": report.rows / seconds,
        "CPU ms a page": 1000 * (driver + others) / report.rows,
        "of it the driver": 1000 * driver / report.rows,
    }


def measure_reading(sources: list[str]) -> dict[str, Any]:
    """CPU of what a worker does beside cleaning: finds, decompresses and checks the records."""
    started, pages = time.process_time(), 0
    for span in Planner(how=How(), progress=Progress()).plan(sources):
        pages += sum(1 for _ in _read(span, ReadReport()))
    return {"reading: pages": pages, "CPU ms a page": 1000 * (time.process_time() - started) / pages}


def measure_memory(folder: Path, pages: int) -> list[dict[str, Any]]:
    """Resident memory of the driver and of its largest worker, after every sixth of the pages."""
    from tests.pipelines.bulk_inputs import html, url, write_lines  # noqa: PLC0415

    folder.mkdir()
    sources = []
    for first in range(0, pages, 1_000):
        path = folder / f"{first:06}.jsonl"
        write_lines(path, [(url(number), html(number)) for number in range(first, min(first + 1_000, pages))])
        sources.append(str(path))
    seen: list[dict[str, Any]] = []

    def watch(report: RunReport) -> None:
        if report.rows >= (len(seen) + 1) * pages // 6:
            seen.append(
                {"rows": report.rows, "driver MB": resident(os.getpid()), "worker MB": largest_child()}
            )

    with closing(SpanPool(2)) as engine:
        asyncio.run(run(folder / "out", sources, engine, watch))
        seen.append({"rows": pages, "driver MB": resident(os.getpid()), "workers started": engine.starts})
    return seen


async def run(data: Path, sources: list[str], engine: SpanPool, watch: Any = lambda _: None) -> RunReport:
    policy = Policy(revisit_seconds=(), keeps_old=True)
    async with (
        open_redis(None, data / ".state") as redis,
        open_held(redis=redis, data=str(data), state=data / ".state", policy=policy) as held,
    ):
        return await run_spans(sources, held=held, engine=engine, how=How(), watch=watch)


def write_pages(root: Path, pages: Path, copies: int) -> list[str]:
    """WARC files of the pages, so often, each copy under addresses and with words of its own."""
    with gzip.open(pages, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    made: list[str] = []
    for number, (address, page) in enumerate(vary(rows, copies)):
        if number % _PAGES_A_FILE == 0:
            made.append(str(root / f"{number:06}.warc.gz"))
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page.encode()
        with Path(made[-1]).open("ab") as file:
            file.write(
                make_member(
                    "response",
                    block,
                    record_id=new_record_id(),
                    date="2026-04-14T08:00:00Z",
                    content_type=HTTP_RESPONSE,
                    headers=[("WARC-Target-URI", address)],
                )
            )
    return made


def vary(rows: list[dict[str, Any]], copies: int) -> Iterator[tuple[str, str]]:
    for copy in range(copies):
        for row in rows:
            page = row["html"]
            if copy:
                page = _WORD.sub(partial(shift, copy), page)
                # Its own address, which it may state anywhere.
                page = page.replace(row["url"], f"{row['url']}-{copy}")
            yield row["url"] + (f"-{copy}" if copy else ""), page


def shift(copy: int, found: re.Match[str]) -> str:
    """A text of the page with every third word marked: no longer nearly the same, and as long."""
    words = [
        f"{word}{'abcdefgh'[copy % 8]}" if place % 3 == 0 and word.isalpha() else word
        for place, word in enumerate(found[1].split(" "))
    ]
    return f">{' '.join(words)}<"


def spent(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def largest_child() -> float:
    # Each was started by a thread of the pool.
    children = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()
    return max((resident(int(child)) for child in children), default=0.0)


if __name__ == "__main__":
    main()
