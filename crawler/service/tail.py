"""The end of the log, watched for all who wait for its next entry."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from pipelines.log import entry_path
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from pipelines.objects import Objects

LOOK_SECONDS = 1.0
"""Between two looks: a look reads one file that is not there."""


class Tail:
    """Knows the number of the last entry, about a second late."""

    def __init__(self, objects: Objects) -> None:
        self.position = 0
        """The last entry; 0: there is no log yet, or it was never read."""
        self._objects = objects
        self._grown = asyncio.Event()
        self._is_closed = False

    def close(self) -> None:
        """Let nobody wait any more."""
        self._is_closed = True
        self._grown.set()

    async def watch(self) -> None:
        """Watch for ever."""
        while True:
            # Whether the store can be read is told by those who look after it.
            with suppress(StoreError):
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Find the last entry. Raises StoreError."""
        # Entries have no gaps: the steps double until they go beyond the end, and halve on the way back.
        found, step = self.position, 1
        while await self._has(found + step):
            found, step = found + step, step * 2
        while step > 1:
            step //= 2
            if await self._has(found + step):
                found += step
        if found > self.position:
            self.position = found
            self._grown.set()
            self._grown = asyncio.Event()

    async def wait_beyond(self, entry: int, seconds: float) -> bool:
        """Wait until there is an entry after this one; False: there is none, so many seconds later."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.position <= entry and not self._is_closed and (left := until - loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._grown.wait(), left)
        return self.position > entry

    async def _has(self, entry: int) -> bool:
        return await self._objects.read(entry_path(entry)) is not None
