"""Dumps: how many megabytes of JSON Lines a second, and in how much memory; killed again and again, the same sha256.

    python bench/dumps.py [--rows 500000] [--kills 20] [--format jsonl.gz]

The data are made for it: rows of about 5 kB in parts of a day each, half of them moved by compaction.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.compact import compact
from pipelines.log import Commit, Genesis, encode_entry, entry_path
from pipelines.objects import open_objects
from pipelines.parts import PartLine, Staging, new_name
from pipelines.record import encode_line
from pipelines.rewrite import open_rewriter

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ROWS_A_COMMIT = 2_500
COMMITS_A_DAY = 8
_CHANCE = random.Random(8)
_LETTERS = "etaoinshrdlucmfwypvbgkqjxz"
_WORDS = ["".join(_CHANCE.choices(_LETTERS, k=_CHANCE.randint(2, 10))) for _ in range(20_000)]
_WEIGHTS = [1 / (rank + 1) for rank in range(len(_WORDS))]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--format", default="jsonl.gz")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="broadsheet-dumps-") as folder:
        root = Path(folder)
        asyncio.run(publish(root / "data", options.rows))
        command = [
            sys.executable,
            "-m",
            "crawler",
            "dump",
            "--data",
            str(root / "data"),
            "--format",
            options.format,
        ]
        seconds, cpu_seconds, peak = measure([*command, "--out", str(root / "whole")])
        sheet = json.loads((root / "whole/datasheet.json").read_text())
        plain = sheet["plain_bytes"] / 1e6
        print(
            f"{sheet['rows']} rows, {plain:.0f} MB as JSON Lines, {len(sheet['files'])} files of {options.format}: "
            f"{seconds:.1f} s ({cpu_seconds:.1f} s of CPU), {plain / seconds:.1f} MB a second, "
            f"{peak:.0f} MB of memory at most"
        )
        kills = kill_and_resume([*command, "--out", str(root / "killed")], options.kills, seconds)
        print(
            f"killed {kills} times: {'the same bytes' if sums(root / 'whole') == sums(root / 'killed') else 'OTHER BYTES'}"
        )


def measure(command: list[str]) -> tuple[float, float, float]:
    """Run a dump; gives its seconds, its seconds of CPU, and its most megabytes of memory."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as dump:
        while dump.poll() is None:
            # Not by getrusage, which counts what this process had when it made the other.
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{dump.pid}/status").read_text())
            peak = max(peak, int(found[1]) if found else 0)
            time.sleep(0.05)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if dump.returncode:
        sys.exit(f"{' '.join(command)}: exit code {dump.returncode}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used, peak / 1024


def kill_and_resume(command: list[str], kills: int, seconds: float) -> int:
    """Start the dump until it ends by itself; kill it so many times before, each within the time that it takes."""
    done = 0
    while True:
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as dump:
            if done < kills:
                # Long enough to begin, short enough that it does not end before.
                time.sleep(1 + _CHANCE.random() * seconds / kills)
                dump.send_signal(signal.SIGKILL)
                done += 1
            if dump.wait() == 0:
                return done


def sums(folder: Path) -> dict[str, str]:
    """The sha256 of each file, read anew."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


async def publish(data: Path, rows: int) -> None:
    """Write a log of commits, then move the parts of the first half of the days."""
    objects = open_objects(str(data), Path(), "bench")
    staging = Staging(objects.staging)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    genesis = Genesis(log_id="b" * 16, format=1, created_at=moment.isoformat())
    await objects.create(entry_path(1), encode_entry(genesis))
    commits = -(-rows // ROWS_A_COMMIT)
    # Texts are drawn from a few thousand: making each anew takes longer than dumping it.
    texts = [
        "\n\n".join(" ".join(_CHANCE.choices(_WORDS, _WEIGHTS, k=70)) for _ in range(8)) for _ in range(3_000)
    ]
    for number in range(commits):
        if number == commits // 2:
            async with open_rewriter(str(data)) as rewriter:
                await compact(rewriter)
        day = moment + timedelta(days=number // COMMITS_A_DAY)
        batch = new_name()
        count = min(ROWS_A_COMMIT, rows - number * ROWS_A_COMMIT)
        part = staging.write_part(
            f"articles/date={day:%Y-%m-%d}/{batch}.jsonl.gz", make_rows(texts, day, count)
        )
        await objects.publish(objects.staging / part.path, part.path)
        (objects.staging / part.path).unlink()
        entry = Commit(batch=batch, epoch=1, adds=[part], created_at=day.isoformat())
        sequence = len(await objects.files("log")) + 1
        await objects.create(entry_path(sequence), encode_entry(entry))
    staging.close()


def make_rows(texts: list[str], day: datetime, count: int) -> Iterator[PartLine]:
    """Rows as a crawl writes them, of 5 kB."""
    for _ in range(count):
        row = make_row(_CHANCE.choice(texts), day)
        yield PartLine(encode_line(row), row["fetched_at"], row["site"], row["language"])


def make_row(text: str, day: datetime) -> dict[str, Any]:
    """One article record, as far as it counts for size and filters."""
    name = f"{_CHANCE.getrandbits(128):032x}"
    return {
        "id": name,
        "url": f"https://news.example/{name}",
        "title": text[:60],
        "text": text,
        "section": "News",
        "language": "en",
        "opt_out": [{"source": "robots_meta", "agent": "*", "value": "noai"}] if name[0] == "0" else [],
        "blocks": [
            {"kind": "paragraph", "level": None, "start": n * 400, "end": n * 400 + 398} for n in range(8)
        ],
        "removals": [
            {
                "rule": "selectors:share",
                "stage": "tree",
                "where": "body>div",
                "sample": text[:40],
                "chars": 40,
                "refused": False,
            }
            for _ in range(4)
        ],
        "site": f"site-{name[0]}",
        "fetched_at": day.isoformat(),
        "outcome": "article",
        "visit": f"{_CHANCE.getrandbits(128):032x}",
        "revision": 1,
        "duplicate_of": None,
        "log_entry": None,
        "cleaner": {"version": "0.1.0", "rules": "429139d1968f", "trafilatura": "2.3.1"},
        "schema_version": 1,
    }


if __name__ == "__main__":
    main()
