"""The process beside the service that makes dumps, so that neither pages nor crawl wait for it.

It reads one JSON object on its standard input, a `Job`, and writes what came of it as another one on its standard
output. Exit codes are those of all commands.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from crawler.exits import exit_codes, stop_on_sigterm
from pipelines.dumps.build import build_dump
from pipelines.dumps.selection import DumpError, DumpOptions
from pipelines.dumps.withdrawal import Findings, Held, find_taken_down
from pipelines.objects import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildJob:
    """A dump to make, or to go on with."""

    data: str
    out: str
    visits: str
    options: DumpOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckJob:
    """Finished dumps to be held against the takedowns of the log."""

    data: str
    dumps: tuple[Held, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to do: one of both."""

    build: BuildJob | None = None
    check: CheckJob | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it: `takedown` of a dump, `findings` of a check."""

    takedown: int | None = None
    """The last takedown that the dump's rows are held against."""
    findings: Findings | None = None


def main() -> None:
    """Do the job."""
    stop_on_sigterm()
    with exit_codes(mistakes=(DumpError,), faults=(StoreError,)):
        job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
        result = Result()
        if job.build is not None:
            one = job.build
            built = build_dump(
                one.data, Path(one.out), one.options, tell=lambda _: None, visits=Path(one.visits)
            )
            result = Result(takedown=built.sheet["takedowns_known"])
        elif job.check is not None:
            result = Result(findings=find_taken_down(job.check.data, job.check.dumps))
        sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    main()
