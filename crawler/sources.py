"""What the agenda remembers of a site and of its listings, in as few bytes as will do: all times are Unix seconds."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from crawler.discovery.listings import ListingKind  # noqa: TC001 -- msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHILDREN = 50
"""Sitemaps of a site's indexes that are remembered: 18 bytes each."""
RETIRED_FAILURES = 12
RETIRED_SECONDS = 10 * 86_400
"""A listing is retired once it has failed so often, and for so long: a site that moves its server is back by then."""

_MOST = 2**16 - 1
_CHILD = struct.Struct(">6sIIHBB")


class Source(msgspec.Struct, array_like=True):
    """One feed, sitemap or section page of a seed. New fields go to the end, with a default."""

    kind: ListingKind
    url: str
    due: int = 0
    """When it is polled next; 0: at once."""
    interval: int = 0
    """Seconds from one poll to the next while it does not fail; 0: it was never read."""
    polled: int = 0
    """When it was polled last, whatever came of it; 0: never."""
    new: int = 0
    """Of the last poll that was answered: links never heard of, those of the sitemaps that it names included."""
    known: int = 0
    """The others."""
    is_unchanged: bool = False
    """That poll brought the same bytes, or a 304."""
    share: int | None = None
    """Percent of links that were known in the last polls, the later ones counting more; None: it was read once at most."""
    links: int = 0
    """In it, when its content was read last."""
    hint: int = 0
    """Seconds that it asks to be left alone between two polls (`ttl`, `sy:updatePeriod`); 0: none."""
    full_at: int = 0
    """When its content was read last, not only heard to be unchanged."""
    same: int = 0
    """Polls in a row that were answered by 304."""
    is_news: bool = False
    """A news sitemap, or an index that names one."""
    is_distrusted: bool = False
    """It kept ETag and Last-Modified while it changed: its validators are not sent any more."""
    failures: int = 0
    """Polls in a row that failed."""
    failed_since: int = 0
    error: str = ""
    """Why the last poll failed, shortened; empty: it did not."""

    @property
    def is_retired(self) -> bool:
        """Whether it is only asked now and then whether it lives again."""
        return self.failures >= RETIRED_FAILURES and self.polled - self.failed_since >= RETIRED_SECONDS


@dataclass(slots=True)
class Child:
    """A sitemap that an index names."""

    digest: bytes
    """`pipelines.ledger.listing_digest` of its address."""
    polled: int = 0
    full_at: int = 0
    interval: int = 0
    """Seconds, kept in whole minutes."""
    same: int = 0
    is_news: bool = False
    is_distrusted: bool = False

    def pack(self) -> bytes:
        """Give its 18 bytes."""
        minutes = min(self.interval // 60, _MOST)
        flags = self.is_news + 2 * self.is_distrusted
        return _CHILD.pack(self.digest, self.polled, self.full_at, minutes, min(self.same, 255), flags)


class SiteState(msgspec.Struct, array_like=True):
    """One site. New fields go to the end, with a default."""

    plan: int = 0
    """`Timing.digest` of the seed that its due times were found by."""
    since: int = 0
    """When it was visited first; 0: never."""
    visited: int = 0
    """When its last pass began."""
    put_offs: int = 0
    """Passes in a row that had to leave pages for later: its robots.txt or its host did not answer."""
    owed: int = 0
    """Links without an outcome when its last pass ended."""
    sources: list[Source] = []
    packed_children: bytes = b""
    signs: dict[str, int] = {}
    """What its answers were, over the last passes: `crawler.verdicts` reads them."""
    verdict: str = ""
    """What is thought of it since the last pass that saw something; empty: none did."""
    evidence: str = ""
    put_off: str = ""
    """Why the last pass had to leave pages or listings for later, shortened; empty: it did not."""

    def children(self) -> dict[bytes, Child]:
        """Read the sitemaps that its indexes name, by their digests."""
        found = {}
        for digest, polled, full_at, minutes, same, flags in _CHILD.iter_unpack(self.packed_children):
            child = Child(digest, polled, full_at, minutes * 60, same, bool(flags & 1), bool(flags & 2))
            found[digest] = child
        return found

    def keep_children(self, children: Iterable[Child]) -> None:
        """Keep the first of these, as far as there is room."""
        self.packed_children = b"".join(child.pack() for child in islice(children, MAX_CHILDREN))

    def source(self, url: str) -> Source | None:
        """Find a listing of the seed by its address."""
        return next((source for source in self.sources if source.url == url), None)

    def take_listings(self, listings: Iterable[tuple[ListingKind, str]]) -> None:
        """Keep the sources that the seed still has, in its order, and add those that are new to it: due at once."""
        known = {source.url: source for source in self.sources}
        self.sources = [known.get(url) or Source(kind, url) for kind, url in listings]

    def packed(self) -> bytes:
        """Give it as it stands in Redis."""
        return msgspec.msgpack.encode(self)


def read_state(packed: bytes) -> SiteState:
    """Read what stands in Redis; a state of its own beginning where nothing does, or what no version of ours wrote."""
    if not packed:
        return SiteState()
    try:
        state = msgspec.msgpack.decode(packed, type=SiteState)
        state.children()
    except (msgspec.DecodeError, struct.error):
        return SiteState()
    return state
