"""The operator's stop-list: hosts and sites that nobody asks for anything, in Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from pipelines.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One line of the list."""

    target: str
    """A host, which stands for its subdomains too, or a site's id; in lower case."""
    until: float | None
    """Unix seconds of the Redis server; None: until it is taken out."""


class StopList:
    """The list of one log. Every method raises `redis.exceptions.RedisError`."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self._redis = redis
        self._key = names.key("stopped")

    async def add(self, target: str, *, seconds: float | None) -> Stop:
        """Put a target on the list, or change how long it stays; None: until it is taken out."""
        until = None if seconds is None else await self._now() + seconds
        await self._redis.hset(self._key, target.lower(), "" if until is None else str(until))
        return Stop(target=target.lower(), until=until)

    async def remove(self, target: str) -> bool:
        """Take a target out; False: it was not there."""
        return bool(await self._redis.hdel(self._key, target.lower()))

    async def read(self) -> dict[str, Stop]:
        """Read what counts now, by target; what has run out is dropped."""
        entries: dict[Any, Any] = await self._redis.hgetall(self._key)
        now = await self._now() if entries else 0.0
        found: dict[str, Stop] = {}
        for name, until in entries.items():
            stop = Stop(target=name.decode(), until=float(until) if until else None)
            if stop.until is None or stop.until > now:
                found[stop.target] = stop
            else:
                await self._redis.hdel(self._key, name)
        return dict(sorted(found.items()))

    async def _now(self) -> float:
        seconds, micros = await self._redis.time()
        return float(seconds + micros / 1e6)


def find_stop(stops: Mapping[str, Stop], site: str, host: str) -> Stop | None:
    """The entry that stops a request of this site to this host (with or without a port); None: nothing does."""
    if not stops:
        return None
    if site in stops:
        return stops[site]
    name = host.lower()
    if name in stops:
        return stops[name]
    name = name.rpartition(":")[0] or name if name.rpartition(":")[2].isdigit() else name
    labels = name.rstrip(".").split(".")
    for start in range(len(labels)):
        if stop := stops.get(".".join(labels[start:])):
            return stop
    return None
