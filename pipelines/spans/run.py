"""A bulk run: spans go to the engine, and what comes back is decided and published in the order of the inputs.

So the same inputs give the same rows, whichever engine cleans them, with however many workers, and however often it was
killed in between: a batch is cut where a count of rows says so, and holds whole spans.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.given import InputError
from pipelines.held import StartOverError
from pipelines.spans.planning import Planner, Sizes
from pipelines.spans.progress import read_progress
from pipelines.staged import MAX_BYTES, MAX_ROWS
from pipelines.warc.reading import ReadReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from pipelines.held import Held
    from pipelines.held_batch import HeldBatch
    from pipelines.spans.processes import Engine
    from pipelines.spans.span import Cleaned, How, Span

# Enough that no worker waits while a batch is published; memory holds what comes of them.
_SPANS_PER_WORKER = 3


class ForeignDataError(Exception):
    """The folder holds what something else has published: the user's mistake."""


@dataclass(slots=True, kw_only=True)
class RunReport:
    """What a run has published, counted since its command was given."""

    outcomes: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    """Rows by outcome and reason."""
    read: ReadReport = field(default_factory=ReadReport)
    """Of WARC files."""
    batches: int = 0
    again: tuple[str, ...] = ()
    """Files that were left out, since each is the same as another one."""

    @property
    def rows(self) -> int:
        """All rows."""
        return self.outcomes.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where spans and batches are cut."""

    sizes: Sizes = field(default_factory=Sizes)
    batch_rows: int = MAX_ROWS
    batch_bytes: int = MAX_BYTES


async def run_spans(  # noqa: PLR0913 - one keyword a part of the run
    sources: Sequence[str],
    *,
    held: Held,
    engine: Engine,
    how: How,
    limits: Limits | None = None,
    watch: Callable[[RunReport], object] = lambda _: None,
) -> RunReport:
    """Clean all that is not done yet and publish it; `watch` is called after each span.

    Raises ForeignDataError before anything is written, InputError where an input cannot be read, PoolError, StoreError.
    """
    run = _Run(held=held, engine=engine, limits=limits or Limits(), watch=watch)
    while True:
        if (await read_progress(held.log.objects)).is_foreign:
            raise ForeignDataError(
                f"{held.log.objects.name}: holds what a crawl has published: name another --data, since one of bulk runs "
                "has one writer, and a crawl any number"
            )
        await held.begin()
        # Only now is nobody else's batch to come: what another run has published since is done.
        progress = await read_progress(held.log.objects)
        planner = Planner(how=how, progress=progress, sizes=run.limits.sizes)
        try:
            await run.go_through(planner.plan(sources))
        except StartOverError:
            # What was decided in this batch does not hold any more; the batches before it do.
            continue
        run.report.again = tuple(planner.again)
        return run.report


@dataclass(slots=True, kw_only=True)
class _Run:
    held: Held
    engine: Engine
    limits: Limits
    watch: Callable[[RunReport], object]
    report: RunReport = field(default_factory=RunReport)
    _staged: RunReport = field(default_factory=RunReport)
    """Of the batch that is not published yet."""

    async def go_through(self, spans: Iterator[Span]) -> None:
        waiting: deque[tuple[Span, Future[Cleaned]]] = deque()
        batch = self.held.open_batch()
        self._staged = RunReport()
        try:
            await self._fill(waiting, spans)
            while waiting:
                span, future = waiting.popleft()
                cleaned = await asyncio.wrap_future(future)
                await self._fill(waiting, spans)
                _check(cleaned)
                await self._take(batch, span, cleaned)
                if len(batch.rows) >= self.limits.batch_rows or batch.spool.bytes >= self.limits.batch_bytes:
                    batch = await self._turn(batch)
            batch = await self._turn(batch)
        except InputError:
            # What comes before the input that cannot be read on is published.
            batch = await self._turn(batch)
            raise
        finally:
            batch.close()
            for _, future in waiting:
                future.cancel()

    async def _fill(self, waiting: deque[tuple[Span, Future[Cleaned]]], spans: Iterator[Span]) -> None:
        while len(waiting) < _SPANS_PER_WORKER * self.engine.size:
            span = await asyncio.to_thread(next, spans, None)
            if span is None:
                return
            waiting.append((span, self.engine.submit(span)))

    async def _take(self, batch: HeldBatch, span: Span, cleaned: Cleaned) -> None:
        for row in await batch.add(cleaned.items):
            self._staged.outcomes[row["outcome"], row.get("reason")] += 1
        batch.reads += span.reads
        _add_report(self._staged.read, cleaned.report)
        self.watch(self.report)

    async def _turn(self, batch: HeldBatch) -> HeldBatch:
        """Publish a batch and begin the next."""
        if batch.reads:
            await self.held.commit(batch)
            self.report.outcomes += self._staged.outcomes
            self.report.batches += 1
            _add_report(self.report.read, self._staged.read)
        batch.close()
        self._staged = RunReport()
        return self.held.open_batch()


def _check(cleaned: Cleaned) -> None:
    if cleaned.error is not None:
        raise InputError(cleaned.error)


def _add_report(total: ReadReport, part: ReadReport) -> None:
    total.records += part.records
    total.responses += part.responses
    total.pages += part.pages
    total.left_out += part.left_out
