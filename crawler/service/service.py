"""The service as its routes see it: the data, the parts that run, and how they are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.agenda import Agenda
from crawler.runs import Runs
from crawler.service.health import Health
from crawler.service.problems import ProblemError
from crawler.stop_list import StopList
from crawler.watch.metrics import Metrics
from pipelines.names import LogNames

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from crawler.seeds import Seed
    from crawler.service.clean_pool import SharedPool
    from crawler.service.crawling import CrawlLoop
    from crawler.service.dump_shelf import DumpShelf
    from crawler.service.seed_watch import SeedWatch
    from crawler.service.settings import ServiceSettings
    from crawler.service.tail import Tail
    from crawler.settings import Environment
    from pipelines.index.reading import Index
    from pipelines.objects import Objects


@dataclass(slots=True, kw_only=True)
class Service:
    """What all routes share. Made by `crawler.service.serving`; routes read it, and change nothing of it."""

    settings: ServiceSettings
    environment: Environment
    state: Path
    """The state folder: the index and the embedded Redis lie in it."""
    objects: Objects
    """The published files, to be read only."""
    index: Index
    """The derived index; its functions block, so they are called by `asyncio.to_thread`."""
    redis: Redis | None
    """A client that fails at once where Redis is gone; None: none is used."""
    pool: SharedPool
    """The processes that clean."""
    tail: Tail
    """The number of the log's last entry."""
    seed_watch: SeedWatch
    dumps: DumpShelf
    """The dumps for researchers."""
    metrics: Metrics = field(default_factory=Metrics)
    """Those of this process."""
    crawl: CrawlLoop | None = None
    """None: the service does not crawl."""
    log_id: str | None = None
    """None: there is no log yet."""
    health: Health = field(default_factory=Health)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the service is to end: whoever waits for something must not any more."""

    @property
    def data(self) -> str:
        """The folder or URL of what is published."""
        return self.settings.data

    @property
    def seeds(self) -> tuple[Seed, ...]:
        """The seeds that count by now; none where the service does not crawl and was given none."""
        return self.seed_watch.seeds

    @property
    def names(self) -> LogNames | None:
        """The names of the log's keys in Redis; None: there is no log yet."""
        return None if self.log_id is None else LogNames(self.log_id)

    @property
    def agenda(self) -> Agenda:
        """When each site is due. Raises ProblemError where there is no Redis; its methods raise RedisError."""
        return Agenda(*self._in_redis())

    @property
    def stops(self) -> StopList:
        """The stop-list; as `agenda`."""
        return StopList(*self._in_redis())

    @property
    def runs(self) -> Runs:
        """The last passes; as `agenda`."""
        return Runs(*self._in_redis())

    def know_log(self, log_id: str) -> None:
        """Note which log is here."""
        self.log_id = self.log_id or log_id

    def _in_redis(self) -> tuple[Redis, LogNames]:
        if self.redis is None:
            raise ProblemError(503, "the service was started without a Redis, which knows this")
        if self.names is None:
            raise ProblemError(503, "there is no log yet", headers={"Retry-After": "5"})
        return self.redis, self.names
