"""Pages of the archive read back: as the documents that were cleaned when they were fetched."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from cleaners.models import Document, Listed
from pipelines.archive.files import index_path
from pipelines.archive.packing import CONTEXT_TYPE, REFERS_TO_FILE
from pipelines.given import ArchivePlace
from pipelines.live import read_live
from pipelines.objects import StoreError
from pipelines.warc.cdxj import decode_index
from pipelines.warc.http import decode_body, read_message
from pipelines.warc.reading import read_date
from pipelines.warc.records import read_records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.live import Live
    from pipelines.log import Archive
    from pipelines.objects import Objects
    from pipelines.warc.cdxj import IndexLine
    from pipelines.warc.http import Message
    from pipelines.warc.records import Record

_CHUNK_BYTES = 1 << 20
_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """The records of one page."""

    answer: Record
    context: Mapping[str, Any] = field(default_factory=dict)
    rendered: bytes | None = None


async def read_archived(
    objects: Objects, place: Mapping[str, Any] | ArchivePlace, live: Live | None = None
) -> Document | None:
    """Read the page that a row's `archive` names, as it was given to cleaning; None: it is not kept any more.

    Of an article of several pages it is the first: see `read_visit`, also for `live`. Raises StoreError where it is
    damaged.
    """
    pages = await read_visit(objects, place, live)
    return pages[0] if pages else None


async def read_visit(
    objects: Objects, place: Mapping[str, Any] | ArchivePlace, live: Live | None = None
) -> tuple[Document, ...]:
    """Read all pages of the visit whose row has this `archive`, in the order in which they were fetched.

    Pages whose payload is not kept any more are left out. `live`: what counts by the log, for who reads many pages; None:
    it is read if it is needed. Raises StoreError where a page is damaged.
    """
    where = place if isinstance(place, ArchivePlace) else msgspec.convert(dict(place), ArchivePlace)
    groups = await _read_groups(objects, where)
    if not groups:
        moved = await _find_moved(objects, where, live)
        groups = await _read_groups(objects, moved) if moved is not None else []
    documents = []
    for group in groups:
        body = await _read_body(objects, group, where, live)
        if body is not None:
            documents.append(_to_document(group, body))
    return tuple(documents)


async def read_index(objects: Objects, archive: Archive) -> list[IndexLine] | None:
    """Read the index of a WARC file; None: it is not there. Raises StoreError where it is damaged."""
    path = index_path(archive.path)
    body = await objects.read(path)
    if body is None:
        return None
    try:
        return list(await asyncio.to_thread(lambda: list(decode_index(body))))
    except ValueError as error:
        raise StoreError(f"{objects.name}: {path} {error}; run broadsheet verify") from error


async def _read_groups(objects: Objects, place: ArchivePlace) -> list[_Group]:
    """Read the pages of one visit from a place on; none where no such record is there."""
    count = _CHUNK_BYTES
    while True:
        chunk = await objects.read_range(place.file, place.offset, count)
        if chunk is None:
            return []
        is_all = len(chunk) < count or count >= _MOST_BYTES
        groups = await asyncio.to_thread(_parse, chunk, place.record_id, is_all=is_all)
        if groups is not None:
            return groups
        count *= 4


def _parse(chunk: bytes, record_id: str, *, is_all: bool) -> list[_Group] | None:
    """Parse the groups of a visit; None: more of the file must be read to see where it ends."""
    found: list[_Group] = []
    records: list[Record] = []
    for record in read_records(io.BytesIO(chunk), Counter()):
        records.append(record)
        if not found and records[0].id != record_id:
            return []
        # A page's request is its last record.
        if record.type != "request":
            continue
        group, records = _to_group(records), []
        if found and group.context.get("visit") != found[0].context.get("visit"):
            return found
        found.append(group)
    return found if is_all else None


def _to_group(records: list[Record]) -> _Group:
    context: Mapping[str, Any] = {}
    rendered = None
    for record in records[1:]:
        if record.headers.get("content-type") == CONTEXT_TYPE:
            context = msgspec.json.decode(record.block, type=dict[str, Any])
        elif record.type == "conversion":
            rendered = record.block
    return _Group(answer=records[0], context=context, rendered=rendered)


async def _read_body(objects: Objects, group: _Group, place: ArchivePlace, live: Live | None) -> bytes | None:
    if group.rendered is not None:
        return group.rendered
    message = read_message(group.answer.block)
    if group.answer.type == "revisit":
        headers = group.answer.headers
        original = ArchivePlace(
            file=headers.get(REFERS_TO_FILE.lower(), ""),
            offset=int(headers.get("warc-refers-to-file-offset") or 0),
            record_id=headers.get("warc-refers-to", ""),
        )
        groups = await _read_groups(objects, original)
        if not groups:
            moved = await _find_moved(objects, original, live)
            groups = await _read_groups(objects, moved) if moved is not None else []
        if not groups:
            return None
        message = read_message(groups[0].answer.block)
    return await asyncio.to_thread(_decode, objects, message, place)


def _decode(objects: Objects, message: Message, place: ArchivePlace) -> bytes:
    try:
        return decode_body(message, message.body, _MOST_BYTES)
    except ValueError as error:
        raise StoreError(f"{objects.name}: {place.file} at {place.offset}: {error}") from error


async def _find_moved(objects: Objects, place: ArchivePlace, live: Live | None) -> ArchivePlace | None:
    """Find a page whose file a takedown of other pages has had written anew; None: it is gone."""
    live = live or await read_live(objects)
    for archive in live.live_archives():
        if archive.known_as == place.file and archive.path != place.file:
            for line in await read_index(objects, archive) or ():
                if line.record_id == place.record_id:
                    return ArchivePlace(file=archive.path, offset=line.offset, record_id=line.record_id)
    return None


def _to_document(group: _Group, body: bytes) -> Document:
    message = read_message(group.answer.block)
    known = group.context
    headers = message.cleaned_headers()
    if group.rendered is not None:
        headers["content-type"] = "text/html; charset=utf-8"
    listed = known.get("listed")
    fetched_at = read_date(group.answer.headers.get("warc-date", ""))
    assert fetched_at is not None, "every record of ours has its date"
    return Document(
        url=group.answer.url,
        requested_url=known.get("requested_url") or group.answer.url,
        site=known.get("site"),
        fetched_at=fetched_at,
        status=message.status,
        headers=headers,
        language_hint=known.get("language_hint"),
        listed=msgspec.convert(listed, Listed) if listed else None,
        site_signals=known.get("site_signals") or {},
        first_page_url=known.get("first_page_url"),
        body=body,
    )
