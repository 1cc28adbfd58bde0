"""What is given to be cleaned: a page or a text, with where it stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.worker import Page


class InputError(Exception):
    """An input that cannot be read: one line that names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePlace:
    """Where a page stands in a WARC file."""

    file: str
    """As it was named: a path, or an address. In a data folder, relative to it."""
    offset: int
    """Of its record's member, in bytes; in a file that is not compressed, of the record itself."""
    record_id: str
    """`<urn:uuid:…>`, as the record has it; empty: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One page or text to clean, or what stood in its place."""

    where: str
    """File and, in JSON Lines, line number, in a WARC the offset; for people."""
    id: Any = None
    """As the line gave it; None: it gave none."""
    url: str | None = None
    fetched_at: datetime | None = None
    """As the line or record gave it; None: nobody knows."""
    page: Page | None = None
    """None: there is nothing to clean, and `fault` says why."""
    fault: str = ""
    """One word of the rejections in docs/output.md: `not_json`, `no_content`, `too_large`, `truncated`, `bad_encoding`."""
    evidence: str = ""
    archive: ArchivePlace | None = None
    """None: it does not come from a WARC."""
