"""A worker of a fleet: the command `broadsheet crawl`, which ends once nothing is due, on this machine."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

END_SECONDS = 27.0
"""A crawl that is told to end publishes what it has fetched; beyond this it is killed, and its claims come back."""
KEPT_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every worker of a fleet is to do."""

    arguments: tuple[str, ...]
    """Of `broadsheet crawl`, but for the seeds."""
    seeds: Mapping[str, bytes]
    """The seed files by their names, so that a machine needs none of its own."""
    environment: Mapping[str, str]
    """The variables that settings and credentials stand in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a worker ended."""

    code: int | None
    """The exit code; negative: the signal that killed it; None: the machine that it ran on is gone."""
    said: str
    """What it printed last, several lines."""


class Placer(Protocol):
    """Where workers run."""

    async def run(self, order: Order) -> Ended:
        """Run a worker until it ends. Cancelled: it ends in good order first."""


def write_seeds(folder: Path, seeds: Mapping[str, bytes]) -> None:
    """Write seed files into a folder, as `Order.seeds` names them."""
    for name, body in seeds.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)


def to_argv(order: Order, seeds: Path) -> list[str]:
    """The command line of a worker."""
    return [sys.executable, "-m", "crawler", "crawl", "--seeds", str(seeds), *order.arguments]


class LocalPlacer:
    """Runs workers on this machine, each as a process of its own."""

    def __init__(self, folder: Path, order: Order) -> None:
        """`folder`: an empty one, where the seeds of all workers are written."""
        self._seeds = folder
        write_seeds(folder, order.seeds)

    async def run(self, order: Order) -> Ended:
        process = await asyncio.create_subprocess_exec(
            *to_argv(order, self._seeds),
            env=dict(order.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C is for the fleet, which tells its workers.
            start_new_session=True,
        )
        reading = asyncio.ensure_future(process.communicate())
        try:
            said, _ = await asyncio.shield(reading)
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate()
            done, _ = await asyncio.wait({reading}, timeout=END_SECONDS)
            if not done:
                process.kill()
                await asyncio.wait({reading})
            raise
        return Ended(code=process.returncode, said=said.decode("utf-8", "replace")[-KEPT_CHARS:])
