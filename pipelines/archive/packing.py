"""A fetched page as records: its answer, what was known of it, and its request; or a revisit of the same payload."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.warc.digests import make_digest
from pipelines.warc.writing import (
    HTTP_REQUEST,
    HTTP_RESPONSE,
    REVISIT_PROFILE,
    make_member,
    new_record_id,
    to_date,
)

if TYPE_CHECKING:
    from cleaners.models import Document
    from pipelines.captures import Capture, Exchange

CONTEXT_TYPE = "application/vnd.broadsheet.context+json"
"""Of the record that holds what was known of a page beside its bytes."""
REFERS_TO_FILE = "WARC-Refers-To-Filename"
"""As Heritrix names it: the file that a revisit's payload is in."""
REFERS_TO_OFFSET = "WARC-Refers-To-File-Offset"

_PROTOCOLS = {"HTTP/2": "h2", "HTTP/1.1": "http/1.1", "HTTP/1.0": "http/1.0"}
_CRLF = b"\r\n"
_UNSAFE = str.maketrans("", "", "\r\n\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """An archived page whose payload a later one may be the same as."""

    digest: str
    record_id: str
    file: str
    """As rows name it."""
    offset: int
    date: str
    """Of the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedPage:
    """A page as records, in one piece, and what its index line says."""

    url: str
    requested: str | None
    site: str
    date: str
    mime: str
    status: int
    digest: str
    record_id: str
    first_bytes: int
    """Of the first record, which is the answer or its revisit."""
    original: Original | None
    """Of a revisit: what it refers to."""
    members: bytes = field(repr=False)


def payload_digest(capture: Capture) -> str:
    """Give the digest of a page's payload, by which it is known again."""
    return make_digest(capture.exchange.body)


def pack_page(capture: Capture, visit: str, original: Original | None) -> PackedPage:
    """Make the page's records. `original`: has the same payload, which is not stored again then; None: there is none."""
    exchange, document = capture.exchange, capture.document
    url, date, answer_id = document.url.translate(_UNSAFE), to_date(document.fetched_at), new_record_id()
    digest = original.digest if original is not None else payload_digest(capture)
    about: list[tuple[str, str]] = [("WARC-Target-URI", url), ("WARC-Payload-Digest", digest)]
    if exchange.protocol in _PROTOCOLS:
        about.append(("WARC-Protocol", _PROTOCOLS[exchange.protocol]))
    head = _answer_head(exchange)
    if original is None:
        first = make_member(
            "response",
            head + exchange.body,
            record_id=answer_id,
            date=date,
            content_type=HTTP_RESPONSE,
            headers=about,
        )
    else:
        refers = [
            ("WARC-Profile", REVISIT_PROFILE),
            ("WARC-Refers-To", original.record_id),
            ("WARC-Refers-To-Target-URI", url),
            ("WARC-Refers-To-Date", original.date),
            (REFERS_TO_FILE, original.file),
            (REFERS_TO_OFFSET, str(original.offset)),
        ]
        first = make_member(
            "revisit",
            head,
            record_id=answer_id,
            date=date,
            content_type=HTTP_RESPONSE,
            headers=[*about, *refers],
        )
    with_it = [("WARC-Target-URI", url), ("WARC-Concurrent-To", answer_id)]
    members = [
        first,
        make_member(
            "metadata",
            _context(document, visit),
            record_id=new_record_id(),
            date=date,
            content_type=CONTEXT_TYPE,
            headers=with_it,
        ),
    ]
    if capture.is_rendered:
        members.append(
            make_member(
                "conversion",
                document.body,
                record_id=new_record_id(),
                date=date,
                content_type="text/html; charset=utf-8",
                headers=[("WARC-Target-URI", url), ("WARC-Refers-To", answer_id)],
            )
        )
    members.append(
        make_member(
            "request",
            _request(exchange),
            record_id=new_record_id(),
            date=date,
            content_type=HTTP_REQUEST,
            headers=with_it,
        )
    )
    return PackedPage(
        url=url,
        requested=document.requested_url if document.requested_url != document.url else None,
        site=document.site or "",
        date=date,
        mime=document.headers.get("content-type", "").partition(";")[0].strip().lower() or "unk",
        status=exchange.status,
        digest=digest,
        record_id=answer_id,
        first_bytes=len(first),
        original=original,
        members=b"".join(members),
    )


def _answer_head(exchange: Exchange) -> bytes:
    """The status line and headers; what is no longer true of the stored body stands under Common Crawl's names."""
    reason = f" {exchange.reason}" if exchange.reason else ""
    lines = [f"HTTP/1.1 {exchange.status}{reason}".translate(_UNSAFE).encode("latin-1", "replace")]
    for name, value in exchange.headers:
        is_moved = name.lower() in (b"transfer-encoding", b"content-length")
        lines.append(b"%s%s: %s" % (b"X-Crawler-" if is_moved else b"", name, value))
    lines.append(b"Content-Length: %d" % len(exchange.body))
    return _CRLF.join(lines) + _CRLF + _CRLF


def _request(exchange: Exchange) -> bytes:
    lines = [f"GET {exchange.target} HTTP/1.1"]
    lines += [f"{name}: {value}".translate(_UNSAFE) for name, value in exchange.request_headers]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + _CRLF + _CRLF


def _context(document: Document, visit: str) -> bytes:
    known: dict[str, Any] = {
        "visit": visit,
        "site": document.site,
        "requested_url": document.requested_url,
        "language_hint": document.language_hint,
        "first_page_url": document.first_page_url,
        "listed": asdict(document.listed) if document.listed is not None else None,
        "site_signals": dict(document.site_signals),
    }
    return msgspec.json.encode(known)
