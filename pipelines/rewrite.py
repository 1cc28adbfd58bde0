"""Moves published rows into other parts: what compaction and takedowns have in common."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from pipelines.archive.files import file_paths
from pipelines.live import read_live
from pipelines.log import ArchiveChange, Log, Replace, refuse_gap
from pipelines.objects import MistakeError, StoreError, open_objects
from pipelines.parts import PartLine, Staging, read_rows
from pipelines.record import encode_line, to_timestamp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from pipelines.archive.files import PageInFile
    from pipelines.live import Live, LivePart
    from pipelines.log import Archive, Part
    from pipelines.objects import Objects


class Rewriter:
    """Writes parts beside a running crawl; the log says whether what they replace still counts."""

    def __init__(self, objects: Objects, staging: Staging) -> None:
        self.objects = objects
        self._staging = staging
        self._epoch = 0

    async def read_live(self) -> tuple[Live, Log]:
        """Read what counts by now, and a log that has read as far."""
        live = await read_live(self.objects)
        log = Log(objects=self.objects, position=live.sequence, epoch=live.epoch)
        log.takedowns = live.all_takedowns()
        self._epoch = live.epoch
        return live, log

    async def write(self, path: str, lines: Iterator[PartLine]) -> Part:
        """Write a part; it is published by `replace`."""
        return await asyncio.to_thread(self._staging.write_part, path, lines)

    async def replace(
        self,
        log: Log,
        *,
        adds: Sequence[Part],
        removes: Sequence[str],
        why: Literal["compaction", "takedown"],
        takedown: int | None = None,
    ) -> bool:
        """Publish the parts in the place of others; False: what counts must be read anew first.

        So it is where not all of the others count any more, where more is taken down, and where the epoch has changed:
        parts of an epoch that is over are deleted, as far as they do not count.
        """
        paths = [part.path for part in adds]
        await self._staging.publish(self.objects, paths)
        version = log.takedowns.version

        def make() -> Replace | None:
            if log.takedowns.version != version or log.epoch != self._epoch:
                return None
            if any(path in log.removed for path in removes):
                return None
            return Replace(
                adds=list(adds),
                removes=list(removes),
                reason=why,
                takedown=takedown,
                created_at=to_timestamp(datetime.now(UTC)),
            )

        sequence = await log.append(make)
        await self._end(paths, is_made=sequence is not None)
        return sequence is not None

    async def write_archive(self, path: str, known_as: str, pages: Iterable[PageInFile]) -> Archive:
        """Write a WARC file and its index; they are published by `change_archives`."""
        return await self._staging.write_archive(path, known_as, pages)

    async def change_archives(
        self,
        log: Log,
        *,
        archives: Sequence[Archive],
        removes: Sequence[str],
        why: Literal["expired", "takedown"],
    ) -> bool:
        """Publish WARC files in the place of others; False: what counts must be read anew first, as for `replace`."""
        paths = file_paths(archives)
        await self._staging.publish(self.objects, paths)
        version = log.takedowns.version

        def make() -> ArchiveChange | None:
            if log.takedowns.version != version or log.epoch != self._epoch:
                return None
            if any(path in log.removed for path in removes):
                return None
            return ArchiveChange(
                archives=list(archives),
                removes=list(removes),
                reason=why,
                created_at=to_timestamp(datetime.now(UTC)),
            )

        sequence = await log.append(make)
        await self._end(paths, is_made=sequence is not None)
        return sequence is not None

    async def _end(self, paths: Sequence[str], *, is_made: bool) -> None:
        await self._staging.drop(paths)
        if not is_made:
            # Nobody else can publish these names.
            for path in paths:
                await self.objects.delete(path)


@asynccontextmanager
async def open_rewriter(data: str) -> AsyncIterator[Rewriter]:
    """Open the data folder or store for rewriting. Raises StoreError where there is no log, or nothing can be written."""
    with TemporaryDirectory(prefix="broadsheet-") as state:
        objects = open_objects(data, Path(state), secrets.token_hex(8))
        if not await refuse_gap(objects):
            raise MistakeError(f"{objects.name}: there is no log here")
        staging = await asyncio.to_thread(Staging, objects.staging)
        try:
            await objects.probe()
            yield Rewriter(objects, staging)
        finally:
            await asyncio.to_thread(staging.close)


async def read_part(objects: Objects, path: str) -> list[dict[str, Any]] | None:
    """Read the rows of a published part; None: it is not there. Raises StoreError where it is damaged."""
    body = await objects.read(path)
    if body is None:
        return None
    try:
        return await asyncio.to_thread(lambda: list(read_rows(body)))
    except ValueError as error:
        raise StoreError(f"{objects.name}: {path} {error}; run broadsheet verify") from error


async def read_counted(log: Log, path: str) -> list[dict[str, Any]] | None:
    """Read the rows of a part that counted when it was looked up; None: it was replaced meanwhile.

    Raises StoreError where it is missing or damaged.
    """
    rows = await read_part(log.objects, path)
    if rows is None:
        await log.read_on()
        if path not in log.removed:
            raise StoreError(f"{log.objects.name}: {path} is missing; run broadsheet verify")
    return rows


def stamp(rows: list[dict[str, Any]], live: LivePart) -> None:
    """Let each row of a part say which entry published it first."""
    for row in rows:
        row["log_entry"] = row.get("log_entry") or live.entry


def to_line(row: dict[str, Any]) -> PartLine:
    """Give a published row as it stands in a part."""
    return PartLine(encode_line(row), row["fetched_at"], row.get("site") or "", row.get("language"))
