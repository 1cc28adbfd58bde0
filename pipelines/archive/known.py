"""What Redis knows of archived pages, so that a page that has not changed is not stored again. A hint: losing it costs space."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec

from pipelines.archive.packing import Original, pack_page, payload_digest
from pipelines.seen import url_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.archive.packing import PackedPage
    from pipelines.captures import Capture
    from pipelines.recover import Gate

KEPT_DAYS = 30
"""How long it is known: pages that are visited again are so within a week, by the default schedule."""

_HEAD_BYTES = 1024
_DAY_SECONDS = 86_400
_MOST_AT_ONCE = 64


async def pack_pages(gate: Gate, captures: Sequence[Capture], visit: str) -> tuple[PackedPage, ...]:
    """Make the records of a visit's pages; a page whose payload is archived already becomes a revisit."""
    return tuple([await _pack(gate, capture, visit) for capture in captures])


async def remember_pages(gate: Gate, originals: Sequence[tuple[str, Original]]) -> None:
    """Note pages whose batch is published."""
    seconds = str(known_days(gate.policy.archive_days) * _DAY_SECONDS)
    for start in range(0, len(originals), _MOST_AT_ONCE):
        commands = [
            ("SET", _key(gate, url), msgspec.json.encode(asdict(original)), "EX", seconds)
            for url, original in originals[start : start + _MOST_AT_ONCE]
        ]
        await asyncio.gather(*(gate.read(*command) for command in commands))


def known_days(archive_days: int | None) -> int:
    """Give for how many days a page may be referred to: what is referred to must still be there."""
    return KEPT_DAYS if archive_days is None else max(1, min(KEPT_DAYS, archive_days))


async def _pack(gate: Gate, capture: Capture, visit: str) -> PackedPage:
    original = None
    if not capture.is_rendered:
        original = await _find(gate, capture)
    return await asyncio.to_thread(pack_page, capture, visit, original)


async def _find(gate: Gate, capture: Capture) -> Original | None:
    held = await gate.read("GET", _key(gate, capture.document.url))
    if held is None:
        return None
    original = None
    with suppress(msgspec.DecodeError):
        original = msgspec.json.decode(held, type=Original)
    if original is None or original.digest != await asyncio.to_thread(payload_digest, capture):
        return None
    # Its file may be gone since, or be another: by its time, or by a takedown.
    start = await gate.log.objects.read_range(original.file, original.offset, _HEAD_BYTES)
    return original if original.record_id.encode() in _expand(start or b"") else None


def _expand(start: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, 4 * _HEAD_BYTES)
    except zlib.error:
        return b""


def _key(gate: Gate, url: str) -> str:
    return gate.key("archived", url_digest(url).hex())
