"""For commands that look into what a crawl keeps in Redis: the ledger of a data folder, and its Redis."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import UserError
from crawler.settings import read_environment
from pipelines.ledger import open_ledger
from pipelines.store import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from pipelines.ledger import Ledger


@asynccontextmanager
async def join(data: str, state: Path | None) -> AsyncIterator[tuple[Redis, Ledger]]:
    """Join the ledger of a log that is there. Raises UserError where there is none, and StoreError."""
    environment = read_environment()
    is_local = "://" not in data
    if is_local and not (Path(data) / "log").is_dir():
        raise UserError(f"--data {data}: there is no log here")
    if state is None and not is_local and environment.redis_url is None:
        raise UserError(f"--data {data}: name a --state folder, or a Redis by REDIS_URL")
    folder = state or (Path(data) / ".state" if is_local else Path(".state"))
    async with (
        open_redis(environment.redis_url, folder) as redis,
        open_ledger(
            redis=redis,
            data=data,
            state=folder,
            lease_seconds=environment.lease_seconds,
            policy=environment.policy,
        ) as ledger,
    ):
        yield redis, ledger
