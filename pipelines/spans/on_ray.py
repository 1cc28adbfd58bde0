"""The engine of a cluster: the same task on Ray. What a lost worker or machine was doing is done again, and published once."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines.pool import PAGES_PER_WORKER, PoolError
from pipelines.ray_cluster import LOCAL, connect, last_line
from pipelines.spans.processes import TRIES, describe
from pipelines.spans.task import clean_span

if TYPE_CHECKING:
    from pipelines.spans.span import Cleaned, Span

# A worker of Ray ends after so many tasks, as one of the pool does after so many pages: a span has some 80.
_TASKS_PER_WORKER = PAGES_PER_WORKER // 80


class RayEngine:
    """Cleans spans on Ray, at an address as `ray_cluster.connect` takes it. `size`: tasks at once; None: one a core."""

    def __init__(self, address: str = LOCAL, size: int | None = None) -> None:
        self._ray = ray = connect(address, size)
        # The retries are ours: a span that has ended a worker is cleaned page by page.
        options = {"num_cpus": 1, "max_retries": 0, "max_calls": _TASKS_PER_WORKER}
        self._task = ray.remote(**options)(clean_span)
        self.size: int = size or max(int(ray.cluster_resources().get("CPU", 1)), 1)

    def submit(self, span: Span) -> Future[Cleaned]:
        """Begin a task. Its future raises PoolError where it cannot be done."""
        future: Future[Cleaned] = Future()
        future.set_running_or_notify_cancel()
        self._begin(span, future, 1)
        return future

    def close(self) -> None:
        """Leave the cluster; end it where it was started here."""
        self._ray.shutdown()

    def _begin(self, span: Span, future: Future[Cleaned], tries: int) -> None:
        def end(done: Future[Any]) -> None:
            error = done.exception()
            if error is None:
                future.set_result(done.result())
            elif isinstance(error, self._ray.exceptions.RayTaskError):
                future.set_exception(PoolError(f"{describe(span)}: {last_line(error)}"))
            elif tries < TRIES:
                self._begin(replace(span, is_isolated=True), future, tries + 1)
            else:
                last = f"{TRIES} tasks ended before it was cleaned; the last one: {last_line(error)}"
                future.set_exception(PoolError(f"{describe(span)}: {last}"))

        try:
            self._task.remote(span).future().add_done_callback(end)
        except Exception as error:  # noqa: BLE001 -- whatever Ray says, the run is to hear of it
            future.set_exception(PoolError(f"Ray: {last_line(error)}"))
