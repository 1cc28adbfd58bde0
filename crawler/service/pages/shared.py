"""A value that many ask for, and that is made once for all who ask within some seconds."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

T = TypeVar("T")


class Shared(Generic[T]):
    """Makes the value when it is asked for and older than `seconds`; a failure is told to all who wait, and not kept."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]], *, seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._made_at = float("-inf")
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Give the value. Raises what making it raises."""
        making = self._making
        if making is None or (making.done() and (self._is_old() or has_failed(making))):
            making = self._making = asyncio.create_task(self._make())
            making.add_done_callback(self._note)
        # Whoever leaves does not take it from the others.
        return await asyncio.shield(making)

    def _note(self, made: asyncio.Task[T]) -> None:
        self._made_at = time.monotonic()
        # Looked at, so that asyncio does not complain where whoever asked has gone.
        has_failed(made)

    def _is_old(self) -> bool:
        return time.monotonic() - self._made_at > self._seconds


def has_failed(task: asyncio.Task[Any]) -> bool:
    """Say whether a task that is done gave nothing."""
    return task.cancelled() or task.exception() is not None
