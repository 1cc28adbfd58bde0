"""The engine of a cluster: the same task on Ray. What a lost worker or machine was doing is done again, and published once."""

from __future__ import annotations

import logging
import os
import socket
import sys
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipelines.pool import PAGES_PER_WORKER, PoolError
from pipelines.spans.processes import TRIES, describe
from pipelines.spans.task import clean_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.spans.span import Cleaned, Span

_ANSWER_SECONDS = 5.0
# A worker of Ray ends after so many tasks, as one of the pool does after so many pages: a span has some 80.
_TASKS_PER_WORKER = PAGES_PER_WORKER // 80


class RayError(PoolError):
    """Ray does not answer, or fails: one line."""


class RayMistakeError(RayError):
    """Ray is not installed, or what was named is no address of it."""

    is_mistake = True


class RayEngine:
    """Cleans spans on Ray. `address`: of a cluster (`HOST:PORT`, `ray://HOST:PORT` or `auto`); None: one is started here."""

    def __init__(self, address: str | None = None, size: int | None = None) -> None:
        self._ray = ray = _import()
        _connect(ray, address, size)
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
                future.set_exception(PoolError(f"{describe(span)}: {_last_line(error)}"))
            elif tries < TRIES:
                self._begin(replace(span, is_isolated=True), future, tries + 1)
            else:
                last = f"{TRIES} tasks ended before it was cleaned; the last one: {_last_line(error)}"
                future.set_exception(PoolError(f"{describe(span)}: {last}"))

        try:
            self._task.remote(span).future().add_done_callback(end)
        except Exception as error:  # noqa: BLE001 -- whatever Ray says, the run is to hear of it
            future.set_exception(PoolError(f"Ray: {_last_line(error)}"))


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Give the module of Ray, connected as `RayEngine` is; what Ray raises inside is one line."""
    ray = _import()
    _connect(ray, address, None)
    try:
        data = import_module("ray.data")
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        data.DataContext.get_current().enable_progress_bars = False
        yield ray
    except (ray.exceptions.RayError, AttributeError) as error:
        raise RayError(f"Ray: {_last_line(error)}") from error
    finally:
        ray.shutdown()


def _import() -> Any:
    try:
        import ray  # noqa: PLC0415 -- an extra, which only this needs
    except ImportError:
        raise RayMistakeError("--ray needs Ray: pip install '.[ray]' in the checkout") from None
    return ray


def _connect(ray: Any, address: str | None, size: int | None) -> None:
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if address is None:
            # Its workers find our modules as we do.
            paths = {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
            ray.init(num_cpus=size, include_dashboard=False, runtime_env={"env_vars": paths}, **quiet)
            return
        _probe(address)
        ray.init(address=address, **quiet)
    except RayError:
        raise
    except Exception as error:
        raise RayError(f"--ray {address or 'local'}: cannot be used: {_last_line(error)}") from error


def _probe(address: str) -> None:
    """Raise RayError where nobody answers: Ray itself would try for a minute, and say so on many lines."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdigit():
        raise RayMistakeError(f"--ray {address}: must be local, auto, HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise RayError(f"--ray {address}: does not answer: {error}") from error


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1][:300]
