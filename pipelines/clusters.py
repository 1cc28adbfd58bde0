"""Near-duplicates of whole corpora: the sketches and the rule of a run, by a shuffle on bands in place of an index in Redis.

Three plain functions, one after another: the bands of an article, the pairs of one band, and which pairs count.
`find_clusters` runs them on Ray Data. docs/scale.md says where this differs from a run.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.live import read_live
from pipelines.near import VALUES, NearRule, split_bands
from pipelines.objects import open_objects
from pipelines.rewrite import read_part
from pipelines.seen import begins_life
from pipelines.traces import read_trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DAY_SECONDS = 86_400
# Of the shuffle: a part has 5,000 rows at most, and 13 bands of each with 400 bytes are 26 MB.
_LEAST_SHARES, _MOST_SHARES = 8, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOf:
    """A part of a data folder."""

    data: str
    path: str
    entry: int
    """The log entry that published it."""
    place: int
    """Of its folder among those that were named."""


class Pair(NamedTuple):
    """Two articles that are nearly the same, by what one band says."""

    at: int
    """When the later one was fetched, in Unix seconds."""
    order: str
    """Its place among those fetched in the same second."""
    id: str
    of_at: int
    of: str
    similarity: float


def find_parts(folders: Iterable[str]) -> list[PartOf]:
    """Give all parts of articles that count. Raises StoreError."""

    async def read(data: str, place: int) -> list[PartOf]:
        live = await read_live(open_objects(data, Path(), worker_id="clusters"))
        return [
            PartOf(data=data, path=part.path, entry=where.entry, place=place)
            for part, where in live.live_parts()
            if part.path.startswith("articles/")
        ]

    return [part for place, data in enumerate(folders) for part in asyncio.run(read(data, place))]


def read_bands(part: PartOf, rule: NearRule) -> Iterator[dict[str, Any]]:
    """Give the bands of each article of a part, by its first revision. Raises StoreError."""
    objects = open_objects(part.data, Path(), worker_id="clusters")
    rows = asyncio.run(read_part(objects, part.path)) or []
    for number, row in enumerate(rows):
        if not begins_life(row["revision"]):
            continue
        trace = read_trace(row, rule)
        bands = split_bands(trace.bands)
        entry = row.get("log_entry") or part.entry
        for place, band in enumerate(bands, 1):
            yield {
                "band": band.hex(),
                "at": int(datetime.fromisoformat(row["fetched_at"]).timestamp()),
                "order": f"{part.place:06} {entry:012} {part.path} {number:09}",
                "id": row["id"],
                "is_named": place == len(bands),
                "sketch": trace.sketch,
            }


def find_pairs(rows: Iterable[dict[str, Any]], rule: NearRule) -> list[Pair]:
    """Compare the articles that share a band, as a run would in the order of their fetches."""
    firsts: dict[int, dict[str, Any]] = {}
    pairs = []
    for row in sorted(rows, key=lambda row: (row["at"], row["order"])):
        day = row["at"] // _DAY_SECONDS
        found = [
            Pair(row["at"], row["order"], row["id"], first["at"], first["id"], similarity)
            for each in range(day - rule.days, day + 2)
            if (first := firsts.get(each)) is not None and first["id"] != row["id"]
            if (similarity := _compare(first, row, rule)) is not None
        ]
        pairs += found
        if not found:
            # What is nearly the same as one before it is found by that one.
            firsts.setdefault(day, row)
    return pairs


def choose(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Give for each near-duplicate the earliest article that it is one of, and that is none itself.

    `pairs` come in the order of `at` and `order`; memory holds the ids of what was chosen.
    """
    copies: set[bytes] = set()
    best: Pair | None = None
    for pair in pairs:
        if best is not None and pair.id != best.id:
            copies.add(bytes.fromhex(best.id))
            yield best
            best = None
        if bytes.fromhex(pair.of) not in copies and (best is None or pair.of_at < best.of_at):
            best = pair
    if best is not None:
        yield best


def find_clusters(ray: Any, parts: list[PartOf], rule: NearRule) -> Iterator[Pair]:
    """Run it on Ray Data; `ray` is the module, connected. Raises what Ray raises."""
    pd: Any = import_module("pandas")  # which comes with the extra
    columns = list(Pair._fields)

    def read(row: dict[str, Any]) -> list[dict[str, Any]]:
        return list(read_bands(PartOf(**row), rule))

    def compare(group: Any) -> Any:
        pairs = find_pairs(group.to_dict("records"), rule)
        return pd.DataFrame(pairs, columns=columns).astype(_TYPES)

    items = [
        {"data": part.data, "path": part.path, "entry": part.entry, "place": part.place} for part in parts
    ]
    bands = ray.data.from_items(items).flat_map(read)
    shares = min(max(len(parts), _LEAST_SHARES), _MOST_SHARES)
    pairs = bands.groupby("band", num_partitions=shares).map_groups(compare, batch_format="pandas")
    yield from choose(Pair(**row) for row in pairs.sort(["at", "order", "id"]).iter_rows())


_TYPES = {
    "at": "int64",
    "order": "str",
    "id": "str",
    "of_at": "int64",
    "of": "str",
    "similarity": "float64",
}


def _compare(first: dict[str, Any], row: dict[str, Any], rule: NearRule) -> float | None:
    return rule.find_similarity(row["sketch"], first["sketch"], named=row["is_named"])


def to_line(pair: Pair) -> dict[str, Any]:
    """Give a pair in the names that rows have."""
    similarity = round(round(pair.similarity * VALUES) / VALUES, 3)
    return {"id": pair.id, "duplicate_of": pair.of, "similarity": similarity, "cluster": pair.of}
