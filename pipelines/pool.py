"""Cleaning in processes of its own: a page may hang or crash its worker, and costs the others nothing.

Each worker is a process with a thread that feeds it through a pipe of their own. Workers share no lock, so that
one may be killed at any moment. docs/adr/0002-clean-in-a-process-pool.md says why no stock pool serves.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing.connection import Pipe, wait
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from cleaners.models import Rejection
from pipelines.worker import READY, Failure, Page, Reply, Result, page_urls

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger(__name__)

PAGE_SECONDS = 3.0
"""CPU seconds that a page may take: the slowest page known, of 134 kB, takes 1.1 s."""

PAGES_PER_WORKER = 5_000
"""A start costs 1 to 2 s of CPU; over this many pages that is less than half a millisecond a page."""

WORKER_BYTES = 1024**3
"""A worker that a huge page has blown up beyond this is replaced when the page is done; usual are 200 MiB."""

# A page limit counts CPU time, so that a busy machine rejects no page that an idle one accepts. This many times
# as long on the clock means a worker that waits for something that never comes.
_CLOCK_FACTOR = 20

_START_ATTEMPTS = 3

OVERRUN = "took too long"
"""How a worker has died that was given more than it could do in its time."""

_COMMAND = "from pipelines.worker import main; main()"


class PoolError(Exception):
    """The pool is closed, or no worker can be started."""


J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Job(Generic[J, R]):
    given: J
    future: Future[R] = field(default_factory=Future)


class WorkerPool(ABC, Generic[J, R]):
    """Processes that are given one job after another; what a job is and what its worker's death means, a subclass says."""

    def __init__(
        self,
        size: int | None,
        *,
        page_seconds: float,
        clock_seconds: float,
        pages_per_worker: int,
        cleaner: str,
    ) -> None:
        self.size = size or available_cores()
        self._arguments = (str(page_seconds), cleaner)
        self._clock_seconds = clock_seconds
        self._pages_per_worker = pages_per_worker
        self._jobs: queue.SimpleQueue[_Job[J, R] | None] = queue.SimpleQueue()
        self._fault: str | None = None
        # Closing the one end wakes every thread that waits for its worker at the other.
        self._stopped, self._stop = Pipe(duplex=False)
        self._workers: dict[int, _Worker] = {}
        self._busy: set[int] = set()
        self.starts = 0
        """Processes started so far."""
        self._threads = [
            threading.Thread(target=self._feed, args=(slot,), name=f"clean-{slot}", daemon=True)
            for slot in range(self.size)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> int:
        """How many workers have a page."""
        return len(self._busy)

    def submit(self, given: J) -> Future[R]:
        """Queue the job without waiting. PoolError, here or in the future: no worker is left to do it."""
        if self._fault:
            raise PoolError(self._fault)
        job: _Job[J, R] = _Job(given)
        self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """End all workers now; a job that was not done raises PoolError where it is awaited."""
        self._fault = self._fault or "the cleaning pool is closed"
        self._stop.close()
        for _ in self._threads:
            self._jobs.put(None)
        for worker in list(self._workers.values()):
            worker.kill()
        for thread in self._threads:
            thread.join()
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None and job.future.set_running_or_notify_cancel():
                job.future.set_exception(PoolError(self._fault))
        self._stopped.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _feed(self, slot: int) -> None:
        """Give a worker one page after another, and take a new worker where the last one died."""
        try:
            self._start(slot)
        except PoolError as error:
            # Not the end of this thread: it tells everyone who waits for a page.
            logger.debug("%s", error)
        while (job := self._jobs.get()) is not None:
            # False: whoever asked has gone.
            if job.future.set_running_or_notify_cancel():
                self._busy.add(slot)
                try:
                    job.future.set_result(self._attempt(slot, job.given))
                except PoolError as error:
                    job.future.set_exception(error)
                self._busy.discard(slot)
        if worker := self._workers.pop(slot, None):
            worker.end()

    @abstractmethod
    def _attempt(self, slot: int, given: J) -> R:
        """Have the job done by the slot's worker. PoolError: it cannot be."""

    def _try(self, slot: int, given: J) -> Reply[R] | str:
        """Have a worker try the job: its reply, or how it has died."""
        worker = self._workers.get(slot) or self._start(slot)
        reply = self._ask(worker, given)
        if reply is None:
            del self._workers[slot]
            status = worker.end()
            return OVERRUN if status == -signal.SIGPROF or worker.stuck else _described(status)
        worker.pages += reply.pages
        if worker.pages >= self._pages_per_worker or reply.peak_bytes > WORKER_BYTES:
            del self._workers[slot]
            worker.end()
        return reply

    def _start(self, slot: int) -> _Worker:
        why = ""
        for _ in range(_START_ATTEMPTS):
            if self._fault:
                raise PoolError(self._fault)
            try:
                worker = self._workers[slot] = _Worker(self._arguments)
                self.starts += 1
            except OSError as error:
                why = str(error)
                continue
            if self._receive(worker) == READY:
                return worker
            del self._workers[slot]
            why = f"the last one {_described(worker.end())}"
        self._fault = self._fault or f"no cleaning worker starts: {why}"
        raise PoolError(self._fault)

    def _ask(self, worker: _Worker, given: J) -> Reply[R] | None:
        try:
            worker.pipe.send(given)
        except OSError:
            return None
        reply = self._receive(worker)
        return reply if isinstance(reply, Reply) else None

    def _receive(self, worker: _Worker) -> object:
        """What the worker sends next; None: it died, or is stuck. PoolError: the pool is being closed."""
        ready = wait([worker.pipe, self._stopped], timeout=self._clock_seconds)
        if self._stopped in ready:
            raise PoolError(str(self._fault))
        worker.stuck = not ready
        try:
            return worker.pipe.recv() if ready else None
        except (EOFError, OSError):
            return None


class CleanPool(WorkerPool[Page, Result]):
    """Processes that clean pages.

    `size` counts them (None: one a core). A page that takes more than `page_seconds` of CPU becomes the rejection
    `overrun`; one whose worker dies twice, or whose cleaning raises, the rejection `parser_crash`. `cleaner` is the
    function that does it, as `module:name`.
    """

    def __init__(
        self,
        size: int | None = None,
        *,
        page_seconds: float = PAGE_SECONDS,
        pages_per_worker: int = PAGES_PER_WORKER,
        cleaner: str = "pipelines.pages:clean_page",
    ) -> None:
        super().__init__(
            size,
            page_seconds=page_seconds,
            clock_seconds=page_seconds * _CLOCK_FACTOR,
            pages_per_worker=pages_per_worker,
            cleaner=cleaner,
        )
        self._in_flight = asyncio.Semaphore(2 * self.size)

    async def clean(self, page: Page) -> Result:
        """Clean the page; waits while twice as many pages as workers are on their way."""
        async with self._in_flight:
            return await asyncio.wrap_future(self.submit(page))

    def _attempt(self, slot: int, given: Page) -> Result:
        died = ""
        # Once more in a fresh worker: what ended the first may have been the machine, short of memory.
        for _ in range(2):
            reply = self._try(slot, given)
            if isinstance(reply, Reply):
                if isinstance(reply.result, Failure):
                    logger.error("cleaning raised on %s\n%s", page_urls(given)[0], reply.result.trace)
                    return _rejected(given, "parser_crash", reply.result.summary)
                return reply.result
            if reply is OVERRUN:
                return _rejected(given, "overrun", "cleaning took longer than a page may take")
            died = reply
        return _rejected(given, "parser_crash", f"the worker {died}, twice")


class _Worker:
    """One process and our end of its pipe."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        self.pages = 0
        self.stuck = False
        self.pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter and code
                [sys.executable, "-c", _COMMAND, str(theirs.fileno()), *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path),
                    # Each core has a worker already: numpy's own threads, one a core in each, would only be started.
                    "OPENBLAS_NUM_THREADS": "1",
                },
                # Ctrl-C is for the parent, which decides what is still finished.
                process_group=0,
            )

    def kill(self) -> None:
        """End the process; its pipe stays, since the thread that feeds it may be waiting there."""
        self._process.kill()

    def end(self) -> int:
        """Make sure that the process is gone; its exit status, negative for a signal's number."""
        # Without its pipe a living worker leaves by itself; one that died has a status to tell.
        self.pipe.close()
        try:
            return self._process.wait(timeout=0 if self.stuck else 0.05)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._process.wait()


def available_cores() -> int:
    """The cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _rejected(page: Page, reason: str, evidence: str) -> Rejection:
    url, requested_url = page_urls(page)
    return Rejection(reason=reason, evidence=evidence, url=url, requested_url=requested_url)


def _described(code: int) -> str:
    if code >= 0:
        return f"left with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"
