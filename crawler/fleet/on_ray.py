"""Workers on the machines of a Ray cluster: the same command, as a child of an actor that the cluster places."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.fleet.workers import END_SECONDS, KEPT_CHARS, Ended, to_argv, write_seeds
from crawler.settings import read_passed_on
from pipelines.ray_cluster import connect, last_line

if TYPE_CHECKING:
    from crawler.fleet.workers import Order


class Worker:
    """Runs one crawl on the machine that it was placed on; the class of an actor with two threads."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, order: Order) -> Ended:
        """Run a crawl to its end."""
        with tempfile.TemporaryDirectory(prefix="broadsheet-seeds-") as folder:
            write_seeds(Path(folder), order.seeds)
            environment = {**read_passed_on(everything=True), **order.environment}
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                to_argv(order, Path(folder)),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            said, _ = self._process.communicate()
        return Ended(code=self._process.returncode, said=said.decode("utf-8", "replace")[-KEPT_CHARS:])

    def stop(self) -> None:
        """Have the crawl end in good order."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)


class RayPlacer:
    """Places workers on a cluster, one core each."""

    def __init__(self, address: str) -> None:
        """Join the cluster at an address, or begin one here. Raises RayError."""
        self._ray: Any = connect(address)
        self._worker = self._ray.remote(num_cpus=1, max_concurrency=2, max_restarts=0)(Worker)

    async def run(self, order: Order) -> Ended:
        actor = self._worker.remote()
        running = asyncio.ensure_future(_wait(actor.run.remote(order)))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            actor.stop.remote()
            await asyncio.wait({running}, timeout=END_SECONDS)
            raise
        except self._ray.exceptions.RayError as error:
            return Ended(code=None, said=last_line(error))
        finally:
            # Frees the core at once; a crawl that still runs goes with it, and its claims come back.
            with suppress(Exception):
                self._ray.kill(actor)

    def close(self) -> None:
        """Leave the cluster; one that was begun here ends."""
        self._ray.shutdown()


async def _wait(reference: Any) -> Ended:
    ended: Ended = await reference
    return ended
