"""Published rows as the index reads them."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.objects import StoreError
from pipelines.part_lines import split_lines

if TYPE_CHECKING:
    from pipelines.objects import Objects


class RemovalLine(msgspec.Struct, frozen=True, gc=False):
    """What the index reads of one removal."""

    rule: str
    chars: int
    refused: bool


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What the index reads of a row of either kind; docs/output.md describes the fields."""

    outcome: str
    visit: str
    fetched_at: str
    url: str | None = None
    site: str | None = None
    log_entry: int | None = None
    # Of an article.
    id: str | None = None
    revision: int | None = None
    final_url: str | None = None
    canonical_url: str | None = None
    amp_url: str | None = None
    print_url: str | None = None
    title: str | None = None
    description: str | None = None
    text: str = ""
    word_count: int | None = None
    content_hash: str | None = None
    authors: list[str] = []
    published_at: str | None = None
    language: str | None = None
    section: str | None = None
    images: msgspec.Raw = msgspec.Raw(b"[]")
    removals: list[RemovalLine] = []
    duplicate_of: str | None = None
    # Of all others.
    reason: str | None = None
    evidence: str | None = None
    of: str | None = None
    alike: str | None = None
    attempts: int | None = None
    status: int | None = None
    # Of both.
    similarity: float | None = None


_decode = msgspec.json.Decoder(Line).decode


def decode_line(line: bytes) -> Line:
    """Read a row. Raises ValueError (msgspec.ValidationError is one) where it is none of ours."""
    return _decode(line)


async def read_row(objects: Objects, path: str, number: int) -> dict[str, Any] | None:
    """Read one row back from its part, with all its fields; `number` counts lines from 1, as the index does.

    None: the part is gone, or has no such line, since rows have moved: look the row up again. Raises StoreError where the
    part cannot be read.
    """
    body = await objects.read(path)
    if body is None:
        return None
    try:
        return await asyncio.to_thread(_find_line, body, number)
    except ValueError as error:
        raise StoreError(f"{objects.name}: {path} {error}; run broadsheet verify") from error


def _find_line(body: bytes, number: int) -> dict[str, Any] | None:
    for line in itertools.islice(split_lines([body]), number - 1, number):
        row: dict[str, Any] = msgspec.json.decode(line)
        return row
    return None
