"""Read back what a run of the demo published, as any reader of the data folder would: by the log."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from crawler.errors import Fault
from pipelines.log import Commit, Replace, decode_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipelines.log import Entry

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
        known, visits = set(earlier.files), {row["visit"] for row in earlier.rows}
        return Published(
            files=tuple(file for file in self.files if file not in known),
            rows=tuple(row for row in self.rows if row["visit"] not in visits),
        )

    @property
    def articles(self) -> list[dict[str, Any]]:
        """The rows whose outcome is an article."""
        return [row for row in self.rows if row["outcome"] == "article"]


def read_published(data: Path) -> Published:
    """Everything published in a local data folder; nothing where there is no log.

    Raises Fault, one line, where a file of the folder is damaged.
    """
    files: list[str] = []
    for path in sorted((data / "log").glob("[0-9]*.json")):
        for entry in _read(path, _entry):
            removed = set(entry.removes) if isinstance(entry, Replace) else set[str]()
            added = [part.path for part in entry.adds] if isinstance(entry, Commit | Replace) else []
            files = [file for file in files if file not in removed] + added
    rows = [row for path in files for row in _read(data / path, _rows)]
    return Published(files=tuple(files), rows=tuple(rows))


def _read(file: Path, reader: Callable[[Path], Iterator[_T]]) -> list[_T]:
    try:
        return list(reader(file))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise Fault(f"{file}: cannot be read: {error}; choose another --data folder for the demo") from error


def _entry(entry_file: Path) -> Iterator[Entry]:
    yield decode_entry(entry_file.read_bytes())


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file) as lines:
        yield from (msgspec.json.decode(line) for line in lines)
