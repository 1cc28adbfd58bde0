"""Speed on the shared news sites: `broadsheet crawl` beside the naive spider, over the same loopback servers.

    python bench/speed.py [--shared FOLDER] [--hosts N] [--copies M] [--workers N]

CPU seconds hold all processes that a command started and waited for: the cleaning workers, not the embedded Redis
server, which outlives the command that started it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shared_folder
from measures import Spent, print_table, run_measured

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = """\
id = "bench-{k}"
name = "Bench {k}"
language = "en"
home = "http://{host}/"
sitemaps = ["http://{host}/sitemap.xml"]
delay_seconds = 0
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared_folder.add_option(parser)
    parser.add_argument("--pages", default="zyte.pages.jsonl.gz", help="the pages file in it")
    parser.add_argument("--hosts", type=int, default=8)
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--workers", type=int, default=0, help="cleaning processes; 0: one a core")
    options = parser.parse_args()
    shared_folder.check(options.shared, "site.py", "naive_spider.py", options.pages)
    with tempfile.TemporaryDirectory() as scratch:
        print_table(list(race(options, Path(scratch))))


def race(options: argparse.Namespace, scratch: Path) -> Iterator[dict[str, Any]]:
    port = free_port()
    sites = [str(options.shared / "site.py"), str(options.shared / options.pages), str(port)]
    numbers = ["--hosts", str(options.hosts), "--copies", str(options.copies)]
    with subprocess.Popen([sys.executable, *sites, *numbers], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            naive_out = scratch / "naive.jsonl"
            naive = [str(options.shared / "naive_spider.py"), str(naive_out), str(options.hosts), str(port)]
            spent = run_measured([sys.executable, *naive])
            theirs = row("naive spider", count_lines(naive_out), spent)
            yield theirs
            seeds, data = write_seeds(scratch / "seeds", options.hosts, port), scratch / "data"
            crawl = ["-m", "crawler", "crawl", "--seeds", str(seeds), "--data", str(data)]
            crawl += ["--allow-address", "127.0.0.0/8"]
            workers = {"BROADSHEET_CLEAN_WORKERS": str(options.workers)}
            spent = run_measured([sys.executable, *crawl], environment=workers)
            ours = row("broadsheet", sum(count_lines(part) for part in data.rglob("*.jsonl.gz")), spent)
            yield ours
            yield {"by": "ratio", **{name: ours[name] / theirs[name] for name in ours if name != "by"}}
        finally:
            server.terminate()


def row(by: str, pages: int, spent: Spent) -> dict[str, Any]:
    return {
        "by": by,
        "pages": pages,
        "seconds": spent.seconds,
        "pages_a_second": pages / spent.seconds,
        "cpu_seconds": spent.cpu_seconds,
        "cpu_milliseconds_a_page": 1000 * spent.cpu_seconds / pages,
    }


def write_seeds(folder: Path, hosts: int, port: int) -> Path:
    folder.mkdir()
    for k in range(hosts):
        (folder / f"{k}.toml").write_text(SEED.format(k=k, host=f"127.0.0.{k + 1}:{port}"))
    return folder


def count_lines(path: Path) -> int:
    """The lines of what was written: articles of the naive spider, outcomes of all kinds of ours."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as lines:
        return sum(1 for line in lines if json.loads(line))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
