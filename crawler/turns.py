"""Whose turn it is at a site and at a host, among all workers: in Redis, by the server's clock.

The lease of a site keeps two workers from it, but not from a host that it shares with other sites, and a worker that
was taken for dead may live. A delay outlives the worker that kept it: the next one finds when the last request was sent.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from pipelines.ledger import Ledger

MAX_SECONDS_UNDER_WAY = 90.0
"""After which a request is taken for lost: connection and answer have bounds of 10 and 30 s."""
SURE_SECONDS = 3.0
"""So long after its turn a request is under way, whether its worker's heartbeat is there or not: where a machine of load
13 stood still for 4.8 s, heartbeats of 3 s had ended, and their workers sent what was due once it went on."""


class Turns:
    """Turns in Redis; only requests to sites with a delay ask for one, so it costs sites without one nothing.

    Every method raises `redis.exceptions.RedisError`.
    """

    def __init__(self, redis: Redis, ledger: Ledger) -> None:
        folder = Path(__file__).parent
        self._ledger = ledger
        self._take = redis.register_script((folder / "turns.lua").read_text())
        self._end = redis.register_script((folder / "turns_end.lua").read_text())
        self._numbers = itertools.count()

    def name_request(self) -> str:
        """Give a name to a request of this worker."""
        return str(next(self._numbers))

    async def take(self, request: str, site: str, host: str, *, delay_seconds: float) -> float:
        """Take the site's and the host's turn: 0.0; or give the seconds after which to ask again."""
        wait = await self._take(
            keys=self._keys(site, host),
            args=[
                self._ledger.worker_id,
                request,
                round(delay_seconds * 1000),
                round(MAX_SECONDS_UNDER_WAY * 1000),
                self._ledger.key("worker", ""),
                round(SURE_SECONDS * 1000),
            ],
        )
        return float(wait) / 1000

    async def end(self, request: str, site: str, host: str, *, sent_seconds_ago: float) -> None:
        """End the request's turn; the delay counts from when it was sent."""
        await self._end(
            keys=self._keys(site, host),
            args=[self._ledger.worker_id, request, max(int(sent_seconds_ago * 1000), 0)],
        )

    def _keys(self, site: str, host: str) -> list[str]:
        return [self._ledger.key("turn", "site", site), self._ledger.key("turn", "host", host)]
