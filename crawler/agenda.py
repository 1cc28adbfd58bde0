"""The agenda: when each site is due, and which worker has it.

A lease lives as long as its worker's heartbeat key, which the ledger keeps: a dead worker's sites are free when
that key has expired, and no lease needs a clock of its own. All times are the Redis server's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from pipelines.ledger import Ledger

INTERVAL_SECONDS = 15 * 60.0
"""From the end of one pass over a site to the next: what most feeds turn over in is an hour or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """What became of the sites that a worker asked for."""

    leased: tuple[str, ...]
    not_due: dict[str, float]
    """Site: Unix seconds when it is due."""
    held: dict[str, float]
    """Site: seconds that its holder's heartbeat has left; a living holder makes this rise again."""


class Agenda:
    """The sites' due times and leases, in Redis."""

    def __init__(self, redis: Redis, ledger: Ledger) -> None:
        folder = Path(__file__).parent
        self._worker_id = ledger.worker_id
        self._worker_prefix = ledger.key("worker", "")
        self._keys = [ledger.key("due"), ledger.key("leases")]
        self._lease = redis.register_script((folder / "agenda.lua").read_text())
        self._return = redis.register_script((folder / "agenda_return.lua").read_text())

    async def lease(self, sites: Sequence[str], limit: int, *, anytime: bool) -> Leased:
        """Lease up to `limit` of the sites, in their order; with `anytime`, whether they are due or not.

        A site of this worker is leased to it again. Sites beyond the limit are in none of the answer's parts.
        """
        answers = await self._lease(
            keys=self._keys, args=[self._worker_id, limit, self._worker_prefix, int(anytime), *sites]
        )
        leased, not_due, held = [], {}, {}
        for site, answer in zip(sites, answers, strict=False):
            if answer == 0:
                leased.append(site)
            elif answer > 0:
                not_due[site] = answer / 1000
            else:
                held[site] = -answer / 1000
        return Leased(leased=tuple(leased), not_due=not_due, held=held)

    async def give_back(self, site: str, *, after_seconds: float) -> bool:
        """Return a site, due again in so many seconds. False: the lease was another's by now."""
        return bool(
            await self._return(keys=self._keys, args=[site, self._worker_id, round(after_seconds * 1000)])
        )
