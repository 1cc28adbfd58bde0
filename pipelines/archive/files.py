"""The files of the archive: how they are named, and how a batch's pages become a WARC file with its index."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

from pipelines.log import Archive
from pipelines.objects import make_parents
from pipelines.warc.cdxj import IndexLine, encode_index
from pipelines.warc.writing import make_warcinfo, to_date

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TOP = "archive"
ARCHIVE_NAME = re.compile(
    r"archive/date=(?P<date>\d{4}-\d\d-\d\d)/(?P<batch>(?P<made>[0-9a-f]{12})-[0-9a-f]{16})\.(?P<kind>warc\.gz|cdxj)"
)
"""The path of a WARC file or of its index; its parts are those of `pipelines.parts.PART_NAME`."""

_WARC, _INDEX = ".warc.gz", ".cdxj"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInFile:
    """A page on its way into a file: its records, and what its index line says but for where they lie."""

    line: IndexLine
    members: bytes


def archive_path(date: str, name: str) -> str:
    """Give the path of the WARC file of a batch, or of another name, and a day."""
    return f"{TOP}/date={date}/{name}{_WARC}"


def index_path(path: str) -> str:
    """Give the path of a WARC file's index."""
    return path.removesuffix(_WARC) + _INDEX


def file_paths(archives: Iterable[Archive]) -> list[str]:
    """Give the paths of archives and their indexes; an index comes first, so that no WARC file is without it."""
    return [path for archive in archives for path in (index_path(archive.path), archive.path)]


def write_archive(
    folder: Path, path: str, known_as: str, pages: Iterable[PageInFile]
) -> tuple[Archive, list[IndexLine]]:
    """Write a WARC file and its index under their final names below a folder, synced.

    `known_as`: the path that rows know it by. Gives the lines as they stand in the index, in the order of the pages.
    Raises OSError.
    """
    target = folder / path
    make_parents(folder, path)
    digest, lines = hashlib.sha256(), list[IndexLine]()
    start = make_warcinfo(path.rsplit("/", 1)[1], to_date(datetime.now(UTC)), software())
    with target.open("wb") as file:
        size = file.write(start)
        digest.update(start)
        for page in pages:
            lines.append(_placed(page.line, offset=size, filename=path))
            size += file.write(page.members)
            digest.update(page.members)
        file.flush()
        os.fsync(file.fileno())
    index = encode_index(lines)
    with (folder / index_path(path)).open("wb") as file:
        file.write(index)
        file.flush()
        os.fsync(file.fileno())
    times = [line.timestamp for line in lines]
    return Archive(
        path=path,
        known_as=known_as,
        pages=len(lines),
        bytes=size,
        sha256=digest.hexdigest(),
        index_bytes=len(index),
        index_sha256=hashlib.sha256(index).hexdigest(),
        min_fetched_at=_to_timestamp(min(times)),
        max_fetched_at=_to_timestamp(max(times)),
        sites=sorted({line.site for line in lines} - {""}),
        refers_to=sorted({line.refers_to_file for line in lines if line.refers_to_file} - {known_as}),
    ), lines


def software() -> str:
    """Name and version of what writes the files."""
    try:
        return f"broadsheet/{metadata.version('broadsheet')}"
    except metadata.PackageNotFoundError:
        return "broadsheet"  # a checkout that was never installed


def _placed(line: IndexLine, *, offset: int, filename: str) -> IndexLine:
    return replace(line, offset=offset, filename=filename)


def _to_timestamp(digits: str) -> str:
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC).isoformat(timespec="seconds")
