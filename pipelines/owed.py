"""What Redis holds of one address, read by somebody who is no worker: owed visits, as the listing named it, and a claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from cleaners.models import Listed
from pipelines.record import to_timestamp
from pipelines.seen import url_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from pipelines.names import Names

# scripts/links.lua and scripts/again.lua say what stands before the listing's words.
_LINK_HEAD_BYTES = 6
_AGAIN_HEAD_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedVisit:
    """A visit of an address that has no outcome yet."""

    site: str
    listed: Listed
    """What the listing said of it."""
    attempts: int
    """How often it was tried since it was listed."""
    not_before: str | None
    """When it may be made, ISO 8601; None: a worker makes it now."""
    is_again: bool
    """It is a further visit of a known article, by the schedule; else a listing named the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A visit that is being made, or that waits for its batch to be published."""

    visit: str
    worker: str
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """All that is to come of an address, as far as Redis knows."""

    claim: Claim | None
    visits: tuple[OwedVisit, ...]


async def find_owed(redis: Redis, names: Names, url: str, sites: Sequence[str]) -> Owed:
    """Look the address up among the links of these sites, and of the one that it is claimed for.

    Raises `redis.exceptions.RedisError`.
    """
    digest = url_digest(url)
    packed: Any = await redis.hget(names.key("claims"), digest)
    claim = None
    if packed is not None:
        visit, worker, site = packed.decode().split(" ", 2)
        claim = Claim(visit=visit, worker=worker, site=site)
        sites = [*sites, *([] if site in sites else [site])]
    pipeline = redis.pipeline(transaction=False)
    for site in sites:
        pipeline.hget(names.key("link", site), digest)
        pipeline.zscore(names.key("pending", site), digest)
        pipeline.hget(names.key("again-link", site), digest)
        pipeline.zscore(names.key("again", site), digest)
    answers = await pipeline.execute() if sites else []
    visits = []
    for place, site in enumerate(sites):
        link, pending, again, again_at = answers[4 * place : 4 * place + 4]
        if link is not None:
            attempts = int.from_bytes(link[:2], "big")
            visits.append(_to_visit(site, link[_LINK_HEAD_BYTES:], attempts, pending, is_again=False))
        if again is not None and again_at is not None:
            visits.append(_to_visit(site, again[_AGAIN_HEAD_BYTES:], 0, again_at, is_again=True))
    return Owed(claim=claim, visits=tuple(visits))


def _to_visit(site: str, said: bytes, attempts: int, at: float | None, *, is_again: bool) -> OwedVisit:
    return OwedVisit(
        site=site,
        listed=msgspec.json.decode(said, type=Listed),
        attempts=attempts,
        not_before=None if at is None else to_timestamp(datetime.fromtimestamp(max(at, 0.0), UTC)),
        is_again=is_again,
    )
