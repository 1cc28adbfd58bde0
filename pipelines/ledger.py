"""The ledger: which URLs are owed a visit, who makes it, and the one row that each visit ends in."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from redis.asyncio import Redis

    from cleaners.models import Listed
    from pipelines.visits import Cleaned, Ended, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a listing's last answer lets the next request say. None: it gave none."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedListing:
    """What became of a listing's links, each counted once."""

    new: int
    """Never heard of: now pending."""
    due: int
    """Visited before and modified since, by what the listing said: now pending again."""
    known: int
    """Visited before and not due, or pending already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCount:
    """A site's links that are owed a visit."""

    ready: int
    """May be drawn now."""
    waiting: int
    """May not: to be retried later, or claimed and not settled yet."""
    next_at: float | None
    """Unix seconds of the earliest retry that is not due yet; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as it was staged."""

    outcome: str
    """One of `pipelines.visits.OutcomeKind`."""
    record: Mapping[str, Any]
    """The row itself, in the fields of docs/output.md."""


class Ledger:
    """One worker's hand on the shared ledger. Made by `open_ledger`; safe to use from many tasks at once."""

    worker_id: str
    log_id: str

    def key(self, kind: str, *parts: str) -> str:
        """Give the name of a Redis key of this log: `bs:1:<log id>:<kind>:<part>:…`."""
        raise NotImplementedError

    async def listing_validators(self, site: str, listing_url: str) -> Validators | None:
        """Read what the listing's last saved answer gave; None: it was never saved."""
        raise NotImplementedError

    async def save_listing(
        self, site: str, listing_url: str, validators: Validators | None, links: Sequence[Listed]
    ) -> SavedListing:
        """Store the validators and make the unknown and the due links pending: both or neither."""
        raise NotImplementedError

    async def draw(self, site: str, n: int) -> list[Visit]:
        """Claim up to `n` of the site's pending links whose time has come."""
        raise NotImplementedError

    async def pending(self, site: str) -> PendingCount:
        """Count the site's pending links."""
        raise NotImplementedError

    async def retry(self, visit: Visit, *, after_seconds: float) -> None:
        """Give the claim back; the URL stays pending, one attempt older, not before `after_seconds` from now."""
        raise NotImplementedError

    async def release(self, visit: Visit) -> None:
        """Give the claim back untouched, as at shutdown."""
        raise NotImplementedError

    async def submit(self, item: Cleaned | Ended) -> Row | None:
        """End the visit with exactly one staged row; None: the row waits on another worker's batch."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Prepare, publish and settle all that is staged, until nothing of this worker waits."""
        raise NotImplementedError


@asynccontextmanager
async def open_ledger(
    *, redis: Redis, data: str, state: Path, lease_seconds: float = 60, batch_age_seconds: float = 60
) -> AsyncIterator[Ledger]:
    """Open the log under `data` and join its ledger in Redis; start both where there is none yet.

    `data` is a folder or a URL of an object store. On leaving, what is staged is drained and claims go back.
    Raises `pipelines.store.StoreError` where the store cannot keep the promises.
    """
    raise NotImplementedError
    yield
