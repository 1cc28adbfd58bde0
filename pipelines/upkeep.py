"""What a log needs now and then: checkpoints, seals of complete days, takedowns that somebody left undone, orphans."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from pipelines.archive.files import ARCHIVE_NAME
from pipelines.archive.removing import expire_archives
from pipelines.live import write_checkpoint
from pipelines.log import Seal, entry_path
from pipelines.parts import PART_NAME
from pipelines.record import to_timestamp
from pipelines.takedown import REASON, carry_out

if TYPE_CHECKING:
    from pipelines.live import Live
    from pipelines.log import Log
    from pipelines.objects import Objects, Stored
    from pipelines.rewrite import Rewriter

DAY_MARK = "_SUCCESS"
"""The file beside the parts of a day that is complete."""
SEAL_AFTER = timedelta(hours=6)
"""A day is sealed so long after its end: rows that wait for others are in by then, and clocks may differ."""
KEEP_REPLACED_SECONDS = 7 * 86_400
"""A reader that has begun by an older state of the log may still want the parts that it names."""
_GONE_AT_ONCE = (REASON, "expired")
LEFT_UNDONE_SECONDS = 600
"""A takedown that is open for so long has lost the process that was carrying it out."""


@dataclass(slots=True, kw_only=True)
class UpkeepReport:
    """What upkeep did."""

    sealed: int = 0
    files_deleted: int = 0


async def keep_up(
    rewriter: Rewriter,
    *,
    patience_seconds: float = LEFT_UNDONE_SECONDS,
    archive_days: int | None = None,
) -> UpkeepReport:
    """Do what is due; any number of workers may do so at once.

    `patience_seconds`: how long an open takedown is left to whoever wrote it; `archive_days`: how long archived pages
    are kept, None: for ever.
    """
    report = UpkeepReport()
    live, log = await rewriter.read_live()
    before = time.time() - patience_seconds
    if any(
        datetime.fromisoformat(takedown.created_at).timestamp() <= before
        for takedown in live.open_takedowns().values()
    ):
        report.files_deleted += (await carry_out(rewriter)).files_deleted
        live, log = await rewriter.read_live()
    if archive_days is not None:
        report.files_deleted += await expire_archives(rewriter, live, log, archive_days)
        live, log = await rewriter.read_live()
    files = [
        file for top in ("articles", "outcomes", "archive") for file in await rewriter.objects.files(top)
    ]
    report.sealed = await _seal_days(live, log, {file.path for file in files})
    await write_checkpoint(rewriter.objects, log.position)
    report.files_deleted += await _delete_orphans(rewriter.objects, live, files)
    return report


async def _seal_days(live: Live, log: Log, present: set[str]) -> int:
    """Say which days are complete, in the log and by `_SUCCESS` files beside the parts."""
    log.sealed |= set(live.sealed)
    matches = [match for path in live.parts if (match := PART_NAME.fullmatch(path))]
    folders = {(match["date"], match[0].rsplit("/", 1)[0]) for match in matches}
    over = (datetime.now(UTC) - SEAL_AFTER - timedelta(days=1)).date()
    sealed = dict(live.sealed)
    for day in sorted({day for day, _ in folders} - set(sealed)):
        if date.fromisoformat(day) <= over:
            entry = await log.append(lambda day=day: _seal(log, day))  # type: ignore[misc]
            if entry is not None:
                sealed[day] = entry
    for day, folder in sorted(folders):
        mark = f"{folder}/{DAY_MARK}"
        if day in sealed and mark not in present:
            body = msgspec.json.encode({"date": day, "log_entry": sealed[day]}) + b"\n"
            await log.objects.create(mark, body)
    return len(sealed) - len(live.sealed)


def _seal(log: Log, day: str) -> Seal | None:
    return None if day in log.sealed else Seal(date=day, created_at=to_timestamp(datetime.now(UTC)))


async def _delete_orphans(objects: Objects, live: Live, files: list[Stored]) -> int:
    """Delete the parts that will never count, and those that have not counted for a week. Nothing else."""
    # A part that was written before this entry, and does not count, is of an epoch that is over.
    epoch_at = await _written_at(objects, live.epoch_entry)
    aborted = set(live.aborted)
    count = 0
    for file in files:
        match = PART_NAME.fullmatch(file.path) or ARCHIVE_NAME.fullmatch(file.path)
        if match is None or live.has_file(file.path):
            continue
        replaced = live.replaced.get(file.path)
        if replaced is not None:
            is_over = replaced.reason in _GONE_AT_ONCE or replaced.at < time.time() - KEEP_REPLACED_SECONDS
        else:
            is_over = match["batch"] in aborted or file.written_at < epoch_at
        if is_over:
            await objects.delete(file.path)
            count += 1
    return count


async def _written_at(objects: Objects, entry: int) -> float:
    """When an entry was written, by the store's clock, as it gives those of the parts; 0: there is none."""
    if not entry:
        return 0.0
    path = entry_path(entry)
    listed = await objects.files("log", after=entry_path(entry - 1))
    return next((file.written_at for file in listed if file.path == path), 0.0)
