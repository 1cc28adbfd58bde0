"""The fleet: as many workers as what is due asks for, and new ones for those that died."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.errors import UserError
from crawler.round import SITES_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crawler.fleet.workers import Ended, Order, Placer

LOOK_SECONDS = 2.0
"""Between two looks at what is due: one command of Redis for each 500 sites."""
LONGEST_PAUSE_SECONDS = 60.0
"""Before a worker is begun after others have died one after the other."""
_MISTAKE = 2

_log = logging.getLogger(__name__)


class Fleet:
    """Keeps workers running until it is told to stop."""

    def __init__(
        self, placer: Placer, order: Order, *, most: int, count_due: Callable[[], Awaitable[int]]
    ) -> None:
        """`most`: workers at once; `count_due`: how many sites are due now."""
        self._placer = placer
        self._order = order
        self._most = most
        self._count_due = count_due
        self._running: set[asyncio.Task[Ended]] = set()
        self._stopping = asyncio.Event()
        self._deaths = 0
        self._next_at = 0.0
        self._begun = 0

    def stop(self) -> None:
        """Begin no more; have those that run end in good order."""
        self._stopping.set()

    async def run(self) -> None:
        """Go on until `stop`. Raises UserError where a worker says that what it was asked for is a mistake."""
        try:
            while not self._stopping.is_set():
                self._collect()
                wanted = find_wanted(await self._count_due(), self._most)
                while len(self._running) < wanted and time.monotonic() >= self._next_at:
                    self._begin()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)
        finally:
            for running in self._running:
                running.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def _begin(self) -> None:
        self._begun += 1
        name = f"worker {self._begun}"
        self._running.add(asyncio.create_task(self._placer.run(self._order), name=name))
        _log.info("%s begins; %d run", name, len(self._running))

    def _collect(self) -> None:
        for task in [task for task in self._running if task.done()]:
            self._running.discard(task)
            ended = task.result()
            last = _last_line(ended.said)
            if ended.code == 0:
                self._deaths = 0
                _log.info("%s is done: %s", task.get_name(), last)
                continue
            if ended.code == _MISTAKE:
                raise UserError(last.removeprefix("broadsheet: "))
            self._deaths += 1
            pause = min(2.0 ** (self._deaths - 1) - 1, LONGEST_PAUSE_SECONDS)
            self._next_at = time.monotonic() + pause
            how = "is lost with its machine" if ended.code is None else f"ended with {ended.code}"
            _log.warning("%s %s: %s; another begins after %.0f s", task.get_name(), how, last, pause)


def find_wanted(due: int, most: int) -> int:
    """How many workers so many due sites need: a worker visits up to SITES_AT_ONCE at a time.

    >>> [find_wanted(due, most=3) for due in (0, 1, 64, 65, 1000)]
    [0, 1, 1, 2, 3]
    """
    return min(most, math.ceil(due / SITES_AT_ONCE))


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
