"""Compaction on schedule, by the command in a process of its own: what it holds in memory goes with it."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from pipelines.wording import to_span

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from crawler.service.service import Service

LOOK_SECONDS = 60.0
AGAIN_SECONDS, LONGEST_AGAIN_SECONDS = 15, 3_600
"""After which a compaction that has failed is tried again, twice as long after each failure in a row."""

_log = logging.getLogger(__name__)


class Compaction:
    """Runs `broadsheet compact` every so many hours, once for all services that share the log's Redis."""

    def __init__(self, service: Service, hours: float) -> None:
        self._service = service
        self._seconds = max(int(hours * 3600), 1)
        self._failures = 0
        self._pause = 0
        """For which nobody takes a turn after a failure, as long as Redis has not been told of it; 0: it has."""

    async def run(self) -> None:
        """Go on for ever; what runs is ended with this task."""
        self._service.health.note("compaction", "ok")
        while True:
            # Not at once: a service that is started again and again would do nothing else.
            await asyncio.sleep(min(AGAIN_SECONDS if self._failures else LOOK_SECONDS, self._seconds))
            with suppress(RedisError, OSError):
                await self._give_back()
                # Without its store it could only fail: it begins once that is back.
                if self._has_store() and await self._take_turn():
                    await self._compact()

    def _has_store(self) -> bool:
        store = self._service.health.components.get("store")
        return store is None or store.status == "ok"

    async def _take_turn(self) -> bool:
        redis, names = self._service.redis, self._service.names
        if redis is None or names is None:
            return False
        return bool(await redis.set(names.key("compacted"), "1", nx=True, ex=self._seconds))

    async def _compact(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "crawler", "compact", "--data", self._service.data),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Ctrl-C in the terminal is for the service, which ends it.
            start_new_session=True,
        )
        try:
            out, _ = await process.communicate()
        except asyncio.CancelledError:
            await _end(process)
            raise
        said = out.decode("utf-8", "replace").strip().splitlines()
        line = said[-1][:500].removeprefix("broadsheet: ") if said else ""
        if process.returncode == 0:
            self._failures = 0
            self._service.health.note("compaction", "ok", line)
            _log.info("compaction: %s", line)
            return
        pause = min(AGAIN_SECONDS * 2**self._failures, LONGEST_AGAIN_SECONDS, self._seconds)
        self._failures += 1
        self._service.health.note("compaction", "waiting", line)
        _log.warning("compaction: %s; tried again after %s, once the store answers", line, to_span(pause))
        self._pause = pause
        await self._give_back()

    async def _give_back(self) -> None:
        redis, names = self._service.redis, self._service.names
        if self._pause and redis is not None and names is not None:
            await redis.expire(names.key("compacted"), self._pause)
            self._pause = 0


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 3.0)
        except TimeoutError:
            process.kill()
