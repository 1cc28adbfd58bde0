"""Read back what a run of the demo published, as any reader of the data folder would: by the log."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from crawler.errors import Fault
from pipelines.log import Commit, decode_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_T = TypeVar("_T")


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
    """Everything published in a local data folder; nothing where there is no log.

    Raises Fault, one line, where a file of the folder is damaged.
    """
    files = [part for entry in sorted((data / "log").glob("[0-9]*.json")) for part in _read(entry, _parts)]
    rows = [row for path in files for row in _read(data / path, _rows)]
    return Published(files=tuple(files), rows=tuple(rows))


def _read(file: Path, reader: Callable[[Path], Iterator[_T]]) -> list[_T]:
    try:
        return list(reader(file))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise Fault(f"{file}: cannot be read: {error}; choose another --data folder for the demo") from error


def _parts(entry_file: Path) -> Iterator[str]:
    entry = decode_entry(entry_file.read_bytes())
    if isinstance(entry, Commit):
        yield from (part.path for part in entry.adds)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file) as lines:
        yield from (msgspec.json.decode(line) for line in lines)
