"""The way into a Ray cluster, which is an extra: imported here only, and only when it is asked for."""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipelines.pool import PoolError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCAL = "local"
"""The address that stands for a cluster of this machine alone, begun for the command."""

_ANSWER_SECONDS = 5.0


class RayError(PoolError):
    """Ray does not answer, or fails: one line."""


class RayMistakeError(RayError):
    """Ray is not installed, or what was named is no address of it."""

    is_mistake = True


def connect(address: str, size: int | None = None) -> Any:
    """Give Ray's module, connected to the cluster at `HOST:PORT`, `ray://HOST:PORT`, `auto` or LOCAL. Raises RayError.

    `size`: the cores of a local cluster; None: all there are.
    """
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError:
        raise RayMistakeError("--ray needs Ray: pip install '.[ray]' in the checkout") from None
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if address == LOCAL:
            # Its workers find our modules as we do.
            paths = {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)}
            ray.init(num_cpus=size, include_dashboard=False, runtime_env={"env_vars": paths}, **quiet)
        else:
            _probe(address)
            ray.init(address=address, **quiet)
    except RayError:
        raise
    except Exception as error:
        raise RayError(f"--ray {address}: cannot be used: {last_line(error)}") from error
    return ray


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give Ray's module, connected for Ray Data as long as the block lasts; what Ray raises inside is one line."""
    ray = connect(address)
    try:
        data = import_module("ray.data")
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        data.DataContext.get_current().enable_progress_bars = False
        yield ray
    except (ray.exceptions.RayError, AttributeError) as error:
        raise RayError(f"Ray: {last_line(error)}") from error
    finally:
        ray.shutdown()


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


def last_line(error: BaseException) -> str:
    """What an error of Ray's comes to, without the traceback that it holds."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1][:300]
