"""The archived pages of a batch on their way from a worker's spool to the files that its commit names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.archive.files import PageInFile, archive_path, write_archive
from pipelines.archive.packing import Original
from pipelines.warc.cdxj import IndexLine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipelines.archive.packing import PackedPage
    from pipelines.log import Archive
    from pipelines.parts import StagedRow

_NO_PLACE = b'"archive":null'
"""No text can hold it: within one, the quotes would be escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPage:
    """A page in a worker's spool."""

    page: PackedPage
    """Without its records, which lie in the spool."""
    offset: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPages:
    """The archive of a batch in its worker's folder."""

    archives: list[Archive]
    places: dict[str, dict[str, Any]]
    """By a row's visit, the value of its `archive`."""
    originals: list[tuple[str, Original]] = field(default_factory=list)
    """Address and place of each page that was stored whole."""


def stage_page(page: PackedPage, offset: int) -> StagedPage:
    """Note where a page lies whose records were just put into the spool."""
    return StagedPage(page=replace(page, members=b""), offset=offset, bytes=len(page.members))


def write_pages(
    folder: Path,
    batch: str,
    rows: Sequence[StagedRow],
    read: Callable[[int, int], bytes],
    is_forbidden: Callable[[str, str], bool],
) -> WrittenPages:
    """Write the pages of the rows, a file a day; `is_forbidden` says by address and site which may not be kept.

    Raises OSError.
    """
    by_day: dict[str, list[tuple[str, StagedPage]]] = {}
    for row in rows:
        for staged in row.pages:
            urls = (staged.page.url, staged.page.requested or staged.page.url)
            if not any(is_forbidden(url, row.site) for url in urls):
                by_day.setdefault(row.day, []).append((row.mark.token, staged))
    written = WrittenPages(archives=[], places={})
    for day, staged_pages in sorted(by_day.items()):
        path = archive_path(day, batch)
        pages = (
            PageInFile(line=_to_line(visit, staged), members=read(staged.offset, staged.bytes))
            for visit, staged in staged_pages
        )
        archive, lines = write_archive(folder, path, path, pages)
        written.archives.append(archive)
        for line, (visit, staged) in zip(lines, staged_pages, strict=True):
            place = {"file": path, "offset": line.offset, "record_id": line.record_id}
            written.places.setdefault(visit, place)
            if staged.page.original is None:
                written.originals.append((line.url, _to_original(staged.page, path, line.offset)))
    return written


def name_place(line: bytes, place: dict[str, Any] | None) -> bytes:
    """Let a row's line say where its page is; None: its page is in no archive."""
    return line if place is None else line.replace(_NO_PLACE, b'"archive":' + msgspec.json.encode(place), 1)


def _to_line(visit: str, staged: StagedPage) -> IndexLine:
    page, original = staged.page, staged.page.original
    return IndexLine(
        url=page.url,
        timestamp="".join(letter for letter in page.date if letter.isdigit()),
        mime=page.mime if original is None else "warc/revisit",
        status=page.status,
        digest=page.digest,
        offset=0,
        length=page.first_bytes,
        group=staged.bytes,
        filename="",
        record_id=page.record_id,
        visit=visit,
        site=page.site,
        requested=page.requested,
        refers_to=original.record_id if original is not None else None,
        refers_to_file=original.file if original is not None else None,
    )


def _to_original(page: PackedPage, path: str, offset: int) -> Original:
    return Original(digest=page.digest, record_id=page.record_id, file=path, offset=offset, date=page.date)
