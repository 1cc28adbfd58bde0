"""Bulk cleaning: any number of pages through the process pool, one output line for each, in their order."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cleaners.models import Article
from pipelines.pool import CleanPool
from pipelines.record import encode_line, to_record

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from concurrent.futures import Future

    from pipelines.given import Input
    from pipelines.worker import Result

# Enough that no worker waits for the reader; few enough that memory holds a handful of pages a worker.
_WAITING_PER_WORKER = 4


@dataclass(slots=True)
class BulkReport:
    """What came of a bulk run, counted."""

    articles: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """By reason."""

    @property
    def lines(self) -> int:
        """Output lines, which is inputs."""
        return self.articles + self.rejected.total()


def clean_inputs(
    inputs: Iterator[Input],
    write: Callable[[bytes], object],
    *,
    workers: int | None = None,
    watch: Callable[[Input, BulkReport], object] | None = None,
) -> BulkReport:
    """Clean all inputs and write one line for each, in order; `watch` is called after each line.

    Raises what reading or writing raises, and PoolError. Memory holds a few pages a worker, whatever the inputs.
    """
    report = BulkReport()
    with CleanPool(workers) as pool, closing(_in_order(inputs, pool)) as results:
        for given, result in results:
            row = _to_row(given, result)
            write(encode_line(row))
            if "rejected" in row:
                report.rejected[row["rejected"]] += 1
            else:
                report.articles += 1
            if watch is not None:
                watch(given, report)
    return report


def _in_order(inputs: Iterator[Input], pool: CleanPool) -> Generator[tuple[Input, Result | None]]:
    """Reads ahead in a thread of its own, so that a slow source holds no finished line back."""
    waiting: queue.Queue[tuple[Input, Future[Result] | None] | BaseException | None]
    waiting = queue.Queue(_WAITING_PER_WORKER * pool.size)
    leaving = threading.Event()

    def read() -> None:
        try:
            for given in inputs:
                if leaving.is_set():
                    return
                waiting.put((given, pool.submit(given.page) if given.page is not None else None))
        except BaseException as error:  # noqa: BLE001 -- raised again where the lines are written
            waiting.put(error)
        else:
            waiting.put(None)

    # Daemon: it may be waiting for standard input when writing has failed.
    threading.Thread(target=read, name="bulk-reader", daemon=True).start()
    try:
        while (entry := waiting.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            given, future = entry
            yield given, future.result() if future is not None else None
    finally:
        leaving.set()
        # Makes room, should the reader be waiting for it.
        while not waiting.empty():
            waiting.get()


def _to_row(given: Input, result: Result | None) -> dict[str, Any]:
    if isinstance(result, Article):
        record = to_record(result)
        if not given.url:
            record |= {"url": None, "final_url": None, "canonical_url": None}
        if given.id is not None:
            record["id"] = given.id
        if given.fetched_at is None:
            # The moment of cleaning is no fact about the page, and two runs should give the same bytes.
            record["fetched_at"] = None
        return record | {"archive": _to_place(given)}
    reason, evidence = (given.fault, given.evidence) if result is None else (result.reason, result.evidence)
    row = {"id": given.id, "url": given.url, "rejected": reason, "evidence": evidence}
    # Only here, since a line of JSON Lines is found again by its id.
    return row | {"archive": _to_place(given)} if given.archive is not None else row


def _to_place(given: Input) -> dict[str, Any] | None:
    return asdict(given.archive) if given.archive is not None else None
