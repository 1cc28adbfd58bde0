"""What is remembered of the sites' passes, in Redis: read by whoever looks, written by the worker that has the site.

A site's memory is written in the step that gives the site back, by `crawler.agenda`; with it the messages that its
alerts opened or closed. Messages wait in one hash until they are sent, so that none is lost with a worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import msgspec
from redis.exceptions import RedisError

from crawler.watch.alerts import Message, SiteMemory, read_memory
from pipelines.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from crawler.watch.monitors import Monitor
    from crawler.watch.sinks import Sent
    from pipelines.names import Names

LONGEST_WAIT_SECONDS = 7 * 86_400
"""A message that could not be sent for so long is given up: what it says stands in `broadsheet status`."""
MOST_WAITING = 1_000
"""Messages that wait; beyond it the oldest are given up."""
SENDER_SECONDS = 150
"""After which a worker that was sending is taken for dead: longer than all ways to send one message take."""

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_REPLACE = "if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end return 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A pass that is remembered once its site is given back."""

    packed: bytes
    open: tuple[Monitor, ...]
    """Of the alerts that stand after it."""
    messages: tuple[Message, ...]
    """Of those that it opened or closed."""

    def arguments(self) -> list[str | bytes]:
        """What `agenda_return.lua` wants of it."""
        waiting = [
            part
            for message in self.messages
            for part in (f"{message.id}:{message.event}", msgspec.json.encode(Waiting(message)))
        ]
        return [self.packed, " ".join(self.open), *waiting]


class Waiting(msgspec.Struct):
    """A message that is not sent yet, or not to all."""

    message: Message
    done: tuple[str, ...] = ()
    """The ways that it has gone: `webhook`, `mail`, `command`."""


class Book:
    """The memories of all sites, their open alerts, and the messages that wait to be sent.

    Every method raises StoreError. `is_hidden` tells by address and site what is taken down: alerts do not name it.
    """

    def __init__(
        self, redis: Redis, names: Names, is_hidden: Callable[[str, str], bool] | None = None
    ) -> None:
        self._redis = redis
        self._worker_id = names.worker_id
        self._memories, self._open, self._waiting = book_keys(names)
        self._sender = names.key("watch-sender")
        self._is_hidden = is_hidden
        self._release = redis.register_script(_RELEASE)
        self._replace = redis.register_script(_REPLACE)

    async def read(self, site: str) -> SiteMemory:
        """Read what is remembered of a site."""
        return self._hide(site, read_memory(await _ask(self._redis.hget(self._memories, site))))

    async def read_all(self, sites: list[str]) -> dict[str, SiteMemory]:
        """Read what is remembered of these sites, 4 kB each at most; those of which nothing is are left out."""
        found: dict[str, SiteMemory] = {}
        for start in range(0, len(sites), 200):
            some = sites[start : start + 200]
            for site, packed in zip(some, await _ask(self._redis.hmget(self._memories, some)), strict=True):
                if packed:
                    found[site] = self._hide(site, read_memory(packed))
        return found

    async def read_open(self) -> dict[str, tuple[Monitor, ...]]:
        """Read which alerts stand, by site."""
        found: dict[bytes, bytes] = await _ask(self._redis.hgetall(self._open))
        return {
            site.decode(): cast("tuple[Monitor, ...]", tuple(names.decode().split()))
            for site, names in found.items()
        }

    async def count_waiting(self) -> int:
        """Count the messages that wait to be sent."""
        return int(await _ask(self._redis.hlen(self._waiting)))

    async def send_waiting(
        self, send: Callable[[Message, tuple[str, ...]], Awaitable[Sent]], *, now: float
    ) -> int:
        """Hand each message that waits to `send`, the oldest first, with the ways that it has gone before.

        Gives how many have gone all their ways; the others wait on. One worker does so at a time. A message is sent twice
        where a worker dies right after it: its id and event tell.
        """
        if not await _ask(self._redis.set(self._sender, self._worker_id, nx=True, ex=SENDER_SECONDS)):
            return 0
        sent = 0
        try:
            messages = await self._read_waiting()
            for place, (field, waiting) in enumerate(messages):
                is_given_up = (
                    now - waiting.message.at > LONGEST_WAIT_SECONDS or len(messages) - place > MOST_WAITING
                )
                if not is_given_up:
                    await _ask(self._redis.expire(self._sender, SENDER_SECONDS))
                    result = await send(waiting.message, waiting.done)
                    if not result.is_complete:
                        waiting.done = result.done
                        await _ask(self._redis.hset(self._waiting, field, msgspec.json.encode(waiting)))
                        continue
                    sent += 1
                await _ask(self._redis.hdel(self._waiting, field))
        finally:
            await _ask(self._release(keys=[self._sender], args=[self._worker_id]))
        return sent

    async def forget_hidden(self) -> None:
        """Take what is taken down out of all memories and messages."""
        found: dict[bytes, bytes] = await _ask(self._redis.hgetall(self._memories))
        for site, packed in found.items():
            hidden = self._hide(site.decode(), read_memory(packed)).packed()
            if hidden != packed:
                await _ask(self._replace(keys=[self._memories], args=[site, packed, hidden]))
        for field, waiting in await self._read_waiting():
            # Hidden where it was read: written again, whatever it held before.
            await _ask(self._redis.hset(self._waiting, field, msgspec.json.encode(waiting)))

    async def _read_waiting(self) -> list[tuple[str, Waiting]]:
        packed: dict[bytes, bytes] = await _ask(self._redis.hgetall(self._waiting))
        found = []
        for field, value in packed.items():
            waiting = msgspec.json.decode(value, type=Waiting)
            message = waiting.message
            samples = tuple(one for one in message.samples if not self._hides(one["url"] or "", message.site))
            waiting.message = msgspec.structs.replace(message, samples=samples)
            found.append((field.decode(), waiting))
        return sorted(found, key=lambda pair: pair[1].message.at)

    def _hide(self, site: str, memory: SiteMemory) -> SiteMemory:
        for alert in memory.alerts:
            alert.samples = [one for one in alert.samples if not self._hides(one.url, site)]
        return memory

    def _hides(self, url: str, site: str) -> bool:
        return self._is_hidden is not None and self._is_hidden(url, site)


def book_keys(names: Names) -> tuple[str, str, str]:
    """The keys of the memories and the open alerts, by site, and of the messages that wait."""
    return names.key("watch"), names.key("watch-open"), names.key("watch-waiting")


async def _ask(question: Awaitable[Any] | Any) -> Any:
    try:
        return await question
    except RedisError as error:
        raise StoreError(f"Redis: {error}") from error
