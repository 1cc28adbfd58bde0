"""Finds which finished dumps hold rows that were taken down after they were made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.dumps.build import last_takedown, read_anew, read_settled
from pipelines.dumps.rows import PartGoneError, Reader
from pipelines.dumps.tally import taken_down_by
from pipelines.objects import open_objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.live import Live

VISIT_BYTES = 16
_CHUNK_BYTES = VISIT_BYTES << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A finished dump."""

    id: str
    visits: str
    """The file with the visits of its rows, 16 bytes each."""
    checked: int
    """The last takedown that its rows are held against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was taken down of some dumps."""

    takedown: int
    """The last takedown that they are held against now."""
    rows: dict[str, dict[int, int]]
    """By dump, then by takedown: its rows that went. A dump that has lost none is not in it."""


def find_taken_down(data: str, dumps: Sequence[Held]) -> Findings:
    """Hold the dumps against all takedowns, once these are carried out. Raises StoreError."""
    with asyncio.Runner() as runner:
        reader = Reader(open_objects(data, Path(), worker_id="dump"), runner)
        live, gone = read_settled(reader), None
        while gone is None:
            try:
                gone = _read_gone(reader, live, min((dump.checked for dump in dumps), default=0))
            except PartGoneError as error:
                live = read_anew(reader, error)
    rows = {dump.id: found for dump in dumps if (found := _find_rows(Path(dump.visits), gone))}
    return Findings(takedown=last_takedown(live), rows=rows)


def _read_gone(reader: Reader, live: Live, after: int) -> dict[bytes, int]:
    """The takedown of each visit whose row went by an entry after this one."""
    gone: dict[bytes, int] = {}
    for part, place in live.live_parts():
        # What a takedown leaves of a row stands in a part that came after it.
        if part.path.startswith("outcomes/") and place.is_moved and place.entry > after:
            for entry, _, row in reader.rows(part, place):
                takedown = taken_down_by(row, entry)
                if takedown is not None and takedown > after:
                    gone[bytes.fromhex(row.visit or "")] = takedown
    return gone


def _find_rows(visits: Path, gone: dict[bytes, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    with visits.open("rb") as file:
        while gone and (chunk := file.read(_CHUNK_BYTES)):
            held = {chunk[start : start + VISIT_BYTES] for start in range(0, len(chunk), VISIT_BYTES)}
            for visit in held & gone.keys():
                found[gone[visit]] = found.get(gone[visit], 0) + 1
    return found
