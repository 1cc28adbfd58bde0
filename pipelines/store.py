"""The Redis that coordinates workers: the one that REDIS_URL names, or an embedded Valkey in the state folder."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from redis.asyncio import BlockingConnectionPool, Redis, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError, ResponseError

from pipelines.embedded import EmbeddedServer
from pipelines.objects import StoreError
from pipelines.patience import Patience
from pipelines.redis_url import find_problem, mask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["StoreError", "check_server", "open_redis"]

# A crawl outlives a restart, a fail-over or a hang of about a minute: 70 tries, at most a second apart.
_TRIES = 70
_ANSWER_SECONDS = 10.0
_CONNECTIONS = 16
_FULL_PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)


class _PatientRedis(Redis):
    """A client that waits out a server which takes nothing for now: its memory or its disk is full."""

    patience: Patience
    """Set by whoever makes the client."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        since = time.monotonic()
        while True:
            try:
                return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
            except ResponseError as error:
                # Refused as a whole: a script is refused at its first write.
                is_full = isinstance(error, OutOfMemoryError) or str(error).startswith("MISCONF")
                if not is_full or self.patience.is_over(since):
                    raise
                if time.monotonic() - since < _FULL_PAUSE_SECONDS:
                    _log.warning("Redis: %s; waiting for it, nothing is lost", error)
            await self.patience.pause(_FULL_PAUSE_SECONDS)


class _EmbeddedConnection(UnixDomainSocketConnection):
    """A connection that starts the server again where it has died: whichever client notices first does."""

    def __init__(self, *, server: EmbeddedServer, **settings: Any) -> None:
        super().__init__(path=server.socket, **settings)
        self._server = server

    async def _connect(self) -> None:
        try:
            await super()._connect()  # type: ignore[no-untyped-call]
        except OSError:
            await asyncio.to_thread(self._server.ensure)
            self.path = self._server.socket
            await super()._connect()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def open_redis(
    url: str | None, state: Path, *, patience: Patience | None = None
) -> AsyncIterator[Redis]:
    """Attach to the Redis at `url`; None: to the state folder's embedded server, starting it if need be.

    Answers are bytes. A lost connection is tried again for about a minute, repeating the command: use only commands and
    scripts that may run twice. The embedded server goes when its last client leaves. A full server is waited for with
    `patience`; None: an hour. Raises StoreError, one line.
    """
    patience = patience or Patience()
    if url:
        async with _attach(url, patience) as redis:
            yield redis
        return
    server = EmbeddedServer(state)
    try:
        await asyncio.to_thread(server.ensure)
    except asyncio.CancelledError:
        # The thread goes on; the server that it starts must not stay.
        await asyncio.to_thread(server.leave)
        raise
    try:
        pool = BlockingConnectionPool(
            connection_class=_EmbeddedConnection,
            server=server,
            client_name=server.client_name,
            max_connections=_CONNECTIONS,
            timeout=None,
            **_retries(),
        )
        redis = _make_client(pool, patience)
        try:
            await check_server(redis)
            yield redis
        finally:
            await redis.aclose()
    finally:
        await asyncio.to_thread(server.leave)


@asynccontextmanager
async def _attach(url: str, patience: Patience) -> AsyncIterator[Redis]:
    name = mask(url)
    if problem := find_problem(url):
        raise StoreError(f"REDIS_URL={name}: {problem}")
    # The default retry takes 3.8 s to say that nobody is there.
    probe = Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=_ANSWER_SECONDS)
    pool = BlockingConnectionPool.from_url(url, max_connections=_CONNECTIONS, timeout=None, **_retries())
    try:
        await probe.ping()
    except AuthenticationError as error:
        wanted = (
            "a password is needed, or this one is wrong; REDIS_URL takes it as redis://USER:PASSWORD@HOST"
        )
        raise StoreError(f"Redis at {name} cannot be used: {wanted} (it says: {error})") from error
    except RedisError as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise StoreError(f"Redis at {name} cannot be used: {first[:300]}") from error
    finally:
        await probe.aclose()
    redis = _make_client(pool, patience)
    try:
        await check_server(redis, name)
        yield redis
    finally:
        await redis.aclose()


def make_quick_client(redis: Redis, *, answer_seconds: float) -> Redis:
    """Make a client of the same server that fails at once where it is gone, and starts no embedded one; close it first."""
    pool = redis.connection_pool
    settings = dict(pool.connection_kwargs)
    kind = pool.connection_class
    server = settings.pop("server", None)
    if server is not None:
        settings["path"], kind = server.socket, UnixDomainSocketConnection
    settings |= _impatience(answer_seconds)
    return Redis.from_pool(BlockingConnectionPool(connection_class=kind, **settings))


def make_quick_client_of(url: str, *, answer_seconds: float) -> Redis:
    """Make such a client of the server at an address, which need not answer by now."""
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **_impatience(answer_seconds)))


def _impatience(answer_seconds: float) -> dict[str, Any]:
    return {
        "max_connections": _CONNECTIONS,
        "timeout": answer_seconds,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": answer_seconds,
        "socket_connect_timeout": answer_seconds,
    }


def _make_client(pool: BlockingConnectionPool, patience: Patience) -> Redis:
    client = _PatientRedis.from_pool(pool)
    assert isinstance(client, _PatientRedis)
    client.patience = patience
    return client


async def check_server(redis: Redis, name: str = "Redis") -> None:
    """Raise StoreError unless the server keeps all that it is given, by what INFO says: CONFIG may be forbidden."""
    try:
        info: dict[str, Any] = await redis.info()
    except RedisError as error:
        raise StoreError(f"{name}: INFO fails: {error}") from error
    policy = info.get("maxmemory_policy")
    if policy != "noeviction":
        raise StoreError(
            f"{name}: maxmemory-policy is {policy}, which drops what is seen when memory is short; set it to noeviction"
        )
    if info.get("redis_mode", info.get("server_mode")) == "cluster":
        raise StoreError(
            f"{name}: is a Redis Cluster, which spreads one script's keys; give a single primary"
        )
    if info.get("role") not in (None, "master"):
        raise StoreError(f"{name}: is a replica; give the primary's address")
    if not info.get("aof_enabled") and not info.get("rdb_saves") and not await _has_save_points(redis):
        raise StoreError(f"{name}: persistence is off, so a restart forgets what is seen; set appendonly yes")


async def _has_save_points(redis: Redis) -> bool:
    """INFO says nothing of snapshots before the first: a server that lets us ask is asked."""
    try:
        return bool((await redis.config_get("save")).get("save"))
    except ResponseError:
        return False


def _retries() -> dict[str, Any]:
    return {
        "retry": Retry(ExponentialBackoff(cap=1.0, base=0.05), _TRIES),
        "socket_timeout": _ANSWER_SECONDS,
        "socket_connect_timeout": _ANSWER_SECONDS,
    }
