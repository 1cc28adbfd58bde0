"""Waiting for a store that takes nothing for now: a disk that is full, a server that fails."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from obstore.exceptions import GenericError

from pipelines.objects import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pipelines.objects import Objects, Stored

T = TypeVar("T")

PATIENCE_SECONDS = 3600.0
"""After so long with a store that takes nothing the run ends with one line: somebody should look."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FIRST_PAUSE_SECONDS = 0.25
_MOST_PAUSE_SECONDS = 5.0
_WARN_SECONDS = 60.0
_log = logging.getLogger(__name__)


def is_passing(error: StoreError) -> bool:
    """Say whether the same may succeed later; all else (rights, names, foreign files) is for the operator to mend."""
    cause = error.__cause__
    return isinstance(cause, GenericError) or (isinstance(cause, OSError) and cause.errno in _FULL)


class Patience:
    """Tries again what a full or failing store has refused; meanwhile `ready` holds up who would bring more."""

    def __init__(self, seconds: float = PATIENCE_SECONDS) -> None:
        self._seconds = seconds
        self._ended = asyncio.Event()
        self._waiting = 0
        self._none_waits = asyncio.Event()
        self._none_waits.set()
        self._warned_at = -_WARN_SECONDS

    @property
    def is_waiting(self) -> bool:
        """Whether something waits for a store right now."""
        return self._waiting > 0

    async def ready(self) -> None:
        """Return once nothing waits for a store."""
        await self._none_waits.wait()

    def end(self) -> None:
        """Wait no more: each attempt is made once or twice from now on, and what waits now is tried at once."""
        self._ended.set()

    def is_over(self, since: float) -> bool:
        """Say whether what has failed since then, by the monotonic clock, has been waited for long enough."""
        return self._ended.is_set() or time.monotonic() - since > self._seconds

    async def pause(self, seconds: float) -> None:
        """Sleep for so long, or until the waiting is to end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def see_through(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make the attempt until it succeeds. Raises its StoreError where that will not pass, or has not for too long."""
        try:
            return await attempt()
        except StoreError as error:
            if not is_passing(error):
                raise
            self._warn(f"{error}; waiting for it, nothing is lost")
        since, pause = time.monotonic(), _FIRST_PAUSE_SECONDS
        self._waiting += 1
        self._none_waits.clear()
        try:
            while True:
                await self.pause(pause)
                pause = min(2 * pause, _MOST_PAUSE_SECONDS)
                try:
                    return await attempt()
                except StoreError as error:
                    if not is_passing(error) or self.is_over(since):
                        raise
                    self._warn(f"{error}; still waiting, for {time.monotonic() - since:.0f} s by now")
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._none_waits.set()

    def _warn(self, line: str) -> None:
        if time.monotonic() - self._warned_at >= _WARN_SECONDS:
            self._warned_at = time.monotonic()
            _log.warning(line)


class PatientObjects:
    """A store whose every step is seen through. All of them may be made twice: see `pipelines.objects.Objects`."""

    def __init__(self, objects: Objects, patience: Patience) -> None:
        self.name = objects.name
        self.staging = objects.staging
        self._objects = objects
        self._patience = patience

    async def create(self, path: str, body: bytes) -> bool:
        return await self._patience.see_through(lambda: self._objects.create(path, body))

    async def publish(self, staged: Path, path: str) -> None:
        await self._patience.see_through(lambda: self._objects.publish(staged, path))

    async def read(self, path: str) -> bytes | None:
        return await self._patience.see_through(lambda: self._objects.read(path))

    async def read_start(self, path: str, count: int) -> bytes | None:
        return await self._patience.see_through(lambda: self._objects.read_start(path, count))

    async def read_range(self, path: str, offset: int, count: int) -> bytes | None:
        return await self._patience.see_through(lambda: self._objects.read_range(path, offset, count))

    async def names(self, prefix: str) -> list[tuple[str, int]]:
        return await self._patience.see_through(lambda: self._objects.names(prefix))

    async def files(self, prefix: str, *, after: str = "") -> list[Stored]:
        return await self._patience.see_through(lambda: self._objects.files(prefix, after=after))

    async def delete(self, path: str) -> None:
        await self._patience.see_through(lambda: self._objects.delete(path))

    async def probe(self) -> None:
        await self._objects.probe()
