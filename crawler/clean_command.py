"""`broadsheet clean`: any number of pages and texts, one output line for each."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from crawler.archive_options import read_keys
from crawler.errors import UserError
from crawler.exits import exit_codes, stop_on_sigterm, warn
from pipelines.bulk import BulkReport, clean_inputs
from pipelines.inputs import Input, InputError, find_inputs, holds_lines, read_inputs
from pipelines.outputs import OutputError, WriteError, open_output
from pipelines.pool import PoolError, available_cores
from pipelines.warc.reading import ReadReport
from pipelines.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crawler.archive_options import ArchiveOptions
    from pipelines.inputs import Source

# Between two lines of progress where there is no terminal.
_QUIET_SECONDS = 30.0

_FAULTS_OF_LINES = ("not_json", "no_content", "too_large")


def clean_files(
    names: Sequence[str],
    out: Path | None,
    workers: int | None,
    archives: ArchiveOptions,
    keys: str | None = None,
) -> None:
    """Run the command; ends the process where something is wrong."""
    stop_on_sigterm()
    started_at = time.monotonic()
    with exit_codes(mistakes=(UserError, InputError, OutputError), faults=(PoolError, WriteError)):
        filters, read = archives.to_filters(), ReadReport()
        known = read_keys(keys)
        paths = find_inputs((*names, *archives.read_list()))
        if not paths:
            raise UserError(
                "nothing to clean: name files, folders or addresses, - for standard input, or --list"
            )
        _refuse_overwriting(paths, out)
        if not any(holds_lines(path) for path in paths):
            # One page needs one worker; a start is a second of CPU.
            workers = min(len(paths), workers or available_cores())
        with open_output(out) as write, _watching() as watch:
            inputs = read_inputs(paths, filters=filters, report=read, known=known)
            report = clean_inputs(inputs, write, workers=workers, watch=watch)
        seconds = time.monotonic() - started_at
        for line in _archive_lines(read):
            warn(line)
        if not report.lines and not read.files:
            warn(
                f"nothing to clean: {', '.join('standard input' if name == '-' else name for name in names)} is empty"
            )
        warn(f"{_counts(report)}, in {seconds:.1f} s ({report.lines / seconds:.1f} a second)")


def _archive_lines(read: ReadReport) -> Iterator[str]:
    """What was read of WARC files, and what was left out; nothing where there were none."""
    if not read.files:
        return
    left = ", ".join(f"{reason} {count}" for reason, count in read.left_out.most_common())
    yield (
        f"{counted(read.files, 'WARC file')}, {counted(read.records, 'record')}: {counted(read.pages, 'page')}"
        + (f"; left out: {left}" if left else "")
    )
    for name in read.without_pages:
        yield f"{name}: holds no response of a server"


def _refuse_overwriting(paths: Sequence[Source], out: Path | None) -> None:
    """Raise OutputError where the output is one of the inputs; None is standard input."""
    if (
        out is not None
        and out.exists()
        and any(isinstance(path, Path) and out.samefile(path) for path in paths)
    ):
        raise OutputError(f"{out} is an input, too: name another file with --out")


def _counts(report: BulkReport) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in report.rejected.most_common())
    return f"{counted(report.articles, 'article')}, {report.rejected.total()} rejected" + (
        f" ({reasons})" if reasons else ""
    )


@contextmanager
def _watching() -> Iterator[Callable[[Input, BulkReport], None]]:
    """Tells how far it is: a bar on a terminal, else a line now and then."""
    console = Console(stderr=True)
    if not console.is_terminal:
        next_at = time.monotonic() + _QUIET_SECONDS

        def tell(given: Input, report: BulkReport) -> None:
            nonlocal next_at
            _warn_of(given, warn)
            if time.monotonic() >= next_at:
                warn(_counts(report))
                next_at = time.monotonic() + _QUIET_SECONDS

        yield tell
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", rate="", total=None)

        def show(given: Input, report: BulkReport) -> None:
            _warn_of(given, lambda line: progress.console.print(line, markup=False, highlight=False))
            elapsed = progress.tasks[0].elapsed or 0.0
            rate = f"{report.lines / elapsed:.1f} a second" if elapsed else ""
            progress.update(task, description=_counts(report), rate=rate)

        yield show


def _warn_of(given: Input, say: Callable[[str], object]) -> None:
    if given.fault in _FAULTS_OF_LINES:
        say(f"{given.where}: {given.evidence}")
