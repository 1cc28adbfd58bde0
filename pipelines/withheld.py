"""Which rows of a batch may not be published by what the log says since they were staged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from pipelines.objects import StoreError
from pipelines.takedowns import to_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.log import Log
    from pipelines.parts import Spool, StagedRow
    from pipelines.takedowns import Hit, Takedowns

# A day is sealed hours after its end: who has just fetched a page of such a day has a clock that is as much behind.
_JUST_NOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """The places of rows, from 0, that may not be published as they are."""

    late: set[int]
    """Their day is complete: they are visited again."""
    hits: dict[int, Hit]
    """They are taken down."""
    dependent: set[int]
    """They say that they are copies of one of those: they are decided anew."""

    def __bool__(self) -> bool:
        return bool(self.late or self.hits or self.dependent)


def is_current(log: Log, rows: Sequence[StagedRow], checked: int) -> bool:
    """Say whether the log has nothing against the rows, which were held against takedowns up to a version."""
    return log.takedowns.version == checked and not any(row.day in log.sealed for row in rows)


async def find_withheld(log: Log, spool: Spool, rows: Sequence[StagedRow], *, checked: int) -> Withheld:
    """Hold the rows against the log as far as it was read.

    Raises StoreError where a row of a complete day was fetched just now.
    """
    late = {place for place, row in enumerate(rows) if row.day in log.sealed}
    for place in late:
        if abs(datetime.now(UTC) - rows[place].mark.fetched_at) < _JUST_NOW:
            raise StoreError(
                f"{log.objects.name}: {rows[place].day} is complete by the log, and this machine's clock says that it is "
                "now: set the clock"
            )
    hits: dict[int, Hit] = {}
    if checked != log.takedowns.version:
        await spool.flush()
        hits = await asyncio.to_thread(_find_hits, log.takedowns, spool, rows)
    cut = {id(rows[place]) for place in (*late, *hits)}
    dependent: set[int] = set()
    for place, row in enumerate(rows):
        if row.original is not None and id(row.original) in cut and id(row) not in cut:
            dependent.add(place)
            cut.add(id(row))
    return Withheld(late=late, hits=hits, dependent=dependent)


def _find_hits(takedowns: Takedowns, spool: Spool, rows: Sequence[StagedRow]) -> dict[int, Hit]:
    return {
        place: hit
        for place, row in enumerate(rows)
        if (hit := takedowns.find(to_subject(msgspec.json.decode(spool.line(row)))))
    }
