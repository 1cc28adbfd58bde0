"""Archived pages that go: those that are taken down, and those whose time is over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.archive.files import ARCHIVE_NAME, PageInFile, archive_path, file_paths, index_path
from pipelines.archive.reading import read_index
from pipelines.objects import StoreError
from pipelines.parts import new_name
from pipelines.warc.cdxj import decode_index

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from pipelines.live import Live
    from pipelines.log import Archive, Log
    from pipelines.rewrite import Rewriter
    from pipelines.takedowns import Takedowns
    from pipelines.warc.cdxj import IndexLine

_MOST_AT_ONCE = 32


async def clear_archives(
    rewriter: Rewriter, live: Live, log: Log, gone_visits: AbstractSet[str]
) -> int | None:
    """Take pages out of the WARC files that count: those of these visits, and those that a takedown names.

    Gives how many pages went; None: what counts has changed meanwhile, and must be read anew.
    """
    archives = list(live.live_archives())
    indexes: dict[str, list[IndexLine]] = {}
    for start in range(0, len(archives), _MOST_AT_ONCE):
        some = archives[start : start + _MOST_AT_ONCE]
        found = await asyncio.gather(*(read_index(rewriter.objects, archive) for archive in some))
        for archive, lines in zip(some, found, strict=True):
            if lines is None:
                await log.read_on()
                if archive.path in log.removed:
                    return None
                raise StoreError(
                    f"{rewriter.objects.name}: {index_path(archive.path)} is missing; run broadsheet verify"
                )
            indexes[archive.path] = lines
    gone = {
        line.record_id
        for lines in indexes.values()
        for line in lines
        if line.visit in gone_visits or is_forbidden(line, log.takedowns)
    }
    # Without its payload a revisit says only that there was one.
    gone |= {line.record_id for lines in indexes.values() for line in lines if line.refers_to in gone}
    count = 0
    for archive in archives:
        lines = indexes[archive.path]
        kept = [line for line in lines if line.record_id not in gone]
        if len(kept) == len(lines):
            continue
        if not await _rewrite(rewriter, log, archive, kept):
            return None
        count += len(lines) - len(kept)
    return count


def is_forbidden(line: IndexLine, takedowns: Takedowns) -> bool:
    """Say whether a page may not be kept by its address or site."""
    return any(takedowns.forbids(url, line.site) for url in line.urls)


async def clear_files(
    rewriter: Rewriter, live: Live, takedowns: Takedowns, gone_batches: AbstractSet[str]
) -> int:
    """Delete the WARC files that do not count and hold a page that is taken down, or are of these batches.

    Gives how many files went.
    """
    count = 0
    for path, _ in await rewriter.objects.names("archive"):
        name = ARCHIVE_NAME.fullmatch(path)
        if name is None or live.has_file(path) or name["kind"] != "cdxj":
            continue
        replaced = live.replaced.get(path)
        if replaced is None and name["batch"] not in gone_batches:
            body = await rewriter.objects.read(path)
            try:
                lines = list(decode_index(body or b""))
            except ValueError as error:
                raise StoreError(f"{rewriter.objects.name}: {path} {error}") from error
            if not any(is_forbidden(line, takedowns) for line in lines):
                continue
        # The index last: without it nobody knows what the other holds.
        for one in (archive_path(name["date"], name["batch"]), path):
            await rewriter.objects.delete(one)
            count += 1
    return count


async def expire_archives(rewriter: Rewriter, live: Live, log: Log, days: int) -> int:
    """Remove the WARC files whose pages are older than so many days, and which none that stays refers to.

    Gives how many files went; others may do the same at once.
    """
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    archives = list(live.live_archives())
    needed = {name for archive in archives if archive.max_fetched_at >= before for name in archive.refers_to}
    over = [
        archive for archive in archives if archive.max_fetched_at < before and archive.known_as not in needed
    ]
    if not over:
        return 0
    removes = [archive.path for archive in over]
    if not await rewriter.change_archives(log, archives=(), removes=removes, why="expired"):
        return 0
    await _delete(rewriter, over)
    return 2 * len(over)


async def _rewrite(rewriter: Rewriter, log: Log, archive: Archive, kept: list[IndexLine]) -> bool:
    """Put a file without some of its pages in the place of one; False: it does not count any more."""
    adds: list[Archive] = []
    if kept:
        body = await rewriter.objects.read(archive.path)
        if body is None:
            await log.read_on()
            if archive.path in log.removed:
                return False
            raise StoreError(f"{rewriter.objects.name}: {archive.path} is missing; run broadsheet verify")
        name = ARCHIVE_NAME.fullmatch(archive.path)
        assert name is not None, "the log names no other files"
        pages = (
            PageInFile(line=line, members=body[line.offset : line.offset + line.group])
            for line in sorted(kept, key=lambda line: line.offset)
        )
        path = archive_path(name["date"], new_name())
        adds.append(await rewriter.write_archive(path, archive.known_as, pages))
    if not await rewriter.change_archives(log, archives=adds, removes=[archive.path], why="takedown"):
        return False
    await _delete(rewriter, [archive])
    return True


async def _delete(rewriter: Rewriter, archives: Iterable[Archive]) -> None:
    for path in reversed(file_paths(archives)):
        await rewriter.objects.delete(path)
