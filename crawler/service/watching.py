"""Looks every two seconds whether Redis and the store answer, so that `/health` tells the truth."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from crawler.watch.probes import find_fault
from pipelines.log import Genesis, decode_entry, entry_path
from pipelines.objects import StoreError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from crawler.service.health import State
    from crawler.service.service import Service

LOOK_SECONDS = 2.0
ANSWER_SECONDS = 4.0
"""Within which a living Redis or store answers; with a look every two seconds, a dead one is known after six."""

_log = logging.getLogger(__name__)


class Watch:
    """Asks Redis and the store, each by a client that does not try again by itself."""

    def __init__(self, service: Service, held: Redis | None) -> None:
        """`held`: the patient client of the process, which starts an embedded server again; None: there is no Redis."""
        self._service = service
        self._held = held
        self._reading: asyncio.Task[bytes | None] | None = None
        self._reviving: asyncio.Task[object] | None = None

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once."""
        await asyncio.gather(self._look_at_redis(), self._look_at_store())

    async def _look_at_redis(self) -> None:
        quick = self._service.redis
        if quick is None:
            self._note("redis", "off", "none is used")
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await quick.ping()
        except (RedisError, OSError, TimeoutError) as error:
            self._note("redis", "down", f"does not answer: {str(error) or type(error).__name__}")
            self._revive()
        else:
            self._note("redis", "ok", None)

    def _revive(self) -> None:
        """An embedded server that has died is started again by whichever patient client asks it first."""
        if self._held is None or (self._reviving is not None and not self._reviving.done()):
            return
        self._reviving = asyncio.ensure_future(self._ask(self._held))

    async def _ask(self, held: Redis) -> None:
        # Whether it has helped is for the next look to say.
        with suppress(RedisError, OSError, StoreError):
            await held.ping()

    async def _look_at_store(self) -> None:
        # One at a time: a disk that hangs would take one thread after another.
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._service.objects.read(entry_path(1)))
        done, _ = await asyncio.wait({self._reading}, timeout=ANSWER_SECONDS)
        if not done:
            self._note("store", "down", f"has not answered for {ANSWER_SECONDS:.0f} s")
            return
        reading, self._reading = self._reading, None
        try:
            self._note_genesis(reading.result())
        except (StoreError, OSError) as error:
            self._note("store", "down", str(error))

    def _note_genesis(self, body: bytes | None) -> None:
        service = self._service
        if (fault := find_fault(body, service.log_id)) is not None:
            self._note("store", "down", fault)
            return
        if body is None:
            self._note("store", "waiting", "there is no log yet")
            return
        entry = decode_entry(body)
        assert isinstance(entry, Genesis)
        service.know_log(entry.log_id)
        if service.crawl is not None and service.crawl.is_waiting_for_store:
            self._note(
                "store", "waiting", "takes nothing for now; nothing is lost, and nothing new is fetched"
            )
        else:
            self._note("store", "ok", None)

    def _note(self, name: str, status: State, detail: str | None) -> None:
        was = self._service.health.components.get(name)
        if self._service.health.note(name, status, detail) and (was or status in {"down", "waiting"}):
            _log.warning("%s is %s%s", name, status, f": {detail}" if detail else " again")
