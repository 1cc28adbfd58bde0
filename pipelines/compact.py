"""Makes few large parts of many small ones, day by day; every row stays, and says which entry published it first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.parts import new_name
from pipelines.rewrite import read_counted, stamp, to_line
from pipelines.takedown import carry_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.live import Live, LivePart
    from pipelines.log import Log, Part
    from pipelines.parts import PartLine
from pipelines.rewrite import Rewriter

SMALL_BYTES = 16 << 20
"""A part that is smaller may be moved into a larger one."""
LARGE_BYTES = 32 << 20
"""Of a part that compaction makes, about: gzip cannot be read from the middle, and articles of 32 MiB are 120 MiB plain."""


@dataclass(slots=True, kw_only=True)
class CompactReport:
    """What compaction did."""

    moved: int = 0
    """Parts that were replaced."""
    made: int = 0
    rows: int = 0


async def compact(rewriter: Rewriter) -> CompactReport:
    """Move the small parts of each folder into larger ones, as long as any folder has two that fit.

    Runs beside crawls, takedowns and itself: what they change meanwhile is looked at again.
    """
    report = CompactReport()
    while True:
        # A row that is taken down must not come into a new part.
        await carry_out(rewriter)
        live, log = await rewriter.read_live()
        groups = list(_find_groups(live))
        if not groups:
            return report
        for group in groups:
            if not await _merge(rewriter, log, group, report):
                break


def _find_groups(live: Live) -> Iterator[list[tuple[Part, LivePart]]]:
    """The parts to be moved into one: small ones of one folder, oldest entry first."""
    folders: dict[str, list[tuple[Part, LivePart]]] = defaultdict(list)
    for part, place in live.live_parts():
        if part.bytes < SMALL_BYTES:
            folders[part.path.rsplit("/", 1)[0]].append((part, place))
    for _, parts in sorted(folders.items()):
        group: list[tuple[Part, LivePart]] = []
        size = 0
        for part, place in parts:
            if group and size + part.bytes > LARGE_BYTES:
                if len(group) > 1:
                    yield group
                group, size = [], 0
            group.append((part, place))
            size += part.bytes
        if len(group) > 1:
            yield group


async def _merge(
    rewriter: Rewriter, log: Log, group: list[tuple[Part, LivePart]], report: CompactReport
) -> bool:
    """Move the rows of a group; False: somebody else has changed its parts meanwhile."""
    lines: list[tuple[int, PartLine]] = []
    for part, place in group:
        rows = await read_counted(log, part.path)
        if rows is None:
            return False
        stamp(rows, place)
        lines += ((row["log_entry"], to_line(row)) for row in rows)
    # The order in which they were published, so that an older snapshot is the start of the file.
    lines.sort(key=lambda item: item[0])
    folder = group[0][0].path.rsplit("/", 1)[0]
    made = await rewriter.write(f"{folder}/{new_name()}.jsonl.gz", (line for _, line in lines))
    removes = [part.path for part, _ in group]
    if not await rewriter.replace(log, adds=[made], removes=removes, why="compaction"):
        return False
    report.moved += len(group)
    report.made += 1
    report.rows += len(lines)
    return True
