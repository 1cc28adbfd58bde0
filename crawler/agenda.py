"""The agenda: when each site is due, which worker has it, and what its last polls brought.

A lease lives as long as its worker's heartbeat key, which the ledger keeps: a dead worker's sites are free when
that key has expired, and no lease needs a clock of its own. All times are the Redis server's.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from crawler.polls import Polls
from crawler.sources import SiteState, read_state
from crawler.watch.book import book_keys
from pipelines.store import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from redis.asyncio import Redis

    from crawler.timing import Timing
    from crawler.watch.book import Noted
    from pipelines.names import Names

_SITES_AT_ONCE = 500
"""Sites named in one question: half a megabyte of states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """What became of the sites that a worker asked for."""

    leased: tuple[str, ...]
    states: dict[str, SiteState] = field(default_factory=dict)
    """Of each leased site."""
    not_due: dict[str, float]
    """Site: Unix seconds when it is due."""
    held: dict[str, float]
    """Site: seconds that its holder's heartbeat has left; a living holder makes this rise again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One site of the agenda, as it stands in Redis."""

    site: str
    due: float
    """Unix seconds."""
    holder: str | None
    """The living worker that has it; None: nobody."""
    state: SiteState


class Agenda:
    """The sites' due times, leases and states, in Redis."""

    def __init__(self, redis: Redis, names: Names) -> None:
        folder = Path(__file__).parent
        self._redis = redis
        self._worker_id = names.worker_id
        self._worker_prefix = names.key("worker", "")
        self._due, self._leases, self._states = (names.key(kind) for kind in ("due", "leases", "agenda"))
        self._wanted = names.key("wanted")
        self._watched = book_keys(names)
        self._lease = redis.register_script((folder / "agenda.lua").read_text())
        self._return = redis.register_script((folder / "agenda_return.lua").read_text())
        self._replan = redis.register_script((folder / "agenda_replan.lua").read_text())
        self._offset = 0.0

    def now(self) -> float:
        """Give the Redis server's time in Unix seconds, as of the last `survey` or `lease`."""
        return time.monotonic() + self._offset

    async def survey(self, timings: Mapping[str, Timing]) -> dict[str, float]:
        """Find when each site is due, in Unix seconds: the longest overdue first; 0: it was never visited.

        A site whose seed says other times than those it was planned by is planned anew; quiet hours are left out.
        """
        seconds, micros = await self._redis.time()
        self._offset = seconds + micros / 1e6 - time.monotonic()
        found: dict[str, float] = {}
        for sites in _chunks(list(timings)):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.zmscore(self._due, sites)
            pipeline.hmget(self._states, sites)
            dues, states = await pipeline.execute()
            for site, due, packed in zip(sites, dues, states, strict=True):
                at = (due or 0.0) / 1000
                state = read_state(packed or b"")
                if packed and state.plan != timings[site].digest:
                    at = await self._plan_anew(site, timings[site], state, at)
                quiet_until = timings[site].after_quiet(self.now())
                found[site] = quiet_until if quiet_until > max(at, self.now()) else at
        return dict(sorted(found.items(), key=lambda entry: entry[1]))

    async def _plan_anew(self, site: str, timing: Timing, state: SiteState, due: float) -> float:
        polls = Polls(timing, state, now=self.now(), anytime=False)
        at = min([due, *(float(source.due) for source in polls.state.sources)])
        await self._replan(keys=[self._due, self._leases], args=[site, round(at * 1000), self._worker_prefix])
        return at

    async def lease(self, sites: Sequence[str], limit: int, *, anytime: bool) -> Leased:
        """Lease up to `limit` of the sites, in their order; with `anytime`, whether they are due or not.

        A site of this worker is leased to it again. Sites beyond the limit are in none of the answer's parts.
        """
        now, *answers = await self._lease(
            keys=[self._due, self._leases, self._states],
            args=[self._worker_id, limit, self._worker_prefix, int(anytime), *sites],
        )
        self._offset = now / 1000 - time.monotonic()
        states, not_due, held = dict[str, SiteState](), dict[str, float](), dict[str, float]()
        for site, answer, packed in zip(sites, answers[::2], answers[1::2], strict=False):
            if answer == 0:
                states[site] = read_state(packed)
            elif answer > 0:
                not_due[site] = answer / 1000
            else:
                held[site] = -answer / 1000
        return Leased(leased=tuple(states), states=states, not_due=not_due, held=held)

    async def give_back(
        self, site: str, *, due_at: float, state: SiteState | None = None, noted: Noted | None = None
    ) -> bool:
        """Return a site, due again at this time, in Unix seconds of the server; None: its state stays as it was.

        `noted`: what is remembered of the pass; None: nothing is.
        False: the lease was another's by now, and nothing is changed.
        """
        packed = b"" if state is None else state.packed()
        answer = await self._return(
            keys=[self._due, self._leases, self._states, *self._watched],
            args=[
                site,
                self._worker_id,
                round(due_at * 1000),
                packed,
                *(noted.arguments() if noted else ("", "")),
            ],
        )
        return bool(answer)

    async def want(self, site: str) -> None:
        """Ask whichever worker looks after the site to visit it, due or not, as soon as nobody has it."""
        await self._redis.hset(self._wanted, site, secrets.token_hex(4))

    async def wanted(self) -> dict[str, str]:
        """Read which sites somebody wants to have visited, each with the name of that wish."""
        wishes: dict[Any, Any] = await self._redis.hgetall(self._wanted)
        return {site.decode(): wish.decode() for site, wish in wishes.items()}

    async def fulfil(self, site: str, wish: str) -> None:
        """Note that the visit that a wish was for is over; a later wish for the same site stays."""
        kept: Any = await self._redis.hget(self._wanted, site)
        if kept is not None and kept.decode() == wish:
            await self._redis.hdel(self._wanted, site)

    async def entries(self) -> AsyncIterator[Entry]:
        """Read all sites of the agenda, in no order. Raises StoreError."""
        try:
            seconds, micros = await self._redis.time()
            self._offset = seconds + micros / 1e6 - time.monotonic()
            states = {
                name.decode(): read_state(packed)
                async for name, packed in self._redis.hscan_iter(self._states)
            }
            leases = {
                name.decode(): worker.decode() async for name, worker in self._redis.hscan_iter(self._leases)
            }
            dues = {name.decode(): due / 1000 async for name, due in self._redis.zscan_iter(self._due)}
            living = {
                worker
                for worker in set(leases.values())
                if await self._redis.exists(self._worker_prefix + worker)
            }
        except RedisError as error:
            raise StoreError(f"Redis: {error}") from error
        for site in states.keys() | dues.keys() | leases.keys():
            holder = leases.get(site)
            yield Entry(
                site=site,
                due=dues.get(site, 0.0),
                holder=holder if holder in living else None,
                state=states.get(site) or SiteState(),
            )


def _chunks(sites: list[str]) -> Iterable[list[str]]:
    return (sites[start : start + _SITES_AT_ONCE] for start in range(0, len(sites), _SITES_AT_ONCE))
