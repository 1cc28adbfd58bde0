"""Records as bytes: WARC 1.1, each a gzip member of its own, so that any of them can be cut out or copied as it is."""

from __future__ import annotations

import uuid
import zlib
from typing import TYPE_CHECKING

from pipelines.warc.digests import make_digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
HTTP_REQUEST = "application/http; msgtype=request"
HTTP_RESPONSE = "application/http; msgtype=response"

_GZIP = zlib.MAX_WBITS | 16
# Measured on 200 pages of 277 kB: 4.0 ms and 56 kB a page, 6.9 ms and 53 kB at level 6. Most pages come compressed: 1.8 ms.
_LEVEL = 4


def new_record_id() -> str:
    """Make the name of a record, never the same twice."""
    return f"<urn:uuid:{uuid.uuid4()}>"


def to_date(moment: datetime) -> str:
    """Give a moment (UTC) as records have it, to the second as rows do."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_member(  # noqa: PLR0913 - one keyword a header of every record
    kind: str,
    block: bytes,
    *,
    record_id: str,
    date: str,
    content_type: str,
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Give a record as a gzip member; the digest of its block is added to the headers."""
    lines = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: {record_id}",
        f"WARC-Date: {date}",
        *(f"{name}: {value}" for name, value in headers),
        f"WARC-Block-Digest: {make_digest(block)}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(block)}",
    ]
    head = "\r\n".join(lines).encode("utf-8", "replace")
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return squeeze.compress(head + b"\r\n\r\n" + block + b"\r\n\r\n") + squeeze.flush()


def make_warcinfo(filename: str, date: str, software: str) -> bytes:
    """Give the record that a file begins with."""
    fields = f"software: {software}\r\nformat: WARC File Format 1.1\r\nrobots: obey\r\n"
    return make_member(
        "warcinfo",
        fields.encode(),
        record_id=new_record_id(),
        date=date,
        content_type="application/warc-fields",
        headers=[("WARC-Filename", filename)],
    )
