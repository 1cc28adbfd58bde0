"""Links that are owed a visit: from the listing that names them to the worker that claims them."""

from __future__ import annotations

import hashlib
import secrets
import struct
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from cleaners.models import Listed
from pipelines.seen import to_since, url_digest
from pipelines.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipelines.recover import Gate

# A script holds up everybody else on the same Redis: a thousand links take it about 10 ms.
_LINKS_AT_ONCE = 1000

_LINK_HEAD = struct.Struct(">HI")
_LISTED_LINK = struct.Struct(">16sII")
_CLAIM = struct.Struct(">16s32sIB")
_MOST_DELAY_MS = 2**32 - 1


_STORED = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
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
    next_revisit_at: float | None = None
    """Unix seconds of the earliest further visit of an article that is not due yet; None: there is none."""


def listing_digest(url: str) -> bytes:
    """Name a listing of a site in six bytes: of a hundred, one chance in 50 billion that two are taken for one."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).digest()[:6]


class Pending:
    """The pending links of all sites of a log."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def validators(self, site: str, listing_url: str) -> Validators | None:
        """Read what the listing's last saved answer gave; None: it was never saved."""
        await self._gate.check()
        listing = listing_digest(listing_url)
        stored = await self._gate.read("HGET", self._gate.key("listings", site), listing)
        try:
            # An array: 10,000 sites have some 50,000 listings, and names of fields would be a third of this.
            return None if stored is None else Validators(*msgspec.msgpack.decode(stored, type=_STORED))
        except msgspec.DecodeError:
            # What an older version wrote: the listing is asked for its content.
            return None

    async def forget_listings(self, site: str, is_kept: Callable[[bytes], bool]) -> None:
        """Drop the validators of the site's listings that are not kept, by their `listing_digest`."""
        listings: list[bytes] = await self._gate.read("HKEYS", self._gate.key("listings", site))
        if dropped := [listing for listing in listings if not is_kept(listing)]:
            await self._gate.read("HDEL", self._gate.key("listings", site), *dropped)

    async def save_listing(
        self, site: str, listing_url: str, validators: Validators | None, links: Sequence[Listed]
    ) -> SavedListing:
        """Make the links pending and store the validators, in this order and never the latter alone."""
        stored = b"-" if validators is None else msgspec.msgpack.encode(astuple(validators))
        while True:
            epoch = self._gate.epoch
            counts = [0, 0, 0]
            for chunk, is_last in _chunks(links):
                answer = await self._gate.call(
                    "save_listing",
                    site,
                    _pack_links(chunk),
                    listing_digest(listing_url),
                    stored if is_last else "",
                )
                counts = [total + count for total, count in zip(counts, answer, strict=True)]
            # A Redis that was lost between two chunks has lost the first: once more, from the start.
            if epoch == self._gate.epoch:
                return SavedListing(new=counts[0], due=counts[1], known=counts[2])

    async def draw(self, site: str, tokens: Sequence[str]) -> list[Visit]:
        """Claim a link for each token, as far as the site has links whose time has come."""
        drawn = await self._gate.call(
            "draw", site, self._gate.worker_id, self._gate.lease_ms, secrets.token_hex(8), *tokens
        )
        return [_to_visit(site, token, link) for token, link in zip(drawn[::2], drawn[1::2], strict=True)]

    async def count(self, site: str) -> PendingCount:
        """Count the site's links."""
        ready, total, next_at, revisit_at = await self._gate.call("pending", site)
        return PendingCount(
            ready=ready,
            waiting=total - ready,
            next_at=float(next_at) if next_at else None,
            next_revisit_at=float(revisit_at) if revisit_at else None,
        )

    async def owed(self, site: str) -> int:
        """Count the site's links that were listed and never visited."""
        place: bytes = b"0"
        total = 0
        while True:
            place, count = await self._gate.call("owed", site, place)
            total += int(count)
            if place == b"0":
                return total

    async def give_back(self, visits: Iterable[Visit], *, after_seconds: float = 0, tried: int = 0) -> None:
        """Make claimed links pending again, if the claims are still these visits'."""
        await self.give_back_claims(
            ((url_digest(visit.url), visit.token) for visit in visits),
            after_seconds=after_seconds,
            tried=tried,
        )

    async def give_back_claims(
        self, claims: Iterable[tuple[bytes, str]], *, after_seconds: float = 0, tried: int = 0
    ) -> None:
        """Do the same for claims by their URLs' digests and their tokens."""
        delay_ms = min(max(int(after_seconds * 1000), 0), _MOST_DELAY_MS)
        packed = b"".join(_CLAIM.pack(digest, token.encode(), delay_ms, tried) for digest, token in claims)
        if packed:
            await self._gate.call("give_back", packed)

    async def reclaim(self, visits: Iterable[Visit]) -> None:
        """Claim again what this worker is visiting, after Redis has lost some of what it knew."""
        packed = b"".join(_pack_visit(visit) for visit in visits)
        if packed:
            await self._gate.call("reclaim", self._gate.worker_id, self._gate.lease_ms, packed)

    async def claims_of(self, workers: set[str]) -> list[tuple[bytes, str]]:
        """Find all claims of these workers: digest and token."""
        found = []
        async for digest, claim in self._gate.scan(self._gate.key("claims")):
            token, worker, _ = claim.decode().split(" ", 2)
            if worker in workers:
                found.append((digest, token))
        return found


def _chunks(links: Sequence[Listed]) -> Iterator[tuple[Sequence[Listed], bool]]:
    starts = range(0, max(len(links), 1), _LINKS_AT_ONCE)
    for start in starts:
        yield links[start : start + _LINKS_AT_ONCE], start == starts[-1]


def _pack_links(links: Sequence[Listed]) -> bytes:
    moment = datetime.now(UTC)
    packed = []
    for link in links:
        written = _as_written(link)
        said = msgspec.json.encode(written)
        packed.append(
            _LISTED_LINK.pack(url_digest(written["url"]), to_since(link.modified_at, moment), len(said))
            + said
        )
    return b"".join(packed)


def _pack_visit(visit: Visit) -> bytes:
    site, said = visit.site.encode(), msgspec.json.encode(_as_written(visit.listed))
    since = to_since(visit.listed.modified_at, datetime.now(UTC))
    return (
        struct.pack(
            ">16s32sHIH", url_digest(visit.url), visit.token.encode(), visit.attempt - 1, since, len(site)
        )
        + site
        + struct.pack(">I", len(said))
        + said
    )


def _to_visit(site: str, token: bytes, link: bytes) -> Visit:
    attempts, _ = _LINK_HEAD.unpack_from(link)
    listed = msgspec.json.decode(link[_LINK_HEAD.size :], type=Listed)
    return Visit(url=listed.url, token=token.decode(), site=site, attempt=attempts + 1, listed=listed)


def _as_written(link: Listed) -> dict[str, Any]:
    """The link without what no published line can hold: the URL is known by its digest, and must read back the same."""
    fields = {
        "url": link.url,
        "title": link.title,
        "published_at": link.published_at,
        "modified_at": link.modified_at,
        "authors": list(link.authors),
    }
    return {name: _writable(value) for name, value in fields.items() if value}


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "ignore").decode()
    return [_writable(entry) for entry in value]
