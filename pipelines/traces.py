"""What is remembered of an article beyond its hashes: what nearly the same texts are found by, and its print."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cleaners.models import article_id
from cleaners.urls import canonical_url
from pipelines.changes import to_print
from pipelines.near import to_bands, to_sketch
from pipelines.seen import to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipelines.near import NearRule

_HEAD = struct.Struct(">16sHIB16s")
NONE = bytes(16)
TRACES_AT_ONCE = 50
"""Those of one call of a script, which holds up everybody else on the same Redis for some ten milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What the scripts need of an article to compare and to remember it."""

    id: bytes
    fetched_at: datetime
    sketch: bytes
    """See `pipelines.near.to_sketch`."""
    bands: bytes
    revision: int = 0
    """0: not known yet."""
    always: bool = False
    """Compare it though its id is known."""
    of: bytes = NONE
    """The id of the article that its row says it is nearly the same as; zeros: none."""
    print: bytes = b""
    """See `pipelines.changes.to_print`; empty: it is not to be remembered."""

    def packed(self) -> bytes:
        """Give the trace as scripts/near.lua unpacks it."""
        head = _HEAD.pack(self.id, self.revision, to_seconds(self.fetched_at), self.always, self.of)
        fields = (self.sketch, self.bands, self.print)
        return head + b"".join(struct.pack(">H", len(field)) + field for field in fields)


def read_trace(row: Mapping[str, Any], rule: NearRule) -> Trace:
    """Make the trace of a published article anew from its row. Raises KeyError or ValueError where it is no row of ours."""
    name = bytes.fromhex(row["id"])
    sketch = to_sketch(row["text"]) if rule.days else b""
    near = row.get("duplicate_of")
    return Trace(
        id=name,
        fetched_at=datetime.fromisoformat(row["fetched_at"]),
        sketch=sketch,
        bands=to_bands(sketch, find_original(row)),
        revision=row["revision"],
        of=bytes.fromhex(near) if near else NONE,
        print=to_print(row, row["revision"]),
    )


def pack_traces(traces: Iterable[Trace]) -> tuple[bytes, ...]:
    """Give the traces as arguments of a script, each of as many as it takes in some ten milliseconds."""
    packed = [trace.packed() for trace in traces]
    return tuple(
        b"".join(packed[place : place + TRACES_AT_ONCE]) for place in range(0, len(packed), TRACES_AT_ONCE)
    )


def find_original(record: Mapping[str, Any]) -> bytes:
    """Give the id of the article that this one names as its original, else its own."""
    named = record.get("syndicated_from")
    try:
        return bytes.fromhex(article_id(canonical_url(named)) if named else record["id"])
    except ValueError:
        return bytes.fromhex(record["id"])
