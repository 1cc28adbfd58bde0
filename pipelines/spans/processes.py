"""The engine of one machine: processes that clean spans."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from pipelines.pool import PAGE_SECONDS, PAGES_PER_WORKER, PoolError, WorkerPool
from pipelines.spans.span import Cleaned, Span
from pipelines.worker import Failure, Reply

if TYPE_CHECKING:
    from concurrent.futures import Future

_log = logging.getLogger(__name__)

TRIES = 5
"""Of a span: the first, and the others page by page. What ends so many tasks is no page but the machine."""

_SPAN_SECONDS = 1800.0


class Engine(Protocol):
    """What does the tasks."""

    size: int
    """How many at once."""

    def submit(self, span: Span) -> Future[Cleaned]:
        """Begin a task. Its future raises PoolError where it cannot be done."""

    def close(self) -> None:
        """End all tasks."""


class SpanPool(WorkerPool[Span, Cleaned]):
    """Processes that clean spans; one whose process dies is cleaned again, page by page."""

    def __init__(self, size: int | None = None, *, pages_per_worker: int = PAGES_PER_WORKER) -> None:
        super().__init__(
            size,
            # That of the first page: each page sets its own.
            page_seconds=PAGE_SECONDS,
            clock_seconds=_SPAN_SECONDS,
            pages_per_worker=pages_per_worker,
            cleaner="pipelines.spans.task:clean_span",
        )

    def _attempt(self, slot: int, given: Span) -> Cleaned:
        why = ""
        for tries in range(TRIES):
            reply = self._try(slot, given if tries == 0 else replace(given, is_isolated=True))
            if isinstance(reply, Reply):
                if isinstance(reply.result, Failure):
                    _log.error("cleaning %s raised\n%s", describe(given), reply.result.trace)
                    raise PoolError(f"{describe(given)}: {reply.result.summary}")
                return reply.result
            why = reply
        raise PoolError(
            f"{describe(given)}: {TRIES} tasks ended before it was cleaned; the last worker {why}"
        )


def describe(span: Span) -> str:
    """Name a span, for people."""
    first = span.reads[0]
    return f"{first.name} from {first.start} to {first.end}"
