"""What an operator may set of how articles are compared, visited again and remembered."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from pipelines.near import VERSION, NearRule

REVISIT_SECONDS = (3_600, 21_600, 86_400, 604_800)
"""After an hour most corrections are in, after a week nearly all: later ones come by the listings' `modified_at`."""

_DAY_SECONDS = 86_400
_LEAST_PRINT_DAYS = 8
_ALL_DAYS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings of a ledger beyond its leases and batches."""

    near: NearRule = field(default_factory=NearRule)
    revisit_seconds: tuple[int, ...] = REVISIT_SECONDS
    """After its first revision was fetched, an article is visited again so much later; rising. Empty: never."""
    memory_bytes: int | None = None
    """How much of Redis the seen store may take; beyond it the oldest generation is forgotten. None: any amount."""
    archive_days: int | None = None
    """How long archived pages are kept. None: until somebody takes them down."""

    keeps_old: bool = False
    """Compare and remember articles whatever day they were fetched on, as what is cleaned in bulk needs it."""

    @property
    def print_days(self) -> int:
        """How long the print of a revision is kept, to tell what the next one changed."""
        return max(_LEAST_PRINT_DAYS, max(self.revisit_seconds, default=0) // _DAY_SECONDS + 1)

    @property
    def trace_days(self) -> int:
        """How old an article may be and still have something remembered beyond its hashes."""
        return _ALL_DAYS if self.keeps_old else max(self.near.days, self.print_days) + 1

    def packed_rule(self) -> bytes:
        """Give the rule of near-duplicates as scripts/near.lua unpacks it."""
        rest = struct.pack(">HB", self.print_days, self.keeps_old)
        return self.near.packed() + rest + VERSION.encode()

    def packed_schedule(self) -> bytes:
        """Give the schedule as scripts/again.lua reads it."""
        return b"".join(struct.pack(">I", seconds) for seconds in self.revisit_seconds)
