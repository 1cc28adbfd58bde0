"""Read back what a run of the demo published, as any reader of the data folder would: by the log."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.log import Commit, decode_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the data folder holds after some number of log entries."""

    files: tuple[str, ...]
    """Paths relative to the data folder, in the log's order."""
    rows: tuple[dict[str, Any], ...]
    """The rows of those files, in the fields of docs/output.md."""

    def since(self, earlier: Published) -> Published:
        """What was added after `earlier` was read from the same folder."""
        return Published(files=self.files[len(earlier.files) :], rows=self.rows[len(earlier.rows) :])

    @property
    def articles(self) -> list[dict[str, Any]]:
        """The rows whose outcome is an article."""
        return [row for row in self.rows if row["outcome"] == "article"]


def read_published(data: Path) -> Published:
    """Everything published in a local data folder; nothing where there is no log."""
    files = [part for entry in sorted((data / "log").glob("[0-9]*.json")) for part in _parts(entry)]
    rows = [row for path in files for row in _rows(data / path)]
    return Published(files=tuple(files), rows=tuple(rows))


def _parts(entry_file: Path) -> Iterator[str]:
    entry = decode_entry(entry_file.read_bytes())
    if isinstance(entry, Commit):
        yield from (part.path for part in entry.adds)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file) as lines:
        yield from (msgspec.json.decode(line) for line in lines)
